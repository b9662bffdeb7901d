/* Looks, at random moments, at the threads that have used CPU time lately.
 *
 * A timer of CPU time goes off at the kernel's tick, every 4 ms at HZ=250, whatever it was set to. A program that
 * does something every 10 ms by the clock keeps step with the ticks, and is seen at the same five moments for
 * ever: of a function that took 29 % of the time, 14 were seen. So a thread of the agent sleeps for random times,
 * which high-resolution timers end to the microsecond, and asks those threads for a sample whose CPU clock moves
 * while it looks. One that could run and does not may have been pushed off its core by this very thread, and then
 * it counts; or it has slept and waits for a core, and then it does not: which of the two, the handler sees by
 * where it was (ef_at_system_call). A thread that sleeps is not woken. One that is not met for EF_PATIENCE periods
 * of its CPU time is sampled by its timer. */

#include "everflame.h"
#include "timers.h"

#include <fcntl.h>
#include <stdio.h>
#include <ucontext.h>

int ef_at_system_call(const void *where) {
    const ucontext_t *context = where;
#if defined(__x86_64__)
    uintptr_t at = (uintptr_t)context->uc_mcontext.gregs[REG_RIP] - 2;
    return ef_page_readable(at >> EF_PAGE_SHIFT) && memcmp((const void *)at, "\x0f\x05", 2) == 0; /* syscall */
#elif defined(__aarch64__)
    uintptr_t at = (uintptr_t)context->uc_mcontext.pc - 4;
    return ef_page_readable(at >> EF_PAGE_SHIFT) && memcmp((const void *)at, "\x01\x00\x00\xd4", 4) == 0; /* svc #0 */
#else
    (void)context;
    return 1;
#endif
}

#define STILL 1000000000u /* ns without any CPU time, after which a thread is left to its timer */

/* Whether a thread that does not run would like to: it was this thread, perhaps, that pushed it off its core. */
static int is_runnable(pid_t tid) {
    char text[512];
    snprintf(text, sizeof text, "/proc/self/task/%d/stat", (int)tid);
    int file = open(text, O_RDONLY | O_CLOEXEC);
    if (file < 0) return 0;
    ssize_t size = read(file, text, sizeof text - 1);
    close(file);
    if (size <= 0) return 0;
    text[size] = 0;
    char *name_end = strrchr(text, ')'); /* a name may hold anything */
    return name_end != NULL && name_end[1] == ' ' && name_end[2] == 'R';
}

int ef_look(void) {
    uint64_t now = ef_clock(CLOCK_MONOTONIC);
    int watched = 0;
    pid_t process = getpid();
    for (int i = ef_slot_next(0); i < EF_SLOTS; i = ef_slot_next(i + 1)) {
        ef_slot *slot = &ef_slots[i];
        if (!__atomic_load_n(&slot->watched, __ATOMIC_ACQUIRE)) continue;
        clockid_t clock = ef_thread_clock(slot->tid);
        uint64_t used = ef_clock(clock);
        if (used == slot->looked || used == 0) {
            if (now - slot->moved > STILL) __atomic_store_n(&slot->watched, 0, __ATOMIC_RELEASE);
            else watched++;
            continue;
        }
        watched++;
        slot->looked = used;
        slot->moved = now;
        int wanted = ef_clock(clock) > used ? EF_RUNS : is_runnable(slot->tid) ? EF_RUNNABLE : 0;
        if (wanted) {
            __atomic_store_n(&slot->wanted, wanted, __ATOMIC_RELEASE);
            syscall(SYS_tgkill, process, slot->tid, SIGPROF);
        }
    }
    return watched;
}
