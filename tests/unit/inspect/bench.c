#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bench.h"
#include "crypto/hash.h"
#include "policy/policy.h"

void open_bench(struct bench *bench)
{
    struct sp_policy policy;
    struct sp_where where = {.text = {0}};
    SP_AUTO_BUF struct sp_buf text;
    sp_buf_init(&text, SP_POLICY_TEXT_BYTES_MAX);
    assert_int_equal(sp_policy_open(sp_slice_of("data-science"), &policy, &where), SP_OK);
    assert_int_equal(sp_policy_print(&policy, &text), SP_OK);
    sp_policy_done(&policy);
    assert_int_equal(sp_sha256(sp_buf_slice(&text), bench->digest), SP_OK);
    assert_int_equal(sp_inspect_room_new(BODY_BYTES_MAX, UPLOAD_BYTES_MAX, &bench->room), SP_OK);
    assert_int_equal(sp_inspect_add_policy(bench->room, sp_buf_slice(&text), bench->digest, &where),
                     SP_OK);
}

enum sp_err judge(struct bench *bench, unsigned operation, const struct sp_arguments *arguments,
                  struct sp_slice body, struct sp_msg_verdict *out)
{
    static uint8_t space[64 * 1024];
    SP_AUTO_BUF struct sp_buf encoded;
    struct sp_writer w;
    struct sp_msg_job job = {
        .exchange = 77, .operation = (uint8_t)operation, .body = {.bytes = body, .fd = -1}};
    for (size_t i = 0; i < SP_DIGEST_BYTES; i++) {
        job.policy[i] = bench->digest[i];
    }
    sp_buf_init(&encoded, sizeof(space));
    if (arguments != NULL) {
        sp_writer_init(&w, &encoded);
        sp_arguments_write(&w, arguments);
        assert_int_equal(sp_writer_end(&w), SP_OK);
        job.arguments =
            sp_slice_make(space, sp_slice_copy(sp_buf_slice(&encoded), space, sizeof(space)));
    }
    return sp_inspect_job(bench->room, &job, out);
}

enum sp_err judge_run(struct bench *bench, struct sp_slice body, struct sp_msg_verdict *out)
{
    return judge(bench, SP_OPERATION_EXECUTE, NULL, body, out);
}
