/*
 * route - what a request asks for: method and raw target to operation, family, version and session identifier.
 *
 * Runs in: admit, front, pool.   Input: hostile.   Allocates: through the caller's buffer.
 * Clients only append to the endpoint that they were given, so any path prefix is taken, runs of `/` count as one and a
 * `/` at the end as none; query parameters come in any order and unknown ones are passed over. Names of files may hold
 * slashes, raw or escaped.
 */
#ifndef SP_API_ROUTE_H
#define SP_API_ROUTE_H

#include "base/buf.h"
#include "base/where.h"

#define SP_IDENTIFIER_BYTES_MIN ((size_t)4)
#define SP_IDENTIFIER_BYTES_MAX ((size_t)128)
#define SP_ROUTE_SCRATCH_BYTES_MAX                                                                 \
    ((size_t)16 * 1024) /* the maximum for a buffer handed to sp_route_find */
#define SP_ROUTE_SKIP_MAX 1000000U

/* Every operation of the data plane, and the gateway's own; the number travels on wires and in the log, so rows are only added at the end. */
#define SP_OPERATION_LIST(X)                                                                       \
    X(SP_OPERATION_NONE, "none")                                                                   \
    X(SP_OPERATION_EXECUTE, "execute")                                                             \
    X(SP_OPERATION_EXECUTION_GET, "execution-get")                                                 \
    X(SP_OPERATION_FILE_LIST, "file-list")                                                         \
    X(SP_OPERATION_FILE_PUT, "file-put")                                                           \
    X(SP_OPERATION_FILE_GET, "file-get")                                                           \
    X(SP_OPERATION_FILE_CONTENT, "file-content")                                                   \
    X(SP_OPERATION_FILE_DELETE, "file-delete")                                                     \
    X(SP_OPERATION_SESSION_GET, "session-get")                                                     \
    X(SP_OPERATION_SESSION_DELETE, "session-delete")                                               \
    X(SP_OPERATION_SESSION_LIST, "session-list")                                                   \
    X(SP_OPERATION_METADATA, "metadata")                                                           \
    X(SP_OPERATION_USAGE, "usage")                                                                 \
    X(SP_OPERATION_AUDIT_READ, "audit-read")

enum sp_operation {
#define SP_OPERATION_AS_ENUM(operation, name) operation,
    SP_OPERATION_LIST(SP_OPERATION_AS_ENUM)
#undef SP_OPERATION_AS_ENUM
        SP_OPERATION_COUNT
};

/*
 * The shape of the answer goes by the path: /python/execute, /code/execute and its like, /executions and its like, and
 * /execute of 2024-09-01.
 */
enum sp_family { SP_FAMILY_LEGACY, SP_FAMILY_OLD, SP_FAMILY_NEW, SP_FAMILY_FLAT, SP_FAMILY_COUNT };

/* In the order of their dates, so that `version >= SP_VERSION_2025_10` reads as it should. */
enum sp_version {
    SP_VERSION_NONE,
    SP_VERSION_2023_08,
    SP_VERSION_2024_02,
    SP_VERSION_2024_08,
    SP_VERSION_2024_09,
    SP_VERSION_2024_10, /* the first of the new family */
    SP_VERSION_2025_02,
    SP_VERSION_2025_10,
    SP_VERSION_COUNT
};

struct sp_route {
    enum sp_operation operation;
    enum sp_family family;
    enum sp_version version;
    struct sp_slice
        identifier; /* decoded and checked; in the scratch buffer. Empty where the operation has none */
    struct sp_slice api_version; /* as it was given; in the target */
    struct sp_slice name; /* decoded: of a file (api/spot.h checks it), or the id of an execution */
    struct sp_slice query; /* raw, in the target */
    struct sp_slice path;  /* decoded: the directory of a file, as the query says it */
    uint32_t skip;         /* of a list */
    bool is_recursive;
    bool is_management; /* of /.management, which answers in words of its own */
    bool is_enclosed;   /* a file is asked for as base64 in JSON */
};

/*
 * Reads a request. `scratch` is cleared and then holds what was decoded; `out` borrows from it and from `target`. HEAD is
 * read as the GET that it stands for. SP_ERR_NOT_FOUND, SP_ERR_METHOD (OPTIONS too), SP_ERR_API_VERSION, SP_ERR_IDENTIFIER,
 * SP_ERR_FILE_NAME, SP_ERR_REQUEST; `out_where` (may be NULL) then says what to tell the client.
 */
enum sp_err sp_route_find(struct sp_slice method, struct sp_slice target, struct sp_buf *scratch,
                          struct sp_route *out, struct sp_where *out_where)
    SP_MUST_CHECK SP_NONNULL(3, 4);

/* The methods that the path of a target takes ("GET, POST"), for Allow; NULL when there is nothing at this path. */
const char *sp_route_methods(struct sp_slice target);

/* Whether a request of this operation carries a body; whether it changes nothing; whether a pool makes a session for it. */
bool sp_operation_has_body(enum sp_operation operation);
bool sp_operation_is_reading(enum sp_operation operation);
bool sp_operation_makes_session(enum sp_operation operation);

/* "execute" for SP_OPERATION_EXECUTE; SP_ERR_INVALID for a number that names none (or names NONE). */
const char *sp_operation_name(enum sp_operation operation);
enum sp_err sp_operation_from_number(unsigned number, enum sp_operation *out)
    SP_MUST_CHECK SP_NONNULL(2);

/* "2025-10-02-preview" and back; SP_ERR_API_VERSION for an unknown one. */
const char *sp_version_text(enum sp_version version);
enum sp_err sp_version_parse(struct sp_slice text, enum sp_version *out)
    SP_MUST_CHECK SP_NONNULL(2);

/* The specification's character set and length. */
enum sp_err sp_identifier_check(struct sp_slice identifier) SP_MUST_CHECK;

#endif
