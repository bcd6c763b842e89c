#include "api/route.h"

#include "base/num.h"
#include "base/text.h"
#include "codec/url.h"

/* No pattern has more segments than this; no path is looked at beyond its last so many. */
#define SEGMENTS_MAX      3U
#define PATH_SEGMENTS_MAX 64U

#define ALLOW_GET         "GET, HEAD, OPTIONS"
#define ALLOW_POST        "OPTIONS, POST"
#define ALLOW_GET_POST    "GET, HEAD, OPTIONS, POST"
#define ALLOW_GET_DELETE  "DELETE, GET, HEAD, OPTIONS"

/* What differs from most rows. */
#define NO_IDENTIFIER     1U
#define BY_VERSION        2U /* the family goes by the version: both share this path */
#define MANAGEMENT        4U
#define DATED             8U  /* there in the one version that `since` names, and in no other */
#define ENCLOSED          16U /* a file comes as base64 in JSON */
#define NAMED_BY_QUERY    32U /* `filename` in the query, not the path, names the file */

#define ALLOW_ALL         "DELETE, GET, HEAD, OPTIONS, POST"

/*
 * One operation of one path. `*` stands for one segment, `**` for two and more: a name with raw slashes. What follows
 * the stars must end the segment.
 */
struct row {
    const char *pattern[SEGMENTS_MAX];
    const char *method;
    const char *allow; /* all methods of this path */
    enum sp_operation operation;
    enum sp_family family;
    enum sp_version since;
    unsigned flags;
};

/*
 * The first row that fits path and method wins, so the longer patterns stand first. Those with `**` stand before
 * the single words: a file `a/session` must not be taken for a session.
 */
static const struct row rows[] = {
    /* clang-format off */
    {{"code", "execute"},              "POST",   ALLOW_POST,       SP_OPERATION_EXECUTE,        SP_FAMILY_OLD,    SP_VERSION_2023_08, 0},
    {{"python", "execute"},            "POST",   ALLOW_POST,       SP_OPERATION_EXECUTE,        SP_FAMILY_LEGACY, SP_VERSION_2023_08, 0},
    {{"python", "uploadFile"},         "POST",   ALLOW_POST,       SP_OPERATION_FILE_PUT,       SP_FAMILY_OLD,    SP_VERSION_2023_08, 0},
    {{"python", "downloadFile"},       "GET",    ALLOW_GET,        SP_OPERATION_FILE_CONTENT,   SP_FAMILY_OLD,    SP_VERSION_2023_08, NAMED_BY_QUERY},
    {{"python", "downloadFile", "*"},  "GET",    ALLOW_GET,        SP_OPERATION_FILE_CONTENT,   SP_FAMILY_OLD,    SP_VERSION_2023_08, 0},
    {{".management", "stopSession"},   "POST",   ALLOW_POST,       SP_OPERATION_SESSION_DELETE, SP_FAMILY_NEW,    SP_VERSION_NONE,    MANAGEMENT},
    {{".management", "getSession"},    "POST",   ALLOW_POST,       SP_OPERATION_SESSION_GET,    SP_FAMILY_NEW,    SP_VERSION_NONE,    MANAGEMENT},
    {{".management", "listSessions"},  "POST",   ALLOW_POST,       SP_OPERATION_SESSION_LIST,   SP_FAMILY_NEW,    SP_VERSION_NONE,    MANAGEMENT | NO_IDENTIFIER},
    {{".sallyport", "usage"},          "GET",    ALLOW_GET,        SP_OPERATION_USAGE,          SP_FAMILY_NEW,    SP_VERSION_NONE,    MANAGEMENT | NO_IDENTIFIER},
    {{"executions", "*"},              "GET",    ALLOW_GET,        SP_OPERATION_EXECUTION_GET,  SP_FAMILY_NEW,    SP_VERSION_2024_10, 0},
    {{"files", "upload"},              "POST",   ALLOW_POST,       SP_OPERATION_FILE_PUT,       SP_FAMILY_OLD,    SP_VERSION_2023_08, 0},
    {{"files", "content", "*"},        "GET",    ALLOW_GET,        SP_OPERATION_FILE_CONTENT,   SP_FAMILY_OLD,    SP_VERSION_2023_08, 0},
    {{"files", "*", "content"},        "GET",    ALLOW_GET,        SP_OPERATION_FILE_CONTENT,   SP_FAMILY_NEW,    SP_VERSION_2023_08, 0},
    {{"files", "*"},                   "GET",    ALLOW_GET_DELETE, SP_OPERATION_FILE_GET,       SP_FAMILY_NEW,    SP_VERSION_2023_08, BY_VERSION},
    {{"files", "*"},                   "DELETE", ALLOW_GET_DELETE, SP_OPERATION_FILE_DELETE,    SP_FAMILY_NEW,    SP_VERSION_2023_08, BY_VERSION},
    {{"files", "content", "**"},       "GET",    ALLOW_GET,        SP_OPERATION_FILE_CONTENT,   SP_FAMILY_OLD,    SP_VERSION_2023_08, 0},
    {{"files", "**", "content"},       "GET",    ALLOW_GET,        SP_OPERATION_FILE_CONTENT,   SP_FAMILY_NEW,    SP_VERSION_2023_08, 0},
    {{"files", "**"},                  "GET",    ALLOW_GET_DELETE, SP_OPERATION_FILE_GET,       SP_FAMILY_NEW,    SP_VERSION_2023_08, BY_VERSION},
    {{"files", "**"},                  "DELETE", ALLOW_GET_DELETE, SP_OPERATION_FILE_DELETE,    SP_FAMILY_NEW,    SP_VERSION_2023_08, BY_VERSION},
    {{".sallyport", "audit", "*"},     "GET",    ALLOW_GET,        SP_OPERATION_AUDIT_READ,     SP_FAMILY_NEW,    SP_VERSION_NONE,    MANAGEMENT | NO_IDENTIFIER},
    {{".sallyport", "audit", "**"},    "GET",    ALLOW_GET,        SP_OPERATION_AUDIT_READ,     SP_FAMILY_NEW,    SP_VERSION_NONE,    MANAGEMENT | NO_IDENTIFIER},
    {{"executions"},                   "POST",   ALLOW_POST,       SP_OPERATION_EXECUTE,        SP_FAMILY_NEW,    SP_VERSION_2024_10, 0},
    {{"files"},                        "GET",    ALLOW_GET_POST,   SP_OPERATION_FILE_LIST,      SP_FAMILY_NEW,    SP_VERSION_2023_08, BY_VERSION},
    {{"files"},                        "POST",   ALLOW_GET_POST,   SP_OPERATION_FILE_PUT,       SP_FAMILY_NEW,    SP_VERSION_2024_10, 0},
    {{"session"},                      "GET",    ALLOW_GET_DELETE, SP_OPERATION_SESSION_GET,    SP_FAMILY_NEW,    SP_VERSION_2025_02, 0},
    {{"session"},                      "DELETE", ALLOW_GET_DELETE, SP_OPERATION_SESSION_DELETE, SP_FAMILY_NEW,    SP_VERSION_2025_02, 0},
    {{"listSessions"},                 "GET",    ALLOW_GET,        SP_OPERATION_SESSION_LIST,   SP_FAMILY_NEW,    SP_VERSION_2025_02, NO_IDENTIFIER},
    {{"metadata"},                     "GET",    ALLOW_GET,        SP_OPERATION_METADATA,       SP_FAMILY_NEW,    SP_VERSION_2025_02, NO_IDENTIFIER},
    /* The paths of 2024-09-01 alone stand last: their words may well be a prefix in all other versions. */
    {{"execute"},                      "POST",   ALLOW_POST,       SP_OPERATION_EXECUTE,        SP_FAMILY_FLAT,   SP_VERSION_2024_09, DATED},
    {{"execute", "*"},                 "GET",    ALLOW_GET,        SP_OPERATION_EXECUTION_GET,  SP_FAMILY_FLAT,   SP_VERSION_2024_09, DATED},
    {{"files:uploadFile"},             "POST",   ALLOW_POST,       SP_OPERATION_FILE_PUT,       SP_FAMILY_OLD,    SP_VERSION_2024_09, DATED},
    {{"files", "*:downloadFile"},      "POST",   ALLOW_POST,       SP_OPERATION_FILE_CONTENT,   SP_FAMILY_OLD,    SP_VERSION_2024_09, DATED | ENCLOSED},
    {{"files", "**:downloadFile"},     "POST",   ALLOW_POST,       SP_OPERATION_FILE_CONTENT,   SP_FAMILY_OLD,    SP_VERSION_2024_09, DATED | ENCLOSED},
    /* clang-format on */
};

/* What the query says, still escaped. */
struct query {
    struct sp_slice version;
    struct sp_slice identifier;
    struct sp_slice path;
    struct sp_slice recursive;
    struct sp_slice skip;
    struct sp_slice filename;
    bool has_version;
    bool has_identifier;
    bool has_path;
    bool has_recursive;
    bool has_skip;
    bool has_filename;
};

/* The last segments of a path, in their order. Empty segments are none. */
struct segments {
    size_t count;
    struct sp_slice all[PATH_SEGMENTS_MAX];
};

static void split(struct sp_slice path, struct segments *out)
{
    size_t end = path.len;
    size_t first = PATH_SEGMENTS_MAX;
    while (first > 0) {
        while (end > 0 && path.ptr[end - 1] == '/') {
            end--;
        }
        size_t start = end;
        while (start > 0 && path.ptr[start - 1] != '/') {
            start--;
        }
        if (start == end) {
            break;
        }
        out->all[--first] = sp_slice_sub(path, start, end - start);
        end = start;
    }
    out->count = PATH_SEGMENTS_MAX - first;
    for (size_t i = 0; i < out->count; i++) {
        out->all[i] = out->all[first + i];
    }
}

static size_t length_of(const struct row *row)
{
    size_t len = 0;
    while (len < SEGMENTS_MAX && row->pattern[len] != NULL) {
        len++;
    }
    return len;
}

/* What stands behind the stars of a pattern. */
static struct sp_slice ending_of(const char *pattern)
{
    struct sp_slice ending = sp_slice_of(pattern);
    while (ending.len > 0 && ending.ptr[0] == '*') {
        ending = sp_slice_sub(ending, 1, ending.len);
    }
    return ending;
}

/* Takes what a pattern asks for off the end of a segment, of which something must be left. */
static bool cut_ending(const char *pattern, struct sp_slice *segment)
{
    struct sp_slice ending = ending_of(pattern);
    if (segment->len <= ending.len) {
        return false;
    }
    size_t left = segment->len - ending.len;
    bool is_there = sp_slice_equal(sp_slice_sub(*segment, left, ending.len), ending);
    segment->len = left;
    return is_there;
}

static bool fits_at(const struct row *row, const struct segments *s, size_t at, size_t len,
                    struct sp_slice *out_name)
{
    for (size_t i = 0; i < len; i++) {
        struct sp_slice segment = s->all[at + i];
        if (row->pattern[i][0] != '*') {
            if (!sp_slice_is(segment, row->pattern[i])) {
                return false;
            }
            continue;
        }
        if (!cut_ending(row->pattern[i], &segment)) {
            return false;
        }
        *out_name = segment;
    }
    return true;
}

/* From the first to the last of some segments, with all that stands between. */
static struct sp_slice span(const struct segments *s, size_t first, size_t last)
{
    const uint8_t *end = s->all[last].ptr + s->all[last].len;
    return sp_slice_make(s->all[first].ptr, (size_t)(end - s->all[first].ptr));
}

/* Behind these words of an Azure endpoint stands a name that the operator chose: it may well be "files". */
static bool is_named_before(const struct segments *s, size_t at)
{
    static const char *const words[] = {"sessionPools", "resourceGroups", "subscriptions"};
    for (size_t i = 0; at > 0 && i < SP_COUNT(words); i++) {
        if (sp_slice_is_nocase(s->all[at - 1], words[i])) {
            return true;
        }
    }
    return false;
}

/* A pattern with `**` begins at the leftmost place that it can, so that the name is as long as it may be. */
static bool fits_long(const struct row *row, const struct segments *s, struct sp_slice *out_name)
{
    size_t len = length_of(row);
    size_t star = row->pattern[1][1] == '*' ? 1 : 2; /* where the `**` stands */
    size_t after = len - star - 1;
    for (size_t at = 0; at + len < s->count; at++) {
        bool is_start = sp_slice_is(s->all[at], row->pattern[0]) && !is_named_before(s, at);
        if (!is_start || (star == 2 && !sp_slice_is(s->all[at + 1], row->pattern[1]))) {
            continue;
        }
        if (after == 1 && !sp_slice_is(s->all[s->count - 1], row->pattern[2])) {
            continue;
        }
        *out_name = span(s, at + star, s->count - 1 - after);
        return cut_ending(row->pattern[star], out_name);
    }
    return false;
}

static bool is_long(const struct row *row)
{
    for (size_t i = 1; i < SEGMENTS_MAX && row->pattern[i] != NULL; i++) {
        if (row->pattern[i][0] == '*' && row->pattern[i][1] == '*') {
            return true;
        }
    }
    return false;
}

/* A pattern that begins with the name of a pool fits `by_name` only. */
static bool fits(const struct row *row, const struct segments *s, bool by_name,
                 struct sp_slice *out_name)
{
    size_t len = length_of(row);
    if (is_long(row)) {
        return fits_long(row, s, out_name);
    }
    return len <= s->count && (by_name || !is_named_before(s, s->count - len)) &&
           fits_at(row, s, s->count - len, len, out_name);
}

/* HEAD asks for the head of what GET would give. */
static bool is_method(struct sp_slice method, const char *wanted)
{
    return sp_slice_is(method, wanted) ||
           (sp_slice_is(method, "HEAD") && sp_slice_is(sp_slice_of(wanted), "GET"));
}

/* SP_ERR_METHOD when rows fit the path but none the method. */
static enum sp_err find_among(struct sp_slice method, const struct segments *segments, bool by_name,
                              const struct row **out, struct sp_slice *out_name)
{
    enum sp_err err = SP_ERR_NOT_FOUND;
    for (size_t i = 0; i < SP_COUNT(rows); i++) {
        struct sp_slice name = {NULL, 0};
        if (!fits(&rows[i], segments, by_name, &name)) {
            continue;
        }
        if (is_method(method, rows[i].method)) {
            *out = &rows[i];
            *out_name = name;
            return SP_OK;
        }
        if (err == SP_ERR_NOT_FOUND) {
            err = SP_ERR_METHOD;
            *out = &rows[i];
        }
    }
    return err;
}

/* A pool may be called "files" or "session"; only where that makes no sense may its name be an operation. */
static enum sp_err find_row(struct sp_slice method, struct sp_slice path, const struct row **out,
                            struct sp_slice *out_name)
{
    struct segments segments;
    split(path, &segments);
    enum sp_err err = find_among(method, &segments, false, out, out_name);
    return err != SP_ERR_NOT_FOUND ? err : find_among(method, &segments, true, out, out_name);
}

/* One parameter given twice must say the same: two readers of one request could take different ones. */
static enum sp_err keep(struct sp_slice value, struct sp_slice *slot, bool *has, enum sp_err err)
{
    if (*has && !sp_slice_equal(*slot, value)) {
        return err;
    }
    *slot = value;
    *has = true;
    return SP_OK;
}

static enum sp_err read_query(struct sp_slice raw, struct query *out, struct sp_where *where)
{
    const struct {
        const char *name;
        struct sp_slice *slot;
        bool *has;
        enum sp_err err;
    } known[] = {
        {"api-version", &out->version, &out->has_version, SP_ERR_API_VERSION},
        {"identifier", &out->identifier, &out->has_identifier, SP_ERR_IDENTIFIER},
        {"path", &out->path, &out->has_path, SP_ERR_FILE_NAME},
        {"recursive", &out->recursive, &out->has_recursive, SP_ERR_REQUEST},
        {"skip", &out->skip, &out->has_skip, SP_ERR_REQUEST},
        {"filename", &out->filename, &out->has_filename, SP_ERR_FILE_NAME},
    };
    struct sp_url_query q;
    struct sp_slice name = {NULL, 0};
    struct sp_slice value = {NULL, 0};
    sp_url_query_init(&q, raw);
    while (sp_url_query_next(&q, &name, &value)) {
        for (size_t i = 0; i < SP_COUNT(known); i++) {
            if (sp_slice_is_nocase(name, known[i].name) &&
                keep(value, known[i].slot, known[i].has, known[i].err) != SP_OK) {
                sp_where_set(where, 0, 0, "%s is given twice with different values", known[i].name);
                return known[i].err;
            }
        }
    }
    return SP_OK;
}

static enum sp_err read_version(const struct row *row, const struct query *query,
                                enum sp_version *out, struct sp_where *where)
{
    if ((row->flags & MANAGEMENT) != 0 && !query->has_version) {
        *out = SP_VERSION_2025_10; /* the identifier is all that this path needs */
        return SP_OK;
    }
    if (!query->has_version || query->version.len == 0) {
        sp_where_set(where, 0, 0, "the query parameter api-version is missing");
        return SP_ERR_API_VERSION;
    }
    enum sp_version version = SP_VERSION_NONE;
    if (sp_version_parse(query->version, &version) != SP_OK) {
        sp_where_set(where, 0, 0, "the api-version is unknown; the newest one here is %s",
                     sp_version_text(SP_VERSION_2025_10));
        return SP_ERR_API_VERSION;
    }
    if ((row->flags & DATED) != 0 && version != row->since) {
        return SP_ERR_NOT_FOUND;
    }
    if (version < row->since) {
        sp_where_set(where, 0, 0, "this path exists from api-version %s on",
                     sp_version_text(row->since));
        return SP_ERR_API_VERSION;
    }
    *out = version;
    return SP_OK;
}

static enum sp_err read_identifier(const struct row *row, const struct query *query,
                                   struct sp_buf *scratch, struct sp_slice *out,
                                   struct sp_where *where)
{
    size_t before = scratch->len;
    if ((row->flags & NO_IDENTIFIER) != 0) {
        return SP_OK;
    }
    if (!query->has_identifier || query->identifier.len == 0) {
        sp_where_set(where, 0, 0, "the query parameter identifier is missing");
        return SP_ERR_IDENTIFIER;
    }
    /* A raw `+` is a plus: the character set of identifiers has one, and no space. */
    enum sp_err err = sp_url_decode(query->identifier, SP_PLUS_IS_PLUS, scratch);
    if (err == SP_ERR_NOMEM) {
        return err;
    }
    struct sp_slice identifier = sp_slice_sub(sp_buf_slice(scratch), before, scratch->len);
    if (err != SP_OK || sp_identifier_check(identifier) != SP_OK) {
        sp_where_set(where, 0, 0,
                     "the identifier must be 4 to 128 ASCII letters, digits or signs, without "
                     "spaces and backslashes");
        return SP_ERR_IDENTIFIER;
    }
    *out = identifier;
    return SP_OK;
}

/* The name in the path and the directory in the query; what they may hold is checked where they are used. */
static enum sp_err read_names(struct sp_slice name, const struct query *query,
                              struct sp_buf *scratch, struct sp_route *route,
                              struct sp_where *where)
{
    size_t name_at = scratch->len;
    if (sp_url_decode(name, SP_PLUS_IS_PLUS, scratch) != SP_OK) {
        sp_where_set(where, 0, 0, "the name in the path has a bad escape");
        return SP_ERR_FILE_NAME;
    }
    size_t path_at = scratch->len;
    if (sp_url_decode(query->path, SP_PLUS_IS_SPACE, scratch) != SP_OK) {
        sp_where_set(where, 0, 0, "the query parameter path has a bad escape");
        return SP_ERR_FILE_NAME;
    }
    route->name = sp_slice_sub(sp_buf_slice(scratch), name_at, path_at - name_at);
    route->path = sp_slice_sub(sp_buf_slice(scratch), path_at, scratch->len - path_at);
    return SP_OK;
}

static enum sp_err read_list_options(const struct query *query, struct sp_route *route,
                                     struct sp_where *where)
{
    uint64_t skip = 0;
    if (query->skip.len > 0 && sp_parse_u64(query->skip, SP_ROUTE_SKIP_MAX, &skip) != SP_OK) {
        sp_where_set(where, 0, 0, "skip must be a whole number up to %u", SP_ROUTE_SKIP_MAX);
        return SP_ERR_REQUEST;
    }
    route->skip = (uint32_t)skip;
    route->is_recursive = sp_slice_is_nocase(query->recursive, "true");
    if (!route->is_recursive && query->recursive.len > 0 &&
        !sp_slice_is_nocase(query->recursive, "false")) {
        sp_where_set(where, 0, 0, "recursive must be true or false");
        return SP_ERR_REQUEST;
    }
    return SP_OK;
}

/*
 * Some clients put the operation behind an endpoint that has a query of its own: `/pool?x=1/code/execute&identifier=...`.
 * It is looked for there only when the path itself names none, and not in parameters that mean something else.
 */
static enum sp_err find_operation(struct sp_slice method, struct sp_slice path,
                                  struct sp_slice raw_query, const struct row **out,
                                  struct sp_slice *out_name)
{
    static const char *const taken[] = {"api-version", "identifier", "path", "recursive", "skip"};
    struct sp_url_query q;
    struct sp_slice name = {NULL, 0};
    struct sp_slice value = {NULL, 0};
    enum sp_err err = find_row(method, path, out, out_name);
    sp_url_query_init(&q, raw_query);
    while (err == SP_ERR_NOT_FOUND && sp_url_query_next(&q, &name, &value)) {
        size_t slash = sp_slice_find(value, 0, '/');
        bool is_taken = slash == value.len;
        for (size_t i = 0; i < SP_COUNT(taken); i++) {
            is_taken = is_taken || sp_slice_is_nocase(name, taken[i]);
        }
        err =
            is_taken ? err : find_row(method, sp_slice_sub(value, slash, value.len), out, out_name);
    }
    return err;
}

/* Nothing that is decoded grows, so the space of the target is enough, and what lies in it does not move. */
static enum sp_err make_room(struct sp_slice target, struct sp_buf *scratch)
{
    uint8_t *room = NULL;
    sp_buf_clear(scratch);
    return target.len == 0 ? SP_OK : sp_buf_reserve(scratch, target.len, &room);
}

enum sp_err sp_route_find(struct sp_slice method, struct sp_slice target, struct sp_buf *scratch,
                          struct sp_route *out, struct sp_where *out_where)
{
    const struct row *row = NULL;
    struct sp_slice path = {NULL, 0};
    struct sp_slice raw_query = {NULL, 0};
    struct sp_slice name = {NULL, 0};
    struct query query = {0};
    struct sp_route route = {0};
    sp_where_set(out_where, 0, 0, "%s", "");
    SP_TRY(make_room(target, scratch));
    if (sp_slice_is(target, "*")) {
        return SP_ERR_METHOD; /* the server as a whole: OPTIONS alone has an answer */
    }
    if (sp_url_split(target, &path, &raw_query) != SP_OK) {
        return SP_ERR_NOT_FOUND;
    }
    SP_TRY(find_operation(method, path, raw_query, &row, &name));
    SP_TRY(read_query(raw_query, &query, out_where));
    SP_TRY(read_version(row, &query, &route.version, out_where));
    SP_TRY(read_identifier(row, &query, scratch, &route.identifier, out_where));
    name = (row->flags & NAMED_BY_QUERY) != 0 ? query.filename : name;
    SP_TRY(read_names(name, &query, scratch, &route, out_where));
    SP_TRY(read_list_options(&query, &route, out_where));
    bool is_old = (row->flags & BY_VERSION) != 0 && route.version < SP_VERSION_2024_10;
    route.operation = row->operation;
    route.family = is_old ? SP_FAMILY_OLD : row->family;
    route.api_version = query.version;
    route.query = raw_query;
    route.is_management = (row->flags & MANAGEMENT) != 0;
    route.is_enclosed = (row->flags & ENCLOSED) != 0;
    *out = route;
    return SP_OK;
}

const char *sp_route_methods(struct sp_slice target)
{
    const struct row *row = NULL;
    struct sp_slice path = {NULL, 0};
    struct sp_slice query = {NULL, 0};
    struct sp_slice name = {NULL, 0};
    if (sp_slice_is(target, "*")) {
        return ALLOW_ALL;
    }
    if (sp_url_split(target, &path, &query) != SP_OK) {
        return NULL;
    }
    return find_operation(name, path, query, &row, &name) == SP_ERR_METHOD ? row->allow : NULL;
}

bool sp_operation_has_body(enum sp_operation operation)
{
    return operation == SP_OPERATION_EXECUTE || operation == SP_OPERATION_FILE_PUT;
}

bool sp_operation_is_reading(enum sp_operation operation)
{
    switch (operation) {
    case SP_OPERATION_EXECUTION_GET:
    case SP_OPERATION_FILE_LIST:
    case SP_OPERATION_FILE_GET:
    case SP_OPERATION_FILE_CONTENT:
    case SP_OPERATION_SESSION_GET:
    case SP_OPERATION_SESSION_LIST:
    case SP_OPERATION_METADATA:
    case SP_OPERATION_USAGE:
    case SP_OPERATION_AUDIT_READ:
        return true;
    case SP_OPERATION_NONE:
    case SP_OPERATION_EXECUTE:
    case SP_OPERATION_FILE_PUT:
    case SP_OPERATION_FILE_DELETE:
    case SP_OPERATION_SESSION_DELETE:
    case SP_OPERATION_COUNT:
        return false;
    }
    return false;
}

bool sp_operation_makes_session(enum sp_operation operation)
{
    return operation == SP_OPERATION_EXECUTE ||
           (operation >= SP_OPERATION_FILE_LIST && operation <= SP_OPERATION_FILE_DELETE);
}

const char *sp_operation_name(enum sp_operation operation)
{
    static const char *const names[] = {
#define AS_NAME(operation, name) [operation] = (name),
        SP_OPERATION_LIST(AS_NAME)
#undef AS_NAME
    };
    return (unsigned)operation < SP_COUNT(names) ? names[operation] : "unknown";
}

enum sp_err sp_operation_from_number(unsigned number, enum sp_operation *out)
{
    if (number == SP_OPERATION_NONE || number >= SP_OPERATION_COUNT) {
        return SP_ERR_INVALID;
    }
    *out = (enum sp_operation)number;
    return SP_OK;
}

static const char *const version_texts[] = {
    [SP_VERSION_NONE] = "none",
    [SP_VERSION_2023_08] = "2023-08-01-preview",
    [SP_VERSION_2024_02] = "2024-02-02-preview",
    [SP_VERSION_2024_08] = "2024-08-02-preview",
    [SP_VERSION_2024_09] = "2024-09-01",
    [SP_VERSION_2024_10] = "2024-10-02-preview",
    [SP_VERSION_2025_02] = "2025-02-02-preview",
    [SP_VERSION_2025_10] = "2025-10-02-preview",
};
_Static_assert(SP_COUNT(version_texts) == SP_VERSION_COUNT, "every version has its text");

const char *sp_version_text(enum sp_version version)
{
    return (unsigned)version < SP_COUNT(version_texts) ? version_texts[version] : "unknown";
}

enum sp_err sp_version_parse(struct sp_slice text, enum sp_version *out)
{
    for (unsigned i = SP_VERSION_NONE + 1; i < SP_VERSION_COUNT; i++) {
        if (sp_slice_is(text, version_texts[i])) {
            *out = (enum sp_version)i;
            return SP_OK;
        }
    }
    return SP_ERR_API_VERSION;
}

enum sp_err sp_identifier_check(struct sp_slice identifier)
{
    if (identifier.len < SP_IDENTIFIER_BYTES_MIN || identifier.len > SP_IDENTIFIER_BYTES_MAX) {
        return SP_ERR_IDENTIFIER;
    }
    for (size_t i = 0; i < identifier.len; i++) {
        uint8_t byte = identifier.ptr[i];
        /* The specification lists all visible ASCII but the backslash. */
        if (byte <= ' ' || byte >= 0x7F || byte == '\\') {
            return SP_ERR_IDENTIFIER;
        }
    }
    return SP_OK;
}
