#include "api/route.h"

#include "base/text.h"
#include "codec/url.h"

/* No pattern has more segments than this. */
#define SEGMENTS_MAX 3U

/* One operation of one path. A `*` stands for one segment of any content. */
struct row {
    const char *pattern[SEGMENTS_MAX];
    const char *method;
    const char *allow; /* all methods of this path */
    enum sp_operation operation;
    enum sp_family family;
    enum sp_version since;
    bool has_identifier;
    bool is_served;
};

/* The first row that fits path and method wins, so the longer patterns stand first. */
static const struct row rows[] = {
    /* clang-format off */
    {{"code", "execute"},       "POST",   "POST",        SP_OPERATION_EXECUTE,        SP_FAMILY_OLD,    SP_VERSION_2023_08, true,  true},
    {{"python", "execute"},     "POST",   "POST",        SP_OPERATION_EXECUTE,        SP_FAMILY_LEGACY, SP_VERSION_2023_08, true,  true},
    {{"executions"},            "POST",   "POST",        SP_OPERATION_EXECUTE,        SP_FAMILY_NEW,    SP_VERSION_2024_10, true,  true},
    {{"executions", "*"},       "GET",    "GET",         SP_OPERATION_EXECUTION_GET,  SP_FAMILY_NEW,    SP_VERSION_2024_10, true,  false},
    {{"python", "uploadFile"},  "POST",   "POST",        SP_OPERATION_FILE_PUT,       SP_FAMILY_LEGACY, SP_VERSION_2023_08, true,  false},
    {{"files", "upload"},       "POST",   "POST",        SP_OPERATION_FILE_PUT,       SP_FAMILY_OLD,    SP_VERSION_2023_08, true,  false},
    {{"files", "content", "*"}, "GET",    "GET",         SP_OPERATION_FILE_CONTENT,   SP_FAMILY_OLD,    SP_VERSION_2023_08, true,  false},
    {{"files", "*", "content"}, "GET",    "GET",         SP_OPERATION_FILE_CONTENT,   SP_FAMILY_NEW,    SP_VERSION_2024_10, true,  false},
    {{"files", "*"},            "GET",    "DELETE, GET", SP_OPERATION_FILE_GET,       SP_FAMILY_NEW,    SP_VERSION_2023_08, true,  false},
    {{"files", "*"},            "DELETE", "DELETE, GET", SP_OPERATION_FILE_DELETE,    SP_FAMILY_NEW,    SP_VERSION_2023_08, true,  false},
    {{"files"},                 "GET",    "GET, POST",   SP_OPERATION_FILE_LIST,      SP_FAMILY_NEW,    SP_VERSION_2023_08, true,  false},
    {{"files"},                 "POST",   "GET, POST",   SP_OPERATION_FILE_PUT,       SP_FAMILY_NEW,    SP_VERSION_2024_10, true,  false},
    {{"session"},               "GET",    "DELETE, GET", SP_OPERATION_SESSION_GET,    SP_FAMILY_NEW,    SP_VERSION_2025_02, true,  false},
    {{"session"},               "DELETE", "DELETE, GET", SP_OPERATION_SESSION_DELETE, SP_FAMILY_NEW,    SP_VERSION_2025_02, true,  false},
    {{"listSessions"},          "GET",    "GET",         SP_OPERATION_SESSION_LIST,   SP_FAMILY_NEW,    SP_VERSION_2025_02, false, false},
    {{"metadata"},              "GET",    "GET",         SP_OPERATION_METADATA,       SP_FAMILY_NEW,    SP_VERSION_2025_02, false, false},
    /* clang-format on */
};

/* What the query says, still escaped. */
struct query {
    struct sp_slice version;
    struct sp_slice identifier;
    bool has_version;
    bool has_identifier;
};

/* The last segments of a path, the very last one first. Empty segments are none. */
static size_t last_segments(struct sp_slice path, struct sp_slice out[SEGMENTS_MAX])
{
    size_t count = 0;
    size_t end = path.len;
    while (count < SEGMENTS_MAX) {
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
        out[count++] = sp_slice_sub(path, start, end - start);
        end = start;
    }
    return count;
}

static bool fits(const struct row *row, const struct sp_slice *segments, size_t count)
{
    size_t wanted = 0;
    while (wanted < SEGMENTS_MAX && row->pattern[wanted] != NULL) {
        wanted++;
    }
    if (wanted > count) {
        return false;
    }
    for (size_t i = 0; i < wanted; i++) {
        const char *want = row->pattern[wanted - 1 - i];
        if (want[0] != '*' && !sp_slice_is(segments[i], want)) {
            return false;
        }
    }
    return true;
}

/* SP_ERR_METHOD when rows fit the path but none the method. */
static enum sp_err find_row(struct sp_slice method, struct sp_slice path, const struct row **out)
{
    struct sp_slice segments[SEGMENTS_MAX];
    size_t count = last_segments(path, segments);
    enum sp_err err = SP_ERR_NOT_FOUND;
    for (size_t i = 0; i < SP_COUNT(rows); i++) {
        if (!fits(&rows[i], segments, count)) {
            continue;
        }
        if (sp_slice_is(method, rows[i].method)) {
            *out = &rows[i];
            return SP_OK;
        }
        if (err == SP_ERR_NOT_FOUND) {
            err = SP_ERR_METHOD;
            *out = &rows[i];
        }
    }
    return err;
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
    struct sp_url_query q;
    struct sp_slice name = {NULL, 0};
    struct sp_slice value = {NULL, 0};
    sp_url_query_init(&q, raw);
    while (sp_url_query_next(&q, &name, &value)) {
        enum sp_err err = SP_OK;
        if (sp_slice_is_nocase(name, "api-version")) {
            err = keep(value, &out->version, &out->has_version, SP_ERR_API_VERSION);
        } else if (sp_slice_is_nocase(name, "identifier")) {
            err = keep(value, &out->identifier, &out->has_identifier, SP_ERR_IDENTIFIER);
        }
        if (err != SP_OK) {
            sp_where_set(where, 0, 0, "%s is given twice with different values",
                         err == SP_ERR_IDENTIFIER ? "identifier" : "api-version");
            return err;
        }
    }
    return SP_OK;
}

static enum sp_err read_version(const struct row *row, const struct query *query,
                                enum sp_version *out, struct sp_where *where)
{
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
    sp_buf_clear(scratch);
    *out = sp_buf_slice(scratch);
    if (!row->has_identifier) {
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
    if (err != SP_OK || sp_identifier_check(sp_buf_slice(scratch)) != SP_OK) {
        sp_where_set(where, 0, 0,
                     "the identifier must be 4 to 128 ASCII letters, digits or signs, without "
                     "spaces and backslashes");
        return SP_ERR_IDENTIFIER;
    }
    *out = sp_buf_slice(scratch);
    return SP_OK;
}

enum sp_err sp_route_find(struct sp_slice method, struct sp_slice target, struct sp_buf *scratch,
                          struct sp_route *out, struct sp_where *out_where)
{
    const struct row *row = NULL;
    struct sp_slice path = {NULL, 0};
    struct sp_slice raw_query = {NULL, 0};
    struct query query = {0};
    struct sp_route route = {0};
    sp_where_set(out_where, 0, 0, "%s", "");
    if (sp_url_split(target, &path, &raw_query) != SP_OK) {
        return SP_ERR_NOT_FOUND;
    }
    SP_TRY(find_row(method, path, &row));
    if (!row->is_served) {
        sp_where_set(out_where, 0, 0, "this gateway does not serve %s yet",
                     sp_operation_name(row->operation));
        return SP_ERR_NOT_IMPLEMENTED;
    }
    SP_TRY(read_query(raw_query, &query, out_where));
    SP_TRY(read_version(row, &query, &route.version, out_where));
    SP_TRY(read_identifier(row, &query, scratch, &route.identifier, out_where));
    route.operation = row->operation;
    route.family = row->family;
    route.api_version = query.version;
    *out = route;
    return SP_OK;
}

const char *sp_route_methods(struct sp_slice target)
{
    const struct row *row = NULL;
    struct sp_slice path = {NULL, 0};
    struct sp_slice query = {NULL, 0};
    if (sp_url_split(target, &path, &query) != SP_OK) {
        return NULL;
    }
    return find_row((struct sp_slice){NULL, 0}, path, &row) == SP_ERR_METHOD ? row->allow : NULL;
}

bool sp_operation_has_body(enum sp_operation operation)
{
    return operation == SP_OPERATION_EXECUTE || operation == SP_OPERATION_FILE_PUT;
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
