#include "audit/repeat.h"

#include "base/reader.h"
#include "base/writer.h"
#include "crypto/hash.h"

#define MAGIC 0x53505250U

static void put_digest(struct sp_writer *w, const uint8_t digest[SP_DIGEST_BYTES])
{
    sp_writer_bytes(w, sp_slice_make(digest, SP_DIGEST_BYTES));
}

static void put_body(struct sp_writer *w, const struct sp_repeat *repeat, uint64_t generation)
{
    sp_writer_u64(w, generation);
    put_digest(w, repeat->key);
    put_digest(w, repeat->request);
    sp_writer_u8(w, (uint8_t)repeat->state);
    sp_writer_u64(w, repeat->wall_us);
    sp_writer_u64(w, repeat->intent);
    sp_writer_block(w, repeat->tenant);
    sp_writer_block(w, repeat->execution);
    sp_writer_u16(w, (uint16_t)repeat->err);
    sp_writer_u16(w, (uint16_t)SP_ERR_COUNT);
    sp_writer_u8(w, repeat->is_async ? 1 : 0);
    sp_writer_u64(w, repeat->relay_us);
    sp_writer_block(w, repeat->session);
    sp_writer_block(w, repeat->detail);
    sp_writer_u64(w, repeat->answer_bytes);
    put_digest(w, repeat->answer_digest);
}

enum sp_err sp_repeat_put(const struct sp_repeat *repeat, uint64_t generation, struct sp_buf *out)
{
    SP_AUTO_BUF struct sp_buf body;
    struct sp_writer w;
    uint8_t digest[SP_SHA256_BYTES];
    sp_buf_init(&body, SP_REPEAT_HEAD_MAX - SP_SHA256_BYTES - 8);
    sp_writer_init(&w, &body);
    put_body(&w, repeat, generation);
    SP_TRY(sp_writer_end(&w));
    SP_TRY(sp_sha256(sp_buf_slice(&body), digest));
    sp_writer_init(&w, out);
    sp_writer_u32(&w, MAGIC);
    put_digest(&w, digest);
    sp_writer_block(&w, sp_buf_slice(&body));
    return sp_writer_end(&w);
}

static enum sp_err take_digest(struct sp_reader *r, uint8_t out[SP_DIGEST_BYTES])
{
    struct sp_slice bytes = {NULL, 0};
    SP_TRY(sp_reader_bytes(r, SP_DIGEST_BYTES, &bytes));
    (void)sp_slice_copy(bytes, out, SP_DIGEST_BYTES);
    return SP_OK;
}

static enum sp_err take_end(struct sp_reader *r, struct sp_repeat *out)
{
    uint16_t err = 0;
    uint16_t count = 0;
    uint8_t is_async = 0;
    SP_TRY(sp_reader_u16(r, &err));
    SP_TRY(sp_reader_u16(r, &count));
    SP_TRY(sp_reader_u8(r, &is_async));
    SP_TRY(sp_reader_u64(r, &out->relay_us));
    SP_TRY(sp_reader_block(r, SP_MSG_SESSION_MAX, &out->session));
    SP_TRY(sp_reader_block(r, SP_MSG_DETAIL_MAX, &out->detail));
    SP_TRY(sp_reader_u64(r, &out->answer_bytes));
    SP_TRY(take_digest(r, out->answer_digest));
    if (err >= count || is_async > 1) {
        return SP_ERR_RANGE;
    }
    /* Another release may number its errors otherwise; what is no error is the same in all. */
    out->err = err == SP_OK ? SP_OK : count == SP_ERR_COUNT ? (enum sp_err)err : SP_ERR_KEY_SPENT;
    out->is_async = is_async != 0;
    return sp_reader_end(r);
}

static enum sp_err take_body(struct sp_slice in, struct sp_repeat *out, uint64_t *out_generation)
{
    struct sp_reader r;
    uint8_t state = 0;
    sp_reader_init(&r, in);
    SP_TRY(sp_reader_u64(&r, out_generation));
    SP_TRY(take_digest(&r, out->key));
    SP_TRY(take_digest(&r, out->request));
    SP_TRY(sp_reader_u8(&r, &state));
    SP_TRY(sp_reader_u64(&r, &out->wall_us));
    SP_TRY(sp_reader_u64(&r, &out->intent));
    SP_TRY(sp_reader_block(&r, SP_MSG_NAME_MAX, &out->tenant));
    SP_TRY(sp_reader_block(&r, SP_MSG_SESSION_MAX, &out->execution));
    if (state >= SP_REPEAT_STATES) {
        return SP_ERR_RANGE;
    }
    out->state = (enum sp_repeat_state)state;
    return take_end(&r, out);
}

enum sp_err sp_repeat_take(struct sp_slice in, struct sp_repeat *out, uint64_t *out_generation,
                           size_t *out_len)
{
    struct sp_reader r;
    uint32_t magic = 0;
    uint8_t said[SP_DIGEST_BYTES];
    uint8_t actual[SP_SHA256_BYTES];
    struct sp_slice body = {NULL, 0};
    struct sp_repeat repeat = {.state = SP_REPEAT_UNKNOWN};
    uint64_t generation = 0;
    sp_reader_init(&r, in);
    if (sp_reader_u32(&r, &magic) != SP_OK || magic != MAGIC || take_digest(&r, said) != SP_OK ||
        sp_reader_block(&r, SP_REPEAT_HEAD_MAX, &body) != SP_OK) {
        return SP_ERR_CORRUPT;
    }
    SP_TRY(sp_sha256(body, actual));
    if (!sp_slice_equal(sp_slice_make(actual, sizeof(actual)), sp_slice_make(said, sizeof(said))) ||
        take_body(body, &repeat, &generation) != SP_OK) {
        return SP_ERR_CORRUPT;
    }
    *out = repeat;
    *out_generation = generation;
    *out_len = r.at;
    return SP_OK;
}
