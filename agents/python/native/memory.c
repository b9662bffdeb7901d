/* The heap by sampling: which stacks allocated what is alive, and what was allocated at all.
 *
 * Every allocation of Python's object and memory domains counts its bytes down from a random number whose mean
 * is the interval (a Poisson process over bytes, as in tcmalloc and Go); the one that reaches zero is sampled,
 * with its stack, and followed until it is freed. An allocation of n bytes is sampled with probability
 * p = 1 - exp(-n / interval), and stands for 1 / p of its kind. Both domains are used with the GIL held; the
 * raw domain is not, and is left alone (large objects reach it through the object domain, and would count
 * twice). What C libraries allocate by themselves is not seen. */

#include "everflame.h"
#include <math.h>
#include <stdlib.h>

typedef struct {
    void *address; /* NULL: free */
    ef_entry *entry;
    double bytes, count; /* what the sample stands for */
} live;

#define FILTER 16384

static PyMemAllocatorEx below_object, below_memory;
static int installed, running;
static int64_t countdown = INT64_MAX;
static double interval;
static uint64_t random_state;
static PyInterpreterState *main_interpreter;

static ef_table *table; /* values: live bytes, live count, allocated bytes, allocated count */
static live *lives;     /* open addressing, linear probing */
static size_t lives_size, lives_count;
static uint8_t filter[FILTER]; /* how many live samples have this hash; 255 stays */
static uint64_t dropped;

static inline size_t hash_of(const void *address) { return (uintptr_t)address * 0x9E3779B97F4A7C15ull >> 32; }
static inline uint8_t *filter_of(const void *address) { return &filter[hash_of(address) % FILTER]; }

static int64_t next_countdown(void) {
    double uniform = ((double)(ef_random(&random_state) >> 11) + 1) / 9007199254740993.0; /* (0, 1) */
    double bytes = -log(uniform) * interval;
    return bytes < 1 ? 1 : (int64_t)bytes;
}

static int in_main_interpreter(void) {
    PyThreadState *state = _PyThreadState_UncheckedGet();
    return state != NULL && state->interp == main_interpreter;
}

static void put(live *into, size_t size, const live *what) {
    size_t i = hash_of(what->address) & (size - 1);
    while (into[i].address != NULL) i = (i + 1) & (size - 1);
    into[i] = *what;
}

static int make_room(void) {
    if (lives_count * 2 < lives_size) return 1;
    size_t size = lives_size ? lives_size * 2 : 4096;
    live *larger = calloc(size, sizeof *larger);
    if (larger == NULL) return 0;
    for (size_t i = 0; i < lives_size; i++) {
        if (lives[i].address != NULL) put(larger, size, &lives[i]);
    }
    free(lives);
    lives = larger;
    lives_size = size;
    return 1;
}

/* Not for NULL, which stands for a free place here. */
static void forget(void *address) {
    if (lives_size == 0 || !in_main_interpreter()) return;
    size_t mask = lives_size - 1, i = hash_of(address) & mask;
    while (lives[i].address != address) {
        if (lives[i].address == NULL) return;
        i = (i + 1) & mask;
    }
    ef_entry *entry = lives[i].entry;
    entry->values[0] -= lives[i].bytes;
    entry->values[1] -= lives[i].count;
    if (--entry->live == 0) entry->values[0] = entry->values[1] = 0; /* no dust of rounding */
    lives_count--;
    if (*filter_of(address) < 255) --*filter_of(address);
    for (size_t gap = i, j = (i + 1) & mask;; j = (j + 1) & mask) { /* closes the gap: no tombstones */
        if (lives[j].address == NULL) {
            lives[gap].address = NULL;
            return;
        }
        if (((j - hash_of(lives[j].address)) & mask) >= ((j - gap) & mask)) {
            lives[gap] = lives[j];
            gap = j;
        }
    }
}

static void follow(PyThreadState *state, void *address, size_t size) {
    ef_pages pages;
    ef_frame frames[EF_MAX_DEPTH];
    int truncated;
    ef_pages_init(&pages);
    int depth = ef_walk(state, &pages, frames, &truncated);
    /* One that was freed where nobody noticed, by a subinterpreter for instance, may be there still. */
    if (*filter_of(address) != 0) forget(address);
    ef_entry *entry = make_room() ? ef_table_find(table, EF_PYTHON, frames, depth, truncated, NULL) : NULL;
    if (entry == NULL) {
        dropped++;
        return;
    }
    double stands_for = 1 / -expm1(-(double)size / interval);
    live new = {address, entry, stands_for * (double)size, stands_for};
    entry->values[0] += new.bytes;
    entry->values[1] += new.count;
    entry->values[2] += new.bytes;
    entry->values[3] += new.count;
    entry->live++;
    put(lives, lives_size, &new);
    lives_count++;
    if (*filter_of(address) < 255) ++*filter_of(address);
}

static void sampled(void *address, size_t size) {
    int before = errno; /* whoever allocates may be about to look at it; ef_walk's system calls set it */
    countdown = running ? next_countdown() : INT64_MAX;
    PyThreadState *state = PyGILState_GetThisThreadState();
    if (running && address != NULL && state != NULL && state->interp == main_interpreter && in_main_interpreter()) {
        follow(state, address, size);
    }
    errno = before;
}

#define SAMPLE(address, size) \
    do { \
        if (__builtin_expect((countdown -= (int64_t)(size)) < 0, 0)) sampled(address, size); \
    } while (0)

static void *hook_malloc(void *context, size_t size) {
    PyMemAllocatorEx *below = context;
    void *address = below->malloc(below->ctx, size);
    SAMPLE(address, size);
    return address;
}

static void *hook_calloc(void *context, size_t count, size_t size) {
    PyMemAllocatorEx *below = context;
    void *address = below->calloc(below->ctx, count, size);
    SAMPLE(address, count * size);
    return address;
}

static void *hook_realloc(void *context, void *old, size_t size) {
    PyMemAllocatorEx *below = context;
    void *address = below->realloc(below->ctx, old, size);
    if (address == NULL) return NULL; /* the old one is still there */
    if (old != NULL && __builtin_expect(*filter_of(old) != 0, 0)) forget(old);
    SAMPLE(address, size);
    return address;
}

static void hook_free(void *context, void *address) {
    PyMemAllocatorEx *below = context;
    if (__builtin_expect(*filter_of(address) != 0, 0) && address != NULL) forget(address);
    below->free(below->ctx, address);
}

static void hook(PyMemAllocatorDomain domain, PyMemAllocatorEx *below) {
    PyMem_GetAllocator(domain, below);
    PyMemAllocatorEx ours = {below, hook_malloc, hook_calloc, hook_realloc, hook_free};
    PyMem_SetAllocator(domain, &ours);
}

static PyObject *memory_start(PyObject *self, PyObject *argument) {
    (void)self;
    double wanted = PyFloat_AsDouble(argument);
    if (PyErr_Occurred()) return NULL;
    if (PyThreadState_Get()->interp != PyInterpreterState_Main()) {
        PyErr_SetString(PyExc_RuntimeError, "subinterpreters are not sampled");
        return NULL;
    }
    if (table == NULL && (table = calloc(1, sizeof *table)) == NULL) return PyErr_NoMemory();
    main_interpreter = PyInterpreterState_Main();
    interval = wanted;
    random_state = ef_seed();
    if (!installed) {
        hook(PYMEM_DOMAIN_OBJ, &below_object);
        hook(PYMEM_DOMAIN_MEM, &below_memory);
        installed = 1; /* for ever: somebody else's hooks may be on top of ours */
    }
    running = 1;
    countdown = next_countdown();
    Py_RETURN_NONE;
}

/* No further samples; those that live go on being followed, so that a later start finds them right. */
static PyObject *memory_stop(PyObject *self, PyObject *args) {
    (void)self, (void)args;
    running = 0;
    countdown = INT64_MAX;
    Py_RETURN_NONE;
}

/* (batch, dropped): what is live now, and what was allocated since the last call. */
static PyObject *memory_take(PyObject *self, PyObject *args) {
    (void)self, (void)args;
    ef_entry *all = NULL, *dead = NULL;
    for (int i = 0; table != NULL && i < 8192; i++) {
        for (ef_entry **link = &table->buckets[i]; *link != NULL;) {
            ef_entry *entry = *link;
            ef_entry *copy = entry->values[3] > 0 || entry->live > 0 ? ef_entry_copy(entry) : NULL;
            if (copy != NULL) {
                copy->next = all;
                all = copy;
            }
            entry->values[2] = entry->values[3] = 0;
            if (entry->live > 0) {
                link = &entry->next;
                continue;
            }
            *link = entry->next;
            table->count--;
            entry->next = dead;
            dead = entry;
        }
    }
    if (table != NULL && table->overflow != NULL) {
        ef_entry *copy = ef_entry_copy(table->overflow);
        if (copy != NULL) {
            copy->next = all;
            all = copy;
        }
        table->overflow->values[2] = table->overflow->values[3] = 0;
    }
    while (dead != NULL) { /* after the walk: this frees code, which may run the hooks above */
        ef_entry *next = dead->next;
        ef_entry_free(dead);
        dead = next;
    }
    PyObject *batch = ef_batch_new(all);
    if (batch == NULL) return NULL;
    unsigned long long lost = dropped;
    dropped = 0;
    return Py_BuildValue("(NK)", batch, lost);
}

PyMethodDef ef_memory_methods[] = {
    {"memory_start", memory_start, METH_O, "start(interval): samples one allocation in so many bytes."},
    {"memory_stop", memory_stop, METH_NOARGS, "Takes no further samples."},
    {"memory_take", memory_take, METH_NOARGS, "What is live, and what was allocated since the last call."},
    {NULL, NULL, 0, NULL},
};
