#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "admit/tokens.h"
#include "api/scope.h"
#include "identity/token.h"

#define SECOND UINT64_C(1000000)

struct world {
    char dir[64];
    struct sp_token_store *writer;
    struct sp_directory *directory;
    struct sp_tokens *tokens;
    struct sp_buf token; /* the latest one that was issued */
    int used;
    uint64_t now;
    unsigned events, revocations;
    uint64_t change;
    bool is_deaf;
};

static enum sp_err on_event(void *ctx, const struct sp_msg_token_event *msg)
{
    struct world *w = ctx;
    if (w->is_deaf) {
        return SP_ERR_CLOSED;
    }
    w->events++;
    w->revocations += msg->is_revoked;
    w->change = msg->change;
    assert_true(sp_slice_is(msg->scopes, "files"));
    return SP_OK;
}

static struct sp_directory *make_directory(void)
{
    struct sp_directory *d = NULL;
    const struct sp_tenant acme = {.name = SP_SLICE_LITERAL("acme")};
    assert_int_equal(sp_directory_new(&d), SP_OK);
    assert_int_equal(sp_directory_add_tenant(d, &acme), SP_OK);
    return d;
}

static int open_in(const struct world *w, const char *name)
{
    char path[256];
    (void)snprintf(path, sizeof(path), "%s/%s", w->dir, name);
    return open(path, O_RDONLY | O_CLOEXEC);
}

static void start(struct world *w)
{
    const struct sp_tokens_out out = {.ctx = w, .token_event = on_event};
    struct sp_token_store *reader = NULL;
    assert_int_equal(sp_token_store_attach(open_in(w, SP_TOKEN_STORE_FILE),
                                           open_in(w, SP_TOKEN_STORE_JOURNAL), &reader),
                     SP_OK);
    w->directory = make_directory();
    assert_int_equal(sp_tokens_new(reader, dup(w->used), w->directory, &out, &w->tokens), SP_OK);
}

static void stop(struct world *w)
{
    sp_tokens_free(w->tokens);
    sp_directory_free(w->directory);
}

static int make_world(void **state)
{
    static struct world w;
    w = (struct world){.dir = "/tmp/sallyport-tokens-XXXXXX", .now = 10 * SECOND};
    assert_non_null(mkdtemp(w.dir));
    w.used = memfd_create("used", MFD_CLOEXEC);
    sp_buf_init(&w.token, 256);
    assert_int_equal(sp_token_store_open(w.dir, &w.writer), SP_OK);
    start(&w);
    *state = &w;
    return 0;
}

static int end_world(void **state)
{
    struct world *w = *state;
    char command[128];
    stop(w);
    sp_token_store_close(w->writer);
    sp_buf_wipe(&w->token);
    (void)close(w->used);
    (void)snprintf(command, sizeof(command), "rm -r %s", w->dir);
    return system(command);
}
#define TEST(name) cmocka_unit_test_setup_teardown(name, make_world, end_world)

static void issue(struct world *w, const char *id, const char *tenant)
{
    struct sp_token parsed;
    struct sp_token_entry entry = {
        .row = {.id = sp_slice_of(id), .tenant = sp_slice_of(tenant), .scopes = SP_SCOPE_FILES},
        .issued_us = 1};
    sp_buf_clear(&w->token);
    assert_int_equal(sp_token_make(entry.row.id, &w->token), SP_OK);
    assert_int_equal(sp_token_parse(sp_buf_slice(&w->token), &parsed), SP_OK);
    assert_int_equal(sp_token_digest(&parsed, entry.row.digest), SP_OK);
    assert_int_equal(sp_token_store_add(w->writer, &entry), SP_OK);
}

static enum sp_err poll(struct world *w)
{
    w->now += SP_TOKENS_POLL_MS * (SECOND / 1000);
    return sp_tokens_poll(w->tokens, w->now);
}

static enum sp_err use(struct world *w)
{
    struct sp_principal who;
    return sp_directory_authenticate(w->directory, sp_buf_slice(&w->token), 77, &who);
}

static void test_issue_and_revocation_are_in_force_at_the_next_poll(void **state)
{
    struct world *w = *state;
    issue(w, "t1", "acme");
    assert_int_equal(use(w), SP_ERR_TOKEN_UNKNOWN);
    assert_int_equal(poll(w), SP_OK);
    assert_int_equal(use(w), SP_OK);
    assert_int_equal(sp_token_store_revoke(w->writer, SP_SLICE_LITERAL("t1"), 5), SP_OK);
    assert_int_equal(poll(w), SP_OK);
    assert_int_equal(use(w), SP_ERR_TOKEN_UNKNOWN);
}

/* By the polls that it takes, and not by a clock: what stands between two of them is the machine's. */
static void test_a_revoked_token_is_refused_within_a_second(void **state)
{
    struct world *w = *state;
    issue(w, "t1", "acme");
    assert_int_equal(poll(w), SP_OK);
    assert_int_equal(use(w), SP_OK);
    assert_int_equal(sp_token_store_revoke(w->writer, SP_SLICE_LITERAL("t1"), 5), SP_OK);
    const uint64_t revoked = w->now;
    while (use(w) == SP_OK && w->now - revoked < 10 * SECOND) {
        assert_int_equal(poll(w), SP_OK);
    }
    assert_int_equal(use(w), SP_ERR_TOKEN_UNKNOWN);
    assert_true(w->now - revoked < SECOND / 2); /* the other half is for a machine that is busy */
}

static void test_a_token_of_an_unknown_tenant_holds_nothing_up(void **state)
{
    struct world *w = *state;
    issue(w, "t1", "nobody");
    issue(w, "t2", "acme");
    assert_int_equal(poll(w), SP_OK);
    assert_int_equal(use(w), SP_OK);
}

static void test_changes_are_told_until_they_are_in_the_log(void **state)
{
    struct world *w = *state;
    issue(w, "t1", "acme");
    assert_int_equal(poll(w), SP_OK);
    assert_int_equal(w->events, 0); /* nobody is there to be told */
    sp_tokens_audit(w->tokens, true);
    assert_int_equal(poll(w), SP_OK);
    assert_int_equal(w->events, 1);
    assert_int_equal(poll(w), SP_OK);
    assert_int_equal(w->events, 1);
    sp_tokens_audit(w->tokens, false);
    sp_tokens_audit(w->tokens, true); /* another audit has not heard of it */
    assert_int_equal(poll(w), SP_OK);
    assert_int_equal(w->events, 2);
    w->now += SP_TOKENS_AGAIN_US;
    assert_int_equal(poll(w), SP_OK); /* and neither has one that did not answer */
    assert_int_equal(w->events, 3);
    sp_tokens_told(w->tokens, 99);
    w->now += SP_TOKENS_AGAIN_US;
    assert_int_equal(poll(w), SP_OK);
    assert_int_equal(w->events, 4);
    sp_tokens_told(w->tokens, w->change);
    w->now += SP_TOKENS_AGAIN_US;
    assert_int_equal(poll(w), SP_OK);
    assert_int_equal(w->events, 4);
    assert_int_equal(sp_token_store_revoke(w->writer, SP_SLICE_LITERAL("t1"), 5), SP_OK);
    w->is_deaf = true;
    assert_int_equal(poll(w), SP_ERR_CLOSED);
    w->is_deaf = false;
    assert_int_equal(poll(w), SP_OK);
    assert_int_equal(w->revocations, 1);
}

static void test_a_restart_remembers_uses_and_what_was_told(void **state)
{
    struct world *w = *state;
    issue(w, "t1", "acme");
    sp_tokens_audit(w->tokens, true);
    assert_int_equal(poll(w), SP_OK);
    sp_tokens_told(w->tokens, w->change);
    assert_int_equal(use(w), SP_OK);
    assert_int_equal(sp_tokens_save(w->tokens), SP_OK);
    stop(w);
    start(w);
    sp_tokens_audit(w->tokens, true);
    assert_int_equal(poll(w), SP_OK);
    assert_int_equal(w->events, 1);
    assert_int_equal(sp_directory_token_use_of(w->directory, SP_SLICE_LITERAL("t1"))->used_us, 77);
}

static void test_another_directory_gets_every_token(void **state)
{
    struct world *w = *state;
    issue(w, "t1", "acme");
    assert_int_equal(poll(w), SP_OK);
    assert_int_equal(use(w), SP_OK);
    struct sp_directory *before = w->directory;
    w->directory = make_directory();
    assert_int_equal(use(w), SP_ERR_TOKEN_UNKNOWN);
    assert_int_equal(sp_tokens_move(w->tokens, w->directory), SP_OK);
    sp_directory_free(before);
    assert_int_equal(sp_directory_token_use_of(w->directory, SP_SLICE_LITERAL("t1"))->used_us, 77);
    assert_int_equal(use(w), SP_OK);
    assert_int_equal(sp_token_store_revoke(w->writer, SP_SLICE_LITERAL("t1"), 5), SP_OK);
    assert_int_equal(poll(w), SP_OK);
    assert_int_equal(use(w), SP_ERR_TOKEN_UNKNOWN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_issue_and_revocation_are_in_force_at_the_next_poll),
        TEST(test_a_revoked_token_is_refused_within_a_second),
        TEST(test_a_token_of_an_unknown_tenant_holds_nothing_up),
        TEST(test_changes_are_told_until_they_are_in_the_log),
        TEST(test_a_restart_remembers_uses_and_what_was_told),
        TEST(test_another_directory_gets_every_token),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
