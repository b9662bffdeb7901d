/* CPU time of all threads.
 *
 * A thread that has used some CPU time gets a timer on its own CPU clock, and an event (events.c) or, where there are
 * none, looks while it runs (looks.c); the signals of all interrupt that thread and no other. Each sample counts for
 * the CPU time of the thread since the one before, so the total is what the clocks say. Threads are found by a timer on
 * the process' clock, whose signal goes to the thread that runs: a thread with a timer ignores it, one without is
 * sampled, and gets a timer once it is past its first GRACE of CPU time. What threads without a timer used is what the process used less what was
 * charged; it is shared out evenly over their samples. So threads that live for a few milliseconds count in
 * full, and nobody has to be told that a thread begins or ends.
 *
 * The process' timer alone would not do: of two busy threads on two cores, one got 517 of 599 signals and the
 * other 82 (Linux 6.18, both cores' ticks at the same moment). */

#include "everflame.h"
#include "timers.h"
#include <semaphore.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/random.h>

#define SAMPLES 1024       /* that can wait for a drain: 100 Hz on 10 cores for a second */
#define GRACE 30000000u    /* ns */
#define MOST_PERIODS 5     /* a sample of a thread without a timer stands for no more than this */

typedef struct {
    ef_slot *slot;   /* of a thread with a timer */
    uint64_t value;  /* ns, or 0 for a thread without one */
    PyObject *tag;
    int kind, depth, truncated;
    ef_frame frames[EF_MAX_DEPTH];
} sample;

enum { FREE, BUSY, READY };
static unsigned char states[SAMPLES];
static sample *samples; /* 4.7 MB of addresses; pages that are never touched take no memory */
static int waiting;     /* samples that are not FREE */
static sem_t wake;

static int running;
static int suspended; /* an exec is under way */
static int paused; /* the server has switched sampling off: handlers do nothing, and no timer runs */
static uint64_t period = 10000000;
static uint64_t charged_total; /* ns, to threads with timers, ever */
static uint64_t spent;         /* ns in the handler */
static uint64_t dropped;
static uint64_t process_random;
static PyInterpreterState *main_interpreter;
static pid_t main_tid, looker_tid;

static ef_table *table;
static uint64_t taken_process, taken_accounted;

uint64_t ef_seed(void) {
    uint64_t seed = 0;
    if (getrandom(&seed, sizeof seed, GRND_NONBLOCK) != sizeof seed) seed = ef_clock(CLOCK_MONOTONIC);
    return seed | 1;
}

static sample *claim(void) {
    /* From the first one on, so that few pages are ever touched. */
    for (int i = 0; i < SAMPLES; i++) {
        unsigned char is_free = FREE;
        if (__atomic_load_n(&states[i], __ATOMIC_RELAXED) == FREE &&
            __atomic_compare_exchange_n(&states[i], &is_free, BUSY, 0, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED)) {
            return &samples[i];
        }
    }
    return NULL;
}

/* In the handler: whether the sample found a place. */
static int take_sample(ef_slot *slot, uint64_t value, pid_t tid) {
    sample *s = claim();
    if (s == NULL) {
        __atomic_add_fetch(&dropped, 1, __ATOMIC_RELAXED);
        return 0;
    }
    s->slot = slot;
    s->value = value;
    s->tag = NULL;
    s->depth = s->truncated = 0;
    PyThreadState *state = PyGILState_GetThisThreadState();
    if (state == NULL) {
        s->kind = EF_NATIVE_THREAD;
    } else if (state->interp != main_interpreter) {
        s->kind = EF_SUBINTERPRETER;
    } else {
        ef_pages pages;
        ef_pages_init(&pages);
        s->kind = EF_PYTHON;
        s->depth = ef_walk(state, &pages, s->frames, &s->truncated);
        for (int i = 0; i < s->depth; i++) ef_hot_mark(s->frames[i].code);
        s->tag = ef_current_tag(state, &pages);
        if (s->tag != NULL) ef_hot_mark(s->tag);
    }
    if (tid == main_tid) s->kind |= EF_MAIN_THREAD;
    __atomic_store_n(&states[s - samples], READY, __ATOMIC_RELEASE);
    if (__atomic_add_fetch(&waiting, 1, __ATOMIC_RELAXED) == SAMPLES / 4) sem_post(&wake);
    return 1;
}

static void on_process_timer(pid_t tid, uint64_t now) {
    uint64_t length = __atomic_load_n(&period, __ATOMIC_RELAXED);
    if (ef_slot_of(tid) == NULL) {
        take_sample(NULL, 0, tid);
        if (now > GRACE && PyGILState_GetThisThreadState() != NULL) {
            ef_slot_make(tid, now, length, ef_random(&process_random) ^ (uint64_t)tid << 32);
        }
    }
    ef_process_timer_set(length / 2 + ef_random(&process_random) % length);
}

static void charge(ef_slot *slot, pid_t tid, uint64_t now) {
    if (now > slot->charged && take_sample(slot, now - slot->charged, tid)) {
        __atomic_add_fetch(&charged_total, now - slot->charged, __ATOMIC_RELAXED);
        slot->charged = now;
    }
}

static void on_look(ef_slot *slot, pid_t tid, uint64_t now, const void *where) {
    int wanted = slot != NULL ? __atomic_exchange_n(&slot->wanted, 0, __ATOMIC_ACQ_REL) : 0;
    if (wanted == EF_RUNS || (wanted == EF_RUNNABLE && !ef_at_system_call(where))) charge(slot, tid, now);
}

static void on_thread_timer(ef_slot *slot, pid_t tid, uint64_t now) {
    if (__atomic_load_n(&slot->state, __ATOMIC_ACQUIRE) != 2 || slot->tid != tid) return;
    uint64_t length = __atomic_load_n(&period, __ATOMIC_RELAXED);
    int now_due = now >= slot->charged + EF_PATIENCE * length;
    if (now_due) charge(slot, tid, now);
    if (now_due) { /* the kernel's time of a thread whose event leaves it out; or the event is gone */
        if (!ef_event_lives(&slot->event)) ef_event_close(&slot->event);
        else if (!__atomic_load_n(&suspended, __ATOMIC_ACQUIRE)) ef_slot_set_event(slot, length);
    }
    if (!slot->watched && slot->event.fd < 0) {
        slot->moved = ef_clock(CLOCK_MONOTONIC);
        __atomic_store_n(&slot->watched, 1, __ATOMIC_RELEASE);
        sem_post(&wake);
    }
    ef_slot_rearm(slot, now, length);
}

static void on_event(ef_slot *slot, int fd, pid_t tid, uint64_t now) {
    if (slot == NULL || slot->event.fd != fd) return;
    charge(slot, tid, now);
    if (!__atomic_load_n(&suspended, __ATOMIC_ACQUIRE)) ef_slot_set_event(slot, __atomic_load_n(&period, __ATOMIC_RELAXED));
}

static void on_signal(int number, siginfo_t *info, void *where) {
    (void)number;
    if (!__atomic_load_n(&running, __ATOMIC_ACQUIRE) || __atomic_load_n(&paused, __ATOMIC_ACQUIRE)) return;
    int before = errno;
    uint64_t now = ef_clock(CLOCK_THREAD_CPUTIME_ID);
    pid_t tid = (pid_t)syscall(SYS_gettid);
    if (tid == looker_tid) { /* what it uses itself goes into [other threads] */
        ef_process_timer_set(__atomic_load_n(&period, __ATOMIC_RELAXED));
    } else if (info->si_code == SI_TIMER) {
        ef_slot *slot = ef_slot_of_signal(info);
        if (slot != NULL) on_thread_timer(slot, tid, now);
        else if (info->si_value.sival_ptr == &ef_process_marker) on_process_timer(tid, now);
    } else if (info->si_code == SI_KERNEL && ef_process_timer_is_itimer()) {
        on_process_timer(tid, now);
    } else if (info->si_code == POLL_HUP || info->si_code == POLL_IN) {
        on_event(ef_slot_of(tid), info->si_fd, tid, now);
    } else if (info->si_code == SI_TKILL) {
        on_look(ef_slot_of(tid), tid, now, where);
    }
    __atomic_add_fetch(&spent, ef_clock(CLOCK_THREAD_CPUTIME_ID) - now, __ATOMIC_RELAXED);
    errno = before;
}

/* What is accounted for by the clocks of threads with timers, whether it has been charged yet or not. */
static uint64_t accounted(void) {
    uint64_t sum = __atomic_load_n(&charged_total, __ATOMIC_RELAXED);
    for (int i = ef_slot_next(0); i < EF_SLOTS; i = ef_slot_next(i + 1)) {
        uint64_t now = ef_clock(ef_thread_clock(ef_slots[i].tid));
        if (now > ef_slots[i].charged) sum += now - ef_slots[i].charged;
    }
    return sum;
}

static int owns_signal(void) {
    struct sigaction now;
    return sigaction(SIGPROF, NULL, &now) == 0 && (now.sa_flags & SA_SIGINFO) && now.sa_sigaction == on_signal;
}

static PyObject *cpu_install(PyObject *self, PyObject *args) {
    (void)self;
    double rate;
    int itimer, events;
    PyObject *labels;
    if (!PyArg_ParseTuple(args, "dOpp:install", &rate, &labels, &itimer, &events)) return NULL;
    if (PyThreadState_Get()->interp != PyInterpreterState_Main()) {
        PyErr_SetString(PyExc_RuntimeError, "subinterpreters are not sampled");
        return NULL;
    }
    struct sigaction action;
    if (!owns_signal()) {
        if (sigaction(SIGPROF, NULL, &action) != 0) return PyErr_SetFromErrno(PyExc_OSError);
        if ((action.sa_flags & SA_SIGINFO) || (action.sa_handler != SIG_DFL && action.sa_handler != SIG_IGN)) {
            PyErr_SetString(PyExc_RuntimeError, "SIGPROF is taken by native code: only one sampler can have it");
            return NULL;
        }
    }
    void *unreadable = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    int can_tell = unreadable != MAP_FAILED && !ef_page_readable((uintptr_t)unreadable >> EF_PAGE_SHIFT) &&
                   ef_page_readable((uintptr_t)&action >> EF_PAGE_SHIFT);
    if (unreadable != MAP_FAILED) munmap(unreadable, 4096);
    if (!can_tell) {
        PyErr_SetString(PyExc_RuntimeError, "this kernel does not tell which memory can be read");
        return NULL;
    }
    int readable_labels = ef_watch_labels(labels);
    if (readable_labels < 0) return NULL;
    if (samples == NULL) {
        samples = mmap(NULL, SAMPLES * sizeof *samples, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (samples == MAP_FAILED) {
            samples = NULL;
            return PyErr_NoMemory();
        }
        sem_init(&wake, 0, 0);
    }
    if (table == NULL && (table = calloc(1, sizeof *table)) == NULL) return PyErr_NoMemory();
    main_interpreter = PyInterpreterState_Main();
    main_tid = getpid();
    ef_hot_install();
    if (events) ef_events_try();
    period = (uint64_t)(1e9 / rate);
    process_random = ef_seed();
    int failed = ef_process_timer_make(itimer);
    if (failed) {
        errno = failed;
        return PyErr_SetFromErrno(PyExc_OSError);
    }
    memset(&action, 0, sizeof action);
    action.sa_sigaction = on_signal;
    /* System calls that can be restarted are; and where a thread has a stack for signals, that is used. */
    action.sa_flags = SA_SIGINFO | SA_RESTART | SA_ONSTACK;
    sigemptyset(&action.sa_mask);
    if (sigaction(SIGPROF, &action, NULL) != 0) return PyErr_SetFromErrno(PyExc_OSError);
    taken_process = ef_clock(CLOCK_PROCESS_CPUTIME_ID);
    taken_accounted = accounted();
    return PyBool_FromLong(readable_labels);
}

static PyObject *cpu_arm(PyObject *self, PyObject *args) {
    (void)self, (void)args;
    __atomic_store_n(&running, 1, __ATOMIC_RELEASE);
    for (int i = ef_slot_next(0); i < EF_SLOTS; i = ef_slot_next(i + 1)) {
        ef_slot *slot = &ef_slots[i]; /* those that went off before this was running have not been set again */
        ef_slot_start(slot, ef_clock(ef_thread_clock(slot->tid)), period);
    }
    ef_process_timer_set(period);
    Py_RETURN_NONE;
}

static PyObject *cpu_register(PyObject *self, PyObject *argument) {
    (void)self;
    int from_birth = PyObject_IsTrue(argument);
    if (from_birth < 0) return NULL;
    pid_t tid = (pid_t)syscall(SYS_gettid);
    sigset_t signal_only, before;
    sigemptyset(&signal_only);
    sigaddset(&signal_only, SIGPROF);
    pthread_sigmask(SIG_BLOCK, &signal_only, &before); /* or the handler might make the slot at the same time */
    ef_slot *slot = ef_slot_of(tid);
    if (slot == NULL) slot = ef_slot_make(tid, ef_clock(CLOCK_THREAD_CPUTIME_ID), period, ef_random(&process_random));
    if (slot != NULL && from_birth) slot->charged = 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return PyBool_FromLong(slot != NULL);
}

static PyObject *cpu_suspend(PyObject *self, PyObject *args) {
    (void)self, (void)args;
    __atomic_store_n(&suspended, 1, __ATOMIC_RELEASE);
    ef_process_timer_set(0);
    ef_slots_hold_events();
    Py_RETURN_NONE;
}

static PyObject *cpu_resume(PyObject *self, PyObject *args) {
    (void)self, (void)args;
    __atomic_store_n(&suspended, 0, __ATOMIC_RELEASE);
    if (!running || paused) Py_RETURN_NONE;
    for (int i = ef_slot_next(0); i < EF_SLOTS; i = ef_slot_next(i + 1)) ef_slot_set_event(&ef_slots[i], period);
    ef_process_timer_set(period);
    Py_RETURN_NONE;
}

static PyObject *cpu_pause(PyObject *self, PyObject *args) {
    (void)self, (void)args;
    __atomic_store_n(&paused, 1, __ATOMIC_RELEASE);
    ef_process_timer_set(0);
    ef_slots_disarm();
    Py_RETURN_NONE;
}

/* CPU time that was used during the pause is nobody's. */
static PyObject *cpu_go_on(PyObject *self, PyObject *args) {
    (void)self, (void)args;
    if (!paused) Py_RETURN_NONE;
    for (int i = ef_slot_next(0); i < EF_SLOTS; i = ef_slot_next(i + 1)) {
        uint64_t now = ef_clock(ef_thread_clock(ef_slots[i].tid));
        if (now > ef_slots[i].charged) ef_slots[i].charged = now;
    }
    taken_accounted = accounted();
    taken_process = ef_clock(CLOCK_PROCESS_CPUTIME_ID);
    __atomic_store_n(&paused, 0, __ATOMIC_RELEASE);
    if (!running) Py_RETURN_NONE;
    for (int i = ef_slot_next(0); i < EF_SLOTS; i = ef_slot_next(i + 1)) {
        ef_slot_start(&ef_slots[i], ef_slots[i].charged, period);
    }
    ef_process_timer_set(period);
    sem_post(&wake);
    Py_RETURN_NONE;
}

static PyObject *cpu_stop(PyObject *self, PyObject *args) {
    (void)self, (void)args;
    __atomic_store_n(&running, 0, __ATOMIC_RELEASE);
    ef_process_timer_delete();
    ef_slots_disarm();
    sem_post(&wake);
    Py_RETURN_NONE;
}

static PyObject *cpu_set_rate(PyObject *self, PyObject *argument) {
    (void)self;
    double rate = PyFloat_AsDouble(argument);
    if (PyErr_Occurred()) return NULL;
    __atomic_store_n(&period, (uint64_t)(1e9 / rate), __ATOMIC_RELAXED);
    Py_RETURN_NONE;
}

static PyObject *cpu_owns_signal(PyObject *self, PyObject *args) {
    (void)self, (void)args;
    return PyBool_FromLong(owns_signal());
}

static PyObject *cpu_threads(PyObject *self, PyObject *args) {
    (void)self, (void)args;
    long count = 0;
    for (int i = ef_slot_next(0); i < EF_SLOTS; i = ef_slot_next(i + 1)) count++;
    return PyLong_FromLong(count);
}

/* In a child: the handler is still there, the timers are not, and samples under way are nobody's. */
static PyObject *cpu_reset_after_fork(PyObject *self, PyObject *args) {
    (void)self, (void)args;
    running = paused = suspended = 0;
    ef_slots_forget();
    memset(states, FREE, sizeof states); /* FREE is 0 */
    waiting = 0;
    sem_init(&wake, 0, 0);
    charged_total = spent = dropped = 0;
    taken_process = taken_accounted = 0; /* the clocks of a new process begin at zero */
    main_tid = getpid();
    process_random = ef_seed();
    int failed = ef_process_timer_make(ef_process_timer_is_itimer());
    if (failed) {
        errno = failed;
        return PyErr_SetFromErrno(PyExc_OSError);
    }
    if (table != NULL) ef_table_clear(table);
    Py_RETURN_NONE;
}

static void drain(void) {
    ef_hot_begin_drain();
    for (int i = 0; i < SAMPLES; i++) {
        if (__atomic_load_n(&states[i], __ATOMIC_ACQUIRE) != READY) continue;
        sample *s = &samples[i];
        PyObject *payload = s->tag != NULL ? ef_tag_payload(s->tag) : NULL;
        ef_entry *entry = ef_table_find(table, s->kind, s->frames, s->depth, s->truncated, payload);
        if (entry != NULL) {
            entry->values[0] += (double)s->value;
            entry->values[1] += s->slot == NULL;
            entry->values[2] += 1;
            if (s->slot != NULL) {
                s->slot->last_entry = entry;
                s->slot->last_entry_valid = 1;
            }
        }
        __atomic_store_n(&states[i], FREE, __ATOMIC_RELEASE);
        __atomic_sub_fetch(&waiting, 1, __ATOMIC_RELAXED);
    }
    ef_hot_end_drain();
    ef_slots_reap(0);
}

static PyObject *cpu_drain(PyObject *self, PyObject *args) {
    (void)self, (void)args;
    if (table != NULL && samples != NULL) drain();
    Py_RETURN_NONE;
}

static void wait_for(uint64_t ns) {
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    ns += (uint64_t)until.tv_nsec;
    until.tv_sec += (time_t)(ns / 1000000000u);
    until.tv_nsec = (long)(ns % 1000000000u);
    while (sem_timedwait(&wake, &until) != 0 && errno == EINTR) {
    }
}

/* Looks at threads, without the GIL, until there is something to drain: for so many seconds, or until many
 * samples wait. Where nothing runs, it sleeps until something does. */
static PyObject *cpu_wait(PyObject *self, PyObject *argument) {
    (void)self;
    double seconds = PyFloat_AsDouble(argument);
    if (PyErr_Occurred()) return NULL;
    looker_tid = (pid_t)syscall(SYS_gettid);
    Py_BEGIN_ALLOW_THREADS
    prctl(PR_SET_TIMERSLACK, 1, 0, 0, 0); /* or the kernel puts this thread's moments together with the program's */
    uint64_t random = ef_seed(), end = ef_clock(CLOCK_MONOTONIC) + (uint64_t)(seconds * 1e9);
    int watched = 1;
    while (__atomic_load_n(&running, __ATOMIC_ACQUIRE)) {
        int many = __atomic_load_n(&waiting, __ATOMIC_RELAXED);
        if (many >= SAMPLES / 4 || (many > 0 && ef_clock(CLOCK_MONOTONIC) > end)) break;
        uint64_t length = __atomic_load_n(&period, __ATOMIC_RELAXED);
        int pausing = __atomic_load_n(&paused, __ATOMIC_ACQUIRE);
        wait_for(watched && !pausing ? length / 2 + ef_random(&random) % length : 1000000000u);
        if (__atomic_load_n(&running, __ATOMIC_ACQUIRE) && !__atomic_load_n(&paused, __ATOMIC_ACQUIRE)) watched = ef_look();
    }
    Py_END_ALLOW_THREADS
    return PyBool_FromLong(__atomic_load_n(&running, __ATOMIC_ACQUIRE));
}

static ef_entry *unlink_all(void) {
    ef_entry *all = NULL;
    for (int i = 0; i < 8192; i++) {
        while (table->buckets[i] != NULL) {
            ef_entry *entry = table->buckets[i];
            table->buckets[i] = entry->next;
            entry->next = all;
            all = entry;
        }
    }
    if (table->overflow != NULL) {
        table->overflow->next = all;
        all = table->overflow;
    }
    table->overflow = NULL;
    table->count = 0;
    return all;
}

/* (batch, ns of nobody, samples, dropped, ns in the handler) since the last call. Values: ns, samples of threads
 * without a timer, samples. With `final`, what threads with timers used since their last sample goes to
 * where they were then. */
static PyObject *cpu_take(PyObject *self, PyObject *args) {
    (void)self;
    int final;
    if (!PyArg_ParseTuple(args, "p:take", &final)) return NULL;
    if (table == NULL || samples == NULL) {
        PyErr_SetString(PyExc_RuntimeError, "not installed");
        return NULL;
    }
    uint64_t now_accounted = accounted(); /* before the process' clock: the rest cannot be less than nothing */
    uint64_t now_process = ef_clock(CLOCK_PROCESS_CPUTIME_ID);
    drain();
    double rest = (double)(int64_t)(now_process - taken_process) - (double)(int64_t)(now_accounted - taken_accounted);
    taken_process = now_process;
    taken_accounted = now_accounted;
    if (final) {
        for (int i = ef_slot_next(0); i < EF_SLOTS; i = ef_slot_next(i + 1)) {
            ef_slot *slot = &ef_slots[i];
            uint64_t now = ef_clock(ef_thread_clock(slot->tid));
            if (now <= slot->charged) continue;
            if (slot->last_entry_valid) ((ef_entry *)slot->last_entry)->values[0] += (double)(now - slot->charged);
            else rest += (double)(now - slot->charged);
        }
        ef_slots_reap(1);
    }
    for (int i = ef_slot_next(0); i < EF_SLOTS; i = ef_slot_next(i + 1)) ef_slots[i].last_entry_valid = 0;
    ef_entry *all = unlink_all();
    double weights = 0, count = 0;
    for (ef_entry *entry = all; entry != NULL; entry = entry->next) weights += entry->values[1], count += entry->values[2];
    if (rest > 0 && weights > 0) {
        double each = rest / weights, most = (double)period * MOST_PERIODS;
        if (each > most) each = most;
        for (ef_entry *entry = all; entry != NULL; entry = entry->next) entry->values[0] += each * entry->values[1];
        rest -= each * weights;
    }
    PyObject *batch = ef_batch_new(all);
    if (batch == NULL) return NULL;
    return Py_BuildValue("(NddKK)", batch, rest > 0 ? rest : 0.0, count,
                         (unsigned long long)__atomic_exchange_n(&dropped, 0, __ATOMIC_RELAXED),
                         (unsigned long long)__atomic_exchange_n(&spent, 0, __ATOMIC_RELAXED));
}

static PyObject *cpu_watch_labels(PyObject *self, PyObject *variable) {
    (void)self;
    int found = ef_watch_labels(variable);
    return found < 0 ? NULL : PyBool_FromLong(found);
}

PyMethodDef ef_cpu_methods[] = {
    {"cpu_watch_labels", cpu_watch_labels, METH_O, "The ContextVar of labels, or None. Whether it can be read."},
    {"thread_tag", ef_thread_tag, METH_O, "The tag that holds in the thread of this ident, or None."},
    {"cpu_install", cpu_install, METH_VARARGS, "install(rate, labels, itimer, events): takes SIGPROF. Whether labels can be read."},
    {"cpu_arm", cpu_arm, METH_NOARGS, "Starts the timer that finds threads."},
    {"cpu_register", cpu_register, METH_O, "register(from_birth): gives the calling thread its timer now."},
    {"cpu_suspend", cpu_suspend, METH_NOARGS, "Stops the process' timer."},
    {"cpu_resume", cpu_resume, METH_NOARGS, "Starts it again."},
    {"cpu_pause", cpu_pause, METH_NOARGS, "Samples nothing until go_on."},
    {"cpu_go_on", cpu_go_on, METH_NOARGS, "Samples again."},
    {"cpu_stop", cpu_stop, METH_NOARGS, "Stops sampling; take(True) gets the rest."},
    {"cpu_set_rate", cpu_set_rate, METH_O, "Samples per second of CPU time."},
    {"cpu_owns_signal", cpu_owns_signal, METH_NOARGS, "Whether SIGPROF is still ours."},
    {"cpu_threads", cpu_threads, METH_NOARGS, "How many threads have a timer."},
    {"cpu_reset_after_fork", cpu_reset_after_fork, METH_NOARGS, "In a forked child: begins anew."},
    {"cpu_drain", cpu_drain, METH_NOARGS, "Takes what the handlers left."},
    {"cpu_wait", cpu_wait, METH_O, "Waits for something to drain; False once stopped."},
    {"cpu_take", cpu_take, METH_VARARGS, "take(final): what was measured since the last call."},
    {NULL, NULL, 0, NULL},
};
