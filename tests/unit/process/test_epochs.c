#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/own.h"
#include "crypto/hash.h"
#include "os/files.h"
#include "policy/policy.h"
#include "process/epochs.h"

struct stand {
    char folder[40];
    int dir;
    struct sp_config_tenant tenants[2];
    struct sp_config config;
    struct sp_policies policies;
    struct sp_epochs epochs;
};

static void open_stand(struct stand *s)
{
    *s = (struct stand){.folder = "/tmp/sallyport-epochs-XXXXXX"};
    assert_non_null(mkdtemp(s->folder));
    s->dir = open(s->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    s->config.tenants = s->tenants;
    s->config.tenant_count = 1;
    s->tenants[0] = (struct sp_config_tenant){.name = "acme", .policy = "p"};
    s->tenants[1] = (struct sp_config_tenant){.name = "beta", .policy = "p"};
    sp_buf_init(&s->policies.items[0].text, SP_POLICY_TEXT_BYTES_MAX);
    s->policies.count = 1;
}

static void close_stand(struct stand *s)
{
    sp_epochs_done(&s->epochs);
    sp_policies_done(&s->policies);
    (void)unlinkat(s->dir, SP_EPOCHS_FILE, 0);
    sp_close(s->dir);
    (void)rmdir(s->folder);
}

static void set_policy(struct stand *s, const char *text)
{
    struct sp_policy policy;
    struct sp_policy_in_force *item = &s->policies.items[0];
    assert_int_equal(sp_policy_load(sp_slice_of(text), sp_policy_source, NULL, &policy, NULL),
                     SP_OK);
    sp_buf_clear(&item->text);
    assert_int_equal(sp_policy_print(&policy, &item->text), SP_OK);
    assert_int_equal(sp_sha256(sp_buf_slice(&item->text), item->digest), SP_OK);
    sp_slice_to_text(SP_SLICE_LITERAL("p"), item->name, sizeof(item->name));
    sp_policy_done(&policy);
}

static uint64_t settle(struct stand *s, const char *tenant)
{
    assert_int_equal(sp_epochs_settle(s->dir, &s->config, &s->policies, &s->epochs), SP_OK);
    return sp_epochs_of(&s->epochs, sp_slice_of(tenant));
}

static const char narrow[] =
    "name = \"p\"\nextends = \"data-science\"\n[modules]\ndeny = [\"decimal\"]\n";
static const char wide[] = "name = \"p\"\nextends = \"data-science\"\n";

static void test_an_epoch_rises_when_the_policy_narrows_and_only_then(void **state)
{
    struct stand s;
    (void)state;
    open_stand(&s);
    set_policy(&s, narrow);
    assert_int_equal(settle(&s, "acme"), 1);
    assert_int_equal(settle(&s, "acme"), 1); /* the same again */
    set_policy(&s, wide);
    assert_int_equal(settle(&s, "acme"), 1);
    set_policy(&s, narrow);
    assert_int_equal(settle(&s, "acme"), 2);
    assert_int_equal(settle(&s, "acme"), 2);
    /* a new tenant begins at the first, whoever else there is */
    s.config.tenant_count = 2;
    assert_int_equal(settle(&s, "beta"), 1);
    /* one that goes is remembered: coming back with less is a narrowing */
    set_policy(&s, wide);
    assert_int_equal(settle(&s, "beta"), 1);
    s.config.tenant_count = 1;
    set_policy(&s, "name = \"p\"\nextends = \"strict\"\n");
    assert_int_equal(settle(&s, "acme"), 3);
    s.config.tenant_count = 2;
    assert_int_equal(settle(&s, "beta"), 2);
    assert_int_equal(settle(&s, "acme"), 3);
    close_stand(&s);
}

static void test_a_file_that_does_not_read_is_an_error_and_no_first_epoch(void **state)
{
    static const char *const bad[] = {
        "",
        "{}",
        "{\"tenants\":[],\"policies\":{}}",
        "{\"tenants\":[{\"name\":\"acme\",\"epoch\":0,\"policy\":\"00\"}],\"policies\":[]}",
        "{\"tenants\":[{\"name\":\"acme\",\"epoch\":1,\"policy\":\"00\"}],\"policies\":[]}",
        ("{\"tenants\":[{\"name\":\"acme\",\"epoch\":-1,\"policy\":"
         "\"0000000000000000000000000000000000000000000000000000000000000000\"}],\"policies\":[]}"),
    };
    struct stand s;
    (void)state;
    open_stand(&s);
    set_policy(&s, narrow);
    assert_int_equal(settle(&s, "acme"), 1);
    for (size_t i = 0; i < SP_COUNT(bad); i++) {
        assert_int_equal(sp_file_write_private_at(s.dir, SP_EPOCHS_FILE, sp_slice_of(bad[i])),
                         SP_OK);
        assert_int_equal(sp_epochs_settle(s.dir, &s.config, &s.policies, &s.epochs),
                         SP_ERR_CORRUPT);
        assert_int_equal(sp_epochs_of(&s.epochs, SP_SLICE_LITERAL("acme")), 1); /* untouched */
    }
    /* A policy whose text is not kept proves nothing. */
    static const char lost[] =
        "{\"tenants\":[{\"name\":\"acme\",\"epoch\":7,\"policy\":"
        "\"0000000000000000000000000000000000000000000000000000000000000000\"}],\"policies\":[]}";
    assert_int_equal(sp_file_write_private_at(s.dir, SP_EPOCHS_FILE, sp_slice_of(lost)), SP_OK);
    assert_int_equal(settle(&s, "acme"), 8);
    close_stand(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_epoch_rises_when_the_policy_narrows_and_only_then),
        cmocka_unit_test(test_a_file_that_does_not_read_is_an_error_and_no_first_epoch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
