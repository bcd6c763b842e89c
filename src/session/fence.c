#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "session/fence.h"

#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#include "crypto/hash.h"
#include "session/approved.h"
#include "session/asker.h"
#include "session/witness.h"

static struct {
    const struct sp_approved *approved; /* NULL: everything may be loaded */
    bool is_reading;                    /* the fence itself opens a file */
    PyObject *names;                    /* files that were approved when they were compiled */
} now;

void sp_fence_begin(const struct sp_approved *approved)
{
    now.approved = approved;
}

/* ---- which files ---- */

static bool is_open_file(const char *name)
{
    char here[PATH_MAX];
    char full[2 * PATH_MAX];
    if (name[0] == '<' || access(name, F_OK) != 0) {
        /* "<string>" and its like: no file at all. */
        return false;
    }
    if (name[0] == '/') {
        return sp_approved_is_open_place(sp_slice_of(name));
    }
    if (getcwd(here, sizeof here) == NULL) {
        return true;
    }
    (void)snprintf(full, sizeof full, "%s/%s", here, name);
    return sp_approved_is_open_place(sp_slice_of(full));
}

/* A name that cannot be made out is no file that could be opened. */
static bool is_fenced(PyObject *name)
{
    PyObject *bytes = NULL;
    bool found = false;
    if (now.approved == NULL || (!PyUnicode_Check(name) && !PyBytes_Check(name))) {
        return false;
    }
    if (PyUnicode_FSConverter(name, &bytes) == 0) {
        PyErr_Clear();
        return false;
    }
    found = is_open_file(PyBytes_AS_STRING(bytes));
    Py_DECREF(bytes);
    return found;
}

/* ---- which code ---- */

static bool are_approved(struct sp_slice code)
{
    uint8_t digest[SP_SHA256_BYTES];
    return code.len == 0 || (sp_sha256(code, digest) == SP_OK &&
                             sp_approved_has(now.approved, sp_slice_make(digest, sizeof digest)));
}

static bool is_approved(PyObject *source)
{
    Py_buffer view;
    bool found = false;
    if (PyObject_GetBuffer(source, &view, PyBUF_SIMPLE) != 0) {
        PyErr_Clear();
        return false;
    }
    found = are_approved(sp_slice_make(view.buf, (size_t)view.len));
    PyBuffer_Release(&view);
    return found;
}

static enum sp_err refuse(PyObject *name)
{
    sp_witness_refused(SP_ACT_DYNAMIC_CODE);
    PyErr_Format(
        PyExc_PermissionError,
        "%S may not be imported or executed: the policy lets only code run that was submitted, or "
        "uploaded as it is now. Upload the file, or put its code into the cell "
        "(own_code in [runtime] of the policy allows what a run wrote)",
        name);
    return SP_ERR_DENIED;
}

/* ---- files that are opened as code ---- */

static PyObject *open_file(PyObject *path)
{
    PyObject *io = PyImport_ImportModule("_io");
    PyObject *file = io == NULL ? NULL : PyObject_CallMethod(io, "open", "Os", path, "rb");
    Py_XDECREF(io);
    return file;
}

static PyObject *read_file(PyObject *path)
{
    PyObject *file = NULL;
    PyObject *bytes = NULL;
    now.is_reading = true;
    file = open_file(path);
    now.is_reading = false;
    if (file == NULL) {
        return NULL;
    }
    bytes = PyObject_CallMethod(file, "read", NULL);
    Py_DECREF(file);
    return bytes;
}

/* What is read here is what is given on: the file itself is not opened a second time. */
static PyObject *open_fenced(PyObject *path)
{
    PyObject *bytes = read_file(path);
    PyObject *io = NULL;
    PyObject *copy = NULL;
    if (bytes == NULL) {
        return NULL;
    }
    if (!is_approved(bytes)) {
        (void)!refuse(path);
        Py_DECREF(bytes);
        return NULL;
    }
    io = PyImport_ImportModule("_io");
    copy = io == NULL ? NULL : PyObject_CallMethod(io, "BytesIO", "O", bytes);
    Py_XDECREF(io);
    Py_DECREF(bytes);
    return copy;
}

static PyObject *on_open_code(PyObject *path, void *ctx)
{
    (void)ctx;
    return is_fenced(path) ? open_fenced(path) : open_file(path);
}

enum sp_err sp_fence_hook(void)
{
    SP_TRY(sp_hash_start());
    return PyFile_SetOpenCodeHook(on_open_code, NULL) == 0 ? SP_OK : SP_ERR_SYSTEM;
}

/* ---- events ---- */

static PyObject *argument(PyObject *args, Py_ssize_t index)
{
    PyObject *item = PyTuple_Check(args) ? PyTuple_GetItem(args, index) : NULL;
    if (item == NULL) {
        PyErr_Clear();
        return Py_None;
    }
    return item;
}

/* For want of memory it is asked for again, and refused. */
static void remember(PyObject *name)
{
    now.names = now.names != NULL ? now.names : PySet_New(NULL);
    if (now.names == NULL || PySet_Add(now.names, name) != 0) {
        PyErr_Clear();
    }
}

/* compile(source, filename): of import, runpy and %run as well. ast.parse only looks. */
static enum sp_err on_compile(PyObject *args)
{
    PyObject *name = argument(args, 1);
    if (!is_fenced(name) || sp_slice_ends(sp_asker(), "/ast.py")) {
        return SP_OK;
    }
    if (!is_approved(argument(args, 0))) {
        return refuse(name);
    }
    remember(name);
    return SP_OK;
}

/* exec(code): what was made of a tree or of bytecode was never compiled, as far as events tell. */
static enum sp_err on_exec(PyObject *args)
{
    PyObject *code = argument(args, 0);
    PyObject *name = PyCode_Check(code) ? ((PyCodeObject *)code)->co_filename : Py_None;
    if (!is_fenced(name) || (now.names != NULL && PySet_Contains(now.names, name) == 1)) {
        PyErr_Clear();
        return SP_OK;
    }
    return refuse(name);
}

/* The import system opens bytecode without a source as any file, and it is code all the same. */
static enum sp_err on_open(PyObject *args)
{
    PyObject *name = argument(args, 0);
    if (now.is_reading || !sp_slice_starts(sp_asker(), "<frozen importlib.") || !is_fenced(name)) {
        return SP_OK;
    }
    return refuse(name);
}

/* import(module, filename, ...): with a file name only for native modules. */
static enum sp_err on_import(PyObject *args)
{
    PyObject *name = argument(args, 1);
    return name != Py_None && is_fenced(name) ? refuse(name) : SP_OK;
}

enum sp_err sp_fence_event(struct sp_slice event, void *args)
{
    if (now.approved == NULL) {
        return SP_OK;
    }
    if (sp_slice_is(event, "compile")) {
        return on_compile(args);
    }
    if (sp_slice_is(event, "open")) {
        return on_open(args);
    }
    if (sp_slice_is(event, "exec")) {
        return on_exec(args);
    }
    return sp_slice_is(event, "import") ? on_import(args) : SP_OK;
}
