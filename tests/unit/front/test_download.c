#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/num.h"
#include "front/download.h"

static uint8_t file[1024];

/* A file that only seems to be as large as this: nobody reads it here. */
static struct MHD_Response *begin(struct sp_downloads *downloads, uint32_t owner, uint64_t bytes)
{
    struct sp_reply reply = {.content = {.bytes = sp_slice_make(file, (size_t)bytes), .fd = -1},
                             .has_content = true,
                             .len = 1};
    struct MHD_Response *response = sp_download_response(downloads, &reply, owner);
    assert_non_null(response);
    assert_int_equal(reply.content.bytes.len, 0);
    return response;
}

static void test_a_tenant_has_its_share_and_no_more(void **state)
{
    static struct sp_downloads downloads;
    (void)state;
    struct MHD_Response *first = begin(&downloads, 1, SP_DOWNLOAD_OWNER_MAX - 10);
    assert_int_equal(sp_download_room(&downloads, 1, 10), SP_OK);
    assert_int_equal(sp_download_room(&downloads, 1, 11), SP_ERR_BUSY);
    assert_int_equal(sp_download_room(&downloads, 2, SP_DOWNLOAD_OWNER_MAX), SP_OK);
    MHD_destroy_response(first);
    assert_int_equal(sp_download_room(&downloads, 1, 11), SP_OK);
    assert_int_equal(downloads.bytes, 0);
}

static void test_one_file_may_be_larger_than_the_share(void **state)
{
    static struct sp_downloads downloads;
    (void)state;
    assert_int_equal(sp_download_room(&downloads, 1, SP_DOWNLOAD_OWNER_MAX + 1), SP_OK);
    struct MHD_Response *first = begin(&downloads, 1, SP_DOWNLOAD_OWNER_MAX + 1);
    assert_int_equal(sp_download_room(&downloads, 1, 1), SP_ERR_BUSY);
    MHD_destroy_response(first);
}

static void test_all_together_have_a_bound(void **state)
{
    static struct sp_downloads downloads;
    struct MHD_Response *responses[4];
    (void)state;
    for (uint32_t i = 0; i < 4; i++) {
        responses[i] = begin(&downloads, i, SP_DOWNLOAD_BYTES_MAX / 4);
    }
    assert_int_equal(sp_download_room(&downloads, 9, 1), SP_ERR_UNAVAILABLE);
    for (uint32_t i = 0; i < 4; i++) {
        MHD_destroy_response(responses[i]);
    }
    assert_int_equal(sp_download_room(&downloads, 9, 1), SP_OK);
}

static void test_so_many_tenants_at_once(void **state)
{
    static struct sp_downloads downloads;
    static struct MHD_Response *responses[SP_DOWNLOAD_OWNERS];
    (void)state;
    for (uint32_t i = 0; i < SP_DOWNLOAD_OWNERS; i++) {
        responses[i] = begin(&downloads, i, 1);
    }
    assert_int_equal(sp_download_room(&downloads, 1, 1), SP_OK);
    assert_int_equal(sp_download_room(&downloads, SP_DOWNLOAD_OWNERS, 1), SP_ERR_UNAVAILABLE);
    for (uint32_t i = 0; i < SP_DOWNLOAD_OWNERS; i++) {
        MHD_destroy_response(responses[i]);
    }
    assert_int_equal(downloads.bytes, 0);
}

/* Read in pieces of any size, it is the same text. */
static void test_an_enclosed_file_is_one_text(void **state)
{
    static const struct {
        const char *file;
        const char *text;
    } cases[] = {{"", "{\"content\":\"\"}"},
                 {"f", "{\"content\":\"Zg==\"}"},
                 {"fo", "{\"content\":\"Zm8=\"}"},
                 {"foobar", "{\"content\":\"Zm9vYmFy\"}"},
                 {"foobarf", "{\"content\":\"Zm9vYmFyZg==\"}"}};
    (void)state;
    for (size_t i = 0; i < SP_COUNT(cases); i++) {
        struct sp_slice bytes = sp_slice_of(cases[i].file);
        struct sp_slice want = sp_slice_of(cases[i].text);
        assert_int_equal(sp_download_enclosed_len(bytes.len), want.len);
        for (size_t room = 1; room <= want.len + 1; room++) {
            char got[64];
            size_t len = 0;
            for (size_t n = 1; n > 0; len += n) {
                n = sp_download_enclosed_piece(bytes, len, got + len, room);
                assert_true(n <= room && len + n <= want.len);
            }
            assert_true(sp_slice_equal(sp_slice_make(got, len), want));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_enclosed_file_is_one_text),
        cmocka_unit_test(test_a_tenant_has_its_share_and_no_more),
        cmocka_unit_test(test_one_file_may_be_larger_than_the_share),
        cmocka_unit_test(test_all_together_have_a_bound),
        cmocka_unit_test(test_so_many_tenants_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
