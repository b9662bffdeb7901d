/* Performance events: a software clock that runs while the thread does, by a high-resolution timer. A timer on the
 * thread's CPU clock is looked at by the kernel's tick alone, and ticks are where slices of time begin and end: what a
 * thread does soon after it was given a core is then seen too seldom (of four threads on two cores, a function of 57 %
 * got 69). With events, samples come at any moment, on a busy machine too.
 *
 * They are used where that is free of risk and allowed in full: by root, with CAP_PERFMON, or where
 * kernel.perf_event_paranoid is 1 or less; at 2, the kernel's default, events leave the time in system calls out, and
 * it would be charged to whatever ran next. And where there is no seccomp filter, since one that does not know the
 * call may kill the process for it; containers mostly have one. */

#define _GNU_SOURCE
#include "events.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#define MOST 512 /* events; threads beyond have timers alone */

static int allowed;
static int lowest, most;   /* of descriptors: a program that counts on getting the lowest free one, gets it */
static int count;

static int open_event(void) {
    struct perf_event_attr attributes;
    memset(&attributes, 0, sizeof attributes);
    attributes.size = PERF_ATTR_SIZE_VER1;
    attributes.type = PERF_TYPE_SOFTWARE;
    attributes.config = PERF_COUNT_SW_TASK_CLOCK;
    attributes.sample_period = 1000000000;
    attributes.wakeup_events = 1;
    attributes.disabled = 1;
    attributes.exclude_hv = 1;
    return (int)syscall(SYS_perf_event_open, &attributes, 0, -1, -1, PERF_FLAG_FD_CLOEXEC);
}

int ef_events_try(void) {
    allowed = 0;
    struct rlimit files;
    if (prctl(PR_GET_SECCOMP, 0, 0, 0, 0) != 0 || getrlimit(RLIMIT_NOFILE, &files) != 0) return 0;
    lowest = files.rlim_cur > 2048 ? 1024 : (int)(files.rlim_cur / 2);
    most = lowest / 4 < MOST ? lowest / 4 : MOST;
    allowed = 1;
    ef_event event = ef_event_open();
    allowed = event.fd >= 0;
    ef_event_close(&event);
    return allowed;
}

ef_event ef_event_open(void) {
    ef_event event = {-1, 0};
    if (!allowed || __atomic_load_n(&count, __ATOMIC_RELAXED) >= most) return event;
    int low = open_event();
    if (low < 0) return event;
    event.fd = fcntl(low, F_DUPFD_CLOEXEC, lowest);
    close(low);
    if (event.fd < 0) return event;
    __atomic_add_fetch(&count, 1, __ATOMIC_RELAXED);
    struct f_owner_ex owner = {F_OWNER_TID, (pid_t)syscall(SYS_gettid)};
    if (ioctl(event.fd, PERF_EVENT_IOC_ID, &event.id) != 0 || fcntl(event.fd, F_SETOWN_EX, &owner) != 0 ||
        fcntl(event.fd, F_SETSIG, SIGPROF) != 0 || fcntl(event.fd, F_SETFL, O_ASYNC | O_NONBLOCK) != 0) {
        close(event.fd);
        __atomic_sub_fetch(&count, 1, __ATOMIC_RELAXED);
        event.fd = -1;
    }
    return event;
}

void ef_event_set(const ef_event *event, uint64_t after) {
    if (event->fd < 0) return;
    ioctl(event->fd, PERF_EVENT_IOC_PERIOD, &after);
    ioctl(event->fd, PERF_EVENT_IOC_REFRESH, 1);
}

void ef_event_disable(const ef_event *event) {
    if (event->fd >= 0) ioctl(event->fd, PERF_EVENT_IOC_DISABLE, 0);
}

int ef_event_lives(const ef_event *event) {
    uint64_t id = 0;
    return event->fd >= 0 && ioctl(event->fd, PERF_EVENT_IOC_ID, &id) == 0 && id == event->id;
}

void ef_event_close(ef_event *event) {
    if (event->fd < 0) return;
    if (ef_event_lives(event)) close(event->fd);
    event->fd = -1;
    __atomic_sub_fetch(&count, 1, __ATOMIC_RELAXED);
}
