#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "audit/archive.h"
#include "log_world.h"

static int make_world(void **state)
{
    static struct log_world w;
    log_world_make(&w);
    *state = &w;
    return 0;
}

static int end_world(void **state)
{
    log_world_done(*state);
    return 0;
}

static struct sp_merkle_proof proof_of(const struct sp_archive_proof *proof,
                                       struct sp_slice *hashes)
{
    for (size_t i = 0; i < proof->count; i++) {
        hashes[i] = sp_node_slice(&proof->hashes[i]);
    }
    return (struct sp_merkle_proof){.hashes = hashes, .count = proof->count};
}

static void shows_entry(struct sp_archive *archive, uint64_t index, uint64_t size)
{
    struct sp_archive_proof proof;
    struct sp_slice hashes[SP_ARCHIVE_PROOF_MAX];
    struct sp_slice entry = {NULL, 0};
    struct sp_node leaf;
    struct sp_node root;
    assert_int_equal(sp_archive_entry(archive, index, &entry), SP_OK);
    assert_int_equal(sp_merkle_leaf(entry, &leaf), SP_OK);
    assert_int_equal(sp_archive_root(archive, size, &root), SP_OK);
    assert_int_equal(sp_archive_prove(archive, index, size, &proof), SP_OK);
    assert_int_equal(sp_merkle_check_inclusion(index, size, sp_node_slice(&leaf),
                                               proof_of(&proof, hashes), sp_node_slice(&root)),
                     SP_OK);
}

static void shows_growth(struct sp_archive *archive, uint64_t first, uint64_t second)
{
    struct sp_archive_proof proof;
    struct sp_slice hashes[SP_ARCHIVE_PROOF_MAX];
    struct sp_node before;
    struct sp_node after;
    assert_int_equal(sp_archive_root(archive, first, &before), SP_OK);
    assert_int_equal(sp_archive_root(archive, second, &after), SP_OK);
    assert_int_equal(sp_archive_prove_growth(archive, first, second, &proof), SP_OK);
    assert_int_equal(
        sp_merkle_check_consistency((struct sp_merkle_head){first, sp_node_slice(&before)},
                                    (struct sp_merkle_head){second, sp_node_slice(&after)},
                                    proof_of(&proof, hashes)),
        SP_OK);
}

/* Full tiles, partial ones, and what stands in the journal only. */
static void test_all_entries_are_read_and_proved(void **state)
{
    struct log_world *w = *state;
    SP_AUTO_ARCHIVE struct sp_archive *archive = NULL;
    log_world_grow(w, 600, 9);
    log_world_publish(w);
    log_world_grow(w, 37, 2);
    assert_int_equal(sp_archive_open(&w->fake.disk, &archive), SP_OK);
    assert_int_equal(sp_archive_published(archive), 600);
    assert_int_equal(sp_archive_size(archive), 637);
    assert_int_equal(sp_note_verify(sp_archive_note(archive), fake_key()), SP_OK);
    struct sp_node root;
    assert_int_equal(sp_archive_root(archive, 637, &root), SP_OK);
    const struct sp_checkpoint checkpoint = sp_archive_checkpoint(archive);
    assert_true(sp_node_equal(&root, &checkpoint.root));
    for (uint64_t index = 0; index < 637; index += index % 11 + 1) {
        shows_entry(archive, index, 637);
        shows_entry(archive, index, index + 1);
        shows_growth(archive, index + 1, 637);
        shows_growth(archive, index + 1, index + 1 + (637 - index) / 2);
    }
}

static void test_what_is_not_there_is_refused(void **state)
{
    struct log_world *w = *state;
    SP_AUTO_ARCHIVE struct sp_archive *archive = NULL;
    struct sp_archive_proof proof;
    struct sp_slice entry = {NULL, 0};
    struct sp_node root;
    assert_int_equal(sp_archive_open(&w->fake.disk, &archive), SP_ERR_NOT_FOUND);
    log_world_grow(w, 3, 1);
    assert_int_equal(sp_archive_open(&w->fake.disk, &archive), SP_OK);
    assert_int_equal(sp_archive_entry(archive, 3, &entry), SP_ERR_NOT_FOUND);
    assert_int_equal(sp_archive_root(archive, 4, &root), SP_ERR_RANGE);
    assert_int_equal(sp_archive_prove(archive, 3, 3, &proof), SP_ERR_RANGE);
    assert_int_equal(sp_archive_prove(archive, 0, 4, &proof), SP_ERR_RANGE);
    assert_int_equal(sp_archive_prove_growth(archive, 0, 3, &proof), SP_ERR_RANGE);
    assert_int_equal(sp_archive_prove_growth(archive, 3, 2, &proof), SP_ERR_RANGE);
    shows_entry(archive, 2, 3);
}

static void test_a_refresh_goes_on_to_the_present(void **state)
{
    struct log_world *w = *state;
    SP_AUTO_ARCHIVE struct sp_archive *archive = NULL;
    log_world_grow(w, 3, 1);
    assert_int_equal(sp_archive_open(&w->fake.disk, &archive), SP_OK);
    log_world_grow(w, 300, 3);
    assert_int_equal(sp_archive_size(archive), 3);
    shows_entry(archive, 1, 3);
    assert_int_equal(sp_archive_refresh(archive), SP_OK);
    assert_int_equal(sp_archive_size(archive), 303);
    shows_entry(archive, 302, 303);
    log_world_publish(w);
    log_world_grow(w, 300, 300);
    assert_int_equal(sp_archive_refresh(archive), SP_OK);
    assert_int_equal(sp_archive_published(archive), 303);
    shows_entry(archive, 602, 603);
}

/* A record that does not give the root that it signs is taken for one that is being written. */
static void test_a_journal_that_does_not_fit_is_passed_over(void **state)
{
    struct log_world *w = *state;
    SP_AUTO_ARCHIVE struct sp_archive *archive = NULL;
    log_world_grow(w, 3, 1);
    log_world_publish(w);
    log_world_grow(w, 1, 1);
    uint8_t *record = fake_disk_journal(&w->fake)->bytes.ptr + (size_t)3 * 4096;
    record[60] ^= 1;
    assert_int_equal(sp_archive_open(&w->fake.disk, &archive), SP_OK);
    assert_int_equal(sp_archive_size(archive), 3);
    record[60] ^= 1;
    assert_int_equal(sp_archive_refresh(archive), SP_OK);
    assert_int_equal(sp_archive_size(archive), 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_all_entries_are_read_and_proved, make_world,
                                        end_world),
        cmocka_unit_test_setup_teardown(test_what_is_not_there_is_refused, make_world, end_world),
        cmocka_unit_test_setup_teardown(test_a_refresh_goes_on_to_the_present, make_world,
                                        end_world),
        cmocka_unit_test_setup_teardown(test_a_journal_that_does_not_fit_is_passed_over, make_world,
                                        end_world),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
