/* Covers audit/proof.c: a proof has one text, and under a key it shows only what stands in the tree that was signed. */
#include "audit/proof.h"
#include "base/assert.h"
#include "base/num.h"
#include "codec/base64.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void put_line(struct sp_buf *out, const char *name, struct sp_slice bytes)
{
    SP_ASSERT(sp_buf_put_text(out, name) == SP_OK &&
              sp_base64_encode(SP_BASE64_STANDARD, bytes, out) == SP_OK &&
              sp_buf_put_byte(out, '\n') == SP_OK);
}

static void check_text(const struct sp_proof *proof, struct sp_slice in)
{
    SP_AUTO_BUF struct sp_buf again;
    sp_buf_init(&again, SP_PROOF_BYTES_MAX);
    SP_ASSERT(sp_buf_put_text(&again, "c2sp.org/tlog-proof@v1\n") == SP_OK);
    if (sp_slice_starts(sp_slice_sub(in, again.len, in.len), "extra")) {
        put_line(&again, "extra ", sp_buf_slice(&proof->entry));
    }
    SP_ASSERT(sp_buf_putf(&again, "index %llu\n", (unsigned long long)proof->index) == SP_OK);
    for (size_t i = 0; i < proof->path.count; i++) {
        put_line(&again, "", sp_node_slice(&proof->path.hashes[i]));
    }
    SP_ASSERT(sp_buf_put_byte(&again, '\n') == SP_OK && sp_buf_put(&again, proof->note) == SP_OK);
    SP_ASSERT(sp_slice_equal(sp_buf_slice(&again), in));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t seed[SP_SIGN_SEED_BYTES + 1] = "0123456789abcdef0123456789abcdef";
    static const char *const entries[] = {"{\"index\":0}", "{\"index\":1}", "{\"index\":2}"};
    SP_AUTO_NOTE_KEY struct sp_note_key key = {.key = NULL};
    struct sp_proof proof;
    SP_ASSERT(sp_note_key_from_seed(sp_slice_of("example/log"), seed, &key) == SP_OK);
    if (sp_proof_read(sp_slice_make(data, size), &proof) == SP_OK) {
        check_text(&proof, sp_slice_make(data, size));
        SP_ASSERT(
            sp_proof_check(&proof, &key) != SP_OK ||
            (proof.index < 3 && sp_slice_is(sp_buf_slice(&proof.entry), entries[proof.index])));
    }
    sp_buf_done(&proof.entry);
    return 0;
}
