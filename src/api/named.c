#include "api/named.h"

#include "api/route.h"
#include "codec/json.h"
#include "codec/url.h"

#define MEMBER "identifier"

/* Whether some parameter of the target says it, in whatever spelling. */
static bool says(struct sp_slice target, struct sp_slice identifier)
{
    SP_AUTO_BUF struct sp_buf said;
    struct sp_slice path = {NULL, 0};
    struct sp_slice query = {NULL, 0};
    struct sp_slice name = {NULL, 0};
    struct sp_slice value = {NULL, 0};
    struct sp_url_query q;
    sp_buf_init(&said, target.len + 1);
    if (sp_url_split(target, &path, &query) != SP_OK) {
        return false;
    }
    sp_url_query_init(&q, query);
    while (sp_url_query_next(&q, &name, &value)) {
        sp_buf_clear(&said);
        if (sp_slice_is_nocase(name, MEMBER) &&
            sp_url_decode(value, SP_PLUS_IS_PLUS, &said) == SP_OK &&
            sp_slice_equal(sp_buf_slice(&said), identifier)) {
            return true;
        }
    }
    return false;
}

static enum sp_err add(struct sp_slice target, const struct sp_json_value *members,
                       struct sp_buf *out)
{
    struct sp_slice identifier = {NULL, 0};
    if (!sp_json_is(members, SP_JSON_OBJECT) ||
        sp_json_string(sp_json_get(members, MEMBER), &identifier) != SP_OK || identifier.len == 0 ||
        says(target, identifier)) {
        return SP_OK;
    }
    if (out->len == 0) {
        SP_TRY(sp_buf_put(out, target));
    }
    const bool has_query = sp_slice_find(target, 0, '?') < target.len;
    SP_TRY(sp_buf_put_text(out, has_query || out->len > target.len ? "&" : "?"));
    SP_TRY(sp_buf_put_text(out, MEMBER "="));
    return sp_url_encode(identifier, out);
}

/* Other operations take nothing from their bodies; what is wrong with a target is said where it is read. */
static bool is_other(struct sp_slice method, struct sp_slice target)
{
    SP_AUTO_BUF struct sp_buf scratch;
    struct sp_route route = {.operation = SP_OPERATION_NONE};
    sp_buf_init(&scratch, SP_ROUTE_SCRATCH_BYTES_MAX);
    return sp_route_find(method, target, &scratch, &route, NULL) == SP_OK &&
           route.operation != SP_OPERATION_EXECUTE;
}

enum sp_err sp_named_target(struct sp_slice method, struct sp_slice target, struct sp_slice body,
                            struct sp_buf *out)
{
    const struct sp_slice word = SP_SLICE_LITERAL("\"" MEMBER "\"");
    const struct sp_json_limits limits = {
        .bytes_max = body.len, .depth_max = SP_JSON_DEPTH_MAX, .nul = SP_JSON_NUL_ALLOWED};
    SP_AUTO_JSON struct sp_json *doc = NULL;
    struct sp_slice path = {NULL, 0};
    struct sp_slice query = {NULL, 0};
    sp_buf_clear(out);
    if (!sp_slice_is(method, "POST") || sp_url_split(target, &path, &query) != SP_OK ||
        sp_slice_search(body, 0, word) == body.len) {
        return SP_OK;
    }
    enum sp_err err = sp_json_parse(body, &limits, &doc, NULL);
    if (err != SP_OK) {
        return err == SP_ERR_NOMEM ? err : SP_OK; /* inspection will say what is wrong with it */
    }
    const struct sp_json_value *root = sp_json_root(doc);
    SP_TRY(add(target, root, out));
    SP_TRY(add(target, sp_json_get(root, "properties"), out));
    if (out->len > 0 && is_other(method, sp_buf_slice(out))) {
        sp_buf_clear(out);
    }
    return SP_OK;
}
