#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "audit/verify_log.h"
#include "room_world.h"

#define CUTS 14U /* more than there are writes of a change */

static void key_text(const struct sp_note_key *key, char out[SP_NOTE_TEXT_MAX])
{
    SP_AUTO_BUF struct sp_buf text;
    sp_buf_init(&text, SP_NOTE_TEXT_MAX);
    assert_int_equal(sp_note_key_write(key, &text), SP_OK);
    sp_slice_to_text(sp_buf_slice(&text), out, SP_NOTE_TEXT_MAX);
}

/* What `sallyport audit rotate-key` does. */
static void ask_for_another(struct world *w, const struct sp_note_key *present)
{
    char text[SP_NOTE_TEXT_MAX];
    const struct sp_disk_name name = {.place = SP_DISK_OWN, .path = SP_LOG_ROTATE_FILE};
    struct fake_file *old = fake_disk_find(&w->fake, SP_DISK_OWN, SP_LOG_ROTATE_FILE);
    key_text(present, text);
    if (old != NULL) {
        old->is_there = false;
    }
    assert_int_equal(sp_disk_put_file(&w->fake.disk, name, sp_slice_of(text)), SP_OK);
}

static void reload(struct world *w)
{
    static const uint8_t policies[SP_DIGEST_BYTES] = {7};
    const struct sp_audit_changes changes = {.configuration = {9},
                                             .policies = sp_slice_make(policies, sizeof(policies))};
    assert_int_equal(sp_audit_reload(w->room, &changes, w->now), SP_OK);
    commit(w);
}

static void one_run(struct world *w, sp_exchange exchange)
{
    run(w, exchange);
    assert_int_equal(tell_outcome(w, exchange, SP_END_DONE), SP_OK);
    commit(w);
    w->sent_count = 0;
    w->seen = 0;
}

/* The first key, which every test trusts. */
static const struct sp_note_key *first_key(void)
{
    return fake_key();
}

static void test_nobody_asked_and_nothing_changes(void **state)
{
    struct world *w = *state;
    reload(w);
    assert_int_equal(sp_audit_rotations(w->room), 0);
    assert_int_equal(fake_disk_lines(&w->fake, "\"kind\":\"key\""), 0);
    assert_null(fake_disk_find(&w->fake, SP_DISK_OWN, "key-2"));
}

static void test_a_change_leaves_an_entry_that_both_keys_signed(void **state)
{
    struct world *w = *state;
    one_run(w, X);
    ask_for_another(w, first_key());
    reload(w);
    assert_int_equal(sp_audit_rotations(w->room), 1);
    assert_int_equal(fake_disk_lines(&w->fake, "\"kind\":\"key\""), 1);
    assert_int_equal(fake_disk_lines(&w->fake, "\"kind\":\"rotation\""), 1);
    assert_non_null(fake_disk_find(&w->fake, SP_DISK_OWN, "key-2"));
    reload(w); /* the request is still there, and of another key than the present one */
    assert_int_equal(sp_audit_rotations(w->room), 1);
    one_run(w, FRONT_1 | 6);
    publish(w);
    struct report report = verify(w, first_key());
    assert_string_equal(report.first, "");
    assert_int_equal(report.verified.keys, 2);
    assert_string_not_equal(report.verified.key, "");
    SP_AUTO_NOTE_KEY struct sp_note_key latest = {.key = NULL};
    assert_int_equal(sp_note_key_read(sp_slice_of(report.verified.key), &latest), SP_OK);
    assert_memory_not_equal(latest.public_key, first_key()->public_key, SP_SIGN_PUBLIC_BYTES);
    report = verify(w, &latest);
    assert_string_equal(report.first, "");
    report = verify(w, NULL);
    assert_string_equal(report.first, "");
}

/* Also with work that waits in the batch, and twice. */
static void test_changes_follow_one_another_under_load(void **state)
{
    struct world *w = *state;
    run(w, X);
    assert_int_equal(tell_who(w, FRONT_1 | 6), SP_OK);
    assert_int_equal(tell_verdict(w, FRONT_1 | 6), SP_OK);
    ask_for_another(w, first_key());
    reload(w);
    publish(w);
    struct report report = verify(w, first_key());
    assert_string_equal(report.first, "");
    SP_AUTO_NOTE_KEY struct sp_note_key second = {.key = NULL};
    assert_int_equal(sp_note_key_read(sp_slice_of(report.verified.key), &second), SP_OK);
    ask_for_another(w, &second);
    reload(w);
    assert_int_equal(sp_audit_rotations(w->room), 2);
    assert_int_equal(tell_outcome(w, X, SP_END_DONE), SP_OK);
    assert_int_equal(tell_outcome(w, FRONT_1 | 6, SP_END_DONE), SP_OK);
    commit(w);
    publish(w);
    report = verify(w, first_key());
    assert_string_equal(report.first, "");
    assert_int_equal(report.verified.keys, 3);
    report = verify(w, &second);
    assert_string_equal(report.first, "");
}

static void test_a_checkpoint_from_before_the_change_stays_good(void **state)
{
    struct world *w = *state;
    SP_AUTO_BUF struct sp_buf kept;
    sp_buf_init(&kept, SP_NOTE_BYTES_MAX);
    one_run(w, X);
    publish(w);
    assert_int_equal(
        sp_buf_put(&kept,
                   sp_buf_slice(&fake_disk_find(&w->fake, SP_DISK_LOG, "checkpoint")->bytes)),
        SP_OK);
    ask_for_another(w, first_key());
    reload(w);
    publish(w);
    assert_string_equal(verify_from(w, first_key(), sp_buf_slice(&kept)).first, "");
    kept.ptr[kept.len - 10] ^= 2;
    assert_true(verify_from(w, first_key(), sp_buf_slice(&kept)).problems > 0);
}

/* Also around a change of the key nothing can be altered, with the first key for all that is known. */
static void test_every_changed_byte_of_a_log_with_two_keys_is_found(void **state)
{
    struct world *w = *state;
    size_t changed = 0;
    ask_for_another(w, first_key());
    reload(w);
    sp_audit_stop(w->room, w->now);
    for (size_t i = 0; i < w->fake.inodes; i++) {
        w->fake.files[i].is_there =
            w->fake.files[i].is_there && w->fake.files[i].place == SP_DISK_LOG;
    }
    assert_string_equal(verify(w, first_key()).first, "");
    for (size_t i = 0; i < w->fake.inodes; i++) {
        struct fake_file *file = &w->fake.files[i];
        for (size_t at = 0; file->is_there && at < file->bytes.len; at++) {
            const uint8_t flip = (uint8_t)(1U << (at % 8));
            file->bytes.ptr[at] ^= flip;
            if (verify(w, first_key()).problems == 0) {
                print_error("%s byte %zu can be changed\n", file->path, at);
                assert_true(false);
            }
            file->bytes.ptr[at] ^= flip;
            changed++;
        }
    }
    assert_true(changed > 1000);
}

/* --- crashes and failures --- */

static const uint8_t policy[SP_DIGEST_BYTES] = {7};

static enum sp_err nobody_run(void *ctx, const struct sp_msg_run *msg)
{
    (void)ctx;
    (void)msg;
    return SP_OK;
}
static enum sp_err nobody_answer(void *ctx, const struct sp_msg_answer *msg)
{
    (void)ctx;
    (void)msg;
    return SP_OK;
}
static enum sp_err nobody_judged(void *ctx, const struct sp_msg_judged *msg)
{
    (void)ctx;
    (void)msg;
    return SP_OK;
}
static enum sp_err nobody_ended(void *ctx, const struct sp_msg_ended *msg)
{
    (void)ctx;
    (void)msg;
    return SP_OK;
}

static const char *operation_name(unsigned operation)
{
    return operation == 1 ? "execute" : NULL;
}

/* A room over keys that a test keeps, as another process would find them. */
static void restart(struct world *w, struct sp_key_ring *ring)
{
    const struct sp_audit_settings settings = {.version = sp_slice_of("0.1"),
                                               .keys = ring,
                                               .policies = sp_slice_make(policy, sizeof(policy)),
                                               .workers = 2,
                                               .operation_name = operation_name};
    const struct sp_audit_out out = {.ctx = w,
                                     .run = nobody_run,
                                     .answer = nobody_answer,
                                     .judged = nobody_judged,
                                     .ended = nobody_ended};
    sp_audit_room_free(w->room);
    assert_int_equal(sp_audit_room_new(&settings, &w->fake.disk, &out, w->now, &w->room), SP_OK);
}

/* What a file of keys holds, as the ring of the next process. */
static void load_keys(struct world *w, struct sp_key_ring *ring)
{
    const char *const names[] = {"key-2", "key-3"};
    struct sp_note_key key;
    SP_AUTO_BUF struct sp_buf line;
    static const uint8_t seed[SP_SIGN_SEED_BYTES] = {5};
    sp_buf_init(&line, SP_NOTE_TEXT_MAX);
    assert_int_equal(sp_note_key_from_seed(sp_slice_of("example.com/log"), seed, &key), SP_OK);
    sp_key_ring_done(ring);
    assert_int_equal(sp_key_ring_of(&key, ring), SP_OK);
    for (size_t i = 0; i < SP_COUNT(names); i++) {
        struct fake_file *file = fake_disk_find(&w->fake, SP_DISK_OWN, names[i]);
        if (file == NULL) {
            break;
        }
        struct sp_slice text = sp_buf_slice(&file->bytes);
        text = sp_slice_sub(text, 0, sp_slice_find(text, 0, '\n'));
        if (sp_note_key_read_private(text, &key) != SP_OK) {
            assert_int_equal(sp_note_key_read(text, &key), SP_OK);
        }
        struct sp_note_key *keys = realloc(ring->keys, (ring->count + 1) * sizeof(*keys));
        assert_non_null(keys);
        ring->keys = keys;
        ring->keys[ring->count++] = key;
    }
    ring->present = ring->count - 1;
}

/* The disk fails at every possible write of a change; afterwards the log goes on, and is whole. */
static void test_a_change_that_is_cut_off_anywhere_is_made_or_not(void **state)
{
    struct world *w = *state;
    unsigned made = 0;
    for (unsigned fail_at = 0; fail_at < CUTS; fail_at++) {
        struct sp_key_ring ring = {.keys = NULL};
        sp_audit_room_free(w->room);
        w->room = NULL;
        fake_disk_done(&w->fake);
        fake_disk_init(&w->fake);
        load_keys(w, &ring);
        restart(w, &ring);
        ask_for_another(w, &ring.keys[0]);
        w->fake.syncs_left = fail_at;
        w->fake.is_counting_syncs = true;
        const struct sp_audit_changes changes = {.configuration = {9},
                                                 .policies = sp_slice_make(policy, sizeof(policy))};
        (void)!sp_audit_reload(w->room, &changes, w->now);
        w->fake.is_counting_syncs = false;
        /* The process is gone, and another one finds what is on the disk. */
        sp_audit_room_free(w->room);
        w->room = NULL;
        struct sp_key_ring next = {.keys = NULL};
        load_keys(w, &next);
        restart(w, &next);
        assert_string_equal(sp_audit_trouble(w->room), "");
        sp_audit_stop(w->room, w->now);
        struct report report = verify(w, first_key());
        assert_string_equal(report.first, "");
        assert_int_equal(report.verified.keys,
                         2); /* the request still stands, and is met at the latest now */
        assert_int_equal(fake_disk_lines(&w->fake, "\"kind\":\"rotation\""), 1);
        assert_non_null(fake_disk_find(&w->fake, SP_DISK_LOG, "keys/2"));
        made += sp_audit_rotations(w->room) == 0 ? 1U : 0U;
        sp_key_ring_done(&ring);
        sp_audit_room_free(w->room);
        w->room = NULL;
        sp_key_ring_done(&next);
    }
    assert_true(made > 0 &&
                made < CUTS); /* both happened: cut off before, and behind the first signature */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_nobody_asked_and_nothing_changes),
        TEST(test_a_change_leaves_an_entry_that_both_keys_signed),
        TEST(test_changes_follow_one_another_under_load),
        TEST(test_a_checkpoint_from_before_the_change_stays_good),
        TEST(test_every_changed_byte_of_a_log_with_two_keys_is_found),
        TEST(test_a_change_that_is_cut_off_anywhere_is_made_or_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
