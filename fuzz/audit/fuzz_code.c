/* Covers audit/code.c and the key's text of crypto/seal_key.c: nothing opens but what was sealed, and a key has one text. */
#include "audit/code.h"
#include "base/assert.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_key(enum sp_seal_key which, struct sp_slice in)
{
    SP_AUTO_BUF struct sp_buf again;
    uint8_t key[SP_SEAL_KEY_BYTES];
    sp_buf_init(&again, SP_SEAL_KEY_TEXT_MAX);
    if (sp_seal_key_read(which, in, key) == SP_OK) {
        SP_ASSERT(sp_seal_key_write(which, key, &again) == SP_OK &&
                  sp_slice_equal(sp_buf_slice(&again), in));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    /* The object of the corpus was sealed to this key; a changed one opens to nothing, or to the same text. */
    static const uint8_t key[SP_SEAL_KEY_BYTES] = {1, 2, 3};
    const struct sp_slice in = sp_slice_make(data, size);
    SP_AUTO_BUF struct sp_buf out;
    sp_buf_init(&out, (size_t)1024 * 1024);
    if (sp_code_unseal(key, in, &out) == SP_OK) {
        SP_ASSERT(in.len == out.len + SP_CODE_MORE &&
                  sp_slice_is(sp_buf_slice(&out), "print(6 * 7)\n"));
    } else {
        SP_ASSERT(out.len == 0);
    }
    check_key(SP_SEAL_PUBLIC, in);
    check_key(SP_SEAL_PRIVATE, in);
    return 0;
}
