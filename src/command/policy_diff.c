#include <stdio.h>
#include <stdlib.h>

#include "base/num.h"
#include "base/own.h"
#include "command/command.h"
#include "command/policy_inner.h"

/* What B says beside A. Rules are in the order of strictness: deny, warn, shadow, allow. */
struct comparison {
    struct policy_desk *desk;
    unsigned narrower;
    unsigned wider;
    unsigned other;
};

static void line(struct comparison *c, int direction, const char *section, struct sp_slice key)
{
    static const char *const words[] = {"narrower", "other   ", "wider   "};
    static const char *const colors[] = {"\033[31m", "\033[33m", "\033[32m"};
    bool has_color = c->desk->has_color;
    c->narrower += direction < 0 ? 1 : 0;
    c->wider += direction > 0 ? 1 : 0;
    c->other += direction == 0 ? 1 : 0;
    (void)printf("%s%s%s %s%s%.*s: ", has_color ? colors[direction + 1] : "", words[direction + 1],
                 has_color ? "\033[0m" : "", section, section[0] == '\0' ? "" : ".",
                 (int)sp_size_min(key.len, 80), (const char *)key.ptr);
}

static void rules(struct comparison *c, const char *section, struct sp_slice key, enum sp_rule a,
                  enum sp_rule b)
{
    if (a != b) {
        line(c, b < a ? -1 : 1, section, key);
        (void)printf("%s -> %s\n", sp_rule_name(a), sp_rule_name(b));
    }
}

static void numbers(struct comparison *c, const char *name, uint64_t a, uint64_t b)
{
    if (a != b) {
        line(c, b < a ? -1 : 1, "limits", sp_slice_of(name));
        (void)printf("%llu -> %llu\n", (unsigned long long)a, (unsigned long long)b);
    }
}

/* A key that only one has: what it allows was decided by the capabilities otherwise, mostly the other way. */
static int direction_of(uint32_t value, bool is_new)
{
    bool allows = value == SP_RULE_ALLOW;
    return allows == is_new ? 1 : -1;
}

static void entries(struct comparison *c, const char *section, const struct sp_map *a,
                    const struct sp_map *b)
{
    const struct sp_map *const both[] = {a, b};
    for (unsigned side = 0; side < 2; side++) {
        const struct sp_map *own = both[side];
        const struct sp_map *far = both[1 - side];
        SP_AUTO_FREE const struct sp_map_entry **sorted =
            calloc(own->count + 1, sizeof(struct sp_map_entry *));
        if (sorted == NULL) {
            return;
        }
        sp_map_sorted(own, sorted);
        for (size_t i = 0; i < own->count; i++) {
            uint32_t there = 0;
            bool is_new = side == 1;
            if (!sp_map_get(far, sorted[i]->key, &there)) {
                line(c, direction_of(sorted[i]->value, is_new), section, sorted[i]->key);
                (void)printf("%s %s\n", is_new ? "now" : "no longer",
                             sp_rule_name((enum sp_rule)sorted[i]->value));
            } else if (is_new) {
                rules(c, section, sorted[i]->key, (enum sp_rule)there,
                      (enum sp_rule)sorted[i]->value);
            }
        }
    }
}

static void settings(struct comparison *c, const struct sp_policy *a, const struct sp_policy *b)
{
    static const char *const versions[] = {"any", "3.11", "3.12", "3.14"};
    rules(c, "", SP_SLICE_LITERAL("unknown_module"), a->unknown_module, b->unknown_module);
    rules(c, "", SP_SLICE_LITERAL("syntax"), a->syntax, b->syntax);
    if (a->python != b->python) {
        bool to_any = b->python == SP_POLICY_PYTHON_ANY;
        line(c,
             to_any                              ? -1
             : a->python == SP_POLICY_PYTHON_ANY ? 1
                                                 : 0,
             "", SP_SLICE_LITERAL("python"));
        (void)printf("%s -> %s\n", versions[a->python], versions[b->python]);
    }
    if (a->is_cell != b->is_cell) {
        line(c, b->is_cell ? 1 : -1, "", SP_SLICE_LITERAL("mode"));
        (void)printf("%s -> %s\n", a->is_cell ? "cell" : "text", b->is_cell ? "cell" : "text");
    }
    if (a->only_listed != b->only_listed) {
        line(c, b->only_listed ? -1 : 1, "modules", SP_SLICE_LITERAL("only"));
        (void)printf("%s -> %s\n", a->only_listed ? "true" : "false",
                     b->only_listed ? "true" : "false");
    }
#define SP_POLICY_LIMIT_AS_COMPARED(field, highest, otherwise)                                     \
    numbers(c, #field, a->limits.field, b->limits.field);
    SP_POLICY_LIMIT_LIST(SP_POLICY_LIMIT_AS_COMPARED)
#undef SP_POLICY_LIMIT_AS_COMPARED
}

static void tables(struct comparison *c, const struct sp_policy *a, const struct sp_policy *b)
{
    for (unsigned i = 0; i < SP_CAPABILITY_COUNT; i++) {
        rules(c, "capabilities", sp_slice_of(sp_capability_name((enum sp_capability)i)),
              a->capability[i], b->capability[i]);
    }
    entries(c, "modules", &a->modules, &b->modules);
    entries(c, "names", &a->names, &b->names);
    entries(c, "attributes", &a->attributes, &b->attributes);
    entries(c, "strings", &a->strings, &b->strings);
    for (unsigned i = 0; i < SP_KIND_COUNT; i++) {
        rules(c, "files", sp_slice_of(sp_kind_name((enum sp_kind)i)), a->kind[i], b->kind[i]);
    }
    for (unsigned i = 0; i < SP_UPLOAD_RULE_COUNT; i++) {
        rules(c, "uploads", sp_slice_of(sp_upload_rule_name((enum sp_upload_rule)i)), a->upload[i],
              b->upload[i]);
    }
}

/* ---- examples ---- */

static void examples(struct comparison *c, const struct sp_policy *from, const struct sp_policy *a,
                     const struct sp_policy *b)
{
    static const char *const words[] = {"denied", "allowed"};
    struct policy_desk *desk = c->desk;
    for (size_t i = 0; i < from->test_count; i++) {
        const struct sp_policy_test *test = &from->tests[i];
        sp_judge_test_run(desk->judge, desk->upload, a, test, desk->judgement);
        bool by_a = desk->judgement->verdict == SP_VERDICT_ALLOW;
        sp_judge_test_run(desk->judge, desk->upload, b, test, desk->judgement);
        bool by_b = desk->judgement->verdict == SP_VERDICT_ALLOW;
        if (by_a != by_b) {
            line(c, by_b ? 1 : -1, "example", sp_slice_of(from->name));
            (void)printf("line %u, %s -> %s: ", test->line, words[by_a], words[by_b]);
            policy_show_example(test);
        }
    }
}

int policy_diff(struct policy_desk *desk, const char *a, const char *b)
{
    struct comparison c = {.desk = desk};
    struct sp_policy first;
    struct sp_policy second;
    int status = policy_open(a, &first);
    if (status != SP_EXIT_DONE) {
        return status;
    }
    status = policy_open(b, &second);
    if (status == SP_EXIT_DONE) {
        settings(&c, &first, &second);
        tables(&c, &first, &second);
        examples(&c, &first, &first, &second);
        examples(&c, &second, &first, &second);
        (void)printf("%s -> %s: %u narrower, %u wider, %u other\n", a, b, c.narrower, c.wider,
                     c.other);
        status = c.narrower + c.wider + c.other > 0 ? SP_EXIT_DENIED : SP_EXIT_DONE;
        sp_policy_done(&second);
    }
    sp_policy_done(&first);
    return status;
}
