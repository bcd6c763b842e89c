#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "session/asker.h"

struct sp_slice sp_asker(void)
{
    PyFrameObject *frame = PyEval_GetFrame();
    PyCodeObject *code = frame == NULL ? NULL : PyFrame_GetCode(frame);
    const char *file = NULL;
    if (code == NULL) {
        return sp_slice_make(NULL, 0);
    }
    file = PyUnicode_Check(code->co_filename) ? PyUnicode_AsUTF8(code->co_filename) : NULL;
    if (file == NULL) {
        PyErr_Clear();
        file = "?";
    }
    /* The frame keeps its code, and the code its name. */
    Py_DECREF(code);
    return sp_slice_of(file);
}
