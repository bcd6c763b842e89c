#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "os/memfd.h"
#include "wire/msg.h"

/* A message over bytes, with no descriptor. */
static struct sp_message message_of(enum sp_msg_type type, struct sp_slice body)
{
    return (struct sp_message){
        .type = (uint16_t)type, .body = body, .fds = {-1, -1, -1, -1}, .fd_count = 0};
}

static const struct sp_msg_ask sample = {
    .exchange = 0x0001000000020003U,
    .source = {(const uint8_t *)"127.0.0.1", 9},
    .method = {(const uint8_t *)"POST", 4},
    .target = {(const uint8_t *)"/executions", 11},
    .has_body = 1,
    .body_bytes = 300,
};

static void write_sample(struct sp_buf *b)
{
    struct sp_writer w;
    sp_buf_init(b, SP_MESSAGE_BYTES_MAX);
    sp_writer_init(&w, b);
    sp_msg_ask_write(&w, &sample);
    assert_int_equal(sp_writer_end(&w), SP_OK);
}

static void test_what_is_written_is_read(void **state)
{
    SP_AUTO_BUF struct sp_buf b;
    struct sp_msg_ask got = {0};
    (void)state;
    write_sample(&b);
    struct sp_message message = message_of(SP_MSG_ASK, sp_buf_slice(&b));
    assert_int_equal(sp_msg_ask_read(&message, &got), SP_OK);
    assert_true(got.exchange == sample.exchange && got.body_bytes == 300 && got.has_body == 1);
    assert_true(sp_slice_is(got.target, "/executions") && sp_slice_is(got.method, "POST"));
    assert_true(sp_slice_is(got.source, "127.0.0.1"));
    assert_int_equal(got.authorization.len, 0);
}

static void test_every_cut_and_every_extra_byte_is_refused(void **state)
{
    SP_AUTO_BUF struct sp_buf b;
    struct sp_msg_ask got = {0};
    (void)state;
    write_sample(&b);
    for (size_t len = 0; len < b.len; len++) {
        struct sp_message message = message_of(SP_MSG_ASK, sp_slice_make(b.ptr, len));
        assert_int_equal(sp_msg_ask_read(&message, &got), SP_ERR_WIRE);
    }
    assert_int_equal(sp_buf_put_byte(&b, 0), SP_OK);
    struct sp_message message = message_of(SP_MSG_ASK, sp_buf_slice(&b));
    assert_int_equal(sp_msg_ask_read(&message, &got), SP_ERR_WIRE);
}

static void test_message_of_another_type_is_refused(void **state)
{
    SP_AUTO_BUF struct sp_buf b;
    struct sp_msg_ask got = {0};
    (void)state;
    write_sample(&b);
    struct sp_message message = message_of(SP_MSG_GRANT, sp_buf_slice(&b));
    assert_int_equal(sp_msg_ask_read(&message, &got), SP_ERR_WIRE);
}

static void test_text_is_checked_and_bytes_are_not(void **state)
{
    static const struct {
        const char *name;
        size_t at; /* of the byte that changes: 12 is in `source` (text), 25 in `method` (bytes) */
        uint8_t byte;
        enum sp_err want;
    } rows[] = {
        {"source that is no UTF-8", 12, 0xFF, SP_ERR_WIRE},
        {"source with a NUL", 12, 0, SP_ERR_WIRE},
        {"method that is no UTF-8", 25, 0xFF, SP_OK},
        {"source over its limit", 10, 0xFF, SP_ERR_WIRE},
    };
    (void)state;
    for (size_t i = 0; i < SP_COUNT(rows); i++) {
        SP_AUTO_BUF struct sp_buf b;
        struct sp_msg_ask got = {0};
        print_message("  %s\n", rows[i].name);
        write_sample(&b);
        b.ptr[rows[i].at] = rows[i].byte;
        struct sp_message message = message_of(SP_MSG_ASK, sp_buf_slice(&b));
        assert_int_equal(sp_msg_ask_read(&message, &got), rows[i].want);
    }
}

static void test_error_number_that_names_none_is_refused(void **state)
{
    SP_AUTO_BUF struct sp_buf b;
    struct sp_writer w;
    struct sp_msg_left got = {0};
    (void)state;
    sp_buf_init(&b, 64);
    sp_writer_init(&w, &b);
    sp_writer_u64(&w, 1);
    sp_writer_u16(&w, SP_ERR_COUNT);
    struct sp_message message = message_of(SP_MSG_LEFT, sp_buf_slice(&b));
    assert_int_equal(sp_msg_left_read(&message, &got), SP_ERR_WIRE);
    b.ptr[8] = 0;
    b.ptr[9] = SP_ERR_CLOSED;
    assert_int_equal(sp_msg_left_read(&message, &got), SP_OK);
    assert_int_equal(got.why, SP_ERR_CLOSED);
}

static void test_field_over_its_limit_is_our_own_mistake(void **state)
{
    static uint8_t big[SP_MSG_TARGET_MAX + 1];
    SP_AUTO_BUF struct sp_buf b;
    struct sp_writer w;
    struct sp_msg_ask ask = sample;
    (void)state;
    ask.target = sp_slice_make(big, sizeof(big));
    sp_buf_init(&b, SP_MESSAGE_BYTES_MAX);
    sp_writer_init(&w, &b);
    sp_msg_ask_write(&w, &ask);
    assert_int_equal(sp_writer_end(&w), SP_ERR_TOO_BIG);
}

/* Payloads take the descriptors in their order, and only those that they have. */
static void test_two_payloads_of_one_message(void **state)
{
    static uint8_t big[SP_PAYLOAD_INLINE_MAX + 1] = {7};
    SP_AUTO_BUF struct sp_buf b;
    struct sp_writer w;
    struct sp_msg_run run = {.exchange = 1, .order = {SP_SLICE_LITERAL("small"), -1, false}};
    struct sp_msg_run got = {0};
    (void)state;
    assert_int_equal(sp_payload_make(sp_slice_make(big, sizeof(big)), &run.content), SP_OK);
    sp_buf_init(&b, SP_MESSAGE_BYTES_MAX);
    sp_writer_init(&w, &b);
    sp_msg_run_write(&w, &run);
    assert_int_equal(sp_writer_end(&w), SP_OK);
    struct sp_message without = message_of(SP_MSG_RUN, sp_buf_slice(&b));
    assert_int_equal(sp_msg_run_read(&without, &got), SP_ERR_WIRE);
    struct sp_message message = message_of(SP_MSG_RUN, sp_buf_slice(&b));
    message.fds[0] = run.content.fd;
    message.fd_count = 1;
    assert_int_equal(sp_msg_run_read(&message, &got), SP_OK);
    assert_true(sp_slice_is(got.order.bytes, "small"));
    assert_true(sp_slice_equal(got.content.bytes, sp_slice_make(big, sizeof(big))));
    assert_int_equal(message.fds[0], -1);
    sp_payload_done(&got.content);
    run.content.fd = -1; /* closed with the other */
    sp_memfd_unmap(run.content.bytes);
}

static void test_every_message_has_a_name(void **state)
{
    (void)state;
    assert_string_equal(sp_msg_name(SP_MSG_ASK), "ask");
    assert_string_equal(sp_msg_name(SP_MSG_NONE), "none");
    assert_string_equal(sp_msg_name(SP_MSG_COUNT), "unknown");
    for (unsigned type = SP_MSG_NONE; type < SP_MSG_COUNT; type++) {
        assert_string_not_equal(sp_msg_name(type), "unknown");
    }
}

static void test_zero_is_the_safe_reading(void **state)
{
    (void)state;
    assert_int_equal(SP_END_UNKNOWN, 0);
    assert_int_equal(SP_VERDICT_DENY, 0);
}

static void test_exchange_is_slot_and_generation(void **state)
{
    (void)state;
    sp_exchange exchange = sp_exchange_make(0x1234, 0xABCDEF);
    assert_int_equal(sp_exchange_slot(exchange), 0x1234);
    assert_true(exchange >> 16 == 0xABCDEF);
    assert_true(sp_exchange_make(1, 1) != sp_exchange_make(1, 2));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_written_is_read),
        cmocka_unit_test(test_every_cut_and_every_extra_byte_is_refused),
        cmocka_unit_test(test_message_of_another_type_is_refused),
        cmocka_unit_test(test_text_is_checked_and_bytes_are_not),
        cmocka_unit_test(test_error_number_that_names_none_is_refused),
        cmocka_unit_test(test_field_over_its_limit_is_our_own_mistake),
        cmocka_unit_test(test_two_payloads_of_one_message),
        cmocka_unit_test(test_every_message_has_a_name),
        cmocka_unit_test(test_zero_is_the_safe_reading),
        cmocka_unit_test(test_exchange_is_slot_and_generation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
