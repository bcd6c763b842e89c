#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "session/witness.h"

#include <sys/socket.h>

#include "base/writer.h"
#include "session/asker.h"
#include "session/fence.h"

#define PROBE       "sallyport.probe"
#define HOOK_RAISES (-1)

/* Which events speak of which capability; a name that ends with a dot means all that begin with it. */
static const struct {
    const char *event;
    enum sp_act capability;
} rows[] = {
    {"open", SP_ACT_FILESYSTEM},
    {"exec", SP_ACT_DYNAMIC_CODE},
    {"compile", SP_ACT_DYNAMIC_CODE},
    {"code.__new__", SP_ACT_DYNAMIC_CODE},
    {"function.__new__", SP_ACT_DYNAMIC_CODE},
    {"subprocess.", SP_ACT_PROCESS},
    {"os.system", SP_ACT_PROCESS},
    {"os.exec", SP_ACT_PROCESS},
    {"os.fork", SP_ACT_PROCESS},
    {"os.forkpty", SP_ACT_PROCESS},
    {"os.posix_spawn", SP_ACT_PROCESS},
    {"os.spawn", SP_ACT_PROCESS},
    {"os.kill", SP_ACT_PROCESS},
    {"os.killpg", SP_ACT_PROCESS},
    {"os.putenv", SP_ACT_ENVIRONMENT},
    {"os.unsetenv", SP_ACT_ENVIRONMENT},
    {"os.", SP_ACT_FILESYSTEM},
    {"pty.spawn", SP_ACT_PROCESS},
    {"signal.pthread_kill", SP_ACT_PROCESS},
    {"socket.", SP_ACT_NETWORK},
    {"urllib.", SP_ACT_NETWORK},
    {"http.client.", SP_ACT_NETWORK},
    {"ftplib.", SP_ACT_NETWORK},
    {"smtplib.", SP_ACT_NETWORK},
    {"imaplib.", SP_ACT_NETWORK},
    {"poplib.", SP_ACT_NETWORK},
    {"nntplib.", SP_ACT_NETWORK},
    {"telnetlib.", SP_ACT_NETWORK},
    {"ctypes.", SP_ACT_NATIVE},
    {"mmap.", SP_ACT_NATIVE},
    {"shutil.", SP_ACT_FILESYSTEM},
    {"glob.", SP_ACT_FILESYSTEM},
    {"tempfile.", SP_ACT_FILESYSTEM},
    {"sqlite3.", SP_ACT_FILESYSTEM},
    {"pickle.", SP_ACT_DESERIALIZE},
    {"marshal.", SP_ACT_DESERIALIZE},
    {"gc.", SP_ACT_INTROSPECTION},
    {"sys._getframe", SP_ACT_INTROSPECTION},
    {"sys._current_frames", SP_ACT_INTROSPECTION},
    {"sys.settrace", SP_ACT_INTROSPECTION},
    {"sys.setprofile", SP_ACT_INTROSPECTION},
    {"sys.addaudithook", SP_ACT_INTROSPECTION},
    {"object.", SP_ACT_INTROSPECTION},
};

static struct {
    struct sp_witness_page *page; /* NULL between runs */
    uint32_t denied;              /* by the latest run */
    bool is_awake;                /* there was a run */
} now;

static bool find(struct sp_slice event, enum sp_act *out)
{
    for (size_t i = 0; i < SP_COUNT(rows); i++) {
        struct sp_slice row = sp_slice_of(rows[i].event);
        bool is_all = row.ptr[row.len - 1] == '.';
        if (is_all ? sp_slice_starts(event, rows[i].event) : sp_slice_equal(event, row)) {
            *out = rows[i].capability;
            return true;
        }
    }
    return false;
}

/* What the import system, IPython and our own half in Python do is not the cell's doing. */
static bool asked_by_house(void)
{
    struct sp_slice name = sp_asker();
    return name.len == 0 || sp_slice_starts(name, "<sallyport>") ||
           sp_slice_starts(name, "<frozen importlib.") || sp_slice_ends(name, "/codeop.py") ||
           sp_slice_starts(name, "/usr/lib/python3/dist-packages/IPython/");
}

/* Unix sockets lead nowhere but into the session itself; asyncio cannot do without them. */
static bool is_local_socket(struct sp_slice event, PyObject *args)
{
    PyObject *second = PyTuple_Check(args) ? PyTuple_GetItem(args, 1) : NULL;
    if (second == NULL) {
        PyErr_Clear();
        return false;
    }
    if (sp_slice_is(event, "socket.__new__")) {
        bool is_unix = PyLong_Check(second) && PyLong_AsLong(second) == AF_UNIX;
        PyErr_Clear();
        return is_unix;
    }
    /* socket.connect(self, address) and its like: an address of any other family is a tuple. */
    return sp_slice_starts(event, "socket.") &&
           (PyUnicode_Check(second) || PyBytes_Check(second)) &&
           !sp_slice_starts(event, "socket.get");
}

void sp_witness_refused(enum sp_act capability)
{
    if (now.page != NULL) {
        now.page->denied |= 1U << (unsigned)capability;
    }
}

/* Between runs, what a thread of an earlier one does is not counted, but refused all the same. */
static void count(enum sp_act capability)
{
    if (now.page != NULL && now.page->counts[capability] < UINT32_MAX) {
        now.page->counts[capability]++;
    }
}

static int on_event(const char *event, PyObject *args, void *ctx)
{
    struct sp_slice name = sp_slice_of(event);
    enum sp_act capability = SP_ACT_PROCESS;
    (void)ctx;
    if (!now.is_awake) {
        return 0;
    }
    if (sp_fence_event(name, args) != SP_OK) {
        return HOOK_RAISES;
    }
    if (sp_slice_is(name, PROBE)) {
        if (now.page != NULL) {
            now.page->probes++;
        }
        return 0;
    }
    if (!find(name, &capability) || asked_by_house() || is_local_socket(name, args)) {
        return 0;
    }
    count(capability);
    if ((now.denied >> (unsigned)capability & 1U) == 0) {
        return 0;
    }
    sp_witness_refused(capability);
    PyErr_Format(PyExc_PermissionError, "the policy denies %s at run time (%s)",
                 sp_act_name(capability), event);
    return HOOK_RAISES;
}

enum sp_err sp_witness_hook(void)
{
    return PySys_AddAuditHook(on_event, NULL) == 0 ? SP_OK : SP_ERR_SYSTEM;
}

void sp_witness_begin(struct sp_witness_page *page, uint32_t denied)
{
    now.page = page;
    now.denied = denied;
    now.is_awake = true;
}

/* The probe goes through the interpreter's own list of hooks: one that was taken out does not hear it. */
void sp_witness_end(void)
{
    if (PySys_Audit(PROBE, NULL) != 0) {
        PyErr_Clear();
    }
    now.page = NULL;
}

void sp_witness_clear(struct sp_witness_page *page)
{
    *page = (struct sp_witness_page){.probes = 0};
}

enum sp_err sp_witness_put(const struct sp_witness_page *page, struct sp_buf *out)
{
    struct sp_writer w;
    sp_writer_init(&w, out);
    sp_writer_u8(&w, page->probes == 1 ? 1 : 0);
    sp_writer_u32(&w, page->denied);
    for (unsigned i = 0; i < SP_ACT_COUNT; i++) {
        sp_writer_u32(&w, page->counts[i]);
    }
    return sp_writer_end(&w);
}
