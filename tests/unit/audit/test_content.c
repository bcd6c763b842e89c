/* content: the file of an upload goes on only with the digest that inspect gave it; async runs are answered before they end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_small_file_goes_on_at_once),
        TEST(test_large_file_is_digested_in_pieces),
        TEST(test_file_with_another_digest_is_refused),
        TEST(test_file_beyond_its_body_is_refused),
        TEST(test_front_that_dies_meanwhile_ends_the_upload),
        TEST(test_run_that_nobody_waits_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
