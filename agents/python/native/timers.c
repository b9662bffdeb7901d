#include "everflame.h"
#include "timers.h"
#include <stdlib.h>
#include <sys/time.h>

#ifndef sigev_notify_thread_id
#define sigev_notify_thread_id _sigev_un._tid
#endif

#define PROBES 32 /* a thread's slot is one of so many after its hash */

ef_slot ef_slots[EF_SLOTS];
static uint64_t used[EF_SLOTS / 64]; /* a bit for each slot */
int ef_process_marker;
static int process_timer = -1;
static int uses_itimer;

uint64_t ef_random(uint64_t *state) { /* xorshift64*; a lost update among threads does no harm */
    uint64_t x = *state;
    x ^= x >> 12, x ^= x << 25, x ^= x >> 27;
    *state = x;
    return x * 0x2545F4914F6CDD1Dull;
}

uint64_t ef_clock(clockid_t clock) {
    struct timespec now;
    if (clock_gettime(clock, &now) != 0) return 0;
    return (uint64_t)now.tv_sec * 1000000000u + now.tv_nsec;
}

/* As the kernel's MAKE_THREAD_CPUCLOCK(tid, CPUCLOCK_SCHED), which is what pthread_getcpuclockid answers. */
clockid_t ef_thread_clock(pid_t tid) { return (clockid_t)(~(unsigned)tid << 3 | 6); }

static struct timespec timespec_of(uint64_t ns) {
    return (struct timespec){(time_t)(ns / 1000000000u), (long)(ns % 1000000000u)};
}

static int make_timer(clockid_t clock, int notify, pid_t tid, void *value, int *id) {
    struct sigevent event;
    memset(&event, 0, sizeof event);
    event.sigev_notify = notify;
    event.sigev_signo = SIGPROF;
    event.sigev_value.sival_ptr = value;
    if (notify == SIGEV_THREAD_ID) event.sigev_notify_thread_id = tid;
    return syscall(SYS_timer_create, clock, &event, id) == 0 ? 0 : errno;
}

static void set_timer(int id, uint64_t when, int flags) {
    struct itimerspec at = {{0, 0}, timespec_of(when)};
    syscall(SYS_timer_settime, id, flags, &at, NULL);
}

static void set_used(ef_slot *slot, int is) {
    size_t i = (size_t)(slot - ef_slots);
    if (is) __atomic_or_fetch(&used[i / 64], 1ull << i % 64, __ATOMIC_RELEASE);
    else __atomic_and_fetch(&used[i / 64], ~(1ull << i % 64), __ATOMIC_RELEASE);
}

int ef_slot_next(int from) {
    for (int i = from; i < EF_SLOTS; i = (i / 64 + 1) * 64) {
        uint64_t bits = __atomic_load_n(&used[i / 64], __ATOMIC_ACQUIRE) >> i % 64;
        if (bits != 0) {
            i += __builtin_ctzll(bits);
            if (__atomic_load_n(&ef_slots[i].state, __ATOMIC_ACQUIRE) == 2) return i;
            return ef_slot_next(i + 1);
        }
    }
    return EF_SLOTS;
}

static unsigned start_of(pid_t tid) { return (unsigned)tid * 2654435761u >> 20; } /* 12 bits */

ef_slot *ef_slot_of(pid_t tid) {
    for (unsigned i = 0; i < PROBES; i++) {
        ef_slot *slot = &ef_slots[(start_of(tid) + i) % EF_SLOTS];
        if (__atomic_load_n(&slot->state, __ATOMIC_ACQUIRE) == 2 && slot->tid == tid) return slot;
    }
    return NULL;
}

ef_slot *ef_slot_of_signal(const siginfo_t *info) {
    uintptr_t at = (uintptr_t)info->si_value.sival_ptr, first = (uintptr_t)ef_slots;
    if (at < first || at >= first + sizeof ef_slots || (at - first) % sizeof *ef_slots != 0) return NULL;
    return (ef_slot *)at;
}

ef_slot *ef_slot_make(pid_t tid, uint64_t now, uint64_t period, uint64_t random) {
    for (unsigned i = 0; i < PROBES; i++) {
        ef_slot *slot = &ef_slots[(start_of(tid) + i) % EF_SLOTS];
        int free = 0;
        if (!__atomic_compare_exchange_n(&slot->state, &free, 1, 0, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED)) continue;
        if (make_timer(CLOCK_THREAD_CPUTIME_ID, SIGEV_THREAD_ID, tid, slot, &slot->timer) != 0) {
            __atomic_store_n(&slot->state, 0, __ATOMIC_RELEASE);
            return NULL; /* RLIMIT_SIGPENDING: so many timers the user may have */
        }
        slot->tid = tid;
        slot->charged = slot->looked = now;
        slot->moved = ef_clock(CLOCK_MONOTONIC);
        slot->event = ef_event_open();
        slot->watched = slot->event.fd < 0;
        slot->wanted = 0;
        slot->random = random | 1;
        slot->last_entry_valid = 0;
        __atomic_store_n(&slot->state, 2, __ATOMIC_RELEASE);
        set_used(slot, 1);
        ef_slot_start(slot, now, period);
        return slot;
    }
    return NULL;
}

void ef_slot_rearm(ef_slot *slot, uint64_t now, uint64_t period) {
    uint64_t due = slot->charged + EF_PATIENCE * period + ef_random(&slot->random) % period;
    if (due <= now) due = now + period / 2 + ef_random(&slot->random) % period;
    set_timer(slot->timer, due, TIMER_ABSTIME);
}

void ef_slot_set_event(ef_slot *slot, uint64_t period) {
    ef_event_set(&slot->event, period / 2 + ef_random(&slot->random) % period);
}

void ef_slot_start(ef_slot *slot, uint64_t now, uint64_t period) {
    ef_slot_set_event(slot, period);
    ef_slot_rearm(slot, now, period);
}

void ef_slots_reap(int all) {
    for (int i = ef_slot_next(0); i < EF_SLOTS; i = ef_slot_next(i + 1)) {
        ef_slot *slot = &ef_slots[i];
        /* Gone, or its number is another thread's by now, whose clock is younger. */
        uint64_t clock = ef_clock(ef_thread_clock(slot->tid));
        if (!all && clock != 0 && clock >= slot->charged) continue;
        syscall(SYS_timer_delete, slot->timer);
        ef_event_close(&slot->event);
        slot->last_entry_valid = slot->watched = 0;
        set_used(slot, 0);
        __atomic_store_n(&slot->state, 0, __ATOMIC_RELEASE);
    }
}

void ef_slots_disarm(void) {
    for (int i = ef_slot_next(0); i < EF_SLOTS; i = ef_slot_next(i + 1)) {
        set_timer(ef_slots[i].timer, 0, 0);
        ef_event_disable(&ef_slots[i].event);
    }
}

void ef_slots_hold_events(void) {
    for (int i = ef_slot_next(0); i < EF_SLOTS; i = ef_slot_next(i + 1)) ef_event_disable(&ef_slots[i].event);
}

void ef_slots_forget(void) {
    /* Descriptors are the child's, too; the events behind them are the parent's. */
    for (int i = ef_slot_next(0); i < EF_SLOTS; i = ef_slot_next(i + 1)) ef_event_close(&ef_slots[i].event);
    memset(used, 0, sizeof used);
    memset(ef_slots, 0, sizeof ef_slots);
}

int ef_process_timer_make(int itimer) {
    uses_itimer = itimer;
    if (itimer) return 0;
    return make_timer(CLOCK_PROCESS_CPUTIME_ID, SIGEV_SIGNAL, 0, &ef_process_marker, &process_timer);
}

void ef_process_timer_set(uint64_t after) {
    if (uses_itimer) {
        struct itimerval at = {{0, 0}, {(time_t)(after / 1000000000u), (suseconds_t)(after % 1000000000u / 1000)}};
        setitimer(ITIMER_PROF, &at, NULL);
    } else if (process_timer >= 0) {
        set_timer(process_timer, after, 0);
    }
}

void ef_process_timer_delete(void) {
    ef_process_timer_set(0);
    if (!uses_itimer && process_timer >= 0) syscall(SYS_timer_delete, process_timer);
    process_timer = -1;
}

int ef_process_timer_is_itimer(void) { return uses_itimer; }
