/* answer_other: the same product in the words of each family and version. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "api/answer.h"
#include "api/answer_other.h"

static const struct sp_file_record file = {.directory = {(const uint8_t *)"d", 1},
                                           .name = {(const uint8_t *)"a", 1},
                                           .content_type = {(const uint8_t *)"text/plain", 10},
                                           .modified = {(const uint8_t *)"then", 4},
                                           .size = 7};
static const struct sp_file_record folder = {.name = {(const uint8_t *)"d", 1},
                                             .is_directory = true};

static void answer_is(const struct sp_answer_other *about, struct sp_slice product, unsigned status,
                      const char *want)
{
    SP_AUTO_BUF struct sp_buf out;
    unsigned got = 0;
    bool is_text = false;
    sp_buf_init(&out, 4096);
    assert_int_equal(sp_answer_other(about, product, &out, &got, &is_text), SP_OK);
    print_message("%.*s\n", (int)out.len, (const char *)out.ptr);
    assert_int_equal(got, status);
    assert_true(sp_slice_is(sp_buf_slice(&out), want));
    assert_int_equal(is_text, want[0] == 'S');
}

static void test_files(void **state)
{
    SP_AUTO_BUF struct sp_buf product;
    struct sp_writer w;
    struct sp_route route = {.operation = SP_OPERATION_FILE_LIST,
                             .family = SP_FAMILY_NEW,
                             .version = SP_VERSION_2025_10};
    const struct sp_answer_other about = {.route = &route};
    (void)state;
    sp_buf_init(&product, 4096);
    sp_writer_init(&w, &product);
    sp_file_record_write(&w, &file);
    struct sp_slice one = sp_slice_make(product.ptr, product.len);
    answer_is(&about, one, 200,
              "{\"value\":[{\"name\":\"a\",\"type\":\"file\",\"contentType\":\"text/"
              "plain\",\"sizeInBytes\":7,"
              "\"lastModifiedAt\":\"then\",\"directory\":\"d\"}],\"nextLink\":null}");
    route.operation = SP_OPERATION_FILE_GET;
    route.version = SP_VERSION_2024_10;
    answer_is(&about, one, 200,
              "{\"name\":\"a\",\"type\":\"file\",\"contentType\":\"text/"
              "plain\",\"sizeInBytes\":7,\"lastModifiedAt\":\"then\"}");
    route.family = SP_FAMILY_OLD;
    answer_is(&about, one, 200,
              "{\"$id\":\"1\",\"value\":[{\"$id\":\"2\",\"properties\":{\"$id\":\"3\",\"filename\":"
              "\"d/a\",\"size\":7,"
              "\"lastModifiedTime\":\"then\"}}]}");
    sp_file_record_write(&w, &folder);
    route.operation = SP_OPERATION_FILE_LIST;
    answer_is(&about, sp_slice_sub(sp_buf_slice(&product), one.len, product.len), 200,
              "{\"$id\":\"1\",\"value\":[]}");
    route.operation = SP_OPERATION_FILE_DELETE;
    answer_is(&about, sp_slice_of(""), 200, "{\"message\":\"file deleted successfully\"}");
    route.family = SP_FAMILY_NEW;
    answer_is(&about, sp_slice_of(""), 204, "");
}

static void test_a_directory_is_seen_from_the_one_that_was_asked_for(void **state)
{
    static const struct {
        const char *path;
        const char *directory;
        const char *want;
    } cases[] = {
        {"", "", ""},      {"", "a/b", "a/b"}, {"/", "a", "a"},
        {"a", "a", ""},    {"a", "a/b", "b"},  {"/mnt/data/a/", "a/b/c", "b/c"},
        {"a", "ab", "ab"}, {"a/b", "a/b", ""}, {"/mnt/data", "a", "a"},
    };
    (void)state;
    for (size_t i = 0; i < SP_COUNT(cases); i++) {
        SP_AUTO_BUF struct sp_buf product;
        SP_AUTO_BUF struct sp_buf want;
        struct sp_writer w;
        const struct sp_route route = {.operation = SP_OPERATION_FILE_GET,
                                       .family = SP_FAMILY_NEW,
                                       .version = SP_VERSION_2025_10,
                                       .path = sp_slice_of(cases[i].path)};
        const struct sp_answer_other about = {.route = &route};
        const struct sp_file_record found = {.directory = sp_slice_of(cases[i].directory),
                                             .name = SP_SLICE_LITERAL("f")};
        sp_buf_init(&product, 4096);
        sp_buf_init(&want, 4096);
        sp_writer_init(&w, &product);
        sp_file_record_write(&w, &found);
        assert_int_equal(sp_buf_putf(&want,
                                     "{\"name\":\"f\",\"type\":\"file\",\"sizeInBytes\":0,"
                                     "\"lastModifiedAt\":\"\",\"directory\":\"%s\"}%c",
                                     cases[i].want, 0),
                         SP_OK);
        answer_is(&about, sp_buf_slice(&product), 200, (const char *)want.ptr);
    }
}

/* The words of 2024-09-01 stand beside the old ones: of one file outside, of many in each. */
static void test_files_of_the_version_between(void **state)
{
    SP_AUTO_BUF struct sp_buf product;
    struct sp_writer w;
    struct sp_route route = {.operation = SP_OPERATION_FILE_LIST,
                             .family = SP_FAMILY_OLD,
                             .version = SP_VERSION_2024_09};
    const struct sp_answer_other about = {.route = &route};
    (void)state;
    sp_buf_init(&product, 4096);
    sp_writer_init(&w, &product);
    sp_file_record_write(&w, &file);
    answer_is(&about, sp_buf_slice(&product), 200,
              "{\"$id\":\"1\",\"value\":[{\"$id\":\"2\",\"fileName\":\"d/a\",\"sizeInBytes\":7,"
              "\"createdAt\":\"then\",\"lastModifiedAt\":\"then\",\"properties\":{\"$id\":\"3\","
              "\"filename\":\"d/a\",\"size\":7,\"lastModifiedTime\":\"then\"}}]}");
    route.operation = SP_OPERATION_FILE_PUT;
    answer_is(&about, sp_buf_slice(&product), 200,
              "{\"$id\":\"1\",\"fileName\":\"d/a\",\"sizeInBytes\":7,\"createdAt\":\"then\","
              "\"lastModifiedAt\":\"then\",\"value\":[{\"$id\":\"2\",\"fileName\":\"d/a\","
              "\"sizeInBytes\":7,\"createdAt\":\"then\",\"lastModifiedAt\":\"then\","
              "\"properties\":{\"$id\":\"3\",\"filename\":\"d/a\",\"size\":7,"
              "\"lastModifiedTime\":\"then\"}}]}");
    route.operation = SP_OPERATION_FILE_DELETE;
    answer_is(&about, sp_slice_of(""), 204, "");
}

static void test_sessions_bear_the_tenants_names(void **state)
{
    SP_AUTO_BUF struct sp_buf product;
    SP_AUTO_BUF struct sp_buf names;
    struct sp_writer w;
    const struct sp_session_record session = {.identifier = SP_SLICE_LITERAL("hash"),
                                              .created = SP_SLICE_LITERAL("c"),
                                              .accessed = SP_SLICE_LITERAL("a"),
                                              .expires = SP_SLICE_LITERAL("x"),
                                              .etag = SP_SLICE_LITERAL("e")};
    const struct sp_session_record strange = {.identifier = SP_SLICE_LITERAL("other")};
    struct sp_route route = {.operation = SP_OPERATION_SESSION_GET,
                             .family = SP_FAMILY_NEW,
                             .identifier = SP_SLICE_LITERAL("mine"),
                             .api_version = SP_SLICE_LITERAL("2025-10-02-preview")};
    struct sp_answer_other about = {
        .route = &route,
        .target = SP_SLICE_LITERAL("/p/pool/.management/stopSession?identifier=mine")};
    (void)state;
    sp_buf_init(&product, 4096);
    sp_buf_init(&names, 4096);
    sp_writer_init(&w, &product);
    sp_session_record_write(&w, &session);
    answer_is(&about, sp_buf_slice(&product), 200,
              "{\"identifier\":\"mine\",\"etag\":\"e\",\"createdAt\":\"c\",\"lastAccessedAt\":"
              "\"a\",\"expireAt\":\"x\"}");
    sp_session_record_write(&w, &strange);
    sp_writer_init(&w, &names);
    sp_writer_block(&w, SP_SLICE_LITERAL("hash"));
    sp_writer_block(&w, SP_SLICE_LITERAL("mine"));
    about.names = sp_buf_slice(&names);
    about.next_skip = 20;
    route.operation = SP_OPERATION_SESSION_LIST;
    answer_is(&about, sp_buf_slice(&product), 200,
              "{\"sessions\":[{\"identifier\":\"mine\",\"etag\":\"e\",\"createdAt\":\"c\","
              "\"lastAccessedAt\":\"a\",\"expireAt\":\"x\"}],"
              "\"nextLink\":\"/listSessions?api-version=2025-10-02-preview&skip=20\"}");
    route.operation = SP_OPERATION_SESSION_DELETE;
    answer_is(&about, sp_slice_of(""), 204, "");
    route.is_management = true;
    answer_is(&about, sp_slice_of(""), 200, "Session mine in session pool pool stopped.");
}

static void test_products_that_do_not_read(void **state)
{
    static const enum sp_operation operations[] = {SP_OPERATION_FILE_LIST, SP_OPERATION_FILE_GET,
                                                   SP_OPERATION_SESSION_GET,
                                                   SP_OPERATION_SESSION_LIST, SP_OPERATION_EXECUTE};
    (void)state;
    for (size_t i = 0; i < SP_COUNT(operations); i++) {
        SP_AUTO_BUF struct sp_buf out;
        unsigned status = 0;
        bool is_text = false;
        const struct sp_route route = {.operation = operations[i], .family = SP_FAMILY_NEW};
        const struct sp_answer_other about = {.route = &route};
        sp_buf_init(&out, 4096);
        assert_int_not_equal(
            sp_answer_other(&about, SP_SLICE_LITERAL("x"), &out, &status, &is_text), SP_OK);
    }
}

static void execution_is(enum sp_family family, const struct sp_execution *execution,
                         const char *want)
{
    SP_AUTO_BUF struct sp_buf out;
    const struct sp_route route = {.operation = SP_OPERATION_EXECUTION_GET,
                                   .family = family,
                                   .version = SP_VERSION_2025_10,
                                   .identifier = SP_SLICE_LITERAL("mine")};
    sp_buf_init(&out, 4096);
    assert_int_equal(sp_answer_execution(&route, SP_SLICE_LITERAL("7"), execution, &out), SP_OK);
    print_message("%.*s\n", (int)out.len, (const char *)out.ptr);
    assert_true(sp_slice_is(sp_buf_slice(&out), want));
}

static void test_executions(void **state)
{
    SP_AUTO_BUF struct sp_buf bytes;
    struct sp_writer w;
    const struct sp_result result = {.status = SP_RUN_SUCCEEDED,
                                     .value_json = SP_SLICE_LITERAL("1")};
    const struct sp_execution running = {.state = SP_EXECUTION_RUNNING};
    const struct sp_execution broken = {
        .state = SP_EXECUTION_BROKEN, .err = SP_ERR_SESSIONS_FULL, .detail = SP_SLICE_LITERAL("d")};
    (void)state;
    sp_buf_init(&bytes, 4096);
    sp_writer_init(&w, &bytes);
    sp_result_write(&w, &result);
    const struct sp_execution ended = {.state = SP_EXECUTION_ENDED, .result = sp_buf_slice(&bytes)};
    execution_is(SP_FAMILY_NEW, &running,
                 "{\"id\":\"7\",\"identifier\":\"mine\",\"executionType\":\"Asynchronous\","
                 "\"status\":\"Running\"}");
    execution_is(SP_FAMILY_OLD, &running,
                 "{\"$id\":\"1\",\"properties\":{\"$id\":\"2\",\"operationId\":\"7\",\"status\":"
                 "\"Running\",\"stdout\":\"\",\"stderr\":\"\","
                 "\"result\":\"\",\"executionResult\":\"\"}}");
    execution_is(SP_FAMILY_NEW, &ended,
                 "{\"id\":\"7\",\"identifier\":\"mine\",\"executionType\":\"Asynchronous\","
                 "\"status\":\"Succeeded\",\"result\":{"
                 "\"stdout\":\"\",\"stderr\":\"\",\"executionResult\":1,"
                 "\"executionTimeInMilliseconds\":0}}");
    execution_is(SP_FAMILY_NEW, &broken,
                 "{\"id\":\"7\",\"identifier\":\"mine\",\"executionType\":\"Asynchronous\","
                 "\"status\":\"Failed\",\"error\":{\"error\":{"
                 "\"code\":\"SessionLimitReached\",\"message\":\"d\"}}}");
    execution_is(SP_FAMILY_FLAT, &running,
                 "{\"$id\":\"1\",\"id\":\"7\",\"executionType\":\"Asynchronous\","
                 "\"operationId\":\"7\",\"status\":\"Running\",\"stdout\":\"\",\"stderr\":\"\","
                 "\"result\":\"\",\"executionResult\":\"\"}");
    execution_is(SP_FAMILY_FLAT, &ended,
                 "{\"id\":\"7\",\"executionType\":\"Asynchronous\",\"$id\":\"2\",\"status\":"
                 "\"Success\",\"stdout\":\"\",\"stderr\":\"\",\"result\":1,\"executionResult\":1,"
                 "\"executionTimeInMilliseconds\":0}");
    execution_is(SP_FAMILY_FLAT, &broken,
                 "{\"id\":\"7\",\"identifier\":\"mine\",\"executionType\":\"Asynchronous\","
                 "\"status\":\"Failure\",\"error\":{\"error\":{"
                 "\"code\":\"SessionLimitReached\",\"message\":\"d\"}}}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_files),
        cmocka_unit_test(test_a_directory_is_seen_from_the_one_that_was_asked_for),
        cmocka_unit_test(test_files_of_the_version_between),
        cmocka_unit_test(test_sessions_bear_the_tenants_names),
        cmocka_unit_test(test_products_that_do_not_read),
        cmocka_unit_test(test_executions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
