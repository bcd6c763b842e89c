#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "session/guard.h"

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>

/* Hooks that were added by sys.addaudithook stand in a list that only the interpreter's own headers show. */
#define Py_BUILD_CORE 1
#include <internal/pycore_interp.h>
#undef Py_BUILD_CORE

#include "base/slice.h"

#define PLACES_MAX    16
#define FUNCTIONS_MAX 256
#define PASSES        3
#define CHANGING      "_cell"

/* A dictionary and what it held; of a class, when `type` is there. */
struct place {
    PyObject *live;
    PyObject *copy;
    PyTypeObject *type;
};

struct function {
    PyFunctionObject *object;
    PyObject *code;
    PyObject *defaults;
    PyObject *named;
};

static struct {
    struct place places[PLACES_MAX];
    size_t place_count;
    struct function functions[FUNCTIONS_MAX];
    size_t function_count;
    PyObject *callbacks;      /* of the collector: its own list, whatever gc.callbacks is then */
    PyObject *callbacks_copy; /* and what it held */
} kept;

/* ---- in the template ---- */

static enum sp_err keep_function(PyObject *object)
{
    PyFunctionObject *function = (PyFunctionObject *)object;
    struct function *slot = &kept.functions[kept.function_count];
    if (kept.function_count == FUNCTIONS_MAX) {
        return SP_ERR_TOO_BIG;
    }
    *slot = (struct function){.object = function,
                              .code = function->func_code,
                              .defaults = function->func_defaults,
                              .named = function->func_kwdefaults};
    /* Held for good, so that a comparison of addresses is one of objects. */
    Py_INCREF(object);
    Py_INCREF(slot->code);
    Py_XINCREF(slot->defaults);
    Py_XINCREF(slot->named);
    kept.function_count++;
    return SP_OK;
}

static enum sp_err keep_functions_of(PyObject *dict)
{
    PyObject *name = NULL;
    PyObject *value = NULL;
    Py_ssize_t at = 0;
    while (PyDict_Next(dict, &at, &name, &value)) {
        if (PyFunction_Check(value)) {
            SP_TRY(keep_function(value));
        }
    }
    return SP_OK;
}

static enum sp_err keep_place(PyObject *dict, PyTypeObject *type)
{
    struct place *place = &kept.places[kept.place_count];
    if (dict == NULL || !PyDict_Check(dict) || kept.place_count == PLACES_MAX) {
        return SP_ERR_TOO_BIG;
    }
    *place = (struct place){.live = dict, .copy = PyDict_Copy(dict), .type = type};
    if (place->copy == NULL) {
        return SP_ERR_NOMEM;
    }
    Py_INCREF(dict);
    kept.place_count++;
    return keep_functions_of(dict);
}

static enum sp_err keep_callbacks(void)
{
    PyObject *gc = PyImport_ImportModule("gc");
    kept.callbacks = gc == NULL ? NULL : PyObject_GetAttrString(gc, "callbacks");
    Py_XDECREF(gc);
    if (kept.callbacks == NULL || !PyList_CheckExact(kept.callbacks)) {
        return SP_ERR_SYSTEM;
    }
    kept.callbacks_copy = PyList_GetSlice(kept.callbacks, 0, PyList_GET_SIZE(kept.callbacks));
    return kept.callbacks_copy == NULL ? SP_ERR_NOMEM : SP_OK;
}

enum sp_err sp_guard_take(void *module)
{
    PyObject *dict = PyModule_GetDict(module);
    PyObject *classes = PyDict_GetItemString(dict, "_GUARDED");
    SP_TRY(keep_place(dict, NULL));
    SP_TRY(keep_place(PyDict_GetItemString(dict, "__builtins__"), NULL));
    for (Py_ssize_t i = 0; classes != NULL && i < PyTuple_Size(classes); i++) {
        PyTypeObject *type = (PyTypeObject *)PyTuple_GET_ITEM(classes, i);
        if (!PyType_Check((PyObject *)type)) {
            return SP_ERR_WIRE;
        }
        Py_INCREF((PyObject *)type);
        SP_TRY(keep_place(type->tp_dict, type));
    }
    return keep_callbacks();
}

/* ---- after a run ---- */

static bool may_change(PyObject *name)
{
    Py_ssize_t len = 0;
    const char *bytes = PyUnicode_Check(name) ? PyUnicode_AsUTF8AndSize(name, &len) : NULL;
    return bytes != NULL && sp_slice_starts(sp_slice_make(bytes, (size_t)len), CHANGING);
}

static bool is_as_it_was(const struct place *place)
{
    PyObject *name = NULL;
    PyObject *value = NULL;
    Py_ssize_t at = 0;
    if (PyDict_Size(place->live) != PyDict_Size(place->copy)) {
        return false;
    }
    while (PyDict_Next(place->copy, &at, &name, &value)) {
        if (PyDict_GetItemWithError(place->live, name) != value && !may_change(name)) {
            return false;
        }
    }
    return true;
}

/* A NULL value takes the name away. Of a class, what it is made of in C has to follow. */
static void put(const struct place *place, PyObject *name, PyObject *value)
{
    int failed = 0;
    if (place->type != NULL) {
        failed = PyType_Type.tp_setattro((PyObject *)place->type, name, value);
    } else {
        failed = value != NULL ? PyDict_SetItem(place->live, name, value)
                               : PyDict_DelItem(place->live, name);
    }
    if (failed != 0) {
        PyErr_Clear();
    }
}

static void put_back(const struct place *place)
{
    PyObject *now = PyDict_Copy(place->live);
    PyObject *name = NULL;
    PyObject *value = NULL;
    Py_ssize_t at = 0;
    while (PyDict_Next(place->copy, &at, &name, &value)) {
        if (PyDict_GetItemWithError(place->live, name) != value && !may_change(name)) {
            put(place, name, value);
        }
    }
    at = 0;
    while (now != NULL && PyDict_Next(now, &at, &name, &value)) {
        if (PyDict_GetItemWithError(place->copy, name) == NULL) {
            put(place, name, NULL);
        }
    }
    Py_XDECREF(now);
    PyErr_Clear();
}

static void swap(PyObject **place, PyObject *value)
{
    PyObject *old = *place;
    if (old != value) {
        Py_XINCREF(value);
        *place = value;
        Py_XDECREF(old);
    }
}

/* Through the interpreter's own setter, for it keeps a version of the code that it made faster. */
static void put_back_function(const struct function *function)
{
    if (function->object->func_code != function->code &&
        PyObject_SetAttrString((PyObject *)function->object, "__code__", function->code) != 0) {
        PyErr_Clear();
    }
    if (function->object->func_defaults != function->defaults ||
        function->object->func_kwdefaults != function->named) {
        function->object->func_version = 0;
        swap(&function->object->func_defaults, function->defaults);
        swap(&function->object->func_kwdefaults, function->named);
    }
}

static bool has_callbacks_of_its_own(void)
{
    const Py_ssize_t count = PyList_GET_SIZE(kept.callbacks);
    if (count != PyList_GET_SIZE(kept.callbacks_copy)) {
        return false;
    }
    for (Py_ssize_t i = 0; i < count; i++) {
        if (PyList_GET_ITEM(kept.callbacks, i) != PyList_GET_ITEM(kept.callbacks_copy, i)) {
            return false;
        }
    }
    return true;
}

/* Hooks that a run added would look into the next ones, and could make them fail: they end with it. True: there was none. */
static bool end_hooks(void)
{
    PyInterpreterState *interpreter = PyInterpreterState_Get();
    const bool had_none = interpreter->audit_hooks == NULL;
    Py_CLEAR(interpreter->audit_hooks);
    if (has_callbacks_of_its_own()) {
        return had_none;
    }
    if (PyList_SetSlice(kept.callbacks, 0, PyList_GET_SIZE(kept.callbacks), kept.callbacks_copy) !=
        0) {
        PyErr_Clear();
    }
    return false;
}

/* What goes away may run code of the tenant, which may replace something again; a few times are enough for chance. */
static bool pass(void)
{
    bool was_whole = end_hooks();
    for (size_t i = 0; i < kept.place_count; i++) {
        if (!is_as_it_was(&kept.places[i])) {
            was_whole = false;
            put_back(&kept.places[i]);
        }
    }
    for (size_t i = 0; i < kept.function_count; i++) {
        const struct function *function = &kept.functions[i];
        if (function->object->func_code != function->code ||
            function->object->func_defaults != function->defaults ||
            function->object->func_kwdefaults != function->named) {
            was_whole = false;
            put_back_function(function);
        }
    }
    return was_whole;
}

static void end_tracing(void)
{
    const PyThreadState *thread = PyThreadState_Get();
    if (thread->c_profilefunc != NULL) {
        PyEval_SetProfile(NULL, NULL);
    }
    if (thread->c_tracefunc != NULL) {
        PyEval_SetTrace(NULL, NULL);
    }
}

static void allow_signals(void)
{
    sigset_t none;
    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
}

void sp_guard_restore(void)
{
    allow_signals();
    end_tracing();
    for (unsigned i = 0; i < PASSES && !pass(); i++) {
    }
    PyErr_Clear();
}
