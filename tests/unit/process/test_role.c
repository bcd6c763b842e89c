#include "process/role.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/own.h"
#include "os/spawn.h"

/* Numbers at which the role of the test has no memory left, and at which it finds that its peer lied before. */
#define NO_MEMORY UINT64_C(13)
#define A_LIE     UINT64_C(14)

/*
 * A role of the test, run in a child as the program runs one: it answers a peer's JUDGED with ENDED, and breaks off at
 * anything else.
 */
struct echo {
    struct sp_self *self;
};

static enum sp_err echo_init(struct sp_self *self, void **out_state)
{
    static struct echo echo;
    if (!sp_slice_is(sp_self_settings(self), "settings") || sp_self_incarnation(self) != 3) {
        return SP_ERR_CONFIG;
    }
    echo.self = self;
    *out_state = &echo;
    return SP_OK;
}

static enum sp_err on_judged(void *state, struct sp_peer from, struct sp_message *message)
{
    struct echo *echo = state;
    struct sp_msg_judged judged;
    SP_TRY(sp_msg_judged_read(message, &judged));
    if (judged.exchange == NO_MEMORY) {
        return SP_ERR_NOMEM;
    }
    if (judged.exchange == A_LIE) {
        sp_self_break(echo->self, from);
        return SP_OK;
    }
    const struct sp_msg_ended ended = {.exchange = judged.exchange, .state = 2};
    return sp_msg_ended_send(sp_self_wire(echo->self, from.role, from.index), &ended);
}

static const struct sp_handler handlers[] = {{SP_ROLE_AUDIT, SP_MSG_JUDGED, on_judged}};

static const struct sp_role_spec spec = {
    .role = SP_ROLE_ADMIT,
    .init = echo_init,
    .handlers = handlers,
    .handler_count = 1,
};

struct seen {
    unsigned up;
    unsigned broken;
    unsigned lost;
    unsigned ended;
    sp_exchange exchange;
};

static enum sp_err on_message(void *ctx, struct sp_channel *from, struct sp_message *message)
{
    struct seen *seen = ctx;
    struct sp_msg_ended ended;
    (void)from;
    seen->up += message->type == SP_MSG_UP;
    seen->broken += message->type == SP_MSG_BROKEN;
    if (message->type == SP_MSG_ENDED) {
        SP_TRY(sp_msg_ended_read(message, &ended));
        seen->ended++;
        seen->exchange = ended.exchange;
    }
    return SP_OK;
}

static void on_lost(void *ctx, struct sp_channel *from, enum sp_err why)
{
    struct seen *seen = ctx;
    (void)from;
    (void)why;
    seen->lost++;
}

struct stage {
    struct sp_loop *loop;
    struct sp_channel *control;
    struct sp_channel *peer;
    struct seen seen;
    struct seen peer_seen;
    pid_t pid;
};

static void raise_stage(struct stage *stage)
{
    int ours = -1;
    int theirs = -1;
    *stage = (struct stage){.pid = -1};
    assert_int_equal(sp_loop_new(&stage->loop), SP_OK);
    assert_int_equal(sp_channel_pair(false, &ours, &theirs), SP_OK);
    stage->pid = fork();
    assert_true(stage->pid >= 0);
    if (stage->pid == 0) {
        (void)dup2(theirs, SP_SPAWN_CONTROL_FD);
        (void)close_range(SP_SPAWN_CONTROL_FD + 1, ~0U, 0);
        _exit(sp_role_run(&spec));
    }
    close(theirs);
    assert_int_equal(
        sp_channel_new(stage->loop, ours, on_message, on_lost, &stage->seen, &stage->control),
        SP_OK);
}

static void settle(struct stage *stage, const char *text)
{
    const struct sp_msg_settings settings = {
        .incarnation = 3,
        .uid = 64999,
        .gid = 64999,
        .settings = {.bytes = sp_slice_of(text), .fd = -1},
    };
    const struct sp_msg_go go = {.unused = 0};
    assert_int_equal(sp_msg_settings_send(stage->control, &settings), SP_OK);
    assert_int_equal(sp_msg_go_send(stage->control, &go), SP_OK);
}

static void wait_for(struct stage *stage, const unsigned *count)
{
    for (unsigned i = 0; i < 200 && *count == 0; i++) {
        assert_int_equal(sp_loop_turn(stage->loop, 50), SP_OK);
    }
    assert_int_equal(*count, 1);
}

static void give_wire(struct stage *stage)
{
    int ours = -1;
    int theirs = -1;
    struct sp_writer w;
    SP_AUTO_BUF struct sp_buf body;
    const struct sp_msg_wire wire = {.role = SP_ROLE_AUDIT, .index = 0};
    assert_int_equal(sp_channel_pair(false, &ours, &theirs), SP_OK);
    sp_buf_init(&body, 64);
    sp_writer_init(&w, &body);
    sp_msg_wire_write(&w, &wire);
    assert_int_equal(sp_channel_send(stage->control, SP_MSG_WIRE, sp_buf_slice(&body), &theirs, 1),
                     SP_OK);
    close(theirs);
    sp_channel_free(stage->peer);
    stage->peer_seen = (struct seen){0};
    assert_int_equal(
        sp_channel_new(stage->loop, ours, on_message, on_lost, &stage->peer_seen, &stage->peer),
        SP_OK);
}

static int strike_stage(struct stage *stage)
{
    int status = 0;
    sp_channel_free(stage->control);
    sp_channel_free(stage->peer);
    assert_int_equal(waitpid(stage->pid, &status, 0), stage->pid);
    sp_loop_free(stage->loop);
    return status;
}

static void ask(struct stage *stage, sp_exchange exchange)
{
    const struct sp_msg_judged judged = {.exchange = exchange, .worker = 0};
    assert_int_equal(sp_msg_judged_send(stage->peer, &judged), SP_OK);
}

static void test_role_confines_itself_then_answers_peers(void **state)
{
    struct stage stage;
    (void)state;
    raise_stage(&stage);
    settle(&stage, "settings");
    wait_for(&stage, &stage.seen.up);
    give_wire(&stage);
    ask(&stage, 77);
    wait_for(&stage, &stage.peer_seen.ended);
    assert_int_equal(stage.peer_seen.exchange, 77);
    const struct sp_msg_stop stop = {.grace_ms = 10};
    assert_int_equal(sp_msg_stop_send(stage.control, &stop), SP_OK);
    wait_for(&stage, &stage.seen.lost);
    assert_int_equal(strike_stage(&stage), 0);
}

static void test_message_without_a_row_ends_the_wire_and_is_told(void **state)
{
    struct stage stage;
    const struct sp_msg_go go = {.unused = 0};
    (void)state;
    raise_stage(&stage);
    settle(&stage, "settings");
    wait_for(&stage, &stage.seen.up);
    give_wire(&stage);
    assert_int_equal(sp_msg_go_send(stage.peer, &go), SP_OK);
    wait_for(&stage, &stage.peer_seen.lost);
    wait_for(&stage, &stage.seen.broken);
    assert_int_equal(stage.seen.lost, 0);
    /* A new wire in place of the lost one serves as the first did. */
    give_wire(&stage);
    ask(&stage, 78);
    wait_for(&stage, &stage.peer_seen.ended);
    (void)strike_stage(&stage);
}

/* Its neighbour is not to be replaced for that: front would be, by a body that needs more memory than a worker has. */
static void test_role_without_memory_ends_and_blames_nobody(void **state)
{
    struct stage stage;
    (void)state;
    raise_stage(&stage);
    settle(&stage, "settings");
    wait_for(&stage, &stage.seen.up);
    give_wire(&stage);
    ask(&stage, NO_MEMORY);
    wait_for(&stage, &stage.seen.lost);
    assert_int_equal(stage.seen.broken, 0);
    assert_int_equal(WEXITSTATUS(strike_stage(&stage)), 1);
}

static void test_wire_of_a_peer_that_is_found_to_lie_is_ended(void **state)
{
    struct stage stage;
    (void)state;
    raise_stage(&stage);
    settle(&stage, "settings");
    wait_for(&stage, &stage.seen.up);
    give_wire(&stage);
    ask(&stage, A_LIE);
    wait_for(&stage, &stage.peer_seen.lost);
    wait_for(&stage, &stage.seen.broken);
    assert_int_equal(stage.seen.lost, 0);
    give_wire(&stage);
    ask(&stage, 79);
    wait_for(&stage, &stage.peer_seen.ended);
    (void)strike_stage(&stage);
}

static void test_role_ends_with_its_supervisor(void **state)
{
    struct stage stage;
    (void)state;
    raise_stage(&stage);
    settle(&stage, "settings");
    wait_for(&stage, &stage.seen.up);
    assert_int_equal(WEXITSTATUS(strike_stage(&stage)), 1);
}

static void test_failed_init_is_exit_status_one(void **state)
{
    struct stage stage;
    (void)state;
    raise_stage(&stage);
    settle(&stage, "other settings");
    wait_for(&stage, &stage.seen.lost);
    assert_int_equal(stage.seen.up, 0);
    assert_int_equal(WEXITSTATUS(strike_stage(&stage)), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_role_confines_itself_then_answers_peers),
        cmocka_unit_test(test_message_without_a_row_ends_the_wire_and_is_told),
        cmocka_unit_test(test_role_without_memory_ends_and_blames_nobody),
        cmocka_unit_test(test_wire_of_a_peer_that_is_found_to_lie_is_ended),
        cmocka_unit_test(test_role_ends_with_its_supervisor),
        cmocka_unit_test(test_failed_init_is_exit_status_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
