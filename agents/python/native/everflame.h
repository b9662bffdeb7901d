/* The native part: CPU time of all threads by timers of their own, and the heap by sampling allocations.
 *
 * Two rules hold everywhere. What runs in the signal handler calls no Python, takes no lock and allocates
 * nothing; and it trusts no pointer: it may interrupt a thread between any two instructions, in the middle of
 * a switch of greenlets too, so whatever it follows it first finds readable (safe_read.h). What has been
 * sampled stays alive until it has been drained (hot.c), so that the rest of the code may trust it. */
#ifndef EVERFLAME_H
#define EVERFLAME_H

#include <Python.h>
#include <stddef.h>
#include <stdint.h>

#include "safe_read.h"

#define EF_MAX_DEPTH 192  /* as MAX_DEPTH in stacks.py */
#define EF_MAX_STACKS 4096 /* as MAX_STACKS in stacks.py */

/* frames.c: one frame of Python; `offset` is that of the instruction, in bytes. `globals` is only compared. */
typedef struct {
    PyObject *code;
    uintptr_t globals;
    int32_t offset;
} ef_frame;

/* What a stack is of, if not of Python; and whether the main thread was there. */
enum { EF_PYTHON = 0, EF_NATIVE_THREAD = 1, EF_SUBINTERPRETER = 2, EF_MAIN_THREAD = 16 };

/* The frames of the calling thread, leaf first; the number of them. Async-signal-safe. */
int ef_walk(PyThreadState *state, ef_pages *pages, ef_frame *frames, int *truncated);
/* Whether something is an object of this type that is alive. Async-signal-safe. */
int ef_is_alive(ef_pages *pages, const void *object, PyTypeObject *type, size_t size);

/* labels.c: the value of the context variable of labels in the calling thread, a tag; or NULL. */
int ef_watch_labels(PyObject *variable);
PyObject *ef_current_tag(PyThreadState *state, ef_pages *pages);
PyObject *ef_thread_tag(PyObject *self, PyObject *ident);
extern PyTypeObject EfTag_Type;
PyObject *ef_tag_payload(PyObject *tag);

/* hot.c: what was sampled is kept from dying until it has been drained. */
int ef_hot_install(void);
void ef_hot_mark(const void *object);
int ef_hot_keep(PyObject *object); /* in a dealloc, with the GIL: whether the object has been kept */
void ef_hot_begin_drain(void);
void ef_hot_end_drain(void);

/* table.c: stacks and what was measured in them, until they are taken. All of it with the GIL. */
typedef struct ef_entry {
    uint64_t hash;
    PyObject *payload; /* of the tag, strong, or NULL */
    double values[4];
    int kind, truncated, depth;
    int64_t live; /* allocations that point here (memory.c) */
    struct ef_entry *next;
    ef_frame frames[1]; /* strong references to code */
} ef_entry;

typedef struct {
    ef_entry *buckets[8192];
    ef_entry *overflow; /* of what was too many */
    int count;
} ef_table;

ef_entry *ef_table_find(ef_table *table, int kind, const ef_frame *frames, int depth, int truncated, PyObject *payload);
void ef_entry_free(ef_entry *entry);
void ef_table_clear(ef_table *table);
ef_entry *ef_entry_copy(const ef_entry *entry);
/* Entries, linked by `next`, as an object that owns them; next(n) gives so many of them as a list of
 * (((code, globals, offset), …), (value, value, value, value), kind, truncated, payload). */
PyObject *ef_batch_new(ef_entry *entries);
int ef_batch_ready(void);

/* cpu.c and memory.c: what the module offers. */
extern PyMethodDef ef_cpu_methods[];
extern PyMethodDef ef_memory_methods[];

uint64_t ef_random(uint64_t *state);
uint64_t ef_seed(void);

#endif
