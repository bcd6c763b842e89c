#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "session/python.h"

#include <stdio.h>
#include <sys/random.h>

#include "session/arena.h"
#include "session/fence.h"
#include "session/guard.h"
#include "session/witness.h"

#include "forms_py.h"
#include "limits_py.h"
#include "support_py.h"

static struct {
    PyObject *prepare;
    PyObject *awake;
    PyObject *settle;
    PyObject *run;
    PyObject *rest;
    PyObject *packages;
    PyObject *without_processes;
} support;

/* The Mersenne Twister's state as numpy has it, and the one that numpy.random draws from; NULL: not found. */
#define TWISTER_WORDS 624
struct twister {
    uint32_t words[TWISTER_WORDS];
    int position;
};
static struct twister *numpy_state;

static enum sp_err failed(void)
{
    if (PyErr_Occurred() != NULL) {
        PyErr_Print();
    }
    return SP_ERR_SYSTEM;
}

static PyStatus configure(PyConfig *config)
{
    PyStatus status;
    PyConfig_InitIsolatedConfig(config);
    config->install_signal_handlers = 1; /* KeyboardInterrupt */
    config->site_import = 1;             /* Debian's packages are in dist-packages */
    config->safe_path = 1;               /* a file in the working directory replaces no module */
    config->write_bytecode = 0;
    config->buffered_stdio = 1;
    status = PyConfig_SetString(config, &config->program_name, L"/usr/bin/python3");
    if (PyStatus_Exception(status)) {
        return status;
    }
    status = PyConfig_SetString(config, &config->executable, L"/usr/bin/python3");
    if (PyStatus_Exception(status)) {
        return status;
    }
    status = PyConfig_SetString(config, &config->stdio_encoding, L"utf-8");
    if (PyStatus_Exception(status)) {
        return status;
    }
    return PyConfig_SetString(config, &config->stdio_errors, L"backslashreplace");
}

static enum sp_err start_interpreter(void)
{
    PyPreConfig before;
    PyConfig config;
    PyStatus status;
    PyObjectArenaAllocator arenas = {.ctx = NULL, .alloc = sp_arena_new, .free = sp_arena_free};
    SP_TRY(sp_witness_hook());
    sp_arena_open();
    PyObject_SetArenaAllocator(&arenas);
    SP_TRY(sp_fence_hook());
    PyPreConfig_InitIsolatedConfig(&before);
    before.utf8_mode = 1;
    status = Py_PreInitialize(&before);
    if (PyStatus_Exception(status)) {
        return SP_ERR_SYSTEM;
    }
    status = configure(&config);
    if (!PyStatus_Exception(status)) {
        status = Py_InitializeFromConfig(&config);
    }
    PyConfig_Clear(&config);
    if (PyStatus_Exception(status)) {
        (void)fprintf(stderr, "python: %s\n",
                      status.err_msg != NULL ? status.err_msg : "cannot start");
        return SP_ERR_SYSTEM;
    }
    return SP_OK;
}

/* Where the present cell's pieces go; NULL between cells. */
static struct {
    sp_python_item_fn *fn;
    void *ctx;
} sink;

/* A number from 0 up to, not including, `end`; negative for anything else. */
static long small_number(PyObject *number, long end)
{
    long value = PyLong_CheckExact(number) ? PyLong_AsLong(number) : -1;
    PyErr_Clear();
    return value < end ? value : -1;
}

/* emit(group, role, kind, bytes, is_last): one piece of what the cell shows. Checked, for any code can call it. */
static PyObject *emit(PyObject *self, PyObject *const *args, Py_ssize_t count)
{
    struct sp_frame item = {.type = SP_FRAME_ITEM};
    char *bytes = NULL;
    Py_ssize_t len = 0;
    (void)self;
    if (count != 5 || sink.fn == NULL || !PyBytes_CheckExact(args[3]) ||
        PyBytes_AsStringAndSize(args[3], &bytes, &len) != 0) {
        PyErr_Clear();
        Py_RETURN_NONE;
    }
    long group = small_number(args[0], (long)SP_FRAME_GROUPS_MAX);
    long role = small_number(args[1], SP_ITEM_ROLE_COUNT);
    long kind = small_number(args[2], SP_ITEM_KIND_COUNT);
    if (group >= 0 && role >= 0 && kind >= 0) {
        item.group = (uint16_t)group;
        item.a = (uint8_t)role;
        item.b = (uint8_t)kind;
        item.c = args[4] == Py_True ? SP_ITEM_LAST : 0;
        item.bytes = sp_slice_make(bytes, (size_t)len);
        (void)!sink.fn(sink.ctx, &item);
    }
    Py_RETURN_NONE;
}

/*
 * find_words(capsule, words, position): whether the state behind numpy's global generator is what we know of it. numpy's
 * own way to seed it goes through so much of numpy that every session would have to copy half a megabyte.
 */
static PyObject *find_words(PyObject *self, PyObject *const *args, Py_ssize_t count)
{
    const struct twister *const *generator = NULL;
    long position = count == 3 ? small_number(args[2], TWISTER_WORDS + 1) : -1;
    (void)self;
    numpy_state = NULL;
    if (position < 0 || !PyBytes_CheckExact(args[1]) ||
        PyBytes_GET_SIZE(args[1]) != (Py_ssize_t)sizeof numpy_state->words) {
        Py_RETURN_FALSE;
    }
    generator = PyCapsule_GetPointer(args[0], "BitGenerator");
    if (generator == NULL) {
        PyErr_Clear();
        Py_RETURN_FALSE;
    }
    struct sp_slice known = sp_slice_make(PyBytes_AS_STRING(args[1]), sizeof numpy_state->words);
    struct sp_slice found = sp_slice_make((*generator)->words, sizeof numpy_state->words);
    if (!sp_slice_equal(known, found) || (*generator)->position != position) {
        Py_RETURN_FALSE;
    }
    numpy_state = *(struct twister *const *)(const void *)generator;
    Py_RETURN_TRUE;
}

/* In a new session: words that no other session has. */
static enum sp_err draw_words(void)
{
    uint8_t *to = numpy_state == NULL ? NULL : (uint8_t *)numpy_state->words;
    size_t left = numpy_state == NULL ? 0 : sizeof numpy_state->words;
    while (left > 0) {
        ssize_t got = getrandom(to, left, 0);
        if (got <= 0) {
            return SP_ERR_SYSTEM;
        }
        to += got;
        left -= (size_t)got;
    }
    if (numpy_state != NULL) {
        numpy_state->position = TWISTER_WORDS;
    }
    return SP_OK;
}

static PyMethodDef methods[] = {
    {"find_words", (PyCFunction)(void (*)(void))find_words, METH_FASTCALL, NULL},
    {"emit", (PyCFunction)(void (*)(void))emit, METH_FASTCALL, NULL},
    {NULL, NULL, 0, NULL},
};

/* Builtins of its own: what a run replaces there is not what this module calls. It is no module that can be imported. */
static enum sp_err furnish(PyObject *dict)
{
    PyObject *builtins = PyDict_Copy(PyEval_GetBuiltins());
    PyObject *name = PyUnicode_FromString("<sallyport>");
    bool is_done = builtins != NULL && name != NULL &&
                   PyDict_SetItemString(dict, "__builtins__", builtins) == 0 &&
                   PyDict_SetItemString(dict, "__file__", name) == 0;
    Py_XDECREF(builtins);
    Py_XDECREF(name);
    return is_done ? SP_OK : SP_ERR_SYSTEM;
}

static enum sp_err run_in(PyObject *dict, const char *source)
{
    PyObject *code = Py_CompileString(source, "<sallyport>", Py_file_input);
    PyObject *result = code == NULL ? NULL : PyEval_EvalCode(code, dict, dict);
    bool is_done = result != NULL;
    Py_XDECREF(code);
    Py_XDECREF(result);
    return is_done ? SP_OK : SP_ERR_SYSTEM;
}

static PyObject *load_support(void)
{
    PyObject *module = PyModule_New("sallyport_support");
    PyObject *dict = module == NULL ? NULL : PyModule_GetDict(module);
    if (dict == NULL || furnish(dict) != SP_OK || PyModule_AddFunctions(module, methods) != 0 ||
        run_in(dict, limits_py) != SP_OK || run_in(dict, forms_py) != SP_OK ||
        run_in(dict, support_py) != SP_OK) {
        Py_CLEAR(module);
    }
    return module;
}

static enum sp_err find_functions(PyObject *module)
{
    support.prepare = PyObject_GetAttrString(module, "prepare");
    support.awake = PyObject_GetAttrString(module, "awake");
    support.settle = PyObject_GetAttrString(module, "settle");
    support.run = PyObject_GetAttrString(module, "run");
    support.rest = PyObject_GetAttrString(module, "rest");
    support.packages = PyObject_GetAttrString(module, "packages");
    support.without_processes = PyObject_GetAttrString(module, "without_processes");
    if (support.without_processes == NULL || support.prepare == NULL || support.awake == NULL ||
        support.settle == NULL || support.run == NULL || support.rest == NULL ||
        support.packages == NULL) {
        return failed();
    }
    return SP_OK;
}

/* "a,b" as a list; empty names are passed over. */
static PyObject *list_of(const char *names)
{
    struct sp_slice rest = sp_slice_of(names);
    PyObject *list = PyList_New(0);
    while (list != NULL && rest.len > 0) {
        size_t end = sp_slice_find(rest, 0, ',');
        PyObject *name = PyUnicode_DecodeUTF8((const char *)rest.ptr, (Py_ssize_t)end, "replace");
        if (name == NULL || (end > 0 && PyList_Append(list, name) != 0)) {
            Py_XDECREF(name);
            Py_CLEAR(list);
            break;
        }
        Py_DECREF(name);
        rest = sp_slice_sub(rest, end + 1, rest.len);
    }
    return list;
}

enum sp_err sp_python_start(const char *preload)
{
    PyObject *names = NULL;
    PyObject *missing = NULL;
    PyObject *module = NULL;
    SP_TRY(start_interpreter());
    module = load_support(); /* for the life of the process */
    if (module == NULL) {
        return failed();
    }
    SP_TRY(find_functions(module));
    names = list_of(preload);
    missing = names == NULL ? NULL : PyObject_CallOneArg(support.prepare, names);
    Py_XDECREF(names);
    if (missing == NULL) {
        return failed();
    }
    for (Py_ssize_t i = 0; PyList_Check(missing) && i < PyList_GET_SIZE(missing); i++) {
        const char *name = PyUnicode_AsUTF8(PyList_GET_ITEM(missing, i));
        (void)fprintf(stderr, "not preloaded: %s\n", name != NULL ? name : "?");
    }
    Py_DECREF(missing);
    return sp_guard_take(module) == SP_OK ? SP_OK : failed();
}

enum sp_err sp_python_packages(struct sp_buf *out)
{
    PyObject *text = PyObject_CallNoArgs(support.packages);
    Py_ssize_t len = 0;
    const char *bytes = text == NULL ? NULL : PyUnicode_AsUTF8AndSize(text, &len);
    enum sp_err err = SP_ERR_SYSTEM;
    if (bytes == NULL) {
        Py_XDECREF(text);
        return failed();
    }
    err = sp_buf_put(out, sp_slice_sub(sp_slice_make(bytes, (size_t)len), 0, SP_FRAME_PART_MAX));
    Py_DECREF(text);
    return err;
}

enum sp_err sp_python_freeze(void)
{
    PyObject *gc = NULL;
    PyObject *result = NULL;
    (void)PyGC_Collect();
    gc = PyImport_ImportModule("gc");
    result = gc == NULL ? NULL : PyObject_CallMethod(gc, "freeze", NULL);
    Py_XDECREF(gc);
    if (result == NULL) {
        return failed();
    }
    Py_DECREF(result);
    sp_arena_seal();
    return SP_OK;
}

static enum sp_err call(PyObject *function)
{
    PyObject *result = PyObject_CallNoArgs(function);
    if (result == NULL) {
        return failed();
    }
    Py_DECREF(result);
    return SP_OK;
}

void sp_python_before_fork(void)
{
    PyOS_BeforeFork();
}

enum sp_err sp_python_awake(void)
{
    PyOS_AfterFork_Child();
    SP_TRY(draw_words());
    return call(support.awake);
}

enum sp_err sp_python_settle(void)
{
    return call(support.settle);
}

void sp_python_rest(void)
{
    PyObject *result = NULL;
    sp_guard_restore();
    result = PyObject_CallNoArgs(support.rest);
    Py_XDECREF(result);
    PyErr_Clear();
}

enum sp_err sp_python_without_processes(void)
{
    return call(support.without_processes);
}

static void give_text(unsigned kind, const char *text, sp_python_item_fn *fn, void *ctx)
{
    struct sp_frame item = {
        .type = SP_FRAME_ITEM, .a = SP_ITEM_ERROR, .b = (uint8_t)kind, .bytes = sp_slice_of(text)};
    (void)!fn(ctx, &item);
}

/* The support code itself was broken off: an interrupt at its edges, or memory used up. */
static enum sp_cell_end give_failure(sp_python_item_fn *fn, void *ctx)
{
    bool was_interrupted = PyErr_ExceptionMatches(PyExc_KeyboardInterrupt) != 0;
    bool was_memory = PyErr_ExceptionMatches(PyExc_MemoryError) != 0;
    const char *name = was_interrupted ? "KeyboardInterrupt"
                       : was_memory    ? "MemoryError"
                                       : "RuntimeError";
    PyErr_Clear();
    give_text(SP_ITEM_ERROR_NAME, name, fn, ctx);
    give_text(SP_ITEM_ERROR_MESSAGE, "", fn, ctx);
    give_text(SP_ITEM_TRACEBACK, name, fn, ctx);
    return was_interrupted ? SP_CELL_INTERRUPTED : SP_CELL_FAILED;
}

enum sp_cell_end sp_python_run(struct sp_slice code, sp_python_item_fn *fn, void *ctx)
{
    PyObject *text = PyUnicode_DecodeUTF8((const char *)code.ptr, (Py_ssize_t)code.len, "strict");
    PyObject *result = NULL;
    enum sp_cell_end status = SP_CELL_FAILED;
    sink.fn = fn;
    sink.ctx = ctx;
    result = text == NULL ? NULL : PyObject_CallOneArg(support.run, text);
    sink.fn = NULL;
    Py_XDECREF(text);
    if (result == NULL) {
        return give_failure(fn, ctx);
    }
    long number = small_number(result, SP_CELL_END_COUNT);
    status = number > 0 ? (enum sp_cell_end)number : SP_CELL_FAILED;
    Py_DECREF(result);
    return status;
}

void *sp_python_unlock(void)
{
    return PyEval_SaveThread();
}

void sp_python_lock(void *state)
{
    PyEval_RestoreThread((PyThreadState *)state);
    if (PyErr_CheckSignals() != 0) {
        PyErr_Clear();
    }
}
