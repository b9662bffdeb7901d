/* Stacks and what was measured in them. Everything here runs with the GIL held. */

#include "everflame.h"
#include <stdlib.h>

static uint64_t mix(uint64_t hash, uint64_t value) {
    hash = (hash ^ value) * 0x9E3779B97F4A7C15ull;
    return hash ^ hash >> 29;
}

static int same_payload(PyObject *a, PyObject *b) {
    if (a == b) return 1;
    if (a == NULL || b == NULL) return 0;
    int same = PyObject_RichCompareBool(a, b, Py_EQ);
    if (same < 0) PyErr_Clear();
    return same == 1;
}

static ef_entry *make(uint64_t hash, int kind, const ef_frame *frames, int depth, int truncated, PyObject *payload) {
    ef_entry *entry = calloc(1, sizeof *entry + (depth ? depth - 1 : 0) * sizeof *frames);
    if (entry == NULL) return NULL;
    entry->hash = hash;
    entry->kind = kind;
    entry->depth = depth;
    entry->truncated = truncated;
    entry->payload = payload;
    Py_XINCREF(payload);
    for (int i = 0; i < depth; i++) {
        entry->frames[i] = frames[i];
        Py_INCREF(frames[i].code);
    }
    return entry;
}

/* The entry of a stack, which is made if there is none; NULL without memory. Runs no Python for payloads that
 * are the same object or whose comparison is C's own. */
ef_entry *ef_table_find(ef_table *table, int kind, const ef_frame *frames, int depth, int truncated, PyObject *payload) {
    uint64_t hash = mix(kind, truncated);
    for (int i = 0; i < depth; i++) hash = mix(mix(hash, (uintptr_t)frames[i].code), frames[i].offset);
    if (payload != NULL) {
        Py_hash_t of_payload = PyObject_Hash(payload);
        if (of_payload == -1) {
            PyErr_Clear();
            payload = NULL;
        } else {
            hash = mix(hash, of_payload);
        }
    }
    ef_entry **bucket = &table->buckets[hash % 8192];
    for (ef_entry *entry = *bucket; entry != NULL; entry = entry->next) {
        if (entry->hash != hash || entry->depth != depth || entry->kind != kind || entry->truncated != truncated) continue;
        int i = 0;
        while (i < depth && entry->frames[i].code == frames[i].code && entry->frames[i].offset == frames[i].offset) i++;
        if (i == depth && same_payload(entry->payload, payload)) return entry;
    }
    if (table->count >= EF_MAX_STACKS) {
        if (table->overflow == NULL) table->overflow = make(0, EF_PYTHON, NULL, 0, 1, NULL);
        return table->overflow;
    }
    ef_entry *entry = make(hash, kind, frames, depth, truncated, payload);
    if (entry != NULL) {
        entry->next = *bucket;
        *bucket = entry;
        table->count++;
    }
    return entry;
}

ef_entry *ef_entry_copy(const ef_entry *entry) {
    ef_entry *copy =
        make(entry->hash, entry->kind, entry->frames, entry->depth, entry->truncated, entry->payload);
    if (copy != NULL) memcpy(copy->values, entry->values, sizeof copy->values);
    return copy;
}

void ef_entry_free(ef_entry *entry) {
    for (int i = 0; i < entry->depth; i++) Py_DECREF(entry->frames[i].code);
    Py_XDECREF(entry->payload);
    free(entry);
}

static void free_all(ef_entry *entry) {
    while (entry != NULL) {
        ef_entry *next = entry->next;
        ef_entry_free(entry);
        entry = next;
    }
}

void ef_table_clear(ef_table *table) {
    for (int i = 0; i < 8192; i++) {
        free_all(table->buckets[i]);
        table->buckets[i] = NULL;
    }
    if (table->overflow != NULL) free_all(table->overflow);
    table->overflow = NULL;
    table->count = 0;
}

typedef struct {
    PyObject_HEAD
    ef_entry *entries;
} Batch;

static void batch_dealloc(PyObject *self) {
    free_all(((Batch *)self)->entries);
    Py_TYPE(self)->tp_free(self);
}

static PyObject *as_tuple(const ef_entry *entry) {
    PyObject *frames = PyTuple_New(entry->depth);
    if (frames == NULL) return NULL;
    for (int i = 0; i < entry->depth; i++) {
        const ef_frame *frame = &entry->frames[i];
        PyObject *triple = Py_BuildValue("(OKi)", frame->code, (unsigned long long)frame->globals, frame->offset);
        if (triple == NULL) {
            Py_DECREF(frames);
            return NULL;
        }
        PyTuple_SET_ITEM(frames, i, triple);
    }
    const double *v = entry->values;
    PyObject *payload = entry->payload ? entry->payload : Py_None;
    return Py_BuildValue("(N(dddd)iiO)", frames, v[0], v[1], v[2], v[3], entry->kind, entry->truncated, payload);
}

static PyObject *batch_next(PyObject *self, PyObject *argument) {
    Batch *batch = (Batch *)self;
    long most = PyLong_AsLong(argument);
    if (most == -1 && PyErr_Occurred()) return NULL;
    PyObject *list = PyList_New(0);
    while (list != NULL && batch->entries != NULL && most-- > 0) {
        PyObject *item = as_tuple(batch->entries);
        if (item == NULL || PyList_Append(list, item) < 0) {
            Py_XDECREF(item);
            Py_CLEAR(list);
            break;
        }
        Py_DECREF(item);
        ef_entry *done = batch->entries;
        batch->entries = done->next;
        ef_entry_free(done);
    }
    return list;
}

static PyMethodDef batch_methods[] = {
    {"next", batch_next, METH_O, "The next stacks, at most so many; an empty list at the end."},
    {NULL, NULL, 0, NULL},
};

static PyTypeObject Batch_Type = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "everflame._native.Batch",
    .tp_basicsize = sizeof(Batch),
    .tp_flags = Py_TPFLAGS_DEFAULT,
    .tp_dealloc = batch_dealloc,
    .tp_methods = batch_methods,
};

int ef_batch_ready(void) { return PyType_Ready(&Batch_Type); }

PyObject *ef_batch_new(ef_entry *entries) {
    Batch *batch = PyObject_New(Batch, &Batch_Type);
    if (batch == NULL) {
        free_all(entries);
        return NULL;
    }
    batch->entries = entries;
    return (PyObject *)batch;
}
