/*
 * toml_to_json - reads TOML on standard input and prints the tagged JSON of the toml-test suite.
 *
 * Runs in: tests only.   Exit status: 0 the document is valid, 1 it is not (the reason goes to standard error).
 */
#include <math.h>
#include <stdio.h>

#include "base/buf.h"
#include "codec/json_out.h"
#include "codec/toml.h"

static void put_tagged(struct sp_json_out *w, const char *type, struct sp_slice value)
{
    sp_json_out_object(w);
    sp_json_out_member_text(w, "type", type);
    sp_json_out_member_string(w, "value", value);
    sp_json_out_object_end(w);
}

static void put_float(struct sp_json_out *w, double value)
{
    char text[64];
    if (isnan(value)) {
        put_tagged(w, "float", sp_slice_of("nan"));
        return;
    }
    int len = snprintf(text, sizeof(text), isinf(value) ? "%f" : "%.17g", value);
    put_tagged(w, "float", sp_slice_make(text, len < 0 ? 0 : (size_t)len));
}

static void put_scalar(struct sp_json_out *w, const struct sp_toml_value *v)
{
    static const char *const date_names[] = {
        [SP_TOML_OFFSET_DATETIME] = "datetime",
        [SP_TOML_LOCAL_DATETIME] = "datetime-local",
        [SP_TOML_LOCAL_DATE] = "date-local",
        [SP_TOML_LOCAL_TIME] = "time-local",
    };
    struct sp_slice text = {NULL, 0};
    int64_t integer = 0;
    double real = 0;
    bool truth = false;
    if (sp_toml_string(v, &text) == SP_OK) {
        put_tagged(w, "string", text);
    } else if (sp_toml_integer(v, &integer) == SP_OK) {
        char digits[32];
        int len = snprintf(digits, sizeof(digits), "%lld", (long long)integer);
        put_tagged(w, "integer", sp_slice_make(digits, len < 0 ? 0 : (size_t)len));
    } else if (sp_toml_float(v, &real) == SP_OK) {
        put_float(w, real);
    } else if (sp_toml_bool(v, &truth) == SP_OK) {
        put_tagged(w, "bool", sp_slice_of(truth ? "true" : "false"));
    } else if (sp_toml_datetime(v, &text) == SP_OK) {
        put_tagged(w, date_names[sp_toml_type(v)], text);
    }
}

/* The reader bounds the depth, and with it this recursion. */
static void put_value(struct sp_json_out *w, const struct sp_toml_value *v)
{
    bool is_table = sp_toml_type(v) == SP_TOML_TABLE;
    if (!is_table && sp_toml_type(v) != SP_TOML_ARRAY) {
        put_scalar(w, v);
        return;
    }
    if (is_table) {
        sp_json_out_object(w);
    } else {
        sp_json_out_array(w);
    }
    for (const struct sp_toml_value *child = sp_toml_first(v); child != NULL;
         child = sp_toml_next(child)) {
        if (is_table) {
            sp_json_out_key_slice(w, sp_toml_key(child));
        }
        put_value(w, child);
    }
    if (is_table) {
        sp_json_out_object_end(w);
    } else {
        sp_json_out_array_end(w);
    }
}

static enum sp_err read_all(struct sp_buf *in)
{
    for (;;) {
        uint8_t *at = NULL;
        SP_TRY(sp_buf_reserve(in, 65536, &at));
        size_t got = fread(at, 1, 65536, stdin);
        if (got == 0) {
            return SP_OK;
        }
        sp_buf_commit(in, got);
    }
}

int main(void)
{
    SP_AUTO_BUF struct sp_buf in;
    SP_AUTO_BUF struct sp_buf out;
    SP_AUTO_TOML struct sp_toml *doc = NULL;
    struct sp_where where = {0};
    struct sp_json_out w;
    sp_buf_init(&in, 2 * SP_TOML_BYTES_MAX);
    sp_buf_init(&out, SIZE_MAX / 2);
    if (read_all(&in) != SP_OK) {
        return 1;
    }
    if (sp_toml_parse(sp_buf_slice(&in), &doc, &where) != SP_OK) {
        (void)fprintf(stderr, "%u:%u: %s\n", where.line, where.column, where.text);
        return 1;
    }
    sp_json_out_init(&w, &out);
    put_value(&w, sp_toml_root(doc));
    if (sp_json_out_end(&w) != SP_OK) {
        return 1;
    }
    (void)fwrite(out.ptr, 1, out.len, stdout);
    return 0;
}
