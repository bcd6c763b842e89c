#include "sandbox/seccomp.h"

#include <errno.h>
#include <unistd.h>

#include <seccomp.h>

#include "base/own.h"
#include "os/memfd.h"

/* The filter as a tree over call numbers instead of a list: a deep table costs no more than a short one. */
#define OPTIMIZE_AS_TREE 2U

#ifdef SP_SECCOMP_LOG
#define DEFAULT_ACTION SCMP_ACT_LOG
#define DEFAULT_NAME   "log"
#else
#define DEFAULT_ACTION SCMP_ACT_KILL_PROCESS
#define DEFAULT_NAME   "kill"
#endif

const char *sp_seccomp_default_name(const struct sp_profile *profile)
{
    return profile->is_lenient ? "errno" : DEFAULT_NAME;
}

int sp_seccomp_number(const char *call)
{
    return seccomp_syscall_resolve_name(call);
}

static struct scmp_arg_cmp comparison(const struct sp_rule *rule)
{
    struct scmp_arg_cmp cmp = {
        .arg = rule->argument, .op = SCMP_CMP_EQ, .datum_a = rule->value, .datum_b = 0};
    switch (rule->check) {
    case SP_CHECK_NONE:
    case SP_CHECK_IS:
    case SP_CHECK_NOT: /* add_other makes it */
        break;
    case SP_CHECK_CLEAR:
        cmp.op = SCMP_CMP_MASKED_EQ;
        break;
    case SP_CHECK_SET:
        cmp.op = SCMP_CMP_MASKED_EQ;
        cmp.datum_b = rule->value;
        break;
    case SP_CHECK_SELF:
        cmp.datum_a = (scmp_datum_t)getpid();
        break;
    }
    return cmp;
}

/*
 * Any number but one, by the bits that differ: a comparison of all 64 would let the one pass with a bit set above the 32
 * that the kernel looks at.
 */
static int add_other(scmp_filter_ctx filter, uint32_t action, int call, const struct sp_rule *rule)
{
    int status = 0;
    for (unsigned bit = 0; bit < 32 && status == 0; bit++) {
        const uint64_t mask = UINT64_C(1) << bit;
        const struct scmp_arg_cmp cmp = {.arg = rule->argument,
                                         .op = SCMP_CMP_MASKED_EQ,
                                         .datum_a = mask,
                                         .datum_b = ~rule->value & mask};
        status = seccomp_rule_add_array(filter, action, call, 1, &cmp);
    }
    return status;
}

/* A call that this machine does not have cannot be made, so its row is passed over. */
static enum sp_err add(scmp_filter_ctx filter, const struct sp_rule *rule, unsigned *rows)
{
    int call = sp_seccomp_number(rule->call);
    if (call < 0) {
        return SP_OK;
    }
    uint32_t action = rule->answer == 0 ? SCMP_ACT_ALLOW : SCMP_ACT_ERRNO((uint32_t)rule->answer);
    const struct scmp_arg_cmp cmp[] = {
        comparison(rule),
        {.arg = rule->more_argument, .op = SCMP_CMP_EQ, .datum_a = rule->more, .datum_b = 0},
    };
    const unsigned count = rule->check == SP_CHECK_NONE ? 0 : rule->has_more ? 2 : 1;
    int status = rule->check == SP_CHECK_NOT
                     ? add_other(filter, action, call, rule)
                     : seccomp_rule_add_array(filter, action, call, count, cmp);
    if (status != 0 && status != -EEXIST) {
        return SP_ERR_SYSTEM;
    }
    (*rows)++;
    return SP_OK;
}

static enum sp_err add_all(scmp_filter_ctx filter, const struct sp_rule *rules, size_t count,
                           unsigned *rows)
{
    for (size_t i = 0; i < count; i++) {
        SP_TRY(add(filter, &rules[i], rows));
    }
    return SP_OK;
}

static enum sp_err fill_and_load(scmp_filter_ctx filter, const struct sp_profile *profile,
                                 unsigned *rows)
{
    /* no_new_privs is a layer of its own, set before and looked up; nothing here shall set it by the way. */
    if (seccomp_attr_set(filter, SCMP_FLTATR_CTL_NNP, 0) != 0) {
        return SP_ERR_SYSTEM;
    }
    /* An older libseccomp knows no tree; the list says the same. */
    (void)seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, OPTIMIZE_AS_TREE);
    SP_TRY(add_all(filter, sp_common_rules, sp_common_rule_count, rows));
    SP_TRY(add_all(filter, profile->rules, profile->rule_count, rows));
    return seccomp_load(filter) == 0 ? SP_OK : SP_ERR_UNSUPPORTED;
}

enum sp_err sp_seccomp_enter(const struct sp_profile *profile, unsigned *out_rows)
{
    unsigned rows = 0;
    scmp_filter_ctx filter =
        seccomp_init(profile->is_lenient ? SCMP_ACT_ERRNO(EPERM) : DEFAULT_ACTION);
    if (filter == NULL) {
        return SP_ERR_NOMEM;
    }
    enum sp_err err = fill_and_load(filter, profile, &rows);
    seccomp_release(filter);
    if (err == SP_OK) {
        *out_rows = rows;
    }
    return err;
}

/* --- filters that are built once and loaded often --- */

static enum sp_err add_group(scmp_filter_ctx filter, const struct sp_call_group *group,
                             int otherwise)
{
    unsigned ignored = 0;
    /* libseccomp refuses a row that says what the default says already. */
    if (group->answer == otherwise) {
        return SP_OK;
    }
    for (size_t i = 0; i < SP_GROUP_CALLS_MAX && group->calls[i] != NULL; i++) {
        const struct sp_rule rule = SP_ANSWER(group->calls[i], group->answer, group->why);
        SP_TRY(add(filter, &rule, &ignored));
    }
    return SP_OK;
}

static enum sp_err fill(scmp_filter_ctx filter, const struct sp_calls *calls, int otherwise)
{
    unsigned ignored = 0;
    if (seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_ERRNO((uint32_t)otherwise)) !=
        0) {
        return SP_ERR_SYSTEM;
    }
    (void)seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, OPTIMIZE_AS_TREE);
    for (size_t i = 0; i < calls->group_count; i++) {
        SP_TRY(add_group(filter, &calls->groups[i], otherwise));
    }
    return add_all(filter, calls->rules, calls->rule_count, &ignored);
}

static enum sp_err export_to(scmp_filter_ctx filter, struct sp_buf *out)
{
    SP_AUTO_CLOSE int fd = -1;
    uint8_t *space = NULL;
    SP_TRY(sp_memfd_new("filter", &fd));
    if (seccomp_export_bpf(filter, fd) != 0) {
        return SP_ERR_SYSTEM;
    }
    SP_TRY(sp_buf_reserve(out, SP_FILTER_BYTES_MAX, &space));
    ssize_t got = pread(fd, space, SP_FILTER_BYTES_MAX, 0);
    if (got <= 0 || (size_t)got == SP_FILTER_BYTES_MAX) {
        return SP_ERR_SYSTEM;
    }
    sp_buf_commit(out, (size_t)got);
    return SP_OK;
}

enum sp_err sp_seccomp_export(const struct sp_calls *calls, int otherwise, struct sp_buf *out)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO((uint32_t)otherwise));
    if (filter == NULL) {
        return SP_ERR_NOMEM;
    }
    enum sp_err err = fill(filter, calls, otherwise);
    if (err == SP_OK) {
        err = export_to(filter, out);
    }
    seccomp_release(filter);
    return err;
}
