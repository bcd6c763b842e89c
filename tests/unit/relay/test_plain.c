/* plain: HTTP/1.1 over descriptors that are connected already. The pool is the far end of each pair. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/own.h"
#include "relay/plain.h"

#define CONNECTIONS 4U
#define BIG_BYTES   ((size_t)1024 * 1024)

struct world {
    struct sp_loop *loop;
    struct sp_plain *plain;
    int pool[CONNECTIONS];  /* our ends, in the order in which they are handed out */
    int ready[CONNECTIONS]; /* theirs, -1 once handed out */
    unsigned handed;
    unsigned available;
    unsigned ended;
    struct sp_http_end last;
    char body[256];
    char why[SP_HTTP_WHY_MAX];
    bool starts_again; /* from within the next end */
};

static void start(struct world *world, size_t slot, const char *body, uint32_t timeout_ms)
{
    struct sp_http_request request = {.target = SP_SLICE_LITERAL("/executions?identifier=a%2Fb"),
                                      .body = sp_slice_of(body),
                                      .timeout_ms = timeout_ms};
    assert_int_equal(sp_plain_start(world->plain, slot, &request), SP_OK);
}

static enum sp_err hand_out(void *ctx, int *out_fd)
{
    struct world *world = ctx;
    if (world->handed == world->available) {
        return SP_ERR_NOT_FOUND;
    }
    *out_fd = sp_take_fd(&world->ready[world->handed++]);
    return SP_OK;
}

static void note_end(void *ctx, size_t slot, const struct sp_http_end *end)
{
    struct world *world = ctx;
    world->ended++;
    world->last = *end;
    if (world->starts_again) {
        world->starts_again = false;
        start(world, slot, "{\"again\":1}", 2000);
    }
    world->body[sp_slice_copy(end->body, world->body, sizeof(world->body) - 1)] = '\0';
    (void)snprintf(world->why, sizeof(world->why), "%s", end->why);
}

static void open_world_at(struct world *world, unsigned available,
                          const struct sp_http_config *config)
{
    struct sp_http_ops ops = {.take_connection = hand_out, .ended = note_end, .ctx = world};
    *world = (struct world){.available = available};
    for (unsigned i = 0; i < available; i++) {
        int ends[2];
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends),
                         0);
        world->ready[i] = ends[0];
        world->pool[i] = ends[1];
    }
    assert_int_equal(sp_loop_new(&world->loop), SP_OK);
    assert_int_equal(sp_plain_new(world->loop, config, &ops, &world->plain), SP_OK);
}

static void open_world(struct world *world, unsigned available)
{
    const struct sp_http_config config = {
        .is_local = true, .host = SP_SLICE_LITERAL("localhost"), .idle_s = 20, .slots = 4};
    open_world_at(world, available, &config);
}

static void close_world(struct world *world)
{
    sp_plain_free(world->plain);
    sp_loop_free(world->loop);
    for (unsigned i = 0; i < world->available; i++) {
        sp_close(i >= world->handed ? world->ready[i] : -1);
        sp_close(world->pool[i]);
    }
}

/* Turns the loop until what arrived on a connection holds `until`. */
static void read_request(struct world *world, unsigned connection, const char *until, char *out,
                         size_t room)
{
    size_t have = 0;
    uint64_t deadline = sp_clock_mono_ms() + 5000;
    out[0] = '\0';
    while (strstr(out, until) == NULL && sp_clock_mono_ms() < deadline) {
        assert_int_equal(sp_loop_turn(world->loop, 1), SP_OK);
        ssize_t got = recv(world->pool[connection], out + have, room - 1 - have, MSG_DONTWAIT);
        have += got > 0 ? (size_t)got : 0;
        out[have] = '\0';
    }
    assert_non_null(strstr(out, until));
}

static void say(struct world *world, unsigned connection, const char *text)
{
    assert_int_equal(write(world->pool[connection], text, strlen(text)), strlen(text));
}

static void hang_up(struct world *world, unsigned connection)
{
    sp_close(sp_take_fd(&world->pool[connection]));
}

static void wait_end(struct world *world, unsigned count)
{
    uint64_t deadline = sp_clock_mono_ms() + 5000;
    while (world->ended < count && sp_clock_mono_ms() < deadline) {
        assert_int_equal(sp_loop_turn(world->loop, 10), SP_OK);
    }
    assert_int_equal(world->ended, count);
}

static const char *const good_answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/* A request of slot 0 that arrives on this connection; then one with its answer. */
static void ask(struct world *world, unsigned connection)
{
    char seen[2048];
    start(world, 0, "{}", 20000);
    read_request(world, connection, "{}", seen, sizeof(seen));
}

static void exchange(struct world *world, unsigned connection, const char *answer)
{
    unsigned before = world->ended;
    ask(world, connection);
    say(world, connection, answer);
    wait_end(world, before + 1);
}

static void test_plain_sends_only_what_it_was_given(void **state)
{
    (void)state;
    struct world world;
    char seen[2048];
    open_world(&world, 1);
    assert_int_equal(sp_plain_set_bearer(world.plain, sp_slice_of("t0ken")), SP_OK);
    start(&world, 0, "{\"a\":1}", 2000);
    read_request(&world, 0, "{\"a\":1}", seen, sizeof(seen));
    assert_string_equal(
        seen,
        "POST /executions?identifier=a%2Fb HTTP/1.1\r\nHost: localhost\r\nUser-Agent: sallyport\r\n"
        "Authorization: Bearer t0ken\r\nAccept: application/json\r\n"
        "Content-Type: application/json\r\nContent-Length: 7\r\n\r\n{\"a\":1}");
    say(&world, 0, good_answer);
    wait_end(&world, 1);
    assert_int_equal(world.last.state, SP_HTTP_ANSWERED);
    assert_int_equal(world.last.status, 200);
    assert_string_equal(world.body, "ok");
    assert_string_equal(world.why, "");
    close_world(&world);
}

static void test_plain_takes_a_new_bearer_from_the_next_request_on(void **state)
{
    (void)state;
    struct world world;
    char seen[2048];
    open_world(&world, 1);
    assert_int_equal(sp_plain_set_bearer(world.plain, sp_slice_of("first")), SP_OK);
    exchange(&world, 0, good_answer);
    assert_int_equal(sp_plain_set_bearer(world.plain, sp_slice_of("second")), SP_OK);
    start(&world, 0, "{}", 2000);
    read_request(&world, 0, "{}", seen, sizeof(seen));
    assert_non_null(strstr(seen, "\r\nAuthorization: Bearer second\r\n"));
    assert_int_equal(sp_plain_set_bearer(world.plain, sp_slice_of("")), SP_OK);
    say(&world, 0, good_answer);
    wait_end(&world, 2);
    start(&world, 0, "{}", 2000);
    read_request(&world, 0, "{}", seen, sizeof(seen));
    assert_null(strstr(seen, "Authorization"));
    close_world(&world);
}

static void test_plain_names_the_host_as_the_url_does(void **state)
{
    (void)state;
    static const struct {
        const char *host;
        uint16_t port;
        const char *field;
    } cases[] = {{"pool.example", 8080, "\r\nHost: pool.example:8080\r\n"},
                 {"pool.example", 80, "\r\nHost: pool.example\r\n"},
                 {"::1", 8080, "\r\nHost: [::1]:8080\r\n"}};
    for (size_t i = 0; i < SP_COUNT(cases); i++) {
        struct world world;
        char seen[2048];
        const struct sp_http_config config = {
            .host = sp_slice_of(cases[i].host), .port = cases[i].port, .idle_s = 20, .slots = 4};
        open_world_at(&world, 1, &config);
        start(&world, 0, "{}", 2000);
        read_request(&world, 0, "{}", seen, sizeof(seen));
        assert_non_null(strstr(seen, cases[i].field));
        close_world(&world);
    }
}

static void test_plain_uses_a_connection_again(void **state)
{
    (void)state;
    struct world world;
    char seen[2048];
    open_world(&world, 2);
    for (unsigned i = 1; i <= 3; i++) {
        start(&world, i, "{}", 2000);
        read_request(&world, 0, "{}", seen, sizeof(seen));
        assert_int_equal(sp_plain_idle(world.plain), 0);
        say(&world, 0, good_answer);
        wait_end(&world, i);
        assert_int_equal(sp_plain_idle(world.plain), 1);
    }
    assert_int_equal(world.handed, 1);
    close_world(&world);
}

/* Answers after which a connection cannot carry another request, beside their neighbour above. */
static void test_plain_leaves_a_connection_that_cannot_be_trusted(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok",
        "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\n"};
    for (size_t i = 0; i < SP_COUNT(cases); i++) {
        struct world world;
        print_message("%s\n", cases[i]);
        open_world(&world, 2);
        exchange(&world, 0, cases[i]);
        assert_int_equal(world.last.state, SP_HTTP_ANSWERED);
        assert_string_equal(world.body, "ok");
        assert_int_equal(sp_plain_idle(world.plain), 0);
        exchange(&world, 1, good_answer);
        assert_int_equal(world.last.state, SP_HTTP_ANSWERED);
        close_world(&world);
    }
}

static void test_plain_leaves_a_connection_that_was_idle_too_long(void **state)
{
    (void)state;
    struct world world;
    const struct sp_http_config config = {
        .is_local = true, .host = SP_SLICE_LITERAL("localhost"), .idle_s = 0, .slots = 4};
    open_world_at(&world, 2, &config);
    exchange(&world, 0, good_answer);
    (void)usleep(5000);
    assert_int_equal(sp_plain_idle(world.plain), 0);
    exchange(&world, 1, good_answer);
    assert_int_equal(world.last.state, SP_HTTP_ANSWERED);
    close_world(&world);
}

/* At once, after a turn of the loop that hears of the end, and so late that the connection is looked at first. */
static void test_plain_sends_nothing_into_an_ended_connection(void **state)
{
    (void)state;
    for (unsigned round = 0; round < 3; round++) {
        struct world world;
        open_world(&world, 2);
        exchange(&world, 0, good_answer);
        hang_up(&world, 0);
        (void)usleep(round == 2 ? 100000 : 0);
        for (unsigned i = 0; i < round % 2; i++) {
            assert_int_equal(sp_loop_turn(world.loop, 50), SP_OK);
            assert_int_equal(sp_plain_idle(world.plain), 0);
        }
        exchange(&world, 1, good_answer);
        assert_int_equal(world.last.state, SP_HTTP_ANSWERED);
        assert_int_equal(world.ended, 2);
        close_world(&world);
    }
}

static void test_plain_says_when_there_is_no_living_connection(void **state)
{
    (void)state;
    for (unsigned dead = 0; dead < 2; dead++) {
        struct world world;
        open_world(&world, dead);
        for (unsigned i = 0; i < dead; i++) {
            hang_up(&world, i);
        }
        start(&world, 0, "{}", 2000);
        assert_int_equal(world.ended, 1);
        assert_int_equal(world.last.state, SP_HTTP_NO_CONNECTION);
        close_world(&world);
    }
}

static void test_plain_never_sends_a_body_twice(void **state)
{
    (void)state;
    struct world world;
    char seen[2048];
    open_world(&world, 3);
    exchange(&world, 0, good_answer);
    start(&world, 0, "{\"x\":2}", 2000);
    read_request(&world, 0, "{\"x\":2}", seen, sizeof(seen));
    hang_up(&world, 0); /* took it, and left */
    wait_end(&world, 2);
    assert_int_equal(world.last.state, SP_HTTP_BROKEN);
    assert_int_equal(world.handed, 1);
    assert_string_equal(world.why, "the pool closed the connection without an answer");
    close_world(&world);
}

/* Each answer is followed by the end of the connection. */
static void test_plain_calls_an_answer_that_is_not_whole_broken(void **state)
{
    (void)state;
    static const struct {
        const char *answer;
        enum sp_http_state state;
    } cases[] = {
        {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", SP_HTTP_ANSWERED},
        {"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok", SP_HTTP_BROKEN},
        {"HTTP/1.1 200 OK\r\nContent-Le", SP_HTTP_BROKEN},
        {"HTTP/1.1 100 Continue\r\n\r\n", SP_HTTP_BROKEN},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
         SP_HTTP_ANSWERED},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n", SP_HTTP_BROKEN},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;a=b\r\nok\r\n0\r\n\r\n",
         SP_HTTP_ANSWERED},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;a\nok\r\n0\r\n\r\n",
         SP_HTTP_BROKEN},
        {"HTTP/1.1 200 OK\r\n\r\nok", SP_HTTP_ANSWERED}, /* until the end */
        {"HTTP/1.1 204 No\r\n\r\n", SP_HTTP_ANSWERED},
        {"HTTP/1.1 204 No\r\nContent-Length: 2\r\n\r\nok", SP_HTTP_BROKEN},
        {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nok", SP_HTTP_BROKEN},
        {"HTTP/1.1 200 OK\nContent-Length: 2\n\nok", SP_HTTP_BROKEN},
        {"HTTP/2.0 200 OK\r\nContent-Length: 2\r\n\r\nok", SP_HTTP_BROKEN},
        {"garbage\r\n\r\n", SP_HTTP_BROKEN},
        {"", SP_HTTP_BROKEN}};
    for (size_t i = 0; i < SP_COUNT(cases); i++) {
        struct world world;
        print_message("%s\n", cases[i].answer);
        open_world(&world, 2);
        ask(&world, 0);
        say(&world, 0, cases[i].answer);
        hang_up(&world, 0);
        wait_end(&world, 1);
        assert_int_equal(world.last.state, cases[i].state);
        assert_int_equal(world.why[0] != '\0', cases[i].state == SP_HTTP_BROKEN);
        assert_int_equal(world.handed, 1);
        close_world(&world);
    }
}

static void test_plain_takes_an_answer_in_any_pieces(void **state)
{
    (void)state;
    static const char *const text =
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n"
        "Transfer-Encoding: chunked\r\n\r\n1\r\no\r\n1\r\nk\r\n0\r\n\r\n";
    struct world world;
    open_world(&world, 1);
    ask(&world, 0);
    for (size_t i = 0; i < strlen(text); i++) {
        assert_int_equal(world.ended, 0);
        assert_int_equal(write(world.pool[0], text + i, 1), 1);
        assert_int_equal(sp_loop_turn(world.loop, 10), SP_OK);
    }
    assert_int_equal(world.ended, 1);
    assert_int_equal(world.last.state, SP_HTTP_ANSWERED);
    assert_string_equal(world.body, "ok");
    assert_int_equal(sp_plain_idle(world.plain), 1);
    close_world(&world);
}

static void test_plain_ends_a_request_at_its_time(void **state)
{
    (void)state;
    struct world world;
    char seen[2048];
    open_world(&world, 3);
    start(&world, 0, "{}", 10000);
    start(&world, 1, "{}", 60);
    start(&world, 2, "{}", 120);
    read_request(&world, 1, "{}", seen, sizeof(seen));
    wait_end(&world, 1);
    assert_int_equal(world.last.state, SP_HTTP_BROKEN);
    wait_end(&world, 2);
    assert_int_equal(world.last.state, SP_HTTP_BROKEN);
    assert_int_equal(sp_plain_idle(world.plain), 0); /* a late answer must not be the next one's */
    say(&world, 0, good_answer);
    wait_end(&world, 3);
    assert_int_equal(world.last.state, SP_HTTP_ANSWERED);
    close_world(&world);
}

static void test_plain_follows_nothing_and_keeps_the_pools_patience(void **state)
{
    (void)state;
    static const struct {
        const char *fields;
        uint32_t seconds;
    } cases[] = {{"Retry-After: 7\r\n", 7},
                 {"Retry-After: 86399\r\n", 86399},
                 {"Retry-After: 86400\r\n", 0},
                 {"Retry-After: 7\r\nRetry-After: 8\r\n", 0},
                 {"Retry-After: Fri, 31 Dec 1999 23:59:59 GMT\r\n", 0},
                 {"", 0}};
    for (size_t i = 0; i < SP_COUNT(cases); i++) {
        struct world world;
        char answer[256];
        open_world(&world, 2);
        (void)snprintf(answer, sizeof(answer),
                       "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 307 No\r\n"
                       "Location: http://elsewhere/\r\n%sContent-Length: 0\r\n\r\n",
                       cases[i].fields);
        exchange(&world, 0, answer);
        assert_int_equal(world.last.state, SP_HTTP_ANSWERED);
        assert_int_equal(world.last.status, 307);
        assert_int_equal(world.last.retry_after_s, cases[i].seconds);
        assert_int_equal(world.handed, 1);
        close_world(&world);
    }
}

static void test_plain_carries_several_requests_at_once(void **state)
{
    (void)state;
    struct world world;
    char seen[2048];
    open_world(&world, 3);
    for (unsigned i = 0; i < 3; i++) {
        start(&world, i, "{}", 2000);
    }
    for (unsigned i = 3; i > 0; i--) {
        read_request(&world, i - 1, "{}", seen, sizeof(seen));
        say(&world, i - 1, good_answer);
    }
    wait_end(&world, 3);
    assert_int_equal(sp_plain_idle(world.plain), 3);
    close_world(&world);
}

/* The body that is told of stays what it was, although its memory's place is taken by the next one's. */
static void test_plain_may_start_the_next_request_from_within_an_end(void **state)
{
    (void)state;
    struct world world;
    char seen[2048];
    open_world(&world, 2);
    world.starts_again = true;
    exchange(&world, 0, good_answer);
    assert_string_equal(world.body, "ok");
    read_request(&world, 0, "{\"again\":1}", seen, sizeof(seen));
    say(&world, 0, "HTTP/1.1 404 No\r\nContent-Length: 3\r\n\r\nnew");
    wait_end(&world, 2);
    assert_int_equal(world.last.status, 404);
    assert_string_equal(world.body, "new");
    close_world(&world);
}

/* --- more than a socket takes at once --- */

static char *big_body(void)
{
    char *body = malloc(BIG_BYTES + 1);
    assert_non_null(body);
    for (size_t i = 0; i < BIG_BYTES; i++) {
        body[i] = (char)('a' + i % 23);
    }
    body[BIG_BYTES] = '\0';
    return body;
}

static void test_plain_sends_a_large_body_whole_and_in_order(void **state)
{
    (void)state;
    struct world world;
    SP_AUTO_FREE char *body = big_body();
    SP_AUTO_FREE char *seen = malloc(2 * BIG_BYTES);
    open_world(&world, 1);
    start(&world, 0, body, 5000);
    size_t have = 0;
    uint64_t deadline = sp_clock_mono_ms() + 5000;
    while ((have < BIG_BYTES || memcmp(seen + have - 4, body + BIG_BYTES - 4, 4) != 0) &&
           sp_clock_mono_ms() < deadline) {
        assert_int_equal(sp_loop_turn(world.loop, 0), SP_OK);
        ssize_t got = recv(world.pool[0], seen + have, 2 * BIG_BYTES - have, MSG_DONTWAIT);
        have += got > 0 ? (size_t)got : 0;
    }
    assert_true(have > BIG_BYTES);
    assert_memory_equal(seen + have - BIG_BYTES, body, BIG_BYTES);
    say(&world, 0, good_answer);
    wait_end(&world, 1);
    assert_int_equal(world.last.state, SP_HTTP_ANSWERED);
    assert_int_equal(sp_plain_idle(world.plain), 1);
    exchange(&world, 0, good_answer);
    close_world(&world);
}

/* A pool may answer and not want the rest; one that only hangs up has taken nobody knows what. */
static void test_plain_hears_of_an_end_before_the_body_is_out(void **state)
{
    (void)state;
    static const char *const answers[] = {"HTTP/1.1 413 No\r\nContent-Length: 2\r\n\r\nno", ""};
    SP_AUTO_FREE char *body = big_body();
    for (size_t i = 0; i < SP_COUNT(answers); i++) {
        struct world world;
        open_world(&world, 2);
        start(&world, 0, body, 5000);
        say(&world, 0, answers[i]);
        hang_up(&world, 0);
        wait_end(&world, 1);
        assert_int_equal(world.last.state, i == 0 ? SP_HTTP_ANSWERED : SP_HTTP_BROKEN);
        assert_int_equal(sp_plain_idle(world.plain), 0); /* half a request is on it */
        assert_int_equal(world.handed, 1);
        close_world(&world);
    }
}

static void test_plain_takes_no_answer_over_its_limit(void **state)
{
    (void)state;
    struct world world;
    SP_AUTO_FREE char *part = big_body();
    open_world(&world, 1);
    ask(&world, 0);
    say(&world, 0, "HTTP/1.1 200 OK\r\n\r\n");
    size_t said = 0;
    while (world.ended == 0 && said <= SP_HTTP_ANSWER_BYTES_MAX + BIG_BYTES) {
        ssize_t sent = send(world.pool[0], part, BIG_BYTES, MSG_DONTWAIT | MSG_NOSIGNAL);
        said += sent > 0 ? (size_t)sent : 0;
        assert_int_equal(sp_loop_turn(world.loop, 1), SP_OK);
    }
    assert_true(said > SP_HTTP_ANSWER_BYTES_MAX);
    assert_int_equal(world.ended, 1);
    assert_int_equal(world.last.state, SP_HTTP_BROKEN);
    assert_string_equal(world.why, "the answer is over its limit");
    close_world(&world);
}

static void test_plain_refuses_what_cannot_be_a_bearer_or_a_number_of_slots(void **state)
{
    (void)state;
    struct world world;
    struct sp_plain *none = NULL;
    struct sp_http_config config = {.host = SP_SLICE_LITERAL("localhost"), .slots = 0};
    const struct sp_http_ops ops = {.take_connection = hand_out, .ended = note_end, .ctx = &world};
    SP_AUTO_FREE char *bearer = big_body();
    open_world(&world, 0);
    assert_int_equal(sp_plain_set_bearer(world.plain, sp_slice_of(bearer)), SP_ERR_TOO_BIG);
    assert_int_equal(sp_plain_new(world.loop, &config, &ops, &none), SP_ERR_RANGE);
    config.slots = SP_HTTP_SLOTS_MAX + 1;
    assert_int_equal(sp_plain_new(world.loop, &config, &ops, &none), SP_ERR_RANGE);
    close_world(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain_sends_only_what_it_was_given),
        cmocka_unit_test(test_plain_takes_a_new_bearer_from_the_next_request_on),
        cmocka_unit_test(test_plain_names_the_host_as_the_url_does),
        cmocka_unit_test(test_plain_uses_a_connection_again),
        cmocka_unit_test(test_plain_leaves_a_connection_that_cannot_be_trusted),
        cmocka_unit_test(test_plain_leaves_a_connection_that_was_idle_too_long),
        cmocka_unit_test(test_plain_sends_nothing_into_an_ended_connection),
        cmocka_unit_test(test_plain_says_when_there_is_no_living_connection),
        cmocka_unit_test(test_plain_never_sends_a_body_twice),
        cmocka_unit_test(test_plain_calls_an_answer_that_is_not_whole_broken),
        cmocka_unit_test(test_plain_takes_an_answer_in_any_pieces),
        cmocka_unit_test(test_plain_ends_a_request_at_its_time),
        cmocka_unit_test(test_plain_follows_nothing_and_keeps_the_pools_patience),
        cmocka_unit_test(test_plain_carries_several_requests_at_once),
        cmocka_unit_test(test_plain_may_start_the_next_request_from_within_an_end),
        cmocka_unit_test(test_plain_sends_a_large_body_whole_and_in_order),
        cmocka_unit_test(test_plain_hears_of_an_end_before_the_body_is_out),
        cmocka_unit_test(test_plain_takes_no_answer_over_its_limit),
        cmocka_unit_test(test_plain_refuses_what_cannot_be_a_bearer_or_a_number_of_slots),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
