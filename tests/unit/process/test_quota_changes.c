#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "process/quota_changes.h"
#include "process/settings.h"

static const char before[] =
    "[[organisation]]\nname = 'both'\n[organisation.quota]\nsessions = 5\n"
    "[[tenant]]\nname = 'acme'\norganisation = 'both'\n[tenant.quota]\nrequests_per_minute = 600\n"
    "[[tenant]]\nname = 'beta'\n[[tenant]]\nname = 'gone'\n";
static const char after[] =
    "[[organisation]]\nname = 'both'\n[organisation.quota]\nsessions = 6\n"
    "[[tenant]]\nname = 'acme'\norganisation = 'both'\n[tenant.quota]\nrequests_per_minute = 60\n"
    "upload_bytes_per_day = '1 MiB'\n[tenant.token_quota]\nconcurrent_runs = 3\n"
    "[[tenant]]\nname = 'beta'\n[[tenant]]\nname = 'new'\n[tenant.quota]\nsessions = 1\n";

static struct sp_config *parse(const char *text)
{
    struct sp_config *config = NULL;
    struct sp_where where = {.line = 0};
    if (sp_config_parse(sp_slice_of(text), NULL, &config, &where) != SP_OK) {
        fail_msg("%u:%u %s", where.line, where.column, where.text);
    }
    return config;
}

static void next(struct sp_reader *r, enum sp_limit_scope scope, const char *name,
                 const char *const *changes)
{
    struct sp_slice item = {NULL, 0};
    struct sp_settings_quota quota;
    struct sp_reader texts;
    assert_int_equal(sp_reader_block(r, SP_SETTINGS_LIST_MAX, &item), SP_OK);
    assert_int_equal(sp_settings_quota_read(item, &quota), SP_OK);
    assert_int_equal(quota.scope, scope);
    assert_int_equal(quota.more, 0);
    assert_true(sp_slice_is(quota.name, name));
    sp_reader_init(&texts, quota.changes);
    for (; *changes != NULL; changes++) {
        assert_int_equal(sp_reader_block(&texts, SP_MSG_DETAIL_MAX, &item), SP_OK);
        assert_true(sp_slice_is(item, *changes));
    }
    assert_int_equal(sp_reader_left(&texts), 0);
}

static void test_owners_with_changed_limits_are_told(void **state)
{
    SP_AUTO_CONFIG struct sp_config *old = parse(before);
    SP_AUTO_CONFIG struct sp_config *fresh = parse(after);
    SP_AUTO_BUF struct sp_buf out;
    struct sp_reader r;
    (void)state;
    sp_buf_init(&out, SP_SETTINGS_LIST_MAX);
    assert_int_equal(sp_quota_changes(old, fresh, -1, &out), SP_OK);
    sp_reader_init(&r, sp_buf_slice(&out));
    next(&r, SP_LIMIT_OF_TENANT, "acme",
         (const char *const[]){"requests_per_minute 600 60", "upload_bytes_per_day 0 1048576",
                               NULL});
    next(&r, SP_LIMIT_OF_TOKEN, "acme", (const char *const[]){"concurrent_runs 0 3", NULL});
    next(&r, SP_LIMIT_OF_ORGANISATION, "both", (const char *const[]){"sessions 5 6", NULL});
    assert_int_equal(sp_reader_left(&r), 0);
}

static void test_nothing_is_told_of_what_is_the_same(void **state)
{
    SP_AUTO_CONFIG struct sp_config *old = parse(before);
    SP_AUTO_CONFIG struct sp_config *fresh = parse(before);
    SP_AUTO_BUF struct sp_buf out;
    (void)state;
    sp_buf_init(&out, SP_SETTINGS_LIST_MAX);
    assert_int_equal(sp_quota_changes(old, fresh, -1, &out), SP_OK);
    assert_int_equal(out.len, 0);
}

/* More owners than the log gets entries: the last says how many more there are. */
static void test_past_the_bound_the_rest_is_counted(void **state)
{
    struct sp_buf texts[2];
    SP_AUTO_BUF struct sp_buf out;
    struct sp_settings_quota quota = {.more = 0};
    struct sp_reader r;
    size_t count = 0;
    (void)state;
    for (unsigned k = 0; k < 2; k++) {
        sp_buf_init(&texts[k], (size_t)1024 * 1024);
        for (unsigned i = 0; i < 1010; i++) {
            assert_int_equal(
                sp_buf_putf(&texts[k], "[[tenant]]\nname = 't%u'\n[tenant.quota]\nsessions = %u\n",
                            i, k + 1),
                SP_OK);
        }
        assert_int_equal(sp_buf_put_byte(&texts[k], 0), SP_OK);
    }
    SP_AUTO_CONFIG struct sp_config *old = parse((const char *)texts[0].ptr);
    SP_AUTO_CONFIG struct sp_config *fresh = parse((const char *)texts[1].ptr);
    sp_buf_init(&out, SP_SETTINGS_LIST_MAX);
    assert_int_equal(sp_quota_changes(old, fresh, -1, &out), SP_OK);
    sp_reader_init(&r, sp_buf_slice(&out));
    for (; sp_reader_left(&r) > 0; count++) {
        struct sp_slice item = {NULL, 0};
        assert_int_equal(quota.more, 0);
        assert_int_equal(sp_reader_block(&r, SP_SETTINGS_LIST_MAX, &item), SP_OK);
        assert_int_equal(sp_settings_quota_read(item, &quota), SP_OK);
    }
    assert_int_equal(count, SP_SETTINGS_QUOTAS_MAX);
    assert_int_equal(quota.more, 10);
    sp_buf_done(&texts[0]);
    sp_buf_done(&texts[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_owners_with_changed_limits_are_told),
        cmocka_unit_test(test_nothing_is_told_of_what_is_the_same),
        cmocka_unit_test(test_past_the_bound_the_rest_is_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
