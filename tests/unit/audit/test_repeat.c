#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "audit/repeat.h"

static struct sp_repeat a_repeat(void)
{
    return (struct sp_repeat){.key = {1, 2},
                              .request = {3},
                              .state = SP_REPEAT_DONE,
                              .wall_us = 42,
                              .intent = 7,
                              .tenant = sp_slice_of("acme"),
                              .execution = sp_slice_of("run-1"),
                              .err = SP_ERR_POOL_ANSWER,
                              .is_async = true,
                              .relay_us = 99,
                              .session = sp_slice_of("5e55"),
                              .detail = sp_slice_of("why"),
                              .answer_bytes = 5,
                              .answer_digest = {9}};
}

static void put(const struct sp_repeat *repeat, struct sp_buf *out)
{
    sp_buf_init(out, SP_REPEAT_HEAD_MAX);
    assert_int_equal(sp_repeat_put(repeat, 3, out), SP_OK);
}

static void test_what_is_put_is_taken(void **state)
{
    (void)state;
    SP_AUTO_BUF struct sp_buf bytes;
    struct sp_repeat repeat = a_repeat();
    struct sp_repeat read;
    uint64_t generation = 0;
    size_t len = 0;
    put(&repeat, &bytes);
    size_t whole = bytes.len;
    assert_int_equal(sp_buf_put_text(&bytes, "the answer and more"), SP_OK);
    assert_int_equal(sp_repeat_take(sp_buf_slice(&bytes), &read, &generation, &len), SP_OK);
    assert_int_equal(generation, 3);
    assert_int_equal(len, whole);
    assert_memory_equal(read.key, repeat.key, SP_DIGEST_BYTES);
    assert_memory_equal(read.request, repeat.request, SP_DIGEST_BYTES);
    assert_memory_equal(read.answer_digest, repeat.answer_digest, SP_DIGEST_BYTES);
    assert_int_equal(read.state, SP_REPEAT_DONE);
    assert_int_equal(read.err, SP_ERR_POOL_ANSWER);
    assert_true(read.is_async && read.wall_us == 42 && read.intent == 7 && read.relay_us == 99 &&
                read.answer_bytes == 5);
    assert_true(sp_slice_is(read.tenant, "acme") && sp_slice_is(read.execution, "run-1"));
    assert_true(sp_slice_is(read.session, "5e55") && sp_slice_is(read.detail, "why"));
}

/* Any bit, and any end: a half-written record is none. */
static void test_what_was_changed_or_cut_is_not_taken(void **state)
{
    (void)state;
    SP_AUTO_BUF struct sp_buf bytes;
    struct sp_repeat repeat = a_repeat();
    struct sp_repeat read = {.state = SP_REPEAT_RUNNING};
    uint64_t generation = 11;
    size_t len = 22;
    put(&repeat, &bytes);
    for (size_t i = 0; i < bytes.len; i++) {
        bytes.ptr[i] ^= 1;
        assert_int_equal(sp_repeat_take(sp_buf_slice(&bytes), &read, &generation, &len),
                         SP_ERR_CORRUPT);
        bytes.ptr[i] ^= 1;
        assert_int_equal(sp_repeat_take(sp_slice_make(bytes.ptr, i), &read, &generation, &len),
                         SP_ERR_CORRUPT);
    }
    assert_true(read.state == SP_REPEAT_RUNNING && generation == 11 && len == 22);
    assert_int_equal(sp_repeat_take(sp_buf_slice(&bytes), &read, &generation, &len), SP_OK);
}

static void test_a_state_that_is_none_is_not_taken(void **state)
{
    (void)state;
    SP_AUTO_BUF struct sp_buf bytes;
    struct sp_repeat repeat = a_repeat();
    struct sp_repeat read;
    uint64_t generation = 0;
    size_t len = 0;
    repeat.state = SP_REPEAT_STATES;
    put(&repeat, &bytes);
    assert_int_equal(sp_repeat_take(sp_buf_slice(&bytes), &read, &generation, &len),
                     SP_ERR_CORRUPT);
}

static void test_texts_over_their_limit_are_not_put(void **state)
{
    (void)state;
    static const char long_text[SP_REPEAT_HEAD_MAX] = {0};
    struct sp_repeat repeat = a_repeat();
    SP_AUTO_BUF struct sp_buf bytes;
    sp_buf_init(&bytes, SP_REPEAT_HEAD_MAX);
    repeat.detail = sp_slice_make(long_text, sizeof(long_text));
    assert_int_equal(sp_repeat_put(&repeat, 1, &bytes), SP_ERR_TOO_BIG);
    assert_int_equal(bytes.len, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_put_is_taken),
        cmocka_unit_test(test_what_was_changed_or_cut_is_not_taken),
        cmocka_unit_test(test_a_state_that_is_none_is_not_taken),
        cmocka_unit_test(test_texts_over_their_limit_are_not_put),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
