/*
 * session_frame - the frames between the pool, the template process and the sessions, one a SOCK_SEQPACKET message.
 *
 * Runs in: pool, and the program sallyport-session.   Input: hostile (tenants' code runs beside the writer).
 * Allocates: through the caller's buffer.
 * A run is named by a nonce that the pool draws; a frame of another run is dropped. One struct holds the fields of all
 * types; the list says which of them a type carries, in the order of their encoding.
 */
#ifndef SP_WIRE_SESSION_FRAME_H
#define SP_WIRE_SESSION_FRAME_H

#include "base/reader.h"
#include "base/writer.h"

#define SP_FRAME_VERSION    2U
#define SP_FRAME_BYTES_MAX  ((size_t)64 * 1024)
#define SP_FRAME_PART_MAX   ((size_t)60 * 1024) /* bytes of code, output or a value in one frame */
#define SP_FRAME_CODE_MAX   ((size_t)16 * 1024 * 1024)
#define SP_FRAME_ITEMS_MAX  ((size_t)16 * 1024 * 1024) /* all values and pictures of one run */
#define SP_FRAME_GROUPS_MAX 256U                       /* outputs of one run */

/*
 * type, letters of its fields: n nonce (u64), t ticket (u32), u number (u32), m microseconds (u64), l layers (u64),
 * a, b, c (u8), g group (u16), o and e counts of dropped bytes (u64), s size (u64), w wall clock in microseconds (u64),
 * B bytes.
 */
#define SP_FRAME_LIST(X)                                                                           \
    /* pool -> template */                                                                         \
    X(SP_FRAME_FORK,                                                                               \
      "tna") /* make a session: ticket, key of its template, a: 1 looks at walls only */           \
    X(SP_FRAME_KILL, "t") /* end it now */                                                         \
    X(SP_FRAME_OUTSIDE,                                                                            \
      "") /* house -> template: its wire to the process outside comes beside the frame */          \
    /* template -> pool */                                                                         \
    X(SP_FRAME_HELLO, "ulB") /* version, layers in force, "name version" lines */                  \
    X(SP_FRAME_FORKED, "t")  /* its control descriptor comes beside the frame */                   \
    X(SP_FRAME_ENDED, "tu")  /* it is gone: wait status */                                         \
    /* pool -> session */                                                                          \
    X(SP_FRAME_RUN,                                                                                \
      "nusgaB") /* bytes of code, bytes kept of each stream, denied capabilities (bits), */        \
                /* a: SP_RUN_OWN_CODE, the first part of the code */                               \
    X(SP_FRAME_CODE, "nB")     /* a further part of the code */                                    \
    X(SP_FRAME_INTERRUPT, "n") /* SIGINT, again and again until the run ends */                    \
    X(SP_FRAME_FILE, "nabB")   /* n of the request, a: enum sp_file_op, b: recursive, path */      \
    /* session -> pool */                                                                          \
    X(SP_FRAME_READY, "u")    /* waits for a first run; an interpreter says its control group */   \
    X(SP_FRAME_STREAM, "naB") /* a: 1 stdout, 2 stderr */                                          \
    X(SP_FRAME_ITEM,                                                                               \
      "ngabcB") /* group, a: enum sp_item_role, b: enum sp_item_kind, c: SP_ITEM_MORE, _LAST */    \
    X(SP_FRAME_DONE,                                                                               \
      "namoeB")             /* a: enum sp_cell_end, microseconds, bytes dropped of the streams, */ \
                            /* and from init what was seen, see sp_witness_read */                 \
    X(SP_FRAME_GONE, "aub") /* the interpreter ended. a: 0 exit, 1 signal; its number; */          \
                            /* b: enum sp_gone */                                                  \
    X(SP_FRAME_WITNESS, "nB")  /* before GONE: what was seen, see sp_witness_read */               \
    X(SP_FRAME_LISTED, "nB")   /* entries of a list, see sp_file_entry_write */                    \
    X(SP_FRAME_FILED, "nabsw") /* a: enum sp_file_end, b: enum sp_file_type, size, last change; */ \
                               /* the open file comes beside the frame */                          \
    /* an empty session -> the process that leads templates and sessions */                        \
    X(SP_FRAME_ROOM, "") /* its walls stand; Landlock's rules come beside the frame */

enum sp_frame_type {
    SP_FRAME_NONE,
#define SP_FRAME_AS_ENUM(type, fields) type,
    SP_FRAME_LIST(SP_FRAME_AS_ENUM)
#undef SP_FRAME_AS_ENUM
        SP_FRAME_COUNT
};

/* The run may import and execute what a run wrote itself. */
#define SP_RUN_OWN_CODE 1U

/* How a run ended, as the interpreter says. */
enum sp_cell_end { SP_CELL_FAILED, SP_CELL_SUCCEEDED, SP_CELL_INTERRUPTED, SP_CELL_END_COUNT };

/* Why an interpreter was killed, as far as init knows. */
enum sp_gone { SP_GONE_UNKNOWN, SP_GONE_MEMORY, SP_GONE_COUNT };

/* What an output is for, and what its bytes are. */
enum sp_item_role { SP_ITEM_DISPLAY, SP_ITEM_RESULT, SP_ITEM_ERROR, SP_ITEM_ROLE_COUNT };

/* What follows a part of an item: more of it, or nothing more of its group. */
#define SP_ITEM_MORE 1U
#define SP_ITEM_LAST 2U

enum sp_item_kind {
    SP_ITEM_JSON,          /* one JSON value */
    SP_ITEM_TEXT,          /* for people */
    SP_ITEM_PNG,           /* the file's bytes */
    SP_ITEM_SVG,           /* text */
    SP_ITEM_HTML,          /* text */
    SP_ITEM_ERROR_NAME,    /* the exception's class */
    SP_ITEM_ERROR_MESSAGE, /* what it says */
    SP_ITEM_TRACEBACK,     /* plain text */
    SP_ITEM_KIND_COUNT
};

/* What the pool asks about the files of a session. Paths lie beneath /mnt/data, without a slash at either end. */
enum sp_file_op {
    SP_FILE_OPEN,   /* for reading */
    SP_FILE_CREATE, /* a new file beside the place of this path, whose directories are made */
    SP_FILE_COMMIT, /* the new file of request n gets its name; bytes: empty, or the digest of code that was approved */
    SP_FILE_ABORT, /* it goes away; no answer */
    SP_FILE_STAT,
    SP_FILE_LIST, /* of a directory, also below it when b is 1 */
    SP_FILE_DELETE,
    SP_FILE_OP_COUNT
};

enum sp_file_end {
    SP_FILE_DONE,
    SP_FILE_NOT_FOUND,
    SP_FILE_IS_DIRECTORY, /* and not an empty one, for deletion */
    SP_FILE_NO_DIRECTORY, /* a part of the path is something else */
    SP_FILE_REFUSED,      /* a link, a device, or not to be read */
    SP_FILE_NO_SPACE,
    SP_FILE_TOO_MANY, /* uploads at once, or entries */
    SP_FILE_FAILED,
    SP_FILE_END_COUNT
};

enum sp_file_type { SP_FILE_TYPE_FILE, SP_FILE_TYPE_DIRECTORY, SP_FILE_TYPE_COUNT };

/* One entry of a list. The path is relative to /mnt/data. */
struct sp_file_entry {
    enum sp_file_type type;
    uint64_t size;
    uint64_t wall_us;
    struct sp_slice path;
};

#define SP_FILE_PATH_MAX    ((size_t)1024)
#define SP_FILE_ENTRIES_MAX 65536U

/* Appends one entry; reads the next one, lent from the reader's bytes. */
void sp_file_entry_write(struct sp_writer *w, const struct sp_file_entry *entry) SP_NONNULL(1, 2);
enum sp_err sp_file_entry_read(struct sp_reader *r, struct sp_file_entry *out)
    SP_MUST_CHECK SP_NONNULL(1, 2);

/* The walls of a session, as the configuration names them. A bit of `layers` each, in this order. */
#define SP_WALL_LIST(X)                                                                            \
    X(SP_WALL_USER, "user-namespace", "its own user namespace")                                    \
    X(SP_WALL_MOUNT, "mount-namespace", "its own mounts over a read-only system")                  \
    X(SP_WALL_PID, "pid-namespace", "sees and signals only its own processes")                     \
    X(SP_WALL_NET, "net-namespace", "its own network, without the host's interfaces")              \
    X(SP_WALL_IPC, "ipc-namespace", "its own System V and POSIX IPC")                              \
    X(SP_WALL_UTS, "uts-namespace", "its own host name")                                           \
    X(SP_WALL_CGROUP, "cgroup-namespace", "does not see the host's control groups")                \
    X(SP_WALL_PROC, "proc", "a /proc of processes only, nothing of the host")                      \
    X(SP_WALL_READ_ONLY, "read-only-root", "cannot write outside its own tmpfs")                   \
    X(SP_WALL_CAPS, "no-capabilities", "no capability in any set")                                 \
    X(SP_WALL_NO_NEW_PRIVS, "no-new-privs", "set-user-id programs give nothing")                   \
    X(SP_WALL_LANDLOCK, "landlock", "Landlock bounds the files")                                   \
    X(SP_WALL_SCOPE, "landlock-scope", "Landlock bounds signals and abstract sockets")             \
    X(SP_WALL_SECCOMP, "seccomp", "a system call filter")                                          \
    X(SP_WALL_RLIMITS, "rlimits", "limits of each process and of their number")                    \
    X(SP_WALL_MEMORY, "memory-cgroup", "one memory limit over the whole session")                  \
    X(SP_WALL_OFFLINE, "no-egress", "no interface but loopback")

enum sp_wall {
#define SP_WALL_AS_ENUM(layer, name, text) layer,
    SP_WALL_LIST(SP_WALL_AS_ENUM)
#undef SP_WALL_AS_ENUM
        SP_WALL_COUNT
};

#define SP_WALL_BIT(layer) ((uint64_t)1 << (unsigned)(layer))
#define SP_WALL_ALL        (SP_WALL_BIT(SP_WALL_COUNT) - 1)

const char *sp_wall_name(enum sp_wall layer);
const char *sp_wall_text(enum sp_wall layer);
enum sp_err sp_wall_from_name(struct sp_slice name, enum sp_wall *out) SP_MUST_CHECK SP_NONNULL(2);

/* Bytes are borrowed. Only the fields of the type's row mean anything. */
struct sp_frame {
    enum sp_frame_type type;
    uint64_t nonce;
    uint64_t micros;
    uint64_t layers;
    uint64_t dropped_out;
    uint64_t dropped_err;
    uint64_t size;
    uint64_t wall_us;
    uint32_t ticket;
    uint32_t number;
    uint16_t group;
    uint8_t a;
    uint8_t b;
    uint8_t c;
    struct sp_slice bytes;
};

/* Clears `out` and puts one frame. */
enum sp_err sp_frame_write(const struct sp_frame *frame, struct sp_buf *out)
    SP_MUST_CHECK SP_NONNULL(1, 2);

/* Reads exactly one frame; SP_ERR_WIRE for a type that does not exist, SP_ERR_TRAILING for bytes left over. */
enum sp_err sp_frame_read(struct sp_slice in, struct sp_frame *out) SP_MUST_CHECK SP_NONNULL(2);

#endif
