/* A thread's CPU time as the kernel's performance events count it: to the microsecond, at whatever moment. */
#ifndef EVERFLAME_EVENTS_H
#define EVERFLAME_EVENTS_H

#include <stdint.h>

typedef struct {
    int fd; /* -1: none */
    uint64_t id;
} ef_event;

/* Whether threads can have events here; what follows asks for none if not. Not for handlers. */
int ef_events_try(void);
/* Of the calling thread, whose SIGPROF it sends. Async-signal-safe, as are the others. */
ef_event ef_event_open(void);
/* The signal comes once, after so many ns of the thread's CPU time from here on. */
void ef_event_set(const ef_event *event, uint64_t after);
void ef_event_disable(const ef_event *event);
/* Whether it is still there: the program may have closed the descriptor, which may be another file by now. */
int ef_event_lives(const ef_event *event);
void ef_event_close(ef_event *event);

#endif
