/* Timers of CPU time, and the threads that have one. Made by system calls, since glibc's timer_create
 * allocates and is not for signal handlers; the kernel deletes them at exec and does not copy them at fork. */
#ifndef EVERFLAME_TIMERS_H
#define EVERFLAME_TIMERS_H

#include "events.h"

#include <signal.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#define EF_SLOTS 4096
#define EF_PATIENCE 3 /* periods of CPU time after which a thread that no look has met is sampled by its timer */

typedef struct {
    int state; /* 0 free, 1 being made, 2 in use */
    pid_t tid;
    int timer;
    ef_event event; /* with one, the timer only takes what the event leaves out */
    int last_entry_valid;
    int watched; /* it has used CPU time lately, and is looked at (looks.c) */
    int wanted;  /* a look has asked for a sample */
    uint64_t looked; /* its CPU clock at the last look */
    uint64_t moved;  /* the monotonic clock when its CPU clock was last seen to have moved */
    uint64_t charged; /* ns of the thread's CPU clock that have been charged */
    uint64_t random;
    void *last_entry; /* in the table of the current window; the drain's */
} ef_slot;

extern ef_slot ef_slots[EF_SLOTS];
/* The next slot that is in use from this one on, or EF_SLOTS: of 256 KB of slots most are never touched. */
int ef_slot_next(int from);
extern int ef_process_marker; /* what the signal of the process' timer points to */

uint64_t ef_clock(clockid_t clock); /* ns; 0 if it cannot be read */
clockid_t ef_thread_clock(pid_t tid);

/* The slot of a thread, or NULL. Async-signal-safe, as are the two below. */
ef_slot *ef_slot_of(pid_t tid);
ef_slot *ef_slot_of_signal(const siginfo_t *info);
/* Gives the calling thread a timer and a slot; NULL if there is none to be had. */
ef_slot *ef_slot_make(pid_t tid, uint64_t now, uint64_t period, uint64_t random);
/* Sets the thread's timer for when it will have used so many ns since it was last charged, or some more. */
void ef_slot_rearm(ef_slot *slot, uint64_t now, uint64_t period);
/* Sets its event, too. */
void ef_slot_start(ef_slot *slot, uint64_t now, uint64_t period);
void ef_slot_set_event(ef_slot *slot, uint64_t period);

/* One look at the threads that have used CPU time lately: those that run right now are asked for a sample.
 * Returns how many threads are being watched. */
int ef_look(void);
enum { EF_RUNS = 1, EF_RUNNABLE = 2 }; /* what a look found */
/* Whether a signal interrupted its thread in a system call, or at the end of one. For handlers. */
int ef_at_system_call(const void *ucontext);
/* Deletes timers of threads that are gone, or all. Not for handlers. */
void ef_slots_reap(int all);
void ef_slots_disarm(void); /* timers and events */
/* Timers end at an exec, with the signals that they have sent. Events do not: their signal would meet the new
 * program, which has no handler and dies of it. */
void ef_slots_hold_events(void);
void ef_slots_forget(void); /* after a fork */

/* The process' own timer. `itimer`: by ITIMER_PROF, because before Linux 6.4 the signal of a POSIX timer of the
 * process goes to the main thread, and ITIMER_PROF's to the one that runs. Returns 0 or an errno. */
int ef_process_timer_make(int itimer);
void ef_process_timer_set(uint64_t after); /* ns of the process' CPU time, once; 0 stops it */
void ef_process_timer_delete(void);
int ef_process_timer_is_itimer(void);

#endif
