#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "identity/used.h"

static struct sp_directory *make(unsigned tokens)
{
    static const char *const ids[] = {"a", "b", "c"};
    struct sp_directory *d = NULL;
    const struct sp_tenant acme = {.name = SP_SLICE_LITERAL("acme")};
    const uint8_t digest[SP_TOKEN_DIGEST_BYTES] = {1};
    assert_int_equal(sp_directory_new(&d), SP_OK);
    assert_int_equal(sp_directory_add_tenant(d, &acme), SP_OK);
    for (unsigned i = 0; i < tokens; i++) {
        assert_int_equal(sp_directory_add_token(d, sp_slice_of(ids[i]), acme.name, digest, 0),
                         SP_OK);
    }
    return d;
}

static void use(struct sp_directory *d, size_t index, uint64_t at)
{
    struct sp_token_use *token = sp_directory_token_use(d, index);
    token->used_us = at;
    token->is_unwritten = true;
}

static void test_uses_come_back_and_lines_are_used_again(void **state)
{
    (void)state;
    const int fd = memfd_create("used", MFD_CLOEXEC);
    struct sp_directory *d = make(2);
    uint64_t told = 9;
    assert_int_equal(sp_used_load(fd, d, &told), SP_OK);
    assert_int_equal(told, 0);
    use(d, 1, 77);
    assert_int_equal(sp_used_save(fd, d, 5), SP_OK);
    use(d, 1, 78);
    use(d, 0, UINT64_MAX);
    assert_int_equal(sp_used_save(fd, d, 6), SP_OK);
    assert_false(sp_directory_token_use(d, 0)->is_unwritten);
    assert_int_equal(lseek(fd, 0, SEEK_END), 3 * SP_USED_LINE);
    sp_directory_free(d);
    d = make(3);
    assert_int_equal(sp_used_load(fd, d, &told), SP_OK);
    assert_int_equal(told, 6);
    assert_int_equal(sp_directory_token_use(d, 0)->used_us, UINT64_MAX);
    assert_int_equal(sp_directory_token_use(d, 1)->used_us, 78);
    assert_int_equal(sp_directory_token_use(d, 2)->used_us, 0);
    use(d, 2, 1);
    assert_int_equal(sp_used_save(fd, d, 6), SP_OK);
    assert_int_equal(lseek(fd, 0, SEEK_END), 4 * SP_USED_LINE);
    sp_directory_free(d);
    (void)close(fd);
}

static void test_lines_that_cannot_be_read_are_passed_over(void **state)
{
    (void)state;
    const int fd = memfd_create("used", MFD_CLOEXEC);
    struct sp_directory *d = make(2);
    uint64_t told = 0;
    static const char text[] = "#told                            00000000000000000003\n"
                               "a                                000000000000000000x4\n"
                               "b                                00000000000000000005\n"
                               "a                                0000000000000000000";
    assert_int_equal(write(fd, text, sizeof(text) - 1), sizeof(text) - 1);
    assert_int_equal(sp_used_load(fd, d, &told), SP_OK);
    assert_int_equal(told, 3);
    assert_int_equal(sp_directory_token_use(d, 0)->used_us, 0);
    assert_int_equal(sp_directory_token_use(d, 1)->used_us, 5);
    use(d, 0, 8); /* in the place of the line that a crash cut short */
    assert_int_equal(sp_used_save(fd, d, 3), SP_OK);
    assert_int_equal(lseek(fd, 0, SEEK_END), 4 * SP_USED_LINE);
    sp_directory_free(d);
    (void)close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_uses_come_back_and_lines_are_used_again),
        cmocka_unit_test(test_lines_that_cannot_be_read_are_passed_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
