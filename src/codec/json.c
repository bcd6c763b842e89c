#include "codec/json.h"

#include <limits.h>
#include <math.h>
#include <stdlib.h>

#include <cjson/cJSON.h>

#include "base/assert.h"
#include "base/num.h"
#include "codec/json_out.h"
#include "codec/json_scan.h"

/*
 * cJSON makes the tree out of a skeleton that the scan has passed and that has no string values: its own leniency
 * (equal keys, bytes after the value, invalid UTF-8, NUL, letter case) has nothing left to act on. Afterwards the
 * items of strings and numbers refer to what the scan decoded: `valuestring` into `bytes` (marked as a reference, so
 * that cJSON does not free it) and `valueint`, which cJSON clamps, as its length.
 */
struct sp_json {
    cJSON *root;
    struct sp_buf bytes;
};

/* A value is a cJSON item behind a name that only this file can look through. */
static const cJSON *item_of(const struct sp_json_value *value)
{
    return (const cJSON *)(const void *)value;
}

static const struct sp_json_value *value_of(const cJSON *item)
{
    return (const struct sp_json_value *)(const void *)item;
}

/* Line and column of a byte, both from 1; the column counts characters. */
static void tell_where(struct sp_where *where, struct sp_slice in, size_t at, const char *reason)
{
    unsigned line = 1;
    unsigned column = 1;
    for (size_t i = 0; i < at && i < in.len; i++) {
        if (in.ptr[i] == '\n') {
            line++;
            column = 1;
        } else if ((in.ptr[i] & 0xC0U) != 0x80) {
            column++;
        }
    }
    sp_where_set(where, line, column, "%s", reason);
}

static bool is_blank_from(struct sp_slice text, const char *end)
{
    size_t at = (size_t)((const uint8_t *)(const void *)end - text.ptr);
    while (at < text.len && (text.ptr[at] == ' ' || text.ptr[at] == '\n' || text.ptr[at] == '\r' ||
                             text.ptr[at] == '\t')) {
        at++;
    }
    return at == text.len;
}

static enum sp_err settle_item(cJSON *item, struct sp_json_scan *scan, size_t *value_at)
{
    if (!cJSON_IsNumber(item) && !cJSON_IsString(item)) {
        return SP_OK;
    }
    if (*value_at == scan->value_count) {
        return SP_ERR_JSON; /* cJSON saw a value that the scan did not */
    }
    if (cJSON_IsNumber(item) && !isfinite(item->valuedouble)) {
        return SP_ERR_RANGE;
    }
    struct sp_slice value = scan->values[(*value_at)++];
    cJSON_free(item->valuestring);
    item->type |= cJSON_IsReference;
    item->valuestring = (char *)scan->bytes.ptr + (value.ptr - scan->bytes.ptr);
    item->valueint = (int)value.len; /* fits: SP_JSON_BYTES_MAX does */
    return SP_OK;
}

_Static_assert(SP_JSON_BYTES_MAX <= INT_MAX, "a length is kept in an int");

/* Visits every item in the order of the text; depth is known to be bounded. */
static enum sp_err settle(cJSON *root, struct sp_json_scan *scan)
{
    cJSON *open[SP_JSON_DEPTH_MAX + 1];
    size_t depth = 0;
    size_t value_at = 0;
    cJSON *item = root;
    while (item != NULL) {
        SP_TRY(settle_item(item, scan, &value_at));
        if (item->child != NULL) {
            SP_ASSERT(depth < SP_COUNT(open));
            open[depth++] = item;
            item = item->child;
            continue;
        }
        while (item != NULL && item->next == NULL) {
            item = depth > 0 ? open[--depth] : NULL;
        }
        item = item == NULL ? NULL : item->next;
    }
    return value_at == scan->value_count ? SP_OK : SP_ERR_JSON;
}

static enum sp_err build(struct sp_json_scan *scan, struct sp_json *doc)
{
    struct sp_slice text = sp_json_scan_skeleton(scan);
    const char *end = NULL;
    doc->root = cJSON_ParseWithLengthOpts((const char *)text.ptr, text.len, &end, false);
    if (doc->root == NULL) {
        return sp_json_scan_fail(scan, SP_ERR_NOMEM, "memory is used up");
    }
    if (end == NULL || !is_blank_from(text, end)) {
        return sp_json_scan_fail(scan, SP_ERR_JSON, "something follows the value");
    }
    enum sp_err err = settle(doc->root, scan);
    if (err != SP_OK) {
        return sp_json_scan_fail(scan, err, "a number is too large");
    }
    doc->bytes = scan->bytes; /* moved: the document owns them now */
    sp_buf_init(&scan->bytes, 0);
    return SP_OK;
}

enum sp_err sp_json_parse(struct sp_slice in, const struct sp_json_limits *limits,
                          struct sp_json **out, struct sp_where *out_where)
{
    SP_AUTO_JSON struct sp_json *doc = calloc(1, sizeof(*doc));
    if (doc == NULL) {
        return SP_ERR_NOMEM;
    }
    SP_CLEANUP(sp_json_scan_done) struct sp_json_scan scan;
    sp_json_scan_init(&scan, in, limits);
    enum sp_err err = sp_json_scan_run(&scan);
    if (err == SP_OK) {
        err = build(&scan, doc);
    }
    if (err != SP_OK) {
        tell_where(out_where, in, scan.at, scan.reason);
        return err;
    }
    *out = doc;
    doc = NULL;
    return SP_OK;
}

void sp_json_free(struct sp_json *doc)
{
    if (doc != NULL) {
        cJSON_Delete(doc->root);
        sp_buf_done(&doc->bytes);
        free(doc);
    }
}

void sp_json_free_cleanup(struct sp_json **doc)
{
    sp_json_free(*doc);
}

const struct sp_json_value *sp_json_root(const struct sp_json *doc)
{
    return value_of(doc->root);
}

enum sp_json_type sp_json_type(const struct sp_json_value *value)
{
    const cJSON *item = item_of(value);
    if (cJSON_IsBool(item)) {
        return SP_JSON_BOOL;
    }
    if (cJSON_IsNumber(item)) {
        return SP_JSON_NUMBER;
    }
    if (cJSON_IsString(item)) {
        return SP_JSON_STRING;
    }
    if (cJSON_IsArray(item)) {
        return SP_JSON_ARRAY;
    }
    return cJSON_IsObject(item) ? SP_JSON_OBJECT : SP_JSON_NULL;
}

bool sp_json_is(const struct sp_json_value *value, enum sp_json_type type)
{
    return value != NULL && sp_json_type(value) == type;
}

const struct sp_json_value *sp_json_get(const struct sp_json_value *object, const char *key)
{
    if (!sp_json_is(object, SP_JSON_OBJECT)) {
        return NULL;
    }
    return value_of(cJSON_GetObjectItemCaseSensitive(item_of(object), key));
}

const struct sp_json_value *sp_json_first(const struct sp_json_value *container)
{
    return container == NULL ? NULL : value_of(item_of(container)->child);
}

const struct sp_json_value *sp_json_next(const struct sp_json_value *value)
{
    return value == NULL ? NULL : value_of(item_of(value)->next);
}

size_t sp_json_count(const struct sp_json_value *container)
{
    size_t count = 0;
    for (const struct sp_json_value *v = sp_json_first(container); v != NULL; v = sp_json_next(v)) {
        count++;
    }
    return count;
}

struct sp_slice sp_json_key(const struct sp_json_value *member)
{
    return sp_slice_of(member == NULL ? NULL : item_of(member)->string);
}

enum sp_err sp_json_string(const struct sp_json_value *value, struct sp_slice *out)
{
    if (!sp_json_is(value, SP_JSON_STRING)) {
        return SP_ERR_INVALID;
    }
    *out = sp_slice_make(item_of(value)->valuestring, (size_t)item_of(value)->valueint);
    return SP_OK;
}

enum sp_err sp_json_bool(const struct sp_json_value *value, bool *out)
{
    if (!sp_json_is(value, SP_JSON_BOOL)) {
        return SP_ERR_INVALID;
    }
    *out = cJSON_IsTrue(item_of(value));
    return SP_OK;
}

enum sp_err sp_json_double(const struct sp_json_value *value, double *out)
{
    if (!sp_json_is(value, SP_JSON_NUMBER)) {
        return SP_ERR_INVALID;
    }
    *out = item_of(value)->valuedouble;
    return SP_OK;
}

enum sp_err sp_json_number_text(const struct sp_json *doc, const struct sp_json_value *value,
                                struct sp_slice *out)
{
    (void)doc;
    if (!sp_json_is(value, SP_JSON_NUMBER)) {
        return SP_ERR_INVALID;
    }
    *out = sp_slice_make(item_of(value)->valuestring, (size_t)item_of(value)->valueint);
    return SP_OK;
}

enum sp_err sp_json_integer(const struct sp_json *doc, const struct sp_json_value *value,
                            int64_t *out)
{
    struct sp_slice text;
    SP_TRY(sp_json_number_text(doc, value, &text));
    bool is_negative = text.ptr[0] == '-';
    uint64_t magnitude = 0;
    uint64_t max = (uint64_t)INT64_MAX + (is_negative ? 1U : 0U);
    SP_TRY(sp_parse_u64(sp_slice_sub(text, is_negative ? 1 : 0, text.len), max, &magnitude));
    /* Zero minus the magnitude as unsigned is the two's complement of the wanted number. */
    *out = (int64_t)(is_negative ? 0 - magnitude : magnitude);
    return SP_OK;
}

static void print_scalar(const struct sp_json *doc, const struct sp_json_value *value,
                         struct sp_json_out *w)
{
    struct sp_slice text = {NULL, 0};
    if (sp_json_string(value, &text) == SP_OK) {
        sp_json_out_string(w, text);
    } else if (sp_json_number_text(doc, value, &text) == SP_OK) {
        sp_json_out_raw(w, text);
    } else if (sp_json_is(value, SP_JSON_BOOL)) {
        sp_json_out_bool(w, cJSON_IsTrue(item_of(value)));
    } else {
        sp_json_out_null(w);
    }
}

static void print_end(const struct sp_json_value *container, struct sp_json_out *w)
{
    if (sp_json_is(container, SP_JSON_OBJECT)) {
        sp_json_out_object_end(w);
    } else {
        sp_json_out_array_end(w);
    }
}

/* Writes a value up to where its children begin; answers whether it is a container. */
static bool print_begin(const struct sp_json *doc, const struct sp_json_value *value,
                        struct sp_json_out *w)
{
    if (sp_json_is(value, SP_JSON_OBJECT)) {
        sp_json_out_object(w);
        return true;
    }
    if (sp_json_is(value, SP_JSON_ARRAY)) {
        sp_json_out_array(w);
        return true;
    }
    print_scalar(doc, value, w);
    return false;
}

enum sp_err sp_json_print(const struct sp_json *doc, const struct sp_json_value *value,
                          struct sp_buf *out)
{
    const struct sp_json_value *open[SP_JSON_DEPTH_MAX + 1];
    size_t depth = 0;
    struct sp_json_out w;
    sp_json_out_init(&w, out);
    const struct sp_json_value *at = value;
    while (at != NULL && w.err == SP_OK) {
        if (at != value && sp_json_is(open[depth - 1], SP_JSON_OBJECT)) {
            sp_json_out_key_slice(&w, sp_json_key(at));
        }
        bool is_container = print_begin(doc, at, &w);
        if (is_container && sp_json_first(at) != NULL) {
            SP_ASSERT(depth < SP_COUNT(open));
            open[depth++] = at;
            at = sp_json_first(at);
            continue;
        }
        if (is_container) {
            print_end(at, &w);
        }
        /* Climb out of every container that ends here; the siblings of `value` itself are not ours. */
        while (depth > 0 && sp_json_next(at) == NULL) {
            at = open[--depth];
            print_end(at, &w);
        }
        at = depth > 0 ? sp_json_next(at) : NULL;
    }
    return sp_json_out_end(&w);
}
