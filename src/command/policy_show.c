#include <stdio.h>
#include <stdlib.h>

#include "base/num.h"
#include "codec/hex.h"
#include "codec/toml.h"
#include "command/command.h"
#include "command/policy_inner.h"
#include "crypto/hash.h"

#define TEXT_BYTES_MAX ((size_t)16 * 1024 * 1024)
#define JUDGE_BYTES    ((size_t)1024 * 1024)
#define DIGEST_HEX_MAX (2 * SP_SHA256_BYTES + 1)
#define CODE_SHOWN_MAX 56U

int policy_desk_init(struct policy_desk *desk, bool has_color)
{
    struct sp_where where = {0};
    *desk = (struct policy_desk){.has_color = has_color};
    desk->judgement = calloc(1, sizeof(*desk->judgement));
    bool is_ready = desk->judgement != NULL && sp_hash_start() == SP_OK &&
                    sp_table_builtin(&desk->table, &where) == SP_OK &&
                    sp_judge_new(&desk->table, JUDGE_BYTES, &desk->judge) == SP_OK &&
                    sp_upload_new(desk->judge, &desk->upload) == SP_OK;
    if (!is_ready) {
        (void)fprintf(
            stderr,
            "sallyport policy: memory does not do, or the table of capabilities is damaged: %s\n",
            where.text);
    }
    return is_ready ? SP_EXIT_DONE : SP_EXIT_USAGE;
}

void policy_desk_done(struct policy_desk *desk)
{
    sp_upload_free(desk->upload);
    sp_judge_free(desk->judge);
    sp_table_done(&desk->table);
    free(desk->judgement);
}

int policy_open(const char *name, struct sp_policy *out)
{
    struct sp_where where = {0};
    enum sp_err err = sp_policy_open(sp_slice_of(name), out, &where);
    if (err == SP_OK) {
        return SP_EXIT_DONE;
    }
    if (where.line > 0) {
        (void)fprintf(stderr, "%s:%u:%u: %s\n", name, where.line, where.column, where.text);
    } else {
        (void)fprintf(stderr, "sallyport policy: %s: %s\n", name,
                      where.text[0] != '\0' ? where.text : sp_err_text(err));
    }
    return SP_EXIT_USAGE;
}

/* The resolved text, and the digest that the log names it by. */
static enum sp_err resolve(const struct sp_policy *policy, struct sp_buf *text,
                           char digest[DIGEST_HEX_MAX])
{
    uint8_t raw[SP_SHA256_BYTES];
    SP_TRY(sp_policy_print(policy, text));
    SP_TRY(sp_sha256(sp_buf_slice(text), raw));
    sp_hex_write(sp_slice_make(raw, sizeof(raw)), digest);
    return SP_OK;
}

/* The first line of the description in the file itself: no resolved text has it. */
static void describe(const char *name, char *out, size_t room)
{
    SP_AUTO_BUF struct sp_buf text;
    SP_AUTO_TOML struct sp_toml *doc = NULL;
    struct sp_slice words = {NULL, 0};
    out[0] = '\0';
    sp_buf_init(&text, SP_POLICY_TEXT_BYTES_MAX);
    if (sp_policy_source(NULL, sp_slice_of(name), &text) == SP_OK &&
        sp_toml_parse(sp_buf_slice(&text), &doc, NULL) == SP_OK) {
        const struct sp_toml_value *value = sp_toml_get(sp_toml_root(doc), "description");
        if (value != NULL && sp_toml_string(value, &words) == SP_OK) {
            sp_slice_to_text(sp_slice_sub(words, 0, sp_slice_find(words, 0, '\n')), out, room);
        }
    }
}

int policy_list_one(struct policy_desk *desk, const char *name)
{
    SP_AUTO_BUF struct sp_buf text;
    struct sp_policy policy;
    char digest[DIGEST_HEX_MAX];
    char words[256];
    (void)desk;
    sp_buf_init(&text, TEXT_BYTES_MAX);
    int status = policy_open(name, &policy);
    if (status != SP_EXIT_DONE) {
        return status;
    }
    enum sp_err err = resolve(&policy, &text, digest);
    describe(name, words, sizeof(words));
    if (err == SP_OK) {
        (void)printf("%-14s sha256:%.16s  %zu tests\n    %s\n", name, digest, policy.test_count,
                     words);
    }
    sp_policy_done(&policy);
    return err == SP_OK ? SP_EXIT_DONE : SP_EXIT_USAGE;
}

int policy_show(struct policy_desk *desk, const char *name)
{
    SP_AUTO_BUF struct sp_buf text;
    struct sp_policy policy;
    char digest[DIGEST_HEX_MAX];
    (void)desk;
    sp_buf_init(&text, TEXT_BYTES_MAX);
    int status = policy_open(name, &policy);
    if (status != SP_EXIT_DONE) {
        return status;
    }
    enum sp_err err = resolve(&policy, &text, digest);
    if (err == SP_OK) {
        /* A comment, so that what is printed is a policy itself, of the same digest. */
        (void)printf("# sha256:%s, with %zu tests\n%.*s", digest, policy.test_count, (int)text.len,
                     (const char *)text.ptr);
    }
    sp_policy_done(&policy);
    return err == SP_OK ? SP_EXIT_DONE : SP_EXIT_USAGE;
}

/* ---- tests ---- */

void policy_show_example(const struct sp_policy_test *test)
{
    if (test->file != NULL) {
        (void)printf("%s: ", test->file);
    }
    for (size_t i = 0; i < test->code_len && i < CODE_SHOWN_MAX; i++) {
        char byte = test->code[i];
        (void)putchar(byte == '\n' ? ' ' : byte >= 0x20 && byte < 0x7F ? byte : '?');
    }
    (void)printf("%s\n", test->code_len > CODE_SHOWN_MAX ? "..." : "");
}

static const char *expectation(const struct sp_policy_test *test)
{
    return test->expects_deny      ? "denied"
           : test->expects_finding ? "allowed with a finding"
                                   : "allowed";
}

static bool run_test(struct policy_desk *desk, const char *name, const struct sp_policy *policy,
                     const struct sp_policy_test *test)
{
    const struct sp_judgement *j = desk->judgement;
    sp_judge_test_run(desk->judge, desk->upload, policy, test, desk->judgement);
    if (sp_judge_test_passes(test, j)) {
        return true;
    }
    (void)printf("%s:%u: %sfails%s: ", name, test->line, desk->has_color ? "\033[31m" : "",
                 desk->has_color ? "\033[0m" : "");
    policy_show_example(test);
    (void)printf("    expected: %s%s%s\n    is %s%s\n", expectation(test),
                 test->rule[0] != '\0' ? " by " : "", test->rule,
                 j->verdict == SP_VERDICT_ALLOW ? "allowed" : "denied",
                 j->count == 0 ? ", without a finding" : ":");
    for (unsigned i = 0; i < j->count; i++) {
        (void)printf("      %s %s: %s\n", sp_action_name(j->findings[i].action),
                     j->findings[i].rule, j->findings[i].message);
    }
    return false;
}

int policy_test_one(struct policy_desk *desk, const char *name)
{
    struct sp_policy policy;
    size_t passed = 0;
    int status = policy_open(name, &policy);
    if (status != SP_EXIT_DONE) {
        return status;
    }
    for (size_t i = 0; i < policy.test_count; i++) {
        passed += run_test(desk, name, &policy, &policy.tests[i]) ? 1 : 0;
    }
    (void)printf("%s: %zu passed, %zu failed\n", name, passed, policy.test_count - passed);
    status = passed == policy.test_count ? SP_EXIT_DONE : SP_EXIT_DENIED;
    sp_policy_done(&policy);
    return status;
}
