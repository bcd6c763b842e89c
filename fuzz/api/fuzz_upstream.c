/* Fuzzes sp_upstream_read (first byte: kind of pool and status); a result that is taken travels unchanged. */
#include "api/upstream.h"
#include "base/assert.h"
#include "base/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const unsigned statuses[] = {200, 202, 204, 307, 400, 401, 403,
                                        404, 408, 429, 500, 502, 503};
    SP_AUTO_UPSTREAM_ANSWER struct sp_upstream_answer answer = {.end = SP_UPSTREAM_UNKNOWN};
    SP_AUTO_BUF struct sp_buf bytes;
    struct sp_writer w;
    struct sp_result read;
    size_t at = 0;
    unsigned kind = size > 0 ? data[0] : 0;
    struct sp_upstream u = {.family = kind % 2 == 0 ? SP_FAMILY_NEW : SP_FAMILY_OLD,
                            .is_embedded = kind % 4 > 1};
    struct sp_slice body = sp_slice_sub(sp_slice_make(data, size), 1, size);
    sp_buf_init(&bytes, 16 * size + 4096);
    SP_ASSERT(sp_upstream_read(&u, statuses[kind / 4 % SP_COUNT(statuses)], body, &answer) ==
              SP_OK);
    SP_ASSERT((answer.err == SP_OK) == (answer.end == SP_UPSTREAM_DONE));
    SP_ASSERT(sp_utf8_check(sp_slice_of(answer.reason.text), &at) == SP_OK);
    if (answer.end != SP_UPSTREAM_DONE) {
        return 0;
    }
    sp_writer_init(&w, &bytes);
    sp_result_write(&w, &answer.result);
    SP_ASSERT(sp_writer_end(&w) == SP_OK && sp_result_read(sp_buf_slice(&bytes), &read) == SP_OK);
    SP_ASSERT(sp_slice_equal(read.out_text, answer.result.out_text));
    SP_ASSERT(sp_slice_equal(read.value_json, answer.result.value_json));
    return 0;
}
