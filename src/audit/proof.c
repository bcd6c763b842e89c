#include "audit/proof.h"

#include "base/num.h"
#include "base/text.h"
#include "codec/base64.h"

#define FIRST_LINE     "c2sp.org/tlog-proof@v1"
#define LINE_BYTES_MAX ((size_t)128 * 1024)
#define DIGITS_MAX     ((size_t)20)

static enum sp_err put_line(struct sp_buf *out, const char *name, struct sp_slice bytes)
{
    SP_TRY(sp_buf_put_text(out, name));
    SP_TRY(sp_base64_encode(SP_BASE64_STANDARD, bytes, out));
    return sp_buf_put_byte(out, '\n');
}

enum sp_err sp_proof_put(const struct sp_proof_parts *parts, struct sp_buf *out)
{
    SP_TRY(sp_buf_put_text(out, FIRST_LINE "\n"));
    SP_TRY(put_line(out, "extra ", parts->entry));
    SP_TRY(sp_buf_put_text(out, "index "));
    SP_TRY(sp_buf_put_u64(out, parts->index));
    SP_TRY(sp_buf_put_byte(out, '\n'));
    for (size_t i = 0; i < parts->path->count; i++) {
        SP_TRY(put_line(out, "", sp_node_slice(&parts->path->hashes[i])));
    }
    SP_TRY(sp_buf_put_byte(out, '\n'));
    return sp_buf_put(out, parts->note);
}

static enum sp_err write(struct sp_archive *archive, uint64_t index, struct sp_buf *out)
{
    struct sp_archive_proof path;
    struct sp_proof_parts parts = {.index = index, .path = &path, .note = sp_archive_note(archive)};
    SP_TRY(sp_archive_prove(archive, index, sp_archive_size(archive), &path));
    SP_TRY(sp_archive_entry(archive, index, &parts.entry));
    return sp_proof_put(&parts, out);
}

enum sp_err sp_proof_write(struct sp_archive *archive, uint64_t index, struct sp_buf *out)
{
    const size_t start = out->len;
    enum sp_err err =
        index < sp_archive_size(archive) ? write(archive, index, out) : SP_ERR_NOT_FOUND;
    if (err != SP_OK) {
        sp_buf_truncate(out, start);
    }
    return err;
}

/* --- reading --- */

static enum sp_err read_index(struct sp_text *t, uint64_t *out)
{
    struct sp_slice digits = {NULL, 0};
    if (sp_text_literal(t, "index ") != SP_OK ||
        sp_text_until(t, '\n', DIGITS_MAX, &digits) != SP_OK ||
        (digits.len > 1 && digits.ptr[0] == '0')) {
        return SP_ERR_INVALID;
    }
    return sp_parse_u64(digits, UINT64_MAX, out) == SP_OK ? SP_OK : SP_ERR_INVALID;
}

static enum sp_err read_hash(struct sp_slice line, struct sp_archive_proof *path)
{
    SP_AUTO_BUF struct sp_buf hash;
    sp_buf_init(&hash, SP_SHA256_BYTES);
    if (path->count == SP_ARCHIVE_PROOF_MAX ||
        sp_base64_decode(SP_BASE64_STANDARD, line, &hash) != SP_OK || hash.len != SP_SHA256_BYTES) {
        return SP_ERR_INVALID;
    }
    (void)sp_slice_copy(sp_buf_slice(&hash), path->hashes[path->count++].bytes, SP_SHA256_BYTES);
    return SP_OK;
}

static enum sp_err read_lines(struct sp_text *t, struct sp_proof *proof)
{
    struct sp_slice line = {NULL, 0};
    if (sp_text_literal(t, FIRST_LINE "\n") != SP_OK) {
        return SP_ERR_INVALID;
    }
    if (sp_text_literal(t, "extra ") == SP_OK) {
        if (sp_text_until(t, '\n', LINE_BYTES_MAX, &line) != SP_OK ||
            sp_base64_decode(SP_BASE64_STANDARD, line, &proof->entry) != SP_OK) {
            return SP_ERR_INVALID;
        }
    }
    SP_TRY(read_index(t, &proof->index));
    for (;;) {
        if (sp_text_until(t, '\n', LINE_BYTES_MAX, &line) != SP_OK) {
            return SP_ERR_INVALID;
        }
        if (line.len == 0) {
            return SP_OK;
        }
        SP_TRY(read_hash(line, &proof->path));
    }
}

enum sp_err sp_proof_read(struct sp_slice text, struct sp_proof *out)
{
    struct sp_text t;
    out->index = 0;
    out->path.count = 0;
    sp_buf_init(&out->entry, LINE_BYTES_MAX);
    sp_text_init(&t, text);
    if (text.len > SP_PROOF_BYTES_MAX) {
        return SP_ERR_INVALID;
    }
    SP_TRY(read_lines(&t, out));
    out->note = sp_text_rest(&t);
    return sp_checkpoint_read(out->note, &out->checkpoint);
}

enum sp_err sp_proof_check(const struct sp_proof *proof, const struct sp_note_key *key)
{
    struct sp_slice hashes[SP_ARCHIVE_PROOF_MAX];
    struct sp_node leaf;
    if (!sp_slice_is(proof->checkpoint.origin, key->name)) {
        return SP_ERR_NOT_FOUND;
    }
    SP_TRY(sp_note_verify(proof->note, key));
    SP_TRY(sp_merkle_leaf(sp_buf_slice(&proof->entry), &leaf));
    for (size_t i = 0; i < proof->path.count; i++) {
        hashes[i] = sp_node_slice(&proof->path.hashes[i]);
    }
    enum sp_err err = sp_merkle_check_inclusion(
        proof->index, proof->checkpoint.size, sp_node_slice(&leaf),
        (struct sp_merkle_proof){.hashes = hashes, .count = proof->path.count},
        sp_node_slice(&proof->checkpoint.root));
    return err == SP_ERR_INVALID ? SP_ERR_CORRUPT : err;
}
