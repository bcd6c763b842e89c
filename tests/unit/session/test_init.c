#include "session/init.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/own.h"
#include "session/link.h"

/* init runs in a child of this test, and a "tenant" without Python as its interpreter. */
struct world {
    int pool;
    pid_t init;
    struct sp_buf scratch;
};

#define TORRENT_BYTES ((size_t)1 << 20)

static struct sp_link_frame in;

typedef void tenant_fn(int link);

static void say(int link, struct sp_frame frame)
{
    SP_AUTO_BUF struct sp_buf scratch;
    sp_buf_init(&scratch, SP_FRAME_BYTES_MAX);
    if (sp_link_send(link, &frame, -1, &scratch) != SP_OK) {
        _exit(9);
    }
}

static void be_init(int control, tenant_fn *tenant)
{
    struct sp_init given = {.control = control,
                            .data = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    int link = -1;
    int out[2] = {-1, -1};
    int err[2] = {-1, -1};
    sigset_t child;
    (void)sigemptyset(&child);
    (void)sigaddset(&child, SIGCHLD);
    (void)sigprocmask(SIG_BLOCK, &child, NULL);
    given.children = signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
    if (sp_link_pair(true, &given.interpreter, &link) != SP_OK || pipe2(out, O_CLOEXEC) != 0 ||
        pipe2(err, O_CLOEXEC) != 0 || fcntl(out[0], F_SETFL, O_NONBLOCK) != 0 ||
        fcntl(err[0], F_SETFL, O_NONBLOCK) != 0) {
        _exit(8);
    }
    given.streams[0] = out[0];
    given.streams[1] = err[0];
    if (fork() == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
        sp_close(control);
        sp_close(given.interpreter);
        (void)setsid();
        (void)dup2(out[1], STDOUT_FILENO);
        (void)dup2(err[1], STDERR_FILENO);
        say(link, (struct sp_frame){.type = SP_FRAME_READY});
        tenant(link);
        _exit(3);
    }
    sp_close(link);
    sp_close(out[1]);
    sp_close(err[1]);
    sp_init_serve(&given);
    _exit(0);
}

static void start(struct world *w, tenant_fn *tenant)
{
    int theirs = -1;
    sp_buf_init(&w->scratch, SP_FRAME_BYTES_MAX);
    assert_int_equal(sp_link_pair(false, &w->pool, &theirs), SP_OK);
    w->init = fork();
    assert_true(w->init >= 0);
    if (w->init == 0) {
        sp_close(w->pool);
        be_init(theirs, tenant);
    }
    sp_close(theirs);
    assert_int_equal(sp_link_receive(w->pool, &in), SP_OK);
    assert_int_equal(in.frame.type, SP_FRAME_READY);
}

static void end(struct world *w)
{
    sp_close(w->pool);
    assert_int_equal(waitpid(w->init, NULL, 0), w->init);
    sp_buf_done(&w->scratch);
}

static void run(struct world *w, uint64_t nonce, unsigned kib)
{
    const struct sp_frame frame = {
        .type = SP_FRAME_RUN, .nonce = nonce, .number = 0, .size = (uint64_t)kib * 1024};
    assert_int_equal(sp_link_send(w->pool, &frame, -1, &w->scratch), SP_OK);
}

static void expect(const struct world *w, enum sp_frame_type type)
{
    assert_int_equal(sp_link_receive(w->pool, &in), SP_OK);
    assert_int_equal(in.frame.type, type);
}

/* ---- tenants ---- */

static void honest(int link)
{
    static struct sp_link_frame got;
    while (sp_link_receive(link, &got) == SP_OK) {
        (void)!write(STDOUT_FILENO, "text", 4);
        say(link, (struct sp_frame){.type = SP_FRAME_DONE,
                                    .nonce = got.frame.nonce,
                                    .a = SP_CELL_SUCCEEDED,
                                    .micros = 5});
    }
}

static void loud(int link)
{
    static struct sp_link_frame got;
    static char text[3000];
    if (sp_link_receive(link, &got) == SP_OK) {
        (void)!write(STDERR_FILENO, text, sizeof text);
        say(link, (struct sp_frame){.type = SP_FRAME_DONE, .nonce = got.frame.nonce});
        (void)!sp_link_receive(link, &got);
    }
}

static void liar(int link)
{
    static struct sp_link_frame got;
    say(link, (struct sp_frame){.type = SP_FRAME_FORKED, .ticket = 1});
    say(link, (struct sp_frame){.type = SP_FRAME_READY});
    if (sp_link_receive(link, &got) == SP_OK) {
        uint64_t nonce = got.frame.nonce;
        say(link, (struct sp_frame){.type = SP_FRAME_DONE, .nonce = nonce + 1});
        say(link, (struct sp_frame){.type = SP_FRAME_GONE});
        if (fork() == 0) {
            say(link,
                (struct sp_frame){.type = SP_FRAME_DONE, .nonce = nonce, .a = SP_CELL_FAILED});
            _exit(0);
        }
        (void)wait(NULL);
        say(link, (struct sp_frame){.type = SP_FRAME_DONE, .nonce = nonce, .a = SP_CELL_SUCCEEDED});
        (void)!sp_link_receive(link, &got);
    }
}

static void mortal(int link)
{
    static struct sp_link_frame got;
    (void)!sp_link_receive(link, &got);
    (void)!write(STDOUT_FILENO, "last", 4);
}

static void deaf(int link)
{
    static struct sp_link_frame got;
    (void)!sp_link_receive(link, &got);
    (void)close(link);
    (void)pause();
}

static void slow(int link)
{
    static struct sp_link_frame got;
    (void)!sp_link_receive(link, &got);
    (void)pause();
}

static void shower(int link)
{
    static struct sp_link_frame got;
    if (sp_link_receive(link, &got) == SP_OK) {
        (void)!write(STDOUT_FILENO, "before", 6);
        say(link, (struct sp_frame){.type = SP_FRAME_ITEM, .nonce = got.frame.nonce});
        say(link, (struct sp_frame){.type = SP_FRAME_DONE, .nonce = got.frame.nonce});
        (void)!sp_link_receive(link, &got);
    }
}

/* Its run ends when the next one begins, which nobody sends before the output was seen. */
static void patient(int link)
{
    static struct sp_link_frame got;
    if (sp_link_receive(link, &got) == SP_OK) {
        (void)!write(STDOUT_FILENO, "early", 5);
        (void)!sp_link_receive(link, &got);
    }
}

/* More than a pipe holds. */
static void torrent(int link)
{
    static struct sp_link_frame got;
    static char text[TORRENT_BYTES];
    if (sp_link_receive(link, &got) == SP_OK) {
        size_t written = 0;
        while (written < sizeof text) {
            ssize_t now = write(STDOUT_FILENO, text + written, sizeof text - written);
            written += now > 0 ? (size_t)now : sizeof text;
        }
        say(link, (struct sp_frame){.type = SP_FRAME_DONE, .nonce = got.frame.nonce});
        (void)!sp_link_receive(link, &got);
    }
}

/* ---- what init makes of them ---- */

static void test_output_comes_before_the_end_of_its_run(void **state)
{
    struct world w;
    (void)state;
    start(&w, honest);
    for (uint64_t nonce = 1; nonce < 3; nonce++) {
        run(&w, nonce, 1);
        expect(&w, SP_FRAME_STREAM);
        assert_int_equal(in.frame.a, 1);
        assert_true(sp_slice_is(in.frame.bytes, "text"));
        expect(&w, SP_FRAME_DONE);
        assert_true(in.frame.nonce == nonce);
        assert_true(in.frame.micros == 5);
    }
    end(&w);
}

static void test_stream_is_cut_and_counted(void **state)
{
    struct world w;
    (void)state;
    start(&w, loud);
    run(&w, 1, 1);
    expect(&w, SP_FRAME_STREAM);
    assert_int_equal(in.frame.a, 2);
    assert_int_equal(in.frame.bytes.len, 1024);
    expect(&w, SP_FRAME_DONE);
    assert_true(in.frame.dropped_err == 3000 - 1024);
    assert_true(in.frame.dropped_out == 0);
    end(&w);
}

static void test_output_comes_before_the_items_behind_it(void **state)
{
    struct world w;
    (void)state;
    start(&w, shower);
    run(&w, 1, 1);
    expect(&w, SP_FRAME_STREAM);
    assert_true(sp_slice_is(in.frame.bytes, "before"));
    expect(&w, SP_FRAME_ITEM);
    expect(&w, SP_FRAME_DONE);
    end(&w);
}

static void test_output_of_a_run_that_goes_on_is_told(void **state)
{
    struct world w;
    (void)state;
    start(&w, patient);
    run(&w, 1, 1);
    expect(&w, SP_FRAME_STREAM);
    assert_true(sp_slice_is(in.frame.bytes, "early"));
    end(&w);
}

static void test_output_that_no_pipe_holds_comes_whole(void **state)
{
    struct world w;
    size_t got = 0;
    (void)state;
    start(&w, torrent);
    run(&w, 1, TORRENT_BYTES / 1024);
    while (got < TORRENT_BYTES) {
        expect(&w, SP_FRAME_STREAM);
        got += in.frame.bytes.len;
    }
    assert_int_equal(got, TORRENT_BYTES);
    expect(&w, SP_FRAME_DONE);
    assert_true(in.frame.dropped_out == 0);
    end(&w);
}

static void test_lies_are_dropped(void **state)
{
    struct world w;
    (void)state;
    start(&w, liar);
    run(&w, 77, 1);
    expect(&w, SP_FRAME_DONE);
    assert_true(in.frame.nonce == 77);
    assert_int_equal(in.frame.a, SP_CELL_SUCCEEDED);
    end(&w);
}

static void test_end_of_the_interpreter_is_told_with_its_last_output(void **state)
{
    struct world w;
    (void)state;
    start(&w, mortal);
    run(&w, 1, 1);
    expect(&w, SP_FRAME_STREAM);
    expect(&w, SP_FRAME_GONE);
    assert_int_equal(in.frame.a, 0);
    assert_int_equal(in.frame.number, 3);
    assert_int_equal(sp_link_receive(w.pool, &in), SP_ERR_CLOSED);
    end(&w);
}

static void test_interpreter_that_closes_its_wire_is_ended(void **state)
{
    struct world w;
    (void)state;
    start(&w, deaf);
    run(&w, 1, 1);
    expect(&w, SP_FRAME_GONE);
    assert_int_equal(in.frame.a, 1);
    assert_int_equal(in.frame.number, SIGKILL);
    end(&w);
}

static void test_interrupt_of_the_right_run_reaches_the_interpreter(void **state)
{
    struct world w;
    struct sp_frame interrupt = {.type = SP_FRAME_INTERRUPT, .nonce = 2};
    (void)state;
    start(&w, slow);
    run(&w, 1, 1);
    assert_int_equal(sp_link_send(w.pool, &interrupt, -1, &w.scratch), SP_OK);
    interrupt.nonce = 1;
    assert_int_equal(sp_link_send(w.pool, &interrupt, -1, &w.scratch), SP_OK);
    expect(&w, SP_FRAME_GONE);
    assert_int_equal(in.frame.number, SIGINT);
    end(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_output_comes_before_the_end_of_its_run),
        cmocka_unit_test(test_stream_is_cut_and_counted),
        cmocka_unit_test(test_output_comes_before_the_items_behind_it),
        cmocka_unit_test(test_output_of_a_run_that_goes_on_is_told),
        cmocka_unit_test(test_output_that_no_pipe_holds_comes_whole),
        cmocka_unit_test(test_lies_are_dropped),
        cmocka_unit_test(test_end_of_the_interpreter_is_told_with_its_last_output),
        cmocka_unit_test(test_interpreter_that_closes_its_wire_is_ended),
        cmocka_unit_test(test_interrupt_of_the_right_run_reaches_the_interpreter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
