/* Covers audit/repeat.c: what is taken is what the writer makes again, and nothing is touched where nothing is taken. */
#include "audit/repeat.h"
#include "base/assert.h"
#include "base/writer.h"
#include "crypto/hash.h"

#define MARK 0x53505250U

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(struct sp_slice in)
{
    struct sp_repeat repeat = {.state = SP_REPEAT_UNKNOWN};
    struct sp_repeat twice;
    uint64_t generation = 7;
    size_t len = 99;
    SP_AUTO_BUF struct sp_buf again;
    sp_buf_init(&again, 2 * SP_REPEAT_HEAD_MAX);
    enum sp_err err = sp_repeat_take(in, &repeat, &generation, &len);
    if (err != SP_OK) {
        SP_ASSERT(err == SP_ERR_CORRUPT && generation == 7 && len == 99);
        return;
    }
    SP_ASSERT(len <= in.len && repeat.state < SP_REPEAT_STATES && repeat.err < SP_ERR_COUNT);
    SP_ASSERT(sp_repeat_put(&repeat, generation, &again) == SP_OK && again.len == len);
    SP_ASSERT(sp_repeat_take(sp_buf_slice(&again), &twice, &generation, &len) == SP_OK &&
              twice.err == repeat.err);
    SP_ASSERT(sp_slice_equal(twice.tenant, repeat.tenant) &&
              twice.answer_bytes == repeat.answer_bytes);
}

/* Once as it is, and once as the body of a head with the right digest, which no mutation would find. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct sp_slice in = sp_slice_make(data, size);
    uint8_t digest[SP_SHA256_BYTES];
    struct sp_writer w;
    SP_AUTO_BUF struct sp_buf whole;
    sp_buf_init(&whole, size + 64);
    sp_writer_init(&w, &whole);
    SP_ASSERT(sp_sha256(in, digest) == SP_OK);
    sp_writer_u32(&w, MARK);
    sp_writer_bytes(&w, sp_slice_make(digest, sizeof(digest)));
    sp_writer_block(&w, in);
    SP_ASSERT(sp_writer_end(&w) == SP_OK);
    check(in);
    check(sp_buf_slice(&whole));
    return 0;
}
