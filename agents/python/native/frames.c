/* The Python frames of the calling thread, in whatever state it is.
 *
 * 3.8 to 3.10 keep a chain of frame objects; since 3.11 frames are structs in chunks of their own, in
 * generators, or (3.12) on the C stack, where a greenlet that is being switched in overwrites those of the one
 * switched out before Python's pointers follow. So nothing is followed that cannot be read, and a frame counts
 * only if its code is a living code object; the chain ends where that is not so. */

#define Py_BUILD_CORE_MODULE 1
#include "everflame.h"
#include <frameobject.h>
#if PY_VERSION_HEX >= 0x030B0000
#include <internal/pycore_frame.h>
#endif

int ef_is_alive(ef_pages *pages, const void *object, PyTypeObject *type, size_t size) {
    if (!ef_readable(pages, object, size)) return 0;
    const PyObject *o = object;
    /* Of an object that has been freed the count is 0 or part of a list of free blocks. Immortal ones have
     * 2**32 - 1 (3.12 and 3.13). */
    Py_ssize_t count = o->ob_refcnt;
    return o->ob_type == type && count > 0 && count <= 0xFFFFFFFFLL;
}

#if PY_VERSION_HEX < 0x030B0000

int ef_walk(PyThreadState *state, ef_pages *pages, ef_frame *frames, int *truncated) {
    int depth = 0;
    PyFrameObject *frame = state->frame;
    *truncated = 0;
    while (frame != NULL) {
        if (!ef_is_alive(pages, frame, &PyFrame_Type, sizeof *frame)) break;
        PyObject *code = (PyObject *)frame->f_code;
        if (!ef_is_alive(pages, code, &PyCode_Type, sizeof(PyCodeObject))) break;
        if (depth == EF_MAX_DEPTH) {
            *truncated = 1;
            break;
        }
        int offset = frame->f_lasti;
#if PY_VERSION_HEX >= 0x030A0000
        offset *= 2; /* 3.10 counts instructions */
#endif
        frames[depth++] = (ef_frame){code, (uintptr_t)frame->f_globals, offset < 0 ? 0 : offset};
        frame = frame->f_back;
    }
    return depth;
}

#else

int ef_walk(PyThreadState *state, ef_pages *pages, ef_frame *frames, int *truncated) {
    int depth = 0;
    *truncated = 0;
#if PY_VERSION_HEX >= 0x030D0000
    _PyInterpreterFrame *frame = state->current_frame;
#else
    if (!ef_readable(pages, state->cframe, sizeof(_PyCFrame))) return 0;
    _PyInterpreterFrame *frame = state->cframe->current_frame;
#endif
    /* Frames that are not shown are at most as many again; past that, what is followed is a circle. */
    for (int steps = 0; frame != NULL && steps < 2 * EF_MAX_DEPTH + 16; steps++) {
        if (!ef_readable(pages, frame, offsetof(_PyInterpreterFrame, localsplus))) break;
        int owner = frame->owner;
        if (owner < 0 || owner > 3) break;
        if (owner != 3) { /* FRAME_OWNED_BY_CSTACK: the interpreter's own, no code of the program */
#if PY_VERSION_HEX >= 0x030D0000
            PyCodeObject *code = (PyCodeObject *)frame->f_executable;
            _Py_CODEUNIT *at = frame->instr_ptr;
#else
            PyCodeObject *code = frame->f_code;
            _Py_CODEUNIT *at = frame->prev_instr;
#endif
            if (!ef_is_alive(pages, code, &PyCode_Type, offsetof(PyCodeObject, co_code_adaptive))) break;
            _Py_CODEUNIT *first = (_Py_CODEUNIT *)code->co_code_adaptive;
            /* As _PyFrame_IsIncomplete: the function has not begun, or it is a shim that calls __init__. */
            if (owner == FRAME_OWNED_BY_GENERATOR || at >= first + code->_co_firsttraceable) {
                if (depth == EF_MAX_DEPTH) {
                    *truncated = 1;
                    break;
                }
                Py_ssize_t offset = (char *)at - (char *)first;
                if (offset < 0 || offset > 2 * Py_SIZE(code)) offset = 0;
                frames[depth++] = (ef_frame){(PyObject *)code, (uintptr_t)frame->f_globals, (int32_t)offset};
            }
        }
        frame = frame->previous;
    }
    return depth;
}

#endif
