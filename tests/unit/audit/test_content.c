/* content: the file of an upload goes on only with the digest that inspect gave it; async runs are answered before they end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "audit/code.h"
#include "crypto/hash.h"
#include "room_world.h"

static uint8_t body[4 * SP_AUDIT_PIECE];

/* An upload whose file stands behind `at` bytes of framing. */
static struct sp_msg_verdict upload(size_t len, size_t at, size_t file_len)
{
    struct sp_msg_verdict verdict = verdict_of(X);
    for (size_t i = 0; i < len; i++) {
        body[i] = (uint8_t)(i * 7);
    }
    assert_int_equal(sp_payload_make(sp_slice_make(body, len), &verdict.content), SP_OK);
    assert_int_equal(sp_sha256(sp_slice_make(body + at, file_len), verdict.code), SP_OK);
    verdict.content_at = at;
    verdict.code_bytes = file_len;
    return verdict;
}

static void test_small_file_goes_on_at_once(void **state)
{
    struct world *w = *state;
    struct sp_msg_verdict verdict = upload(2000, 100, 1500);
    assert_int_equal(tell_who(w, X), SP_OK);
    assert_int_equal(sp_audit_verdict(w->room, 0, &verdict, w->now), SP_OK);
    assert_false(sp_audit_is_hashing(w->room));
    (void)next(w, SENT_JUDGED);
    commit(w);
    (void)next(w, SENT_RUN);
}

static void test_large_file_is_digested_in_pieces(void **state)
{
    struct world *w = *state;
    unsigned pieces = 0;
    struct sp_msg_verdict verdict = upload(sizeof(body), 100, sizeof(body) - 200);
    assert_int_equal(tell_who(w, X), SP_OK);
    assert_int_equal(sp_audit_verdict(w->room, 0, &verdict, w->now), SP_OK);
    (void)next(w, SENT_JUDGED);
    commit(w);
    nothing_more(w);
    while (sp_audit_is_hashing(w->room)) {
        (void)sp_audit_hash_some(w->room, w->now);
        pieces++;
    }
    assert_int_equal(pieces, 4);
    commit(w);
    (void)next(w, SENT_RUN);
}

static void test_file_with_another_digest_is_refused(void **state)
{
    static const size_t sizes[] = {2000, sizeof(body)};
    struct world *w = *state;
    for (size_t i = 0; i < SP_COUNT(sizes); i++) {
        struct sp_msg_verdict verdict = upload(sizes[i], 100, sizes[i] - 200);
        bool is_small = sizes[i] <= SP_AUDIT_PIECE;
        verdict.code[0] ^= 1;
        assert_int_equal(tell_who(w, X), SP_OK);
        assert_int_equal(sp_audit_verdict(w->room, 0, &verdict, w->now),
                         is_small ? SP_ERR_WIRE : SP_OK);
        while (sp_audit_hash_some(w->room, w->now)) {
        }
        (void)next(w, SENT_JUDGED);
        commit(w);
        answered(w, SP_ERR_WIRE, true, SP_END_NOT_STARTED);
    }
}

static void test_file_beyond_its_body_is_refused(void **state)
{
    struct world *w = *state;
    struct sp_msg_verdict verdict = upload(2000, 100, 1500);
    verdict.code_bytes = 1901;
    assert_int_equal(tell_who(w, X), SP_OK);
    assert_int_equal(sp_audit_verdict(w->room, 0, &verdict, w->now), SP_ERR_WIRE);
    (void)next(w, SENT_JUDGED);
    commit(w);
    answered(w, SP_ERR_WIRE, true, SP_END_NOT_STARTED);
}

static void test_front_that_dies_meanwhile_ends_the_upload(void **state)
{
    struct world *w = *state;
    struct sp_msg_verdict verdict = upload(sizeof(body), 0, sizeof(body));
    assert_int_equal(tell_who(w, X), SP_OK);
    assert_int_equal(sp_audit_verdict(w->room, 0, &verdict, w->now), SP_OK);
    (void)next(w, SENT_JUDGED);
    sp_audit_lost(w->room, front, w->now);
    while (sp_audit_hash_some(w->room, w->now)) {
    }
    commit(w);
    assert_int_equal(next(w, SENT_ENDED)->state, SP_END_NOT_STARTED);
    nothing_more(w);
    assert_int_equal(sp_audit_open(w->room), 0);
}

/* The client has its answer when the intent is durable; the outcome is recorded and settled, and answered to nobody. */
static void test_run_that_nobody_waits_for(void **state)
{
    struct world *w = *state;
    struct sp_msg_verdict verdict = verdict_of(X);
    verdict.is_async = 1;
    assert_int_equal(tell_who(w, X), SP_OK);
    assert_int_equal(sp_audit_verdict(w->room, 0, &verdict, w->now), SP_OK);
    (void)next(w, SENT_JUDGED);
    nothing_more(w);
    commit(w);
    (void)next(w, SENT_RUN);
    const struct sent *answer = next(w, SENT_ANSWER);
    assert_int_equal(answer->err, SP_OK);
    assert_true(answer->has_entry);
    nothing_more(w);
    assert_int_equal(tell_outcome(w, X, SP_END_DONE), SP_OK);
    commit(w);
    assert_int_equal(next(w, SENT_ENDED)->state, SP_END_DONE);
    nothing_more(w);
    assert_int_equal(fake_disk_lines(&w->fake, "\"kind\":\"outcome\""), 1);
}

/* --- code that is kept --- */

static uint8_t auditor[SP_SEAL_KEY_BYTES];

static void open_keeping_room(struct world *w)
{
    static uint8_t public_key[SP_SEAL_KEY_BYTES];
    assert_int_equal(sp_seal_pair(auditor, public_key), SP_OK);
    sp_audit_room_free(w->room);
    w->code_key = public_key;
    open_room(w);
    w->code_key = NULL;
}

static struct fake_file *kept(struct world *w, const char *code)
{
    char path[SP_CODE_PATH_BYTES];
    struct sp_code_name name = {.wall_us = w->now.wall_us};
    assert_int_equal(sp_sha256(sp_slice_of(code), name.digest), SP_OK);
    sp_code_path(&name, path);
    return fake_disk_find(&w->fake, SP_DISK_OWN, path);
}

static void opens(struct world *w, const char *code)
{
    SP_AUTO_BUF struct sp_buf out;
    sp_buf_init(&out, 10000);
    assert_non_null(kept(w, code));
    assert_int_equal(sp_code_unseal(auditor, sp_buf_slice(&kept(w, code)->bytes), &out), SP_OK);
    assert_true(sp_slice_is(sp_buf_slice(&out), code));
}

static struct sp_msg_verdict run_of(sp_exchange exchange, const char *code)
{
    struct sp_msg_verdict verdict = verdict_of(exchange);
    verdict.code_bytes = sp_slice_of(code).len;
    assert_int_equal(sp_sha256(sp_slice_of(code), verdict.code), SP_OK);
    return verdict;
}

static void test_the_code_of_a_run_is_kept_before_it_runs(void **state)
{
    struct world *w = *state;
    open_keeping_room(w);
    struct sp_msg_verdict verdict = run_of(X, "order");
    assert_int_equal(tell_who(w, X), SP_OK);
    assert_int_equal(sp_audit_verdict(w->room, 0, &verdict, w->now), SP_OK);
    (void)next(w, SENT_JUDGED);
    const unsigned syncs = w->fake.syncs;
    commit(w);
    assert_int_equal(w->fake.syncs, syncs + 2); /* the object, then the entry */
    (void)next(w, SENT_RUN);
    opens(w, "order");
}

/* inspect cannot have something else kept than what relay is given. */
static void test_code_that_is_not_the_end_of_the_order_is_refused(void **state)
{
    static const char *const codes[] = {"rder", "the order", "ordet", ""};
    struct world *w = *state;
    open_keeping_room(w);
    for (size_t i = 0; i < SP_COUNT(codes); i++) {
        struct sp_msg_verdict verdict = run_of(X + i, codes[i]);
        assert_int_equal(tell_who(w, X + i), SP_OK);
        assert_int_equal(sp_audit_verdict(w->room, 0, &verdict, w->now), SP_ERR_WIRE);
        (void)next(w, SENT_JUDGED);
        commit(w);
        answered(w, SP_ERR_WIRE, true, SP_END_NOT_STARTED);
        assert_null(kept(w, codes[i]));
    }
}

static void test_denied_code_is_kept_too(void **state)
{
    struct world *w = *state;
    open_keeping_room(w);
    struct sp_msg_verdict denial = denial_of(X);
    denial.content = (struct sp_payload){.bytes = sp_slice_of("import os"), .fd = -1};
    denial.code_bytes = denial.content.bytes.len;
    assert_int_equal(sp_sha256(denial.content.bytes, denial.code), SP_OK);
    assert_int_equal(tell_who(w, X), SP_OK);
    assert_int_equal(sp_audit_verdict(w->room, 0, &denial, w->now), SP_OK);
    (void)next(w, SENT_JUDGED);
    commit(w);
    answered(w, SP_ERR_DENIED, true, SP_END_NOT_STARTED);
    opens(w, "import os");
}

static void test_nothing_runs_whose_code_cannot_be_kept(void **state)
{
    struct world *w = *state;
    open_keeping_room(w);
    struct sp_msg_verdict verdict = run_of(X, "order");
    w->fake.room = SP_LOG_ROOM_MIN + 10; /* enough for the entry alone */
    assert_int_equal(tell_who(w, X), SP_OK);
    assert_int_equal(sp_audit_verdict(w->room, 0, &verdict, w->now), SP_OK);
    (void)next(w, SENT_JUDGED);
    w->fake.room = UINT64_MAX;
    commit(w);
    answered(w, SP_ERR_LOG_UNAVAILABLE, true, SP_END_NOT_STARTED);
    assert_int_equal(fake_disk_lines(&w->fake, "No space left on device to keep the code"), 1);
    /* and when it cannot be made durable, its intent is not written at all */
    verdict = run_of(X + 1, "order");
    assert_int_equal(tell_who(w, X + 1), SP_OK);
    assert_int_equal(sp_audit_verdict(w->room, 0, &verdict, w->now), SP_OK);
    (void)next(w, SENT_JUDGED);
    w->fake.is_failing_sync = true;
    commit(w);
    w->fake.is_failing_sync = false;
    answered(w, SP_ERR_LOG_UNAVAILABLE, false, SP_END_NOT_STARTED);
    later(w, SECOND);
    sp_audit_tick(w->room, w->now);
    assert_string_equal(sp_audit_trouble(w->room), "");
    assert_int_equal(fake_disk_lines(&w->fake, "\"kind\":\"intent\""), 0);
}

/* --- files that are kept --- */

static enum sp_err tell_upload(struct world *w, struct sp_msg_verdict *verdict)
{
    struct sp_msg_who who = who_of(verdict->exchange);
    who.operation = 2;
    assert_int_equal(sp_audit_who(w->room, &who, w->now), SP_OK);
    return sp_audit_verdict(w->room, 0, verdict, w->now);
}

static unsigned pieces(struct world *w)
{
    unsigned count = 0;
    while (sp_audit_is_hashing(w->room)) {
        (void)sp_audit_hash_some(w->room, w->now);
        count++;
    }
    return count;
}

static struct fake_file *kept_file(struct world *w, size_t at, size_t len)
{
    char path[SP_CODE_PATH_BYTES];
    struct sp_code_name name = {.wall_us = w->now.wall_us};
    assert_int_equal(sp_sha256(sp_slice_make(body + at, len), name.digest), SP_OK);
    sp_code_path(&name, path);
    return fake_disk_find(&w->fake, SP_DISK_OWN, path);
}

static void opens_file(struct world *w, size_t at, size_t len)
{
    static struct sp_buf out;
    assert_non_null(kept_file(w, at, len));
    sp_buf_init(&out, sizeof(body) + SP_CODE_MORE);
    assert_int_equal(sp_code_unseal(auditor, sp_buf_slice(&kept_file(w, at, len)->bytes), &out),
                     SP_OK);
    assert_true(sp_slice_equal(sp_buf_slice(&out), sp_slice_make(body + at, len)));
    sp_buf_done(&out);
}

static void test_files_are_kept_before_they_go_on(void **state)
{
    static const size_t sizes[] = {2000, 200, sizeof(body)};
    struct world *w = *state;
    w->file_bytes_max = sizeof(body);
    open_keeping_room(w);
    for (size_t i = 0; i < SP_COUNT(sizes); i++) {
        const size_t len = sizes[i] - 200;
        struct sp_msg_verdict verdict = upload(sizes[i], 100, len);
        verdict.exchange = X + i;
        assert_int_equal(tell_upload(w, &verdict), SP_OK);
        /* first the digest, then the file itself */
        assert_int_equal(pieces(w), len <= SP_AUDIT_PIECE ? 0 : 8);
        (void)next(w, SENT_JUDGED);
        nothing_more(w);
        commit(w);
        (void)next(w, SENT_RUN);
        opens_file(w, 100, len);
    }
}

static void test_denied_files_are_kept_too(void **state)
{
    static const size_t sizes[] = {2000, sizeof(body)};
    struct world *w = *state;
    w->file_bytes_max = sizeof(body);
    open_keeping_room(w);
    for (size_t i = 0; i < SP_COUNT(sizes); i++) {
        struct sp_msg_verdict verdict = upload(sizes[i], 100, sizes[i] - 200);
        struct sp_msg_verdict denial = denial_of(X + i);
        denial.content = verdict.content;
        denial.content_at = verdict.content_at;
        denial.code_bytes = verdict.code_bytes;
        memcpy(denial.code, verdict.code, sizeof(denial.code));
        sp_payload_done(&verdict.order);
        assert_int_equal(tell_upload(w, &denial), SP_OK);
        (void)pieces(w);
        (void)next(w, SENT_JUDGED);
        commit(w);
        answered(w, SP_ERR_DENIED, true, SP_END_NOT_STARTED);
        opens_file(w, 100, sizes[i] - 200);
    }
}

static void test_files_over_their_bound_are_not_kept(void **state)
{
    static const size_t sizes[] = {2000, 2001};
    struct world *w = *state;
    w->file_bytes_max = 1800;
    open_keeping_room(w);
    for (size_t i = 0; i < SP_COUNT(sizes); i++) {
        struct sp_msg_verdict verdict = upload(sizes[i], 100, sizes[i] - 200);
        verdict.exchange = X + i;
        assert_int_equal(tell_upload(w, &verdict), SP_OK);
        (void)next(w, SENT_JUDGED);
        commit(w);
        (void)next(w, SENT_RUN);
        assert_int_equal(kept_file(w, 100, sizes[i] - 200) != NULL, sizes[i] == 2000);
    }
}

static void test_no_file_goes_on_that_cannot_be_kept(void **state)
{
    static const size_t sizes[] = {2000, sizeof(body)};
    struct world *w = *state;
    w->file_bytes_max = sizeof(body);
    open_keeping_room(w);
    for (size_t i = 0; i < SP_COUNT(sizes); i++) {
        struct sp_msg_verdict verdict = upload(sizes[i], 100, sizes[i] - 200);
        verdict.exchange = X + i;
        w->fake.room = SP_LOG_ROOM_MIN + 10; /* enough for the entry alone */
        assert_int_equal(tell_upload(w, &verdict), SP_OK);
        (void)pieces(w);
        (void)next(w, SENT_JUDGED);
        w->fake.room = UINT64_MAX;
        commit(w);
        answered(w, SP_ERR_LOG_UNAVAILABLE, true, SP_END_NOT_STARTED);
        assert_null(kept_file(w, 100, sizes[i] - 200));
    }
    assert_int_equal(fake_disk_lines(&w->fake, "No space left on device to keep the code"), 2);
}

/* Its row goes while half of the file is written: nothing is left open, and the next one is kept whole. */
static void test_a_room_that_ends_in_the_middle_of_a_file(void **state)
{
    struct world *w = *state;
    w->file_bytes_max = sizeof(body);
    open_keeping_room(w);
    struct sp_msg_verdict verdict = upload(sizeof(body), 0, sizeof(body));
    assert_int_equal(tell_upload(w, &verdict), SP_OK);
    for (unsigned i = 0; i < 6; i++) {
        assert_true(sp_audit_hash_some(w->room, w->now));
    }
    (void)next(w, SENT_JUDGED);
    assert_non_null(kept_file(w, 0, sizeof(body)));
    open_keeping_room(w);
    verdict = upload(sizeof(body), 0, sizeof(body));
    verdict.exchange = X + 1;
    assert_int_equal(tell_upload(w, &verdict), SP_OK);
    assert_int_equal(pieces(w), 8);
    (void)next(w, SENT_JUDGED);
    commit(w);
    (void)next(w, SENT_RUN);
    opens_file(w, 0, sizeof(body));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_small_file_goes_on_at_once),
        TEST(test_large_file_is_digested_in_pieces),
        TEST(test_file_with_another_digest_is_refused),
        TEST(test_file_beyond_its_body_is_refused),
        TEST(test_front_that_dies_meanwhile_ends_the_upload),
        TEST(test_run_that_nobody_waits_for),
        TEST(test_the_code_of_a_run_is_kept_before_it_runs),
        TEST(test_code_that_is_not_the_end_of_the_order_is_refused),
        TEST(test_denied_code_is_kept_too),
        TEST(test_nothing_runs_whose_code_cannot_be_kept),
        TEST(test_files_are_kept_before_they_go_on),
        TEST(test_denied_files_are_kept_too),
        TEST(test_files_over_their_bound_are_not_kept),
        TEST(test_no_file_goes_on_that_cannot_be_kept),
        TEST(test_a_room_that_ends_in_the_middle_of_a_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
