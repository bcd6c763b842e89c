#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "audit/note.h"
#include "base/attr.h"

static const uint8_t seed[SP_SIGN_SEED_BYTES] = {1, 2, 3};

/* The example of the specification: a key that anybody can check, and a note that it signed. */
#define PUBLISHED_KEY "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
#define PUBLISHED_NOTE                                                                             \
    "If you think cryptography is the answer to your problem,\n"                                   \
    "then you don't know what your problem is.\n\n"                                                \
    "\xe2\x80\x94 PeterNeumann "                                                                   \
    "x08go/ZJkuBS9UG/"                                                                             \
    "SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"

struct signed_note {
    struct sp_note_key key;
    struct sp_buf note;
};

static void sign(struct signed_note *s, uint64_t size)
{
    struct sp_node root = {.bytes = {9, 9, 9}};
    sp_buf_init(&s->note, SP_NOTE_BYTES_MAX);
    assert_int_equal(sp_note_key_from_seed(sp_slice_of("example.com/log"), seed, &s->key), SP_OK);
    assert_int_equal(sp_checkpoint_write(&s->key, size, &root, &s->note), SP_OK);
}

static void done(struct signed_note *s)
{
    sp_note_key_done(&s->key);
    sp_buf_done(&s->note);
}

static void test_a_published_note_is_verified(void **state)
{
    (void)state;
    SP_AUTO_NOTE_KEY struct sp_note_key key = {.key = NULL};
    assert_int_equal(sp_note_key_read(sp_slice_of(PUBLISHED_KEY), &key), SP_OK);
    assert_string_equal(key.name, "PeterNeumann");
    assert_int_equal(sp_note_verify(sp_slice_of(PUBLISHED_NOTE), &key), SP_OK);
}

static void test_a_checkpoint_says_what_was_signed(void **state)
{
    (void)state;
    struct signed_note s;
    struct sp_checkpoint got;
    sign(&s, 20852163);
    assert_int_equal(sp_checkpoint_read(sp_buf_slice(&s.note), &got), SP_OK);
    assert_true(sp_slice_is(got.origin, "example.com/log"));
    assert_int_equal(got.size, 20852163);
    assert_int_equal(got.root.bytes[0], 9);
    assert_int_equal(sp_note_verify(sp_buf_slice(&s.note), &s.key), SP_OK);
    done(&s);
}

static void test_any_changed_byte_is_found(void **state)
{
    (void)state;
    struct signed_note s;
    sign(&s, 7);
    for (size_t i = 0; i < s.note.len; i++) {
        for (unsigned bit = 1; bit < 256; bit <<= 1) {
            s.note.ptr[i] ^= (uint8_t)bit;
            assert_int_not_equal(sp_note_verify(sp_buf_slice(&s.note), &s.key), SP_OK);
            s.note.ptr[i] ^= (uint8_t)bit;
        }
        assert_int_not_equal(sp_note_verify(sp_slice_make(s.note.ptr, i), &s.key), SP_OK);
    }
    assert_int_equal(sp_note_verify(sp_buf_slice(&s.note), &s.key), SP_OK);
    done(&s);
}

static void test_signatures_of_others_are_passed_over(void **state)
{
    (void)state;
    struct signed_note s;
    SP_AUTO_NOTE_KEY struct sp_note_key other = {.key = NULL};
    sign(&s, 7);
    assert_int_equal(sp_note_key_read(sp_slice_of(PUBLISHED_KEY), &other), SP_OK);
    assert_int_equal(sp_note_verify(sp_buf_slice(&s.note), &other), SP_ERR_NOT_FOUND);
    assert_int_equal(sp_buf_put_text(&s.note, "\xe2\x80\x94 witness.example AAAAAAAA\n"), SP_OK);
    assert_int_equal(sp_note_verify(sp_buf_slice(&s.note), &s.key), SP_OK);
    assert_int_equal(sp_buf_put_text(&s.note, "\xe2\x80\x94 PeterNeumann x08gowAAAAAA\n"), SP_OK);
    assert_int_equal(sp_note_verify(sp_buf_slice(&s.note), &other), SP_ERR_INVALID);
    done(&s);
}

static void test_notes_of_another_form_are_refused(void **state)
{
    (void)state;
    static const char *const notes[] = {
        "",
        "o\n1\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n",       /* no empty line */
        "o\n01\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n\nx\n", /* a leading zero */
        "o\n-1\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n\nx\n",
        "o\n18446744073709551616\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n\nx\n",
        "o\n1\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==\n\nx\n",     /* 31 bytes */
        "\n1\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n\nx\n",      /* no origin */
        "o\n1\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n\nx",       /* no line end */
        "o\t\n1\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n\nx\n",   /* a control character */
        "o\xff\n1\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n\nx\n", /* no UTF-8 */
    };
    struct sp_checkpoint got = {.size = 5};
    for (size_t i = 0; i < SP_COUNT(notes); i++) {
        assert_int_equal(sp_checkpoint_read(sp_slice_of(notes[i]), &got), SP_ERR_INVALID);
    }
    assert_int_equal(got.size, 5);
    assert_int_equal(
        sp_checkpoint_read(sp_slice_of("o\n1\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n\nx\n"),
                           &got),
        SP_OK);
}

static void test_keys_come_back_from_both_text_forms(void **state)
{
    (void)state;
    struct signed_note s;
    SP_AUTO_NOTE_KEY struct sp_note_key again = {.key = NULL};
    SP_AUTO_NOTE_KEY struct sp_note_key private = {.key = NULL};
    SP_AUTO_BUF struct sp_buf text;
    SP_AUTO_BUF struct sp_buf secret;
    sp_buf_init(&text, SP_NOTE_TEXT_MAX);
    sp_buf_init(&secret, SP_NOTE_TEXT_MAX);
    sign(&s, 1);
    assert_int_equal(sp_note_key_write(&s.key, &text), SP_OK);
    assert_int_equal(sp_note_key_read(sp_buf_slice(&text), &again), SP_OK);
    assert_int_equal(sp_note_verify(sp_buf_slice(&s.note), &again), SP_OK);
    assert_int_equal(sp_note_key_write_private(&s.key, seed, &secret), SP_OK);
    assert_int_equal(sp_note_key_read_private(sp_buf_slice(&secret), &private), SP_OK);
    assert_memory_equal(private.public_key, s.key.public_key, SP_SIGN_PUBLIC_BYTES);
    text.ptr[0] ^= 1; /* another name does not have this id */
    sp_note_key_done(&again);
    assert_int_equal(sp_note_key_read(sp_buf_slice(&text), &again), SP_ERR_INVALID);
    done(&s);
}

static void test_keys_of_another_form_are_refused(void **state)
{
    (void)state;
    static const char *const keys[] = {
        "",
        "name",
        "name+c74f20a3",
        "name+c74f20a3+",
        "PeterNeumann+c74f20a3+AhpcQcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "PeterNeumann+c74f20a3+AhpczQcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW", /* another type */
        "Peter Neumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "PeterNeumann+c74f20a4+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "PeterNeumann+C74F20A3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW", /* the same number, another text */
        "+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
    };
    struct sp_note_key key = {.key = NULL};
    for (size_t i = 0; i < SP_COUNT(keys); i++) {
        assert_int_equal(sp_note_key_read(sp_slice_of(keys[i]), &key), SP_ERR_INVALID);
        assert_int_equal(sp_note_key_read_private(sp_slice_of(keys[i]), &key), SP_ERR_INVALID);
    }
    assert_null(key.key);
}

static void test_signatures_are_added_and_taken_out(void **state)
{
    static const uint8_t other_seed[SP_SIGN_SEED_BYTES] = {4};
    (void)state;
    struct signed_note s;
    struct sp_note_key other = {.key = NULL};
    SP_AUTO_BUF struct sp_buf both;
    SP_AUTO_BUF struct sp_buf only;
    sp_buf_init(&both, SP_NOTE_BYTES_MAX);
    sp_buf_init(&only, SP_NOTE_BYTES_MAX);
    sign(&s, 7);
    assert_int_equal(sp_note_key_from_seed(sp_slice_of("example.com/log"), other_seed, &other),
                     SP_OK);
    assert_int_equal(sp_buf_put(&both, sp_buf_slice(&s.note)), SP_OK);
    assert_int_equal(sp_note_signatures(sp_buf_slice(&both)), 1);
    assert_int_equal(sp_note_cosign(&other, &both), SP_OK);
    assert_int_equal(sp_note_signatures(sp_buf_slice(&both)), 2);
    assert_int_equal(sp_note_verify(sp_buf_slice(&both), &s.key), SP_OK);
    assert_int_equal(sp_note_verify(sp_buf_slice(&both), &other), SP_OK);
    assert_int_equal(sp_note_keep_only(&s.key, sp_buf_slice(&both), &only), SP_OK);
    assert_true(sp_slice_equal(sp_buf_slice(&only), sp_buf_slice(&s.note)));
    sp_buf_clear(&only);
    assert_int_equal(sp_note_keep_only(&other, sp_buf_slice(&both), &only), SP_OK);
    assert_int_equal(sp_note_verify(sp_buf_slice(&only), &other), SP_OK);
    assert_int_equal(sp_note_verify(sp_buf_slice(&only), &s.key), SP_ERR_NOT_FOUND);
    sp_buf_clear(&only);
    assert_int_equal(sp_note_keep_only(&other, sp_buf_slice(&s.note), &only), SP_ERR_NOT_FOUND);
    assert_int_equal(sp_note_keep_only(&other, sp_slice_of("no note"), &only), SP_ERR_INVALID);
    assert_int_equal(sp_note_signatures(sp_slice_of("no note")), 0);
    sp_buf_clear(&both);
    assert_int_equal(sp_note_cosign(&other, &both), SP_ERR_INVALID);
    sp_note_key_done(&other);
    done(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_published_note_is_verified),
        cmocka_unit_test(test_a_checkpoint_says_what_was_signed),
        cmocka_unit_test(test_any_changed_byte_is_found),
        cmocka_unit_test(test_signatures_of_others_are_passed_over),
        cmocka_unit_test(test_signatures_are_added_and_taken_out),
        cmocka_unit_test(test_notes_of_another_form_are_refused),
        cmocka_unit_test(test_keys_come_back_from_both_text_forms),
        cmocka_unit_test(test_keys_of_another_form_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
