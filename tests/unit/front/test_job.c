/* job: what is said of a request beside its body; the tenant's names of sessions stay behind. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "api/arguments.h"
#include "base/writer.h"
#include "front/job.h"

#define Q "?api-version=2025-10-02-preview&identifier=abcd"

static void test_arguments_of_a_request(void **state)
{
    SP_AUTO_BUF struct sp_buf out;
    struct sp_arguments arguments;
    const struct sp_job_request request = {
        .method = SP_SLICE_LITERAL("GET"),
        .target = SP_SLICE_LITERAL("/files/a%20b" Q "&path=/mnt/data/x&recursive=true"),
        .content_type = SP_SLICE_LITERAL("text/plain")};
    (void)state;
    sp_buf_init(&out, 4096);
    assert_int_equal(sp_job_arguments(&request, &out), SP_OK);
    assert_int_equal(sp_arguments_read(sp_buf_slice(&out), &arguments), SP_OK);
    assert_true(sp_slice_is(arguments.name, "a b") && sp_slice_is(arguments.path, "/mnt/data/x"));
    assert_true(sp_slice_is(arguments.content_type, "text/plain") && arguments.is_recursive);
    assert_int_equal(sp_slice_search(sp_buf_slice(&out), 0, SP_SLICE_LITERAL("abcd")), out.len);
}

static void test_only_the_pools_names_go_on(void **state)
{
    SP_AUTO_BUF struct sp_buf names;
    SP_AUTO_BUF struct sp_buf out;
    struct sp_arguments arguments;
    struct sp_writer w;
    (void)state;
    sp_buf_init(&names, 256);
    sp_buf_init(&out, 4096);
    sp_writer_init(&w, &names);
    sp_writer_block(&w, SP_SLICE_LITERAL("hash"));
    sp_writer_block(&w, SP_SLICE_LITERAL("mine"));
    struct sp_job_request request = {
        .method = SP_SLICE_LITERAL("GET"),
        .target = SP_SLICE_LITERAL("/listSessions?api-version=2025-10-02-preview"),
        .names = sp_buf_slice(&names)};
    assert_int_equal(sp_job_arguments(&request, &out), SP_OK);
    assert_int_equal(sp_arguments_read(sp_buf_slice(&out), &arguments), SP_OK);
    assert_int_equal(arguments.sessions.len, 8);
    assert_true(sp_slice_is(sp_slice_sub(arguments.sessions, 4, 4), "hash"));
    request.names.len--;
    sp_buf_clear(&out);
    assert_int_not_equal(sp_job_arguments(&request, &out), SP_OK);
    request.target = SP_SLICE_LITERAL("/nothing");
    assert_int_not_equal(sp_job_arguments(&request, &out), SP_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_arguments_of_a_request),
        cmocka_unit_test(test_only_the_pools_names_go_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
