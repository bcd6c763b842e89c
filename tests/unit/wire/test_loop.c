#include "wire/loop.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"

struct seen {
    struct sp_loop *loop;
    struct sp_watch *watch;
    struct sp_timer *timer;
    struct sp_timer *other;
    unsigned count;
    unsigned what;
    bool is_freeing;
};

static struct sp_loop *new_loop(void)
{
    struct sp_loop *loop = NULL;
    assert_int_equal(sp_loop_new(&loop), SP_OK);
    return loop;
}

static void on_ready(void *ctx, int fd, unsigned what)
{
    struct seen *seen = ctx;
    (void)fd;
    seen->count++;
    seen->what |= what;
    if (seen->is_freeing) {
        sp_watch_free(seen->watch);
        seen->watch = NULL;
    }
}

static void on_timer(void *ctx)
{
    struct seen *seen = ctx;
    seen->count++;
    if (seen->is_freeing) {
        sp_timer_free(seen->timer);
        seen->timer = NULL;
    }
}

static void on_timer_again(void *ctx)
{
    struct seen *seen = ctx;
    seen->count++;
    assert_int_equal(sp_timer_set(seen->timer, 0), SP_OK);
}

static void on_timer_free_other(void *ctx)
{
    struct seen *seen = ctx;
    seen->count++;
    sp_timer_free(seen->other);
    seen->other = NULL;
}

static void on_timer_stop(void *ctx)
{
    sp_loop_stop(ctx);
}

static void test_watch_reports_what_is_asked_for(void **state)
{
    struct seen seen = {.loop = new_loop()};
    int ends[2];
    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    assert_int_equal(sp_watch_new(seen.loop, ends[0], SP_WATCH_READ, on_ready, &seen, &seen.watch),
                     SP_OK);
    assert_int_equal(sp_loop_turn(seen.loop, 0), SP_OK);
    assert_int_equal(seen.count, 0);
    assert_int_equal(write(ends[1], "x", 1), 1);
    assert_int_equal(sp_loop_turn(seen.loop, 0), SP_OK);
    assert_int_equal(seen.what, SP_WATCH_READ);
    assert_int_equal(sp_watch_set(seen.watch, SP_WATCH_WRITE), SP_OK);
    seen.what = 0;
    assert_int_equal(sp_loop_turn(seen.loop, 0), SP_OK);
    assert_int_equal(seen.what, SP_WATCH_WRITE);
    assert_int_equal(sp_watch_set(seen.watch, 0), SP_OK);
    seen.count = 0;
    assert_int_equal(sp_loop_turn(seen.loop, 0), SP_OK);
    assert_int_equal(seen.count, 0);
    sp_watch_free(seen.watch);
    sp_loop_free(seen.loop);
    close(ends[0]);
    close(ends[1]);
}

static void test_hangup_is_told_once_even_with_unread_bytes(void **state)
{
    struct seen seen = {.loop = new_loop()};
    int ends[2];
    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    assert_int_equal(
        sp_watch_new(seen.loop, ends[0], SP_WATCH_HANGUP, on_ready, &seen, &seen.watch), SP_OK);
    assert_int_equal(write(ends[1], "x", 1), 1);
    assert_int_equal(sp_loop_turn(seen.loop, 0), SP_OK);
    assert_int_equal(seen.count, 0);
    /* Closing with unread bytes on the other side makes an error on ours, not only an end. */
    assert_int_equal(write(ends[0], "y", 1), 1);
    close(ends[1]);
    for (unsigned i = 0; i < 5; i++) {
        assert_int_equal(sp_loop_turn(seen.loop, 0), SP_OK);
    }
    assert_int_equal(seen.count, 1);
    assert_int_equal(seen.what, SP_WATCH_HANGUP);
    assert_int_equal(sp_watch_set(seen.watch, SP_WATCH_HANGUP), SP_OK);
    assert_int_equal(sp_loop_turn(seen.loop, 0), SP_OK);
    assert_int_equal(seen.count, 2);
    sp_watch_free(seen.watch);
    sp_loop_free(seen.loop);
    close(ends[0]);
}

static void test_half_close_is_hangup_but_not_dead(void **state)
{
    struct seen seen = {.loop = new_loop()};
    int ends[2];
    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    assert_int_equal(shutdown(ends[1], SHUT_WR), 0);
    assert_int_equal(sp_watch_new(seen.loop, ends[0], SP_WATCH_DEAD, on_ready, &seen, &seen.watch),
                     SP_OK);
    assert_int_equal(sp_loop_turn(seen.loop, 0), SP_OK);
    assert_int_equal(seen.count, 0);
    assert_int_equal(sp_watch_set(seen.watch, SP_WATCH_HANGUP), SP_OK);
    assert_int_equal(sp_loop_turn(seen.loop, 0), SP_OK);
    assert_int_equal(seen.count, 1);
    sp_watch_free(seen.watch);
    sp_loop_free(seen.loop);
    close(ends[0]);
    close(ends[1]);
}

static void test_watch_may_free_itself_between_read_and_write(void **state)
{
    struct seen seen = {.loop = new_loop(), .is_freeing = true};
    int ends[2];
    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    assert_int_equal(write(ends[1], "x", 1), 1);
    assert_int_equal(sp_watch_new(seen.loop, ends[0], SP_WATCH_READ | SP_WATCH_WRITE, on_ready,
                                  &seen, &seen.watch),
                     SP_OK);
    assert_int_equal(sp_loop_turn(seen.loop, 0), SP_OK);
    assert_int_equal(seen.count, 1);
    sp_loop_free(seen.loop);
    close(ends[0]);
    close(ends[1]);
}

static void test_timer_of_zero_runs_once_a_turn(void **state)
{
    struct seen seen = {.loop = new_loop()};
    (void)state;
    assert_int_equal(sp_timer_new(seen.loop, on_timer_again, &seen, &seen.timer), SP_OK);
    assert_int_equal(sp_timer_set(seen.timer, 0), SP_OK);
    assert_int_equal(sp_timer_set(seen.timer, 0), SP_OK);
    assert_int_equal(sp_loop_turn(seen.loop, 1000), SP_OK);
    assert_int_equal(seen.count, 1);
    assert_int_equal(sp_loop_turn(seen.loop, 1000), SP_OK);
    assert_int_equal(seen.count, 2);
    sp_timer_free(seen.timer);
    sp_loop_free(seen.loop);
}

static void test_timer_may_free_one_that_is_due_behind_it(void **state)
{
    struct seen seen = {.loop = new_loop()};
    struct seen never = {.loop = seen.loop};
    (void)state;
    assert_int_equal(sp_timer_new(seen.loop, on_timer_free_other, &seen, &seen.timer), SP_OK);
    assert_int_equal(sp_timer_new(seen.loop, on_timer, &never, &seen.other), SP_OK);
    assert_int_equal(sp_timer_set(seen.timer, 0), SP_OK);
    assert_int_equal(sp_timer_set(seen.other, 0), SP_OK);
    assert_int_equal(sp_loop_turn(seen.loop, 0), SP_OK);
    assert_int_equal(seen.count, 1);
    assert_int_equal(never.count, 0);
    sp_timer_free(seen.timer);
    sp_loop_free(seen.loop);
}

static void test_timer_waits_its_time_and_stops(void **state)
{
    struct seen seen = {.loop = new_loop(), .is_freeing = true};
    (void)state;
    assert_int_equal(sp_timer_new(seen.loop, on_timer, &seen, &seen.timer), SP_OK);
    assert_int_equal(sp_timer_set(seen.timer, 5), SP_OK);
    sp_timer_stop(seen.timer);
    assert_int_equal(sp_loop_turn(seen.loop, 10), SP_OK);
    assert_int_equal(seen.count, 0);
    uint64_t start = sp_clock_mono_ms();
    assert_int_equal(sp_timer_set(seen.timer, 20), SP_OK);
    while (seen.count == 0) {
        assert_int_equal(sp_loop_turn(seen.loop, 100), SP_OK);
    }
    assert_true(sp_clock_mono_ms() - start >= 19);
    sp_loop_free(seen.loop);
}

static void on_signal(void *ctx, int signo)
{
    struct seen *seen = ctx;
    seen->count += (unsigned)signo;
}

static void test_signal_arrives_in_the_loop(void **state)
{
    struct seen seen = {.loop = new_loop()};
    (void)state;
    assert_int_equal(sp_loop_on_signal(seen.loop, SIGUSR1, on_signal, &seen), SP_OK);
    assert_int_equal(raise(SIGUSR1), 0);
    assert_int_equal(seen.count, 0);
    assert_int_equal(sp_loop_turn(seen.loop, 1000), SP_OK);
    assert_int_equal(seen.count, SIGUSR1);
    sp_loop_free(seen.loop);
}

static void test_run_ends_when_stopped(void **state)
{
    struct sp_loop *loop = new_loop();
    struct sp_timer *timer = NULL;
    (void)state;
    assert_int_equal(sp_timer_new(loop, on_timer_stop, loop, &timer), SP_OK);
    assert_int_equal(sp_timer_set(timer, 1), SP_OK);
    assert_int_equal(sp_loop_run(loop), SP_OK);
    sp_timer_free(timer);
    sp_loop_free(loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_watch_reports_what_is_asked_for),
        cmocka_unit_test(test_hangup_is_told_once_even_with_unread_bytes),
        cmocka_unit_test(test_half_close_is_hangup_but_not_dead),
        cmocka_unit_test(test_watch_may_free_itself_between_read_and_write),
        cmocka_unit_test(test_timer_of_zero_runs_once_a_turn),
        cmocka_unit_test(test_timer_may_free_one_that_is_due_behind_it),
        cmocka_unit_test(test_timer_waits_its_time_and_stops),
        cmocka_unit_test(test_signal_arrives_in_the_loop),
        cmocka_unit_test(test_run_ends_when_stopped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
