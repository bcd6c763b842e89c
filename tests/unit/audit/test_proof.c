#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "audit/proof.h"
#include "log_world.h"

struct made {
    struct log_world w;
    struct sp_buf text;
};

static int make(void **state)
{
    static struct made m;
    SP_AUTO_ARCHIVE struct sp_archive *archive = NULL;
    log_world_make(&m.w);
    log_world_grow(&m.w, 13, 5);
    sp_buf_init(&m.text, SP_PROOF_BYTES_MAX);
    assert_int_equal(sp_archive_open(&m.w.fake.disk, &archive), SP_OK);
    assert_int_equal(sp_proof_write(archive, 13, &m.text), SP_ERR_NOT_FOUND);
    assert_int_equal(m.text.len, 0);
    assert_int_equal(sp_proof_write(archive, 6, &m.text), SP_OK);
    *state = &m;
    return 0;
}

static int end(void **state)
{
    struct made *m = *state;
    log_world_done(&m->w);
    sp_buf_done(&m->text);
    return 0;
}

static enum sp_err check(struct sp_slice text)
{
    struct sp_proof proof;
    enum sp_err err = sp_proof_read(text, &proof);
    if (err == SP_OK) {
        err = sp_proof_check(&proof, fake_key());
    }
    sp_buf_done(&proof.entry);
    return err;
}

static void test_a_proof_holds_without_its_log(void **state)
{
    struct made *m = *state;
    struct sp_proof proof;
    assert_true(sp_slice_starts(sp_buf_slice(&m->text), "c2sp.org/tlog-proof@v1\nextra "));
    assert_int_equal(sp_proof_read(sp_buf_slice(&m->text), &proof), SP_OK);
    assert_int_equal(sp_proof_check(&proof, fake_key()), SP_OK);
    assert_int_equal(proof.index, 6);
    assert_int_equal(proof.checkpoint.size, 13);
    assert_true(sp_slice_starts(sp_buf_slice(&proof.entry), "{\"index\":6,\"kind\":\"stop\","));
    sp_buf_done(&proof.entry);
}

static void test_any_changed_byte_breaks_a_proof(void **state)
{
    struct made *m = *state;
    for (size_t i = 0; i < m->text.len; i++) {
        for (unsigned bit = 1; bit < 256; bit <<= 1) {
            m->text.ptr[i] ^= (uint8_t)bit;
            assert_int_not_equal(check(sp_buf_slice(&m->text)), SP_OK);
            m->text.ptr[i] ^= (uint8_t)bit;
        }
        assert_int_not_equal(check(sp_slice_make(m->text.ptr, i)), SP_OK);
    }
    assert_int_equal(check(sp_buf_slice(&m->text)), SP_OK);
}

static void test_another_key_does_not_do(void **state)
{
    struct made *m = *state;
    static const uint8_t seed[SP_SIGN_SEED_BYTES] = {6};
    SP_AUTO_NOTE_KEY struct sp_note_key same_name = {.key = NULL};
    SP_AUTO_NOTE_KEY struct sp_note_key other_name = {.key = NULL};
    struct sp_proof proof;
    assert_int_equal(sp_note_key_from_seed(sp_slice_of("example.com/log"), seed, &same_name),
                     SP_OK);
    assert_int_equal(sp_note_key_from_seed(sp_slice_of("example.com/other"), seed, &other_name),
                     SP_OK);
    assert_int_equal(sp_proof_read(sp_buf_slice(&m->text), &proof), SP_OK);
    assert_int_equal(sp_proof_check(&proof, &same_name), SP_ERR_NOT_FOUND);
    assert_int_equal(sp_proof_check(&proof, &other_name), SP_ERR_NOT_FOUND);
    proof.index = 5;
    assert_int_equal(sp_proof_check(&proof, fake_key()), SP_ERR_CORRUPT);
    sp_buf_done(&proof.entry);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_proof_holds_without_its_log, make, end),
        cmocka_unit_test_setup_teardown(test_any_changed_byte_breaks_a_proof, make, end),
        cmocka_unit_test_setup_teardown(test_another_key_does_not_do, make, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
