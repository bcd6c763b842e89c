#include "wire/channel.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/own.h"

struct side {
    struct sp_channel *channel;
    unsigned messages;
    unsigned lost;
    enum sp_err why;
    uint16_t type;
    size_t body_len;
    int kept_fd;
    enum sp_err answer;
    bool is_freeing;
    bool is_freeing_lost;
};

struct pair {
    struct sp_loop *loop;
    struct side a;
    struct side b;
    int raw; /* an end without a channel */
};

static enum sp_err on_message(void *ctx, struct sp_channel *from, struct sp_message *message)
{
    struct side *side = ctx;
    side->messages++;
    side->type = message->type;
    side->body_len = message->body.len;
    if (message->fd_count > 0) {
        sp_close(side->kept_fd);
        side->kept_fd = sp_take_fd(&message->fds[0]);
    }
    if (side->is_freeing) {
        sp_channel_free(from);
        side->channel = NULL;
    }
    return side->answer;
}

static void on_lost(void *ctx, struct sp_channel *from, enum sp_err why)
{
    struct side *side = ctx;
    side->lost++;
    side->why = why;
    if (side->is_freeing_lost) {
        sp_channel_free(from);
        side->channel = NULL;
    }
}

/* `a` sends, `b` receives; with `raw` the sending end stays a plain descriptor. */
static struct pair new_pair(bool one_way, bool is_raw)
{
    struct pair pair = {.a = {.kept_fd = -1}, .b = {.kept_fd = -1}, .raw = -1};
    int sender = -1;
    int receiver = -1;
    assert_int_equal(sp_loop_new(&pair.loop), SP_OK);
    assert_int_equal(sp_channel_pair(one_way, &sender, &receiver), SP_OK);
    pair.raw = is_raw ? sender : -1;
    (void)receiver;
    pair.a.kept_fd = is_raw ? -1 : sender;
    pair.b.kept_fd = receiver;
    return pair;
}

/* The contexts have to be where they stay. */
static void connect_pair(struct pair *pair, bool one_way)
{
    if (pair->raw < 0) {
        assert_int_equal(sp_channel_new(pair->loop, sp_take_fd(&pair->a.kept_fd),
                                        one_way ? NULL : on_message, on_lost, &pair->a,
                                        &pair->a.channel),
                         SP_OK);
    }
    assert_int_equal(sp_channel_new(pair->loop, sp_take_fd(&pair->b.kept_fd), on_message, on_lost,
                                    &pair->b, &pair->b.channel),
                     SP_OK);
}

static void end_pair(struct pair *pair)
{
    sp_channel_free(pair->a.channel);
    sp_channel_free(pair->b.channel);
    sp_close(pair->a.kept_fd);
    sp_close(pair->b.kept_fd);
    sp_close(pair->raw);
    sp_loop_free(pair->loop);
}

static void turns(struct pair *pair, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        assert_int_equal(sp_loop_turn(pair->loop, 0), SP_OK);
    }
}

static void test_messages_arrive_whole_also_empty_and_full(void **state)
{
    static uint8_t bytes[SP_MESSAGE_BYTES_MAX + 1];
    const size_t sizes[] = {0, 1, 300, SP_MESSAGE_BYTES_MAX};
    (void)state;
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        struct pair pair = new_pair(false, false);
        connect_pair(&pair, false);
        assert_int_equal(
            sp_channel_send(pair.a.channel, 7, sp_slice_make(bytes, sizes[i]), NULL, 0), SP_OK);
        turns(&pair, 1);
        assert_int_equal(pair.b.messages, 1);
        assert_int_equal(pair.b.type, 7);
        assert_int_equal(pair.b.body_len, sizes[i]);
        assert_int_equal(pair.b.lost, 0);
        end_pair(&pair);
    }
    struct pair pair = new_pair(false, false);
    connect_pair(&pair, false);
    assert_int_equal(
        sp_channel_send(pair.a.channel, 7, sp_slice_make(bytes, sizeof(bytes)), NULL, 0),
        SP_ERR_TOO_BIG);
    turns(&pair, 1);
    assert_int_equal(pair.b.messages, 0);
    end_pair(&pair);
}

static void test_queue_holds_what_the_socket_does_not_and_is_bounded(void **state)
{
    static uint8_t bytes[SP_MESSAGE_BYTES_MAX];
    struct pair pair = new_pair(true, false);
    unsigned sent = 0;
    enum sp_err err = SP_OK;
    (void)state;
    connect_pair(&pair, true);
    while (err == SP_OK) {
        err = sp_channel_send(pair.a.channel, 1, sp_slice_make(bytes, sizeof(bytes)), NULL, 0);
        sent += err == SP_OK;
    }
    assert_int_equal(err, SP_ERR_FULL);
    assert_true(sp_channel_waiting(pair.a.channel) > 0);
    assert_true(sp_channel_waiting(pair.a.channel) <= SP_CHANNEL_QUEUE_MAX);
    turns(&pair, sent);
    assert_int_equal(pair.b.messages, sent);
    assert_int_equal(sp_channel_waiting(pair.a.channel), 0);
    assert_int_equal(pair.a.lost, 0);
    end_pair(&pair);
}

static void test_descriptors_travel_also_through_the_queue(void **state)
{
    static uint8_t bytes[SP_MESSAGE_BYTES_MAX];
    struct pair pair = new_pair(true, false);
    int ends[2];
    char got = 0;
    (void)state;
    connect_pair(&pair, true);
    unsigned sent = 0;
    while (sp_channel_waiting(pair.a.channel) == 0) {
        assert_int_equal(
            sp_channel_send(pair.a.channel, 1, sp_slice_make(bytes, sizeof(bytes)), NULL, 0),
            SP_OK);
        sent++;
    }
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    assert_int_equal(sp_channel_send(pair.a.channel, 2, sp_slice_make(bytes, 1), &ends[1], 1),
                     SP_OK);
    close(ends[1]); /* the queue has its own */
    turns(&pair, sent + 1);
    assert_int_equal(pair.b.messages, sent + 1);
    assert_true(pair.b.kept_fd >= 0);
    assert_true((fcntl(pair.b.kept_fd, F_GETFD) & FD_CLOEXEC) != 0);
    assert_int_equal(write(pair.b.kept_fd, "k", 1), 1);
    assert_int_equal(read(ends[0], &got, 1), 1);
    assert_int_equal(got, 'k');
    close(ends[0]);
    end_pair(&pair);
}

static void test_untaken_descriptors_are_closed(void **state)
{
    struct pair pair = new_pair(false, false);
    int ends[2];
    char got = 0;
    (void)state;
    connect_pair(&pair, false);
    pair.b.answer = SP_ERR_WIRE;
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    const int both[2] = {ends[1], ends[1]};
    assert_int_equal(sp_channel_send(pair.a.channel, 2, sp_slice_make(NULL, 0), both, 2), SP_OK);
    close(ends[1]);
    turns(&pair, 1);
    sp_close(sp_take_fd(&pair.b.kept_fd));
    assert_int_equal(read(ends[0], &got, 1), 0);
    close(ends[0]);
    end_pair(&pair);
}

/* What a process that is taken over could write: each closes the wire, none reaches the handler. */
static void test_broken_messages_close_the_wire(void **state)
{
    static const struct {
        const char *name;
        uint8_t bytes[12];
        size_t len;
        enum sp_err want;
    } cases[] = {
        {.name = "no bytes at all", .bytes = {0}, .len = 0, .want = SP_ERR_CLOSED},
        {.name = "half a header", .bytes = {0, 1, 0, 0}, .len = 4, .want = SP_ERR_WIRE},
        {.name = "a length over the message",
         .bytes = {0, 1, 0, 0, 0, 0, 0, 5, 'x'},
         .len = 9,
         .want = SP_ERR_WIRE},
        {.name = "a length under the message",
         .bytes = {0, 1, 0, 0, 0, 0, 0, 0, 'x'},
         .len = 9,
         .want = SP_ERR_WIRE},
        {.name = "a huge length",
         .bytes = {0, 1, 0, 0, 255, 255, 255, 255},
         .len = 8,
         .want = SP_ERR_WIRE},
        {.name = "half a second header",
         .bytes = {0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0},
         .len = 12,
         .want = SP_ERR_WIRE},
        {.name = "reserved bits", .bytes = {0, 1, 0, 1, 0, 0, 0, 0}, .len = 8, .want = SP_ERR_WIRE},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct pair pair = new_pair(false, true);
        connect_pair(&pair, false);
        assert_int_equal(send(pair.raw, cases[i].bytes, cases[i].len, 0), (ssize_t)cases[i].len);
        turns(&pair, 1);
        if (pair.b.messages != 0 || pair.b.lost != 1 || pair.b.why != cases[i].want) {
            fail_msg("%s: %u messages, lost %u, %s", cases[i].name, pair.b.messages, pair.b.lost,
                     sp_err_name(pair.b.why));
        }
        end_pair(&pair);
    }
}

static void test_message_longer_than_the_limit_closes_the_wire(void **state)
{
    static uint8_t bytes[SP_MESSAGE_BYTES_MAX + 64];
    struct pair pair = new_pair(false, true);
    (void)state;
    connect_pair(&pair, false);
    bytes[5] = 1; /* a length that the cut message would have: 64 KiB */
    assert_int_equal(send(pair.raw, bytes, sizeof(bytes), 0), (ssize_t)sizeof(bytes));
    turns(&pair, 1);
    assert_int_equal(pair.b.messages, 0);
    assert_int_equal(pair.b.why, SP_ERR_WIRE);
    end_pair(&pair);
}

static void test_too_many_descriptors_close_the_wire(void **state)
{
    struct pair pair = new_pair(false, true);
    uint8_t header[8] = {0, 1, 0, 0, 0, 0, 0, 0};
    _Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int) * (SP_MESSAGE_FDS_MAX + 1))] = {0};
    struct iovec part = {.iov_base = header, .iov_len = sizeof(header)};
    struct msghdr head = {.msg_iov = &part,
                          .msg_iovlen = 1,
                          .msg_control = control,
                          .msg_controllen = sizeof(control)};
    struct cmsghdr *rights = CMSG_FIRSTHDR(&head);
    (void)state;
    connect_pair(&pair, false);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(sizeof(int) * (SP_MESSAGE_FDS_MAX + 1));
    for (unsigned i = 0; i <= SP_MESSAGE_FDS_MAX; i++) {
        ((int *)(void *)CMSG_DATA(rights))[i] = pair.raw;
    }
    assert_int_equal(sendmsg(pair.raw, &head, 0), sizeof(header));
    turns(&pair, 1);
    assert_int_equal(pair.b.messages, 0);
    assert_int_equal(pair.b.why, SP_ERR_WIRE);
    end_pair(&pair);
}

static void test_what_was_sent_before_the_end_is_still_read(void **state)
{
    struct pair pair = new_pair(false, false);
    (void)state;
    connect_pair(&pair, false);
    assert_int_equal(sp_channel_send(pair.a.channel, 3, sp_slice_make("hi", 2), NULL, 0), SP_OK);
    sp_channel_free(pair.a.channel);
    pair.a.channel = NULL;
    assert_int_equal(sp_channel_send(pair.b.channel, 3, sp_slice_make("hi", 2), NULL, 0), SP_OK);
    sp_channel_flush(pair.b.channel);
    assert_int_equal(sp_channel_send(pair.b.channel, 3, sp_slice_make("hi", 2), NULL, 0),
                     SP_ERR_CLOSED);
    assert_int_equal(pair.b.lost, 0);
    turns(&pair, 2);
    assert_int_equal(pair.b.messages, 1);
    assert_int_equal(pair.b.lost, 1);
    assert_int_equal(pair.b.why, SP_ERR_CLOSED);
    end_pair(&pair);
}

static void test_sender_of_a_one_way_wire_learns_of_the_end(void **state)
{
    struct pair pair = new_pair(true, false);
    (void)state;
    connect_pair(&pair, true);
    turns(&pair, 3);
    assert_int_equal(pair.a.lost, 0);
    assert_int_equal(sp_channel_send(pair.b.channel, 3, sp_slice_make("no", 2), NULL, 0), SP_OK);
    sp_channel_flush(pair.b.channel);
    assert_int_equal(sp_channel_send(pair.b.channel, 3, sp_slice_make("no", 2), NULL, 0),
                     SP_ERR_CLOSED);
    sp_channel_free(pair.b.channel);
    pair.b.channel = NULL;
    turns(&pair, 1);
    assert_int_equal(pair.a.lost, 1);
    end_pair(&pair);
}

static void test_channel_may_be_freed_by_its_own_callbacks(void **state)
{
    (void)state;
    for (unsigned round = 0; round < 4; round++) {
        struct pair pair = new_pair(false, false);
        connect_pair(&pair, false);
        pair.b.is_freeing = (round & 1U) != 0;
        pair.b.is_freeing_lost = !pair.b.is_freeing;
        pair.b.answer = (round & 2U) != 0 ? SP_ERR_WIRE : SP_OK;
        for (unsigned i = 0; i < 3; i++) {
            assert_int_equal(sp_channel_send(pair.a.channel, 3, sp_slice_make("hi", 2), NULL, 0),
                             SP_OK);
        }
        sp_channel_free(pair.a.channel);
        pair.a.channel = NULL;
        turns(&pair, 2);
        assert_int_equal(pair.b.messages, round == 0 ? 3 : 1);
        assert_int_equal(pair.b.lost, pair.b.is_freeing ? 0 : 1);
        assert_null(pair.b.channel);
        end_pair(&pair);
    }
}

static void test_small_messages_of_a_turn_leave_in_one_packet(void **state)
{
    struct pair pair = new_pair(false, true);
    struct sp_channel *sender = NULL;
    uint8_t got[256];
    (void)state;
    assert_int_equal(sp_channel_new(pair.loop, sp_take_fd(&pair.b.kept_fd), on_message, on_lost,
                                    &pair.b, &sender),
                     SP_OK);
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(sp_channel_send(sender, 1, sp_slice_make("hi", 2), NULL, 0), SP_OK);
    }
    assert_int_equal(sp_channel_waiting(sender), 3);
    assert_int_equal(recv(pair.raw, got, sizeof(got), MSG_DONTWAIT), -1);
    turns(&pair, 1);
    assert_int_equal(sp_channel_waiting(sender), 0);
    assert_int_equal(recv(pair.raw, got, sizeof(got), MSG_DONTWAIT), 30);
    assert_int_equal(recv(pair.raw, got, sizeof(got), MSG_DONTWAIT), -1);
    sp_channel_free(sender);
    end_pair(&pair);
}

static enum sp_err on_numbered(void *ctx, struct sp_channel *from, struct sp_message *message)
{
    struct side *side = ctx;
    (void)from;
    assert_int_equal(message->type, side->messages);
    side->messages++;
    side->body_len += message->body.len;
    return SP_OK;
}

static void test_order_stays_whatever_the_sizes(void **state)
{
    static uint8_t bytes[SP_MESSAGE_BYTES_MAX];
    const size_t sizes[] = {1,    4096, 4097, 0,    30000, 2,    2,    65536, 3, 4000,
                            4000, 4000, 4000, 4000, 4000,  4000, 4000, 4000,  5};
    struct pair pair = new_pair(false, false);
    int ends[2];
    size_t total = 0;
    (void)state;
    assert_int_equal(sp_channel_new(pair.loop, sp_take_fd(&pair.a.kept_fd), on_message, on_lost,
                                    &pair.a, &pair.a.channel),
                     SP_OK);
    assert_int_equal(sp_channel_new(pair.loop, sp_take_fd(&pair.b.kept_fd), on_numbered, on_lost,
                                    &pair.b, &pair.b.channel),
                     SP_OK);
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    for (size_t i = 0; i < SP_COUNT(sizes); i++) {
        const unsigned fd_count = i % 5 == 4 ? 1 : 0;
        total += sizes[i];
        assert_int_equal(sp_channel_send(pair.a.channel, (uint16_t)i,
                                         sp_slice_make(bytes, sizes[i]), &ends[0], fd_count),
                         SP_OK);
    }
    turns(&pair, 10);
    assert_int_equal(pair.b.messages, SP_COUNT(sizes));
    assert_int_equal(pair.b.body_len, total);
    assert_int_equal(pair.b.lost, 0);
    close(ends[0]);
    close(ends[1]);
    end_pair(&pair);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_messages_arrive_whole_also_empty_and_full),
        cmocka_unit_test(test_queue_holds_what_the_socket_does_not_and_is_bounded),
        cmocka_unit_test(test_descriptors_travel_also_through_the_queue),
        cmocka_unit_test(test_untaken_descriptors_are_closed),
        cmocka_unit_test(test_broken_messages_close_the_wire),
        cmocka_unit_test(test_message_longer_than_the_limit_closes_the_wire),
        cmocka_unit_test(test_too_many_descriptors_close_the_wire),
        cmocka_unit_test(test_what_was_sent_before_the_end_is_still_read),
        cmocka_unit_test(test_sender_of_a_one_way_wire_learns_of_the_end),
        cmocka_unit_test(test_channel_may_be_freed_by_its_own_callbacks),
        cmocka_unit_test(test_small_messages_of_a_turn_leave_in_one_packet),
        cmocka_unit_test(test_order_stays_whatever_the_sizes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
