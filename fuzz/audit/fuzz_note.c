/* Covers audit/note.c: keys and checkpoints have one text each, and under a key nothing holds but what it has signed. */
#include "audit/note.h"
#include "base/assert.h"
#include "base/num.h"
#include "codec/base64.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* All that the key of the corpus has signed. */
#define SIGNED "example/log\n3\nsHQMVWulR2YqF4oAyFZpN2CPKcXsA3ypmmXYg3kOJB8=\n\n"

static void check_key(struct sp_slice in)
{
    SP_AUTO_NOTE_KEY struct sp_note_key key = {.key = NULL};
    SP_AUTO_BUF struct sp_buf again;
    sp_buf_init(&again, SP_NOTE_TEXT_MAX);
    if (sp_note_key_read(in, &key) == SP_OK) {
        SP_ASSERT(sp_note_key_write(&key, &again) == SP_OK &&
                  sp_slice_equal(sp_buf_slice(&again), in));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t seed[SP_SIGN_SEED_BYTES + 1] = "0123456789abcdef0123456789abcdef";
    const struct sp_slice in = sp_slice_make(data, size);
    SP_AUTO_NOTE_KEY struct sp_note_key key = {.key = NULL};
    SP_AUTO_BUF struct sp_buf again;
    struct sp_checkpoint c;
    sp_buf_init(&again, SP_NOTE_BYTES_MAX);
    if (sp_checkpoint_read(in, &c) == SP_OK) {
        SP_ASSERT(sp_buf_put(&again, c.origin) == SP_OK && sp_buf_put_byte(&again, '\n') == SP_OK);
        SP_ASSERT(sp_buf_put_u64(&again, c.size) == SP_OK &&
                  sp_buf_put_byte(&again, '\n') == SP_OK);
        SP_ASSERT(sp_base64_encode(SP_BASE64_STANDARD, sp_node_slice(&c.root), &again) == SP_OK);
        SP_ASSERT(sp_slice_equal(sp_slice_sub(in, 0, again.len), sp_buf_slice(&again)) &&
                  in.ptr[again.len] == '\n');
    }
    SP_ASSERT(sp_note_key_from_seed(sp_slice_of("example/log"), seed, &key) == SP_OK);
    SP_ASSERT(sp_note_verify(in, &key) != SP_OK || sp_slice_starts(in, SIGNED));
    check_key(in);
    return 0;
}
