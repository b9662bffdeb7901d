#include "everflame.h"

static PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "everflame._native",
    .m_doc = "Everflame's native part: CPU time of all threads, and the heap.",
    .m_size = -1,
};

PyMODINIT_FUNC PyInit__native(void) {
    if (PyType_Ready(&EfTag_Type) < 0 || ef_batch_ready() < 0) return NULL;
    PyObject *module = PyModule_Create(&definition);
    if (module == NULL) return NULL;
    Py_INCREF(&EfTag_Type);
    if (PyModule_AddFunctions(module, ef_cpu_methods) < 0 || PyModule_AddFunctions(module, ef_memory_methods) < 0 ||
        PyModule_AddObject(module, "Tag", (PyObject *)&EfTag_Type) < 0) {
        Py_DECREF(module);
        return NULL;
    }
    return module;
}
