/*
 * Reads one proof as JSON on standard input and exits 0 when it is accepted, 1 when it is rejected, 2 when it is no such JSON.
 *
 * `kind` says which: "inclusion" (leafIdx or leafIndex, treeSize, root, leafHash, proof) or "consistency" (size1, size2, root1, root2,
 * proof). Hashes are base64 with padding, `proof` an array of them or null. Other members are passed over.
 */
#include <stdio.h>

#include "audit/merkle.h"
#include "base/buf.h"
#include "base/text.h"
#include "codec/base64.h"
#include "codec/json.h"

#define INPUT_MAX  ((size_t)1024 * 1024)
#define HASHES_MAX 1024U

struct vector {
    const struct sp_json *doc;
    const struct sp_json_value *root;
    struct sp_buf
        bytes; /* what all hashes decode to; its size is kept ahead so that it never moves */
    struct sp_slice hashes[HASHES_MAX];
    size_t count;
};

static enum sp_err read_all(struct sp_buf *out)
{
    for (;;) {
        uint8_t *space = NULL;
        SP_TRY(sp_buf_reserve(out, 4096, &space));
        size_t got = fread(space, 1, 4096, stdin);
        if (got == 0) {
            return ferror(stdin) != 0 ? SP_ERR_SYSTEM : SP_OK;
        }
        sp_buf_commit(out, got);
    }
}

static enum sp_err decode(struct vector *v, const struct sp_json_value *value, struct sp_slice *out)
{
    struct sp_slice text = {NULL, 0};
    size_t at = v->bytes.len;
    if (value == NULL || sp_json_is(value, SP_JSON_NULL)) {
        *out = text; /* how an absent list of bytes is written */
        return SP_OK;
    }
    SP_TRY(sp_json_string(value, &text));
    SP_TRY(sp_base64_decode(SP_BASE64_STANDARD, text, &v->bytes));
    *out = sp_slice_make(v->bytes.ptr + at, v->bytes.len - at);
    return SP_OK;
}

static enum sp_err hash_of(struct vector *v, const char *key, struct sp_slice *out)
{
    return decode(v, sp_json_get(v->root, key), out);
}

/* Indexes may be any number of 64 bits. */
static enum sp_err number_of(const struct vector *v, const char *key, uint64_t *out)
{
    struct sp_slice text = {NULL, 0};
    struct sp_text t;
    uint64_t number = 0;
    SP_TRY(sp_json_number_text(v->doc, sp_json_get(v->root, key), &text));
    sp_text_init(&t, text);
    SP_TRY(sp_text_number(&t, UINT64_MAX, &number));
    *out = number;
    return sp_text_at_end(&t) ? SP_OK : SP_ERR_INVALID;
}

static enum sp_err read_proof(struct vector *v)
{
    const struct sp_json_value *list = sp_json_get(v->root, "proof");
    for (const struct sp_json_value *item = sp_json_first(list); item != NULL;
         item = sp_json_next(item)) {
        if (v->count == HASHES_MAX) {
            return SP_ERR_TOO_BIG;
        }
        SP_TRY(decode(v, item, &v->hashes[v->count]));
        v->count++;
    }
    return SP_OK;
}

static enum sp_err check_inclusion(struct vector *v, enum sp_err *out_verdict)
{
    uint64_t index = 0;
    uint64_t size = 0;
    struct sp_slice root = {NULL, 0};
    struct sp_slice leaf = {NULL, 0};
    const bool is_long = sp_json_get(v->root, "leafIdx") == NULL; /* older vectors say it so */
    SP_TRY(number_of(v, is_long ? "leafIndex" : "leafIdx", &index));
    SP_TRY(number_of(v, "treeSize", &size));
    SP_TRY(hash_of(v, "root", &root));
    SP_TRY(hash_of(v, "leafHash", &leaf));
    *out_verdict = sp_merkle_check_inclusion(index, size, leaf,
                                             (struct sp_merkle_proof){v->hashes, v->count}, root);
    return SP_OK;
}

static enum sp_err check_consistency(struct vector *v, enum sp_err *out_verdict)
{
    struct sp_merkle_head first = {.size = 0};
    struct sp_merkle_head second = {.size = 0};
    SP_TRY(number_of(v, "size1", &first.size));
    SP_TRY(number_of(v, "size2", &second.size));
    SP_TRY(hash_of(v, "root1", &first.root));
    SP_TRY(hash_of(v, "root2", &second.root));
    *out_verdict =
        sp_merkle_check_consistency(first, second, (struct sp_merkle_proof){v->hashes, v->count});
    return SP_OK;
}

static enum sp_err check(struct vector *v, enum sp_err *out_verdict)
{
    struct sp_slice kind = {NULL, 0};
    uint8_t *ignored = NULL;
    SP_TRY(sp_json_string(sp_json_get(v->root, "kind"), &kind));
    SP_TRY(sp_buf_reserve(&v->bytes, INPUT_MAX, &ignored));
    SP_TRY(read_proof(v));
    if (sp_slice_is(kind, "inclusion")) {
        return check_inclusion(v, out_verdict);
    }
    return sp_slice_is(kind, "consistency") ? check_consistency(v, out_verdict) : SP_ERR_INVALID;
}

int main(void)
{
    static const struct sp_json_limits limits = {
        .bytes_max = INPUT_MAX, .depth_max = 8, .nul = SP_JSON_NUL_REFUSED};
    static struct vector v;
    SP_AUTO_JSON struct sp_json *doc = NULL;
    SP_AUTO_BUF struct sp_buf input;
    struct sp_where where = {.line = 0};
    enum sp_err verdict = SP_ERR_INVALID;
    sp_buf_init(&input, INPUT_MAX);
    sp_buf_init(&v.bytes, 2 * INPUT_MAX);
    enum sp_err err = read_all(&input);
    if (err == SP_OK) {
        err = sp_json_parse(sp_buf_slice(&input), &limits, &doc, &where);
    }
    if (err == SP_OK) {
        v.doc = doc;
        v.root = sp_json_root(doc);
        err = check(&v, &verdict);
    }
    sp_buf_done(&v.bytes);
    if (err != SP_OK) {
        (void)fprintf(stderr, "check_merkle_proof: %s\n", sp_err_text(err));
        return 2;
    }
    return verdict == SP_OK ? 0 : 1;
}
