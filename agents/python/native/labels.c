/* Labels: what the context variable of everflame.labels holds in the thread that was interrupted.
 *
 * The context that a thread is in hangs off its state, wherever it came from: greenlets swap it when they are
 * switched, asyncio runs each task in its own. Its variables are a hash trie that never changes once it has
 * been built (Python/hamt.c), so the handler can look the variable up as the interpreter would, without
 * running any Python when labels or contexts change. The trie's structs are not in any header before 3.12 and have been the same since
 * 3.7; ef_watch_labels tries them out, and leaves labels alone where they are not what they were.
 *
 * The variable's value is a Tag: a box around whatever the labels are to Python. Its dealloc is ours, so one
 * that was sampled can be kept. */

#include "everflame.h"
#include <structmember.h>

typedef struct {
    PyObject_HEAD
    PyObject *payload;
} EfTag;

static PyObject *tag_new(PyTypeObject *type, PyObject *args, PyObject *kwargs) {
    PyObject *payload;
    if (kwargs != NULL && PyDict_GET_SIZE(kwargs) > 0) {
        PyErr_SetString(PyExc_TypeError, "Tag() takes no keyword arguments");
        return NULL;
    }
    if (!PyArg_ParseTuple(args, "O:Tag", &payload)) return NULL;
    EfTag *tag = (EfTag *)type->tp_alloc(type, 0);
    if (tag == NULL) return NULL;
    Py_INCREF(payload);
    tag->payload = payload;
    return (PyObject *)tag;
}

static void tag_dealloc(PyObject *self) {
    if (ef_hot_keep(self)) return;
    Py_XDECREF(((EfTag *)self)->payload);
    Py_TYPE(self)->tp_free(self);
}

static PyMemberDef tag_members[] = {
    {"payload", T_OBJECT_EX, offsetof(EfTag, payload), READONLY, "What the labels are."},
    {NULL, 0, 0, 0, NULL},
};

PyTypeObject EfTag_Type = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "everflame._native.Tag",
    .tp_basicsize = sizeof(EfTag),
    .tp_flags = Py_TPFLAGS_DEFAULT,
    .tp_doc = "An immutable box: the value of the context variable of labels.",
    .tp_new = tag_new,
    .tp_dealloc = tag_dealloc,
    .tp_members = tag_members,
};

PyObject *ef_tag_payload(PyObject *tag) { return ((EfTag *)tag)->payload; }

/* Python/hamt.c and Include/internal/pycore_context.h */
typedef struct { PyObject_HEAD PyObject *root; } hamt;
typedef struct { PyObject_HEAD PyObject *previous; hamt *variables; } context;
typedef struct { PyObject_VAR_HEAD uint32_t bitmap; PyObject *array[1]; } bitmap_node;
typedef struct { PyObject_HEAD PyObject *array[32]; } array_node;

static PyObject *variable;
static uint32_t variable_hash;
static PyTypeObject *bitmap_type, *array_type;

static PyObject *look_up(PyObject *of_context, ef_pages *pages) {
    context *c = (context *)of_context;
    if (!ef_is_alive(pages, c, &PyContext_Type, sizeof *c)) return NULL;
    hamt *h = c->variables;
    if (!ef_readable(pages, h, sizeof *h)) return NULL;
    PyObject *node = h->root;
    for (unsigned shift = 0; shift < 35 && node != NULL; shift += 5) {
        uint32_t index = shift < 32 ? variable_hash >> shift & 31 : 0;
        if (!ef_readable(pages, node, offsetof(bitmap_node, array))) return NULL;
        if (Py_TYPE(node) == array_type) {
            array_node *array = (array_node *)node;
            if (!ef_readable(pages, array, sizeof *array)) return NULL;
            node = array->array[index];
        } else if (Py_TYPE(node) == bitmap_type) {
            bitmap_node *bits = (bitmap_node *)node;
            if (!(bits->bitmap & 1u << index)) return NULL;
            PyObject **pair = bits->array + 2 * __builtin_popcount(bits->bitmap & ((1u << index) - 1));
            if (!ef_readable(pages, pair, 2 * sizeof *pair)) return NULL;
            if (pair[0] == variable) return pair[1];
            if (pair[0] != NULL) return NULL; /* another variable */
            node = pair[1];
        } else {
            return NULL; /* variables whose hashes are the same: labels are not read then */
        }
    }
    return NULL;
}

PyObject *ef_current_tag(PyThreadState *state, ef_pages *pages) {
    if (variable == NULL || state->context == NULL) return NULL;
    PyObject *tag = look_up(state->context, pages);
    return tag != NULL && ef_is_alive(pages, tag, &EfTag_Type, sizeof(EfTag)) ? tag : NULL;
}

/* In a context of its own: learns what the nodes' types are, and whether look_up finds what was set. */
static int try_out(PyObject *of_context, PyObject *tag) {
    ef_pages pages;
    ef_pages_init(&pages);
    PyObject *token = PyContextVar_Set(variable, tag);
    if (token == NULL) return -1;
    Py_DECREF(token);
    bitmap_type = Py_TYPE(((context *)of_context)->variables->root);
    array_type = NULL;
    if (look_up(of_context, &pages) != tag) return 0;
    for (int i = 0; i < 64; i++) { /* past 16, the root becomes an array of nodes */
        PyObject *other = PyContextVar_New("everflame_try_out", NULL);
        if (other == NULL) return -1;
        token = PyContextVar_Set(other, Py_None);
        Py_DECREF(other);
        if (token == NULL) return -1;
        Py_DECREF(token);
    }
    array_type = Py_TYPE(((context *)of_context)->variables->root);
    return array_type != bitmap_type && look_up(of_context, &pages) == tag;
}

/* 1: labels will be read; 0: they cannot be; -1 with an exception. With the GIL. */
int ef_watch_labels(PyObject *wanted) {
    Py_CLEAR(variable);
    if (wanted == Py_None) return 1;
    if (!PyContextVar_CheckExact(wanted)) {
        PyErr_SetString(PyExc_TypeError, "labels must be a ContextVar");
        return -1;
    }
    Py_hash_t hash = PyObject_Hash(wanted);
    variable_hash = (uint32_t)hash ^ (uint32_t)((uint64_t)hash >> 32);
    if (variable_hash == UINT32_MAX) variable_hash = UINT32_MAX - 1;
    PyObject *of_context = PyContext_New();
    if (of_context == NULL || PyContext_Enter(of_context) < 0) {
        Py_XDECREF(of_context);
        return -1;
    }
    Py_INCREF(wanted);
    variable = wanted;
    PyObject *tag = PyObject_CallFunctionObjArgs((PyObject *)&EfTag_Type, Py_None, NULL);
    int found = tag == NULL ? -1 : try_out(of_context, tag);
    Py_XDECREF(tag);
    if (PyContext_Exit(of_context) < 0) found = -1;
    Py_DECREF(of_context);
    if (found != 1) Py_CLEAR(variable);
    return found;
}

/* The tag that holds in another thread, or None. With the GIL, so that its state and its context stay what they are:
 * a thread's state is unlinked with the GIL held, and a new one is put in front of those that are walked. */
PyObject *ef_thread_tag(PyObject *self, PyObject *argument) {
    (void)self;
    unsigned long ident = PyLong_AsUnsignedLong(argument);
    if (PyErr_Occurred()) return NULL;
    ef_pages pages;
    ef_pages_init(&pages);
    PyObject *tag = NULL;
    for (PyThreadState *state = PyInterpreterState_ThreadHead(PyThreadState_Get()->interp); state != NULL; state = PyThreadState_Next(state)) {
        if (state->thread_id != ident) continue;
        tag = ef_current_tag(state, &pages);
        break;
    }
    if (tag == NULL) tag = Py_None;
    Py_INCREF(tag);
    return tag;
}
