#include "session/link.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/own.h"

static struct sp_link_frame in;

static void test_frame_arrives_with_its_sender(void **state)
{
    SP_AUTO_CLOSE int a = -1;
    SP_AUTO_CLOSE int b = -1;
    SP_AUTO_BUF struct sp_buf scratch;
    const struct sp_frame frame = {.type = SP_FRAME_KILL, .ticket = 7};
    (void)state;
    sp_buf_init(&scratch, SP_FRAME_BYTES_MAX);
    assert_int_equal(sp_link_pair(true, &a, &b), SP_OK);
    assert_int_equal(sp_link_send(a, &frame, -1, &scratch), SP_OK);
    assert_int_equal(sp_link_receive(b, &in), SP_OK);
    assert_int_equal(in.frame.ticket, 7);
    assert_int_equal(in.sender, getpid());
}

static void test_sender_is_unknown_without_credentials(void **state)
{
    SP_AUTO_CLOSE int a = -1;
    SP_AUTO_CLOSE int b = -1;
    SP_AUTO_BUF struct sp_buf scratch;
    const struct sp_frame frame = {.type = SP_FRAME_READY};
    (void)state;
    sp_buf_init(&scratch, SP_FRAME_BYTES_MAX);
    assert_int_equal(sp_link_pair(false, &a, &b), SP_OK);
    assert_int_equal(sp_link_send(a, &frame, -1, &scratch), SP_OK);
    assert_int_equal(sp_link_receive(b, &in), SP_OK);
    assert_int_equal(in.sender, 0);
}

static void test_descriptor_that_comes_unasked_is_closed(void **state)
{
    SP_AUTO_CLOSE int a = -1;
    SP_AUTO_CLOSE int b = -1;
    SP_AUTO_BUF struct sp_buf scratch;
    const struct sp_frame frame = {.type = SP_FRAME_READY};
    int before = dup(0);
    (void)state;
    sp_close(before);
    sp_buf_init(&scratch, SP_FRAME_BYTES_MAX);
    assert_int_equal(sp_link_pair(false, &a, &b), SP_OK);
    int next = dup(0);
    sp_close(next);
    assert_int_equal(sp_link_send(a, &frame, 0, &scratch), SP_OK);
    assert_int_equal(sp_link_receive(b, &in), SP_OK);
    int after = dup(0);
    sp_close(after);
    assert_int_equal(after, next);
}

static void expect_ticket(int from, uint32_t ticket)
{
    assert_int_equal(sp_link_receive(from, &in), SP_OK);
    assert_int_equal(in.frame.type, SP_FRAME_KILL);
    assert_int_equal(in.frame.ticket, ticket);
}

static void test_pack_goes_out_in_order_and_when_it_is_full(void **state)
{
    SP_AUTO_CLOSE int a = -1;
    SP_AUTO_CLOSE int b = -1;
    struct sp_link_pack pack;
    uint8_t byte = 0;
    (void)state;
    sp_link_pack_init(&pack);
    assert_int_equal(sp_link_pair(true, &a, &b), SP_OK);
    for (uint32_t i = 0; i < SP_LINK_PACK_MAX; i++) {
        const struct sp_frame frame = {.type = SP_FRAME_KILL, .ticket = i};
        assert_int_equal(sp_link_pack_add(&pack, a, &frame), SP_OK);
    }
    assert_int_equal(recv(b, &byte, 1, MSG_DONTWAIT | MSG_PEEK), -1);
    const struct sp_frame one_more = {.type = SP_FRAME_KILL, .ticket = SP_LINK_PACK_MAX};
    assert_int_equal(sp_link_pack_add(&pack, a, &one_more), SP_OK);
    for (uint32_t i = 0; i < SP_LINK_PACK_MAX; i++) {
        expect_ticket(b, i);
        assert_int_equal(in.sender, getpid());
    }
    assert_int_equal(recv(b, &byte, 1, MSG_DONTWAIT | MSG_PEEK), -1);
    assert_int_equal(sp_link_pack_send(&pack, a), SP_OK);
    expect_ticket(b, SP_LINK_PACK_MAX);
    assert_int_equal(sp_link_pack_send(&pack, a), SP_OK);
    assert_int_equal(recv(b, &byte, 1, MSG_DONTWAIT | MSG_PEEK), -1);
    sp_link_pack_done(&pack);
}

static void test_pack_that_nobody_takes_says_so_and_is_empty(void **state)
{
    SP_AUTO_CLOSE int a = -1;
    SP_AUTO_CLOSE int b = -1;
    struct sp_link_pack pack;
    const struct sp_frame frame = {.type = SP_FRAME_READY};
    const struct sp_frame wrong = {.type = SP_FRAME_NONE};
    (void)state;
    sp_link_pack_init(&pack);
    assert_int_equal(sp_link_pair(false, &a, &b), SP_OK);
    assert_int_equal(sp_link_pack_add(&pack, a, &wrong), SP_ERR_WIRE);
    assert_int_equal(sp_link_pack_add(&pack, a, &frame), SP_OK);
    sp_close(sp_take_fd(&b));
    assert_int_equal(sp_link_pack_send(&pack, a), SP_ERR_CLOSED);
    assert_int_equal(sp_link_pack_send(&pack, a), SP_OK);
    sp_link_pack_done(&pack);
}

static void test_wrong_bytes_and_the_end_have_their_errors(void **state)
{
    SP_AUTO_CLOSE int a = -1;
    SP_AUTO_CLOSE int b = -1;
    SP_AUTO_BUF struct sp_buf scratch;
    const struct sp_frame frame = {.type = SP_FRAME_READY};
    (void)state;
    sp_buf_init(&scratch, SP_FRAME_BYTES_MAX);
    assert_int_equal(sp_link_pair(false, &a, &b), SP_OK);
    assert_int_equal(send(a, "\xff", 1, 0), 1);
    assert_int_equal(sp_link_receive(b, &in), SP_ERR_WIRE);
    sp_close(sp_take_fd(&a));
    assert_int_equal(sp_link_receive(b, &in), SP_ERR_CLOSED);
    assert_int_equal(sp_link_send(b, &frame, -1, &scratch), SP_ERR_CLOSED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_frame_arrives_with_its_sender),
        cmocka_unit_test(test_sender_is_unknown_without_credentials),
        cmocka_unit_test(test_descriptor_that_comes_unasked_is_closed),
        cmocka_unit_test(test_pack_goes_out_in_order_and_when_it_is_full),
        cmocka_unit_test(test_pack_that_nobody_takes_says_so_and_is_empty),
        cmocka_unit_test(test_wrong_bytes_and_the_end_have_their_errors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
