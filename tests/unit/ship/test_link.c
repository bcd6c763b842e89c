#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/own.h"
#include "ship/link.h"

struct world {
    struct sp_loop *loop;
    struct sp_link *link;
    unsigned left; /* messages that are to be sent */
    size_t size;   /* of each, filled up */
    unsigned asked;
    unsigned too_long;
    const char *lost;
};

static bool on_more(void *ctx, struct sp_buf *out)
{
    struct world *w = ctx;
    if (w->left == 0) {
        return false;
    }
    w->left--;
    assert_int_equal(out->len, 0);
    assert_int_equal(sp_buf_putf(out, "message %u\n", ++w->asked), SP_OK);
    while (out->len < w->size) {
        assert_int_equal(sp_buf_put_byte(out, '.'), SP_OK);
    }
    return true;
}

static void on_too_long(void *ctx)
{
    struct world *w = ctx;
    w->too_long++;
}

static void on_lost(void *ctx, const char *why)
{
    struct world *w = ctx;
    assert_null(w->lost);
    w->lost = why;
}

static void begin(struct world *w, int take_fd, unsigned messages)
{
    const struct sp_link_how how = {
        .ctx = w, .more = on_more, .too_long = on_too_long, .lost = on_lost};
    struct sp_link_how with = how;
    *w = (struct world){.left = messages};
    assert_int_equal(sp_loop_new(&w->loop), SP_OK);
    with.loop = w->loop;
    assert_int_equal(sp_link_new(&with, take_fd, &w->link), SP_OK);
}

static void turn(struct world *w)
{
    for (unsigned i = 0; i < 20; i++) {
        assert_int_equal(sp_loop_turn(w->loop, 1), SP_OK);
    }
}

static void end(struct world *w)
{
    sp_link_free(w->link);
    sp_loop_free(w->loop);
}

static void pair(int type, int ends[2])
{
    assert_int_equal(socketpair(AF_UNIX, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), 0);
}

static void test_the_kind_of_a_descriptor_decides_the_framing(void **state)
{
    struct world w;
    int ends[2];
    (void)state;
    pair(SOCK_STREAM, ends);
    begin(&w, ends[0], 0);
    assert_int_equal(sp_link_framing(w.link), SP_FRAMING_COUNTED);
    assert_false(sp_link_is_lossy(w.link));
    end(&w);
    close(ends[1]);
    pair(SOCK_DGRAM, ends);
    begin(&w, ends[0], 0);
    assert_int_equal(sp_link_framing(w.link), SP_FRAMING_DATAGRAMS);
    end(&w);
    close(ends[1]);
    assert_int_equal(pipe2(ends, O_NONBLOCK | O_CLOEXEC), 0);
    begin(&w, ends[1], 0);
    assert_int_equal(sp_link_framing(w.link), SP_FRAMING_LINES);
    end(&w);
    close(ends[0]);
}

static void test_messages_go_out_when_they_are_there(void **state)
{
    struct world w;
    char got[256] = "";
    int ends[2];
    (void)state;
    pair(SOCK_STREAM, ends);
    begin(&w, ends[0], 2);
    turn(&w);
    assert_int_equal(read(ends[1], got, sizeof(got)), 20);
    assert_string_equal(got, "message 1\nmessage 2\n");
    assert_true(sp_link_is_drained(w.link));
    w.left = 1;
    turn(&w);
    assert_int_equal(read(ends[1], got, sizeof(got)), -1); /* nobody said that there is one */
    sp_link_kick(w.link);
    assert_int_equal(read(ends[1], got, sizeof(got)), 10);
    end(&w);
    close(ends[1]);
}

/* One that reads nothing is asked for nothing more: the message at hand is all that is held. */
static void test_one_that_stalls_holds_one_message(void **state)
{
    static char got[1 << 20];
    struct world w;
    size_t total = 0;
    int ends[2];
    (void)state;
    pair(SOCK_STREAM, ends);
    begin(&w, ends[0], 1000);
    w.size = 10000;
    turn(&w);
    const unsigned asked = w.asked;
    assert_true(asked < 200);
    assert_false(sp_link_is_drained(w.link));
    sp_link_kick(w.link);
    turn(&w);
    assert_int_equal(w.asked, asked);
    for (unsigned i = 0; i < 1000 && total < 1000 * w.size; i++) {
        const ssize_t n = read(ends[1], got, sizeof(got));
        total += n > 0 ? (size_t)n : 0;
        turn(&w);
    }
    assert_int_equal(w.asked, 1000);
    assert_int_equal(total, 1000 * w.size);
    assert_true(sp_link_is_drained(w.link));
    assert_null(w.lost);
    end(&w);
    close(ends[1]);
}

static void test_one_that_leaves_is_told_once(void **state)
{
    struct world w;
    int ends[2];
    (void)state;
    pair(SOCK_STREAM, ends);
    begin(&w, ends[0], 0);
    turn(&w);
    assert_null(w.lost);
    close(ends[1]);
    turn(&w);
    assert_string_equal(w.lost, "the connection was lost");
    sp_link_kick(w.link);
    end(&w);
}

static void test_what_a_collector_says_is_thrown_away(void **state)
{
    static char noise[100000];
    struct world w;
    int ends[2];
    (void)state;
    pair(SOCK_STREAM, ends);
    begin(&w, ends[0], 0);
    for (unsigned i = 0; i < 50; i++) {
        (void)!write(ends[1], noise, sizeof(noise));
        turn(&w);
    }
    assert_null(w.lost);
    w.left = 1;
    sp_link_kick(w.link);
    assert_int_equal(read(ends[1], noise, sizeof(noise)), 10);
    end(&w);
    close(ends[1]);
}

static void test_a_datagram_that_is_too_long_is_dropped_and_said(void **state)
{
    static char got[4096];
    struct world w;
    int small = 4608;
    int ends[2];
    (void)state;
    pair(SOCK_DGRAM, ends);
    assert_int_equal(setsockopt(ends[0], SOL_SOCKET, SO_SNDBUF, &small, sizeof(small)), 0);
    begin(&w, ends[0], 1);
    w.size = 200000;
    turn(&w);
    assert_int_equal(w.too_long, 1);
    w.size = 0;
    w.left = 1;
    sp_link_kick(w.link);
    assert_int_equal(read(ends[1], got, sizeof(got)), 10);
    assert_null(w.lost);
    end(&w);
    close(ends[1]);
}

static void test_a_cut_line_of_a_file_is_ended_first(void **state)
{
    char path[] = "/tmp/sp-test-link-XXXXXX";
    char got[64] = "";
    struct world w;
    (void)state;
    SP_AUTO_CLOSE int fd = mkstemp(path);
    assert_int_equal(write(fd, "cut", 3), 3);
    begin(&w, dup(fd), 1);
    turn(&w);
    end(&w);
    begin(&w, dup(fd), 1);
    turn(&w);
    end(&w);
    assert_int_equal(pread(fd, got, sizeof(got), 0), 24);
    assert_string_equal(got, "cut\nmessage 1\nmessage 1\n");
    (void)unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_kind_of_a_descriptor_decides_the_framing),
        cmocka_unit_test(test_messages_go_out_when_they_are_there),
        cmocka_unit_test(test_one_that_stalls_holds_one_message),
        cmocka_unit_test(test_one_that_leaves_is_told_once),
        cmocka_unit_test(test_what_a_collector_says_is_thrown_away),
        cmocka_unit_test(test_a_datagram_that_is_too_long_is_dropped_and_said),
        cmocka_unit_test(test_a_cut_line_of_a_file_is_ended_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
