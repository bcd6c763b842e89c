#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "format/tar.h"

#define BLOCK 512U

static uint8_t archive[16 * BLOCK];

static void put(uint8_t *to, const char *text)
{
    struct sp_slice bytes = sp_slice_of(text);
    (void)sp_slice_copy(bytes, to, bytes.len);
}

/* A header at a block, with its sum. */
static uint8_t *header(unsigned block, const char *name, const char *size, char type)
{
    uint8_t *at = archive + (size_t)block * BLOCK;
    unsigned sum = 0;
    char digits[16];
    put(at, name);
    put(at + 124, size);
    put(at + 148, "        ");
    at[156] = (uint8_t)type;
    put(at + 257, "ustar");
    for (unsigned i = 0; i < BLOCK; i++) {
        sum += at[i];
    }
    (void)snprintf(digits, sizeof(digits), "%06o", sum);
    put(at + 148, digits);
    at[154] = 0;
    return at;
}

static void clear(void)
{
    for (size_t i = 0; i < sizeof(archive); i++) {
        archive[i] = 0;
    }
}

static enum sp_err first(unsigned blocks, struct sp_tar_member *out)
{
    static struct sp_tar tar;
    sp_tar_open(sp_slice_make(archive, (size_t)blocks * BLOCK), &tar);
    return sp_tar_next(&tar, out);
}

static void test_members_are_walked(void **state)
{
    static struct sp_tar tar;
    struct sp_tar_member m;
    (void)state;
    clear();
    (void)header(0, "a.txt", "5", '0');
    put(archive + BLOCK, "hello");
    (void)header(2, "dir/", "0", '5');
    (void)header(3, "link", "0", '2');
    (void)header(4, "pipe", "0", '6');
    sp_tar_open(sp_slice_make(archive, 7 * BLOCK), &tar);
    assert_int_equal(sp_tar_next(&tar, &m), SP_OK);
    assert_true(sp_slice_is(m.name, "a.txt"));
    assert_true(sp_slice_is(m.data, "hello"));
    assert_int_equal(sp_tar_next(&tar, &m), SP_OK);
    assert_int_equal(m.type, SP_TAR_FOLDER);
    assert_int_equal(sp_tar_next(&tar, &m), SP_OK);
    assert_int_equal(m.type, SP_TAR_LINK);
    assert_int_equal(sp_tar_next(&tar, &m), SP_OK);
    assert_int_equal(m.type, SP_TAR_SPECIAL);
    assert_int_equal(sp_tar_next(&tar, &m), SP_ERR_NOT_FOUND);
}

static void test_long_names_count(void **state)
{
    struct sp_tar_member m;
    (void)state;
    clear();
    (void)header(0, "x", "16", 'x'); /* 14 */
    put(archive + BLOCK, "14 path=../b\nX\n");
    archive[BLOCK + 13] = 0;
    (void)header(2, "a.txt", "0", '0');
    assert_int_equal(first(3, &m), SP_ERR_CORRUPT);
    put(archive + BLOCK, "13 path=../b\n");
    archive[BLOCK + 13] = 0;
    assert_int_equal(first(3, &m), SP_OK);
    assert_true(sp_slice_is(m.name, "../b"));
    (void)header(0, "x", "16", 'L');
    put(archive + BLOCK, "/etc/passwd");
    archive[BLOCK + 11] = 0;
    assert_int_equal(first(3, &m), SP_OK);
    assert_true(sp_slice_is(m.name, "/etc/passwd"));
}

/* A header of this type at a block, and the block that it speaks with. */
static void speak(unsigned block, char type, const char *text)
{
    char digits[24];
    (void)snprintf(digits, sizeof(digits), "%zo", sp_slice_of(text).len);
    (void)header(block, "x", digits, type);
    put(archive + (size_t)(block + 1) * BLOCK, text);
}

static void test_a_name_that_is_given_twice_is_refused(void **state)
{
    static const char path[] = "12 path=b/c\n";
    static const struct {
        char types[3];
        const char *texts[2];
        enum sp_err want;
    } cases[] = {
        {"x", {path}, SP_OK},
        {"L", {"b/c"}, SP_OK},
        {"xK", {path, "to"}, SP_OK},
        {"gx", {"11 mtime=1\n", path}, SP_OK},
        {"xL", {"11 mtime=1\n", "b/c"}, SP_OK},
        {"xx", {path, path}, SP_ERR_CORRUPT},
        {"xX", {path, "11 mtime=1\n"}, SP_ERR_CORRUPT},
        {"LL", {"b/c", "b/c"}, SP_ERR_CORRUPT},
        {"xL", {path, "b/c"}, SP_ERR_CORRUPT},
        {"Lx", {"b/c", path}, SP_ERR_CORRUPT},
        {"xg", {path, path}, SP_ERR_CORRUPT},
        {"g", {path}, SP_ERR_CORRUPT},
        {"xg", {path, "11 size=10\n"}, SP_ERR_CORRUPT},
    };
    (void)state;
    for (size_t i = 0; i < SP_COUNT(cases); i++) {
        struct sp_tar_member m;
        unsigned at = 0;
        print_message("  %s %zu\n", cases[i].types, i);
        clear();
        for (unsigned k = 0; k < 2 && cases[i].types[k] != '\0'; k++) {
            speak(at, cases[i].types[k], cases[i].texts[k]);
            at += 2;
        }
        (void)header(at, "a.txt", "0", '0');
        assert_int_equal(first(at + 1, &m), cases[i].want);
        assert_true(cases[i].want != SP_OK || sp_slice_is(m.name, "b/c"));
    }
}

static void test_a_folder_of_the_oldest_form_has_no_other_name(void **state)
{
    static const struct {
        const char *own;
        char type;
        const char *given;
        enum sp_err want;
    } cases[] = {{"a/", 0, NULL, SP_OK},
                 {"a", 'L', "b", SP_OK},
                 {"a", 'K', "b/", SP_OK},
                 {"a", 'L', "b/", SP_ERR_CORRUPT},
                 {"a/", 'L', "b", SP_ERR_CORRUPT},
                 {"a/", 'K', "b", SP_ERR_CORRUPT},
                 {"a/", 'g', "11 mtime=1\n", SP_ERR_CORRUPT}};
    (void)state;
    for (size_t i = 0; i < SP_COUNT(cases); i++) {
        struct sp_tar_member m;
        const unsigned at = cases[i].given != NULL ? 2 : 0;
        clear();
        if (cases[i].given != NULL) {
            speak(0, cases[i].type, cases[i].given);
        }
        (void)header(at, cases[i].own, "0", '\0');
        assert_int_equal(first(at + 1, &m), cases[i].want);
        assert_true(cases[i].want != SP_OK || m.type == (at == 0 ? SP_TAR_FOLDER : SP_TAR_FILE));
    }
}

/* Readers differ in whether the bytes are a name's beginning when another tar wrote them than that of POSIX. */
static void test_a_prefix_is_that_of_posix(void **state)
{
    struct sp_tar_member m;
    (void)state;
    clear();
    put(archive + 345, "dir");
    (void)header(0, "a.txt", "0", '0');
    assert_int_equal(first(1, &m), SP_OK);
    assert_true(sp_slice_is(m.name, "dir/a.txt"));
    archive[262] = ' ';
    put(archive + 148, "        ");
    (void)header(0, "a.txt", "0", '0');
    assert_int_equal(first(1, &m), SP_ERR_CORRUPT);
    for (unsigned i = 345; i < 348; i++) {
        archive[i] = 0;
    }
    put(archive + 148, "        ");
    (void)header(0, "a.txt", "0", '0');
    assert_int_equal(first(1, &m), SP_OK);
    assert_true(sp_slice_is(m.name, "a.txt"));
}

static void test_what_is_behind_the_end_counts(void **state)
{
    struct sp_tar_member m;
    (void)state;
    clear();
    (void)header(2, "late", "0", '0');
    assert_int_equal(first(3, &m), SP_OK);
    assert_true(sp_slice_is(m.name, "late"));
}

static void test_damage_and_what_readers_differ_on_is_refused(void **state)
{
    struct sp_tar_member m;
    (void)state;
    clear();
    uint8_t *at = header(0, "a.txt", "5", '0');
    at[0] = 'b';
    assert_int_equal(first(2, &m), SP_ERR_CORRUPT);
    clear();
    (void)header(0, "a.txt", "2000", '0');
    assert_int_equal(first(2, &m), SP_ERR_SHORT);
    clear();
    (void)header(0, "a.txt", "0", 'S');
    assert_int_equal(first(2, &m), SP_ERR_CORRUPT);
    clear();
    (void)header(0, "a.txt", "9", '0');
    assert_int_equal(first(2, &m), SP_ERR_CORRUPT);
    clear();
    (void)header(0, "a.txt", "0", '0');
    sp_tar_open(sp_slice_make(archive, 100), &(struct sp_tar){.at = 0});
    assert_int_equal(first(0, &m), SP_ERR_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_members_are_walked),
        cmocka_unit_test(test_long_names_count),
        cmocka_unit_test(test_a_name_that_is_given_twice_is_refused),
        cmocka_unit_test(test_a_folder_of_the_oldest_form_has_no_other_name),
        cmocka_unit_test(test_a_prefix_is_that_of_posix),
        cmocka_unit_test(test_what_is_behind_the_end_counts),
        cmocka_unit_test(test_damage_and_what_readers_differ_on_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
