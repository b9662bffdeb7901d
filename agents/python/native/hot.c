/* What was sampled lives until it has been drained.
 *
 * The handler cannot count a reference: the thread that it interrupted may be halfway through counting one, or
 * not hold the GIL. So it leaves a mark, and whatever is about to die with a mark on it (code objects, whose
 * type's dealloc is replaced, and tags, whose type is ours) is kept until the next drain is done: no
 * address in a sample that has not been drained is ever used again for something else. Marks are by a hash of
 * the address; two that fall together keep something a second longer than needed, nothing else.
 *
 * A mark holds for the drain that runs and the next one: a handler may have read the epoch just before a drain
 * moved it on, and its sample is then drained by the one after. */

#include "everflame.h"

#define MARKS 16384

static uint32_t marks[MARKS];
static uint32_t epoch = 2;
static int installed;
static destructor code_dealloc;
static PyInterpreterState *main_interpreter;

static PyObject **kept, **keeping;
static size_t kept_count, keeping_count, kept_size, keeping_size;

static inline uint32_t *mark_of(const void *object) {
    return &marks[(uint64_t)(uintptr_t)object * 0x9E3779B97F4A7C15ull >> 50];
}

void ef_hot_mark(const void *object) {
    __atomic_store_n(mark_of(object), __atomic_load_n(&epoch, __ATOMIC_RELAXED), __ATOMIC_RELAXED);
}

int ef_hot_keep(PyObject *object) {
    if (epoch - __atomic_load_n(mark_of(object), __ATOMIC_RELAXED) > 1) return 0;
    if (!installed) return 0;
    PyThreadState *state = _PyThreadState_UncheckedGet();
    if (state == NULL || state->interp != main_interpreter) return 0; /* another GIL, maybe */
    if (kept_count == kept_size) {
        size_t size = kept_size ? 2 * kept_size : 256;
        PyObject **larger = realloc(kept, size * sizeof *kept);
        if (larger == NULL) return 0;
        kept = larger;
        kept_size = size;
    }
    kept[kept_count++] = object;
#if PY_VERSION_HEX >= 0x03090000
    Py_SET_REFCNT(object, 1);
#else
    Py_REFCNT(object) = 1;
#endif
    return 1;
}

static void code_dealloc_or_keep(PyObject *code) {
    if (!ef_hot_keep(code)) code_dealloc(code);
}

void ef_hot_begin_drain(void) {
    __atomic_add_fetch(&epoch, 1, __ATOMIC_SEQ_CST);
    PyObject **list = keeping;
    size_t size = keeping_size;
    keeping = kept, keeping_count = kept_count, keeping_size = kept_size;
    kept = list, kept_count = 0, kept_size = size;
}

void ef_hot_end_drain(void) {
    for (size_t i = 0; i < keeping_count; i++) Py_DECREF(keeping[i]); /* sampled again meanwhile: kept again */
    keeping_count = 0;
}

/* Once in a process, and for ever: nobody can tell whether somebody has replaced it after us. */
int ef_hot_install(void) {
    if (installed) return 0;
    main_interpreter = PyInterpreterState_Main();
    code_dealloc = PyCode_Type.tp_dealloc;
    PyCode_Type.tp_dealloc = code_dealloc_or_keep;
    installed = 1;
    return 0;
}
