#include "policy/judge.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/num.h"
#include "policy/judge_ahead.h"
#include "python/names.h"

/* ---- life ---- */

/* Keys like "numpy.load(allow_pickle)" speak of keywords. */
static enum sp_err find_keywords(struct sp_judge *j, const struct sp_map *keys, uint32_t kind)
{
    for (size_t i = 0; i < keys->slot_count; i++) {
        struct sp_slice key = keys->slots[i].key;
        size_t open = key.ptr == NULL ? 0 : sp_slice_find(key, 0, '(');
        if (key.ptr != NULL && open < key.len) {
            struct sp_slice name = sp_slice_sub(key, open + 1, key.len - open - 2);
            SP_TRY(sp_map_put(&j->keyword_names, name, 1));
            SP_TRY(sp_map_put(&j->keyword_functions, sp_slice_sub(key, 0, open), kind));
        }
    }
    return SP_OK;
}

static enum sp_err find_keyword_names(struct sp_judge *j)
{
    SP_TRY(find_keywords(j, &j->table->paths, JUDGE_BY_KEYWORD));
    return find_keywords(j, &j->table->unless, JUDGE_UNLESS);
}

static enum sp_err fill(struct sp_judge *j)
{
    SP_TRY(sp_facts_new(j->code_bytes_max, &j->submission));
    SP_TRY(sp_facts_new(SP_FACTS_CONST_BYTES_MAX, &j->constant));
    j->paths = calloc(1, sizeof(*j->paths));
    j->constant_paths = calloc(1, sizeof(*j->constant_paths));
    j->marks = calloc(sp_facts_symbol_most(j->submission), 1);
    j->constant_marks = calloc(sp_facts_symbol_most(j->constant), 1);
    if (j->paths == NULL || j->constant_paths == NULL || j->marks == NULL ||
        j->constant_marks == NULL) {
        return SP_ERR_NOMEM;
    }
    SP_TRY(judge_learn_words(j));
    sp_facts_heed(j->submission, judge_is_word, j);
    sp_facts_heed(j->constant, judge_is_word, j);
    return find_keyword_names(j);
}

enum sp_err sp_judge_new(const struct sp_table *table, size_t code_bytes_max, struct sp_judge **out)
{
    struct sp_judge *j = calloc(1, sizeof(*j));
    if (j == NULL) {
        return SP_ERR_NOMEM;
    }
    j->table = table;
    j->code_bytes_max = code_bytes_max;
    sp_map_init(&j->words);
    sp_map_init(&j->parents);
    sp_map_init(&j->specials);
    sp_map_init(&j->keyword_names);
    sp_map_init(&j->keyword_functions);
    enum sp_err err = fill(j);
    if (err != SP_OK) {
        sp_judge_free(j);
        return err;
    }
    *out = j;
    return SP_OK;
}

void sp_judge_free(struct sp_judge *judge)
{
    if (judge == NULL) {
        return;
    }
    sp_facts_free(judge->submission);
    sp_facts_free(judge->constant);
    sp_map_done(&judge->keyword_names);
    sp_map_done(&judge->keyword_functions);
    sp_map_done(&judge->words);
    sp_map_done(&judge->parents);
    sp_map_done(&judge->specials);
    free(judge->marks);
    free(judge->constant_marks);
    free(judge->paths);
    free(judge->constant_paths);
    free(judge);
}

void sp_judge_free_cleanup(struct sp_judge **judge)
{
    sp_judge_free(*judge);
}

const struct sp_facts *sp_judge_facts(const struct sp_judge *judge)
{
    return judge->is_read ? judge->submission : NULL;
}

size_t sp_judge_memory(const struct sp_judge *judge)
{
    return sizeof(*judge) + sp_facts_memory(judge->submission) + sp_facts_memory(judge->constant) +
           sp_facts_symbol_count(judge->submission) + sp_facts_symbol_count(judge->constant) +
           2 * sizeof(*judge->paths);
}

/* ---- findings ---- */

/* Where a new finding goes: behind the others, or in place of the last one that does not deny. */
static struct sp_policy_finding *slot_for(struct sp_judgement *out, enum sp_action action)
{
    if (out->count < SP_FINDINGS_MAX) {
        out->count++;
        return &out->findings[out->count - 1];
    }
    for (unsigned i = SP_FINDINGS_MAX; i > 0 && action == SP_ACTION_DENY; i--) {
        if (out->findings[i - 1].action != SP_ACTION_DENY) {
            return &out->findings[i - 1];
        }
    }
    return NULL;
}

void sp_judgement_add(struct sp_judgement *judgement, const struct sp_policy_finding *finding)
{
    struct sp_policy_finding *slot = slot_for(judgement, finding->action);
    judgement->total++;
    if (slot != NULL) {
        *slot = *finding;
    }
}

void sp_judge_timeout(const struct sp_policy *policy, uint64_t seconds, struct sp_judgement *out)
{
    struct sp_policy_finding finding = {.action = SP_ACTION_DENY, .place = {1, 1, 1, 1}};
    if (seconds <= policy->limits.timeout_seconds) {
        return;
    }
    (void)snprintf(finding.rule, sizeof(finding.rule), "limit");
    (void)snprintf(finding.message, sizeof(finding.message),
                   "a run of %llu seconds is asked for; %llu are allowed",
                   (unsigned long long)seconds, (unsigned long long)policy->limits.timeout_seconds);
    sp_judgement_add(out, &finding);
    out->verdict = SP_VERDICT_DENY;
}

const struct sp_table *sp_judge_table(const struct sp_judge *judge)
{
    return judge->table;
}

static bool is_known(const struct sp_judgement *out, const char *name, const struct sp_place *place)
{
    for (unsigned i = 0; i < out->count; i++) {
        const struct sp_policy_finding *f = &out->findings[i];
        if (f->place.line == place->line && f->place.column == place->column &&
            sp_slice_is(sp_slice_of(f->rule), name)) {
            return true;
        }
    }
    return false;
}

static void add_finding(struct sp_judge *j, enum sp_rule rule, const char *name,
                        struct sp_place place, const char *message)
{
    enum sp_action action = (enum sp_action)rule;
    j->has_deny = j->has_deny || action == SP_ACTION_DENY;
    if (is_known(j->out, name, &place)) {
        return;
    }
    struct sp_policy_finding finding = {.action = action, .place = place};
    (void)snprintf(finding.rule, sizeof(finding.rule), "%s", name);
    (void)snprintf(finding.message, sizeof(finding.message), "%s", message);
    sp_judgement_add(j->out, &finding);
    j->deny_count += action == SP_ACTION_DENY ? 1 : 0;
}

/* Cuts a text that ends inside a character of UTF-8. */
static void mend_end(char *text, size_t room)
{
    struct sp_slice all = sp_slice_of(text);
    if (all.len + 1 < room) {
        return;
    }
    size_t at = all.len;
    while (at > 0 && (all.ptr[at - 1] & 0xC0U) == 0x80) {
        at--;
    }
    text[at > 0 && all.ptr[at - 1] >= 0x80 ? at - 1 : at] = '\0';
}

bool judge_is_full(const struct sp_judge *j)
{
    return j->deny_count >= SP_FINDINGS_MAX;
}

void judge_report(struct sp_judge *j, enum sp_rule rule, const char *name,
                  const struct sp_span *span, const char *format, ...)
{
    char message[SP_FINDING_MESSAGE_MAX + 1];
    j->is_sensitive = true;
    if (rule == SP_RULE_ALLOW) {
        return;
    }
    if (j->out->count == SP_FINDINGS_MAX && (rule != SP_RULE_DENY || judge_is_full(j))) {
        /* Nobody will see it: its place, which costs a walk along the line, need not be found. */
        j->has_deny = j->has_deny || rule == SP_RULE_DENY;
        j->out->total++;
        return;
    }
    va_list args;
    va_start(args, format);
    (void)vsnprintf(message, sizeof(message), format, args);
    va_end(args);
    mend_end(message, sizeof(message));
    const struct sp_span *shown = j->within != NULL ? j->within : span;
    add_finding(j, rule, name, sp_facts_place(j->submission, shown), message);
}

void judge_capabilities(struct sp_judge *j, uint32_t bits, const struct sp_span *span,
                        struct sp_slice subject)
{
    unsigned found = SP_CAPABILITY_COUNT;
    enum sp_rule worst = SP_RULE_ALLOW;
    j->out->capabilities |= bits;
    j->is_sensitive = true;
    for (unsigned i = 0; i < SP_CAPABILITY_COUNT; i++) {
        bool has = (bits & SP_CAPABILITY_BIT(i)) != 0;
        if (has && j->policy->capability[i] < worst) {
            worst = j->policy->capability[i];
            found = i;
        }
    }
    if (found < SP_CAPABILITY_COUNT) {
        int len = subject.len > 120 ? 120 : (int)subject.len;
        struct sp_slice instead = sp_table_instead(j->table, subject);
        judge_report(j, worst, sp_capability_name((enum sp_capability)found), span, "%.*s %s%s%.*s",
                     len, (const char *)subject.ptr, sp_capability_text((enum sp_capability)found),
                     instead.len > 0 ? "; instead: " : "", (int)instead.len,
                     (const char *)instead.ptr);
    }
}

static int by_place(const void *a, const void *b)
{
    const struct sp_policy_finding *left = a;
    const struct sp_policy_finding *right = b;
    if (left->place.line != right->place.line) {
        return left->place.line < right->place.line ? -1 : 1;
    }
    return (left->place.column > right->place.column) - (left->place.column < right->place.column);
}

/* ---- the run ---- */

static void report_fault(struct sp_judge *j, enum sp_err err)
{
    const struct sp_lexer *lx = sp_facts_lexer(j->submission);
    struct sp_span span = {.start = 0};
    if (lx->fault == SP_PYTHON_FINE) {
        judge_report(j, SP_RULE_DENY, "limit", &span, "the submission cannot be followed: %s",
                     err == SP_ERR_FULL
                         ? "it names and calls more than code of its size may; split it into parts"
                         : sp_err_text(err));
        return;
    }
    if (j->policy->syntax != SP_RULE_ALLOW) {
        add_finding(j, j->policy->syntax, "syntax", sp_facts_fault_place(j->submission),
                    sp_python_fault_text(lx->fault));
    }
}

static void check_limits(struct sp_judge *j)
{
    struct sp_span start = {.start = 0};
    unsigned depth = sp_facts_depth(j->submission);
    unsigned lines = sp_facts_lines(j->submission);
    if (depth > j->policy->limits.depth) {
        judge_report(j, SP_RULE_DENY, "limit", &start,
                     "brackets or blocks nest %u deep; %llu are allowed", depth,
                     (unsigned long long)j->policy->limits.depth);
    }
    if (lines > j->policy->limits.lines) {
        judge_report(j, SP_RULE_DENY, "limit", &start, "%u lines; %llu are allowed", lines,
                     (unsigned long long)j->policy->limits.lines);
    }
}

static void run_family(struct sp_judge *j, struct sp_slice code, enum sp_python_family family)
{
    enum sp_python_mode mode = j->policy->is_cell ? SP_PYTHON_CELL : SP_PYTHON_TEXT;
    enum sp_err err = sp_facts_scan(j->submission, code, family, mode);
    j->facts = j->submission;
    j->within = NULL;
    j->has_annotations = false;
    j->excused_at = SP_FACTS_NONE;
    judge_ahead_begin(j, code.len);
    j->is_timed = false;
    j->loose = JUDGE_LOOSE_UNKNOWN;
    j->exposes = JUDGE_LOOSE_UNKNOWN;
    j->scheme = JUDGE_LOOSE_UNKNOWN;
    j->is_read = err == SP_OK;
    if (err != SP_OK) {
        report_fault(j, err);
        return;
    }
    check_limits(j);
    if (mode == SP_PYTHON_CELL) {
        judge_automagic(j);
    }
    judge_facts(j);
    judge_strings(j);
    if (mode == SP_PYTHON_CELL && !j->has_deny) {
        judge_renamed(j);
    }
}

static void run_families(struct sp_judge *j, struct sp_slice code)
{
    switch (j->policy->python) {
    case SP_POLICY_PYTHON_ANY:
        run_family(j, code, SP_PYTHON_314);
        run_family(j, code, SP_PYTHON_311);
        break;
    case SP_POLICY_PYTHON_311:
        run_family(j, code, SP_PYTHON_311);
        break;
    case SP_POLICY_PYTHON_312:
        run_family(j, code, SP_PYTHON_312);
        break;
    case SP_POLICY_PYTHON_314:
        run_family(j, code, SP_PYTHON_314);
        break;
    }
}

static void report_size(struct sp_judge *j, size_t len, uint64_t most)
{
    struct sp_place start = {.line = 1, .column = 1, .end_line = 1, .end_column = 1};
    char message[128];
    (void)snprintf(message, sizeof(message), "the code has %zu bytes; %llu are allowed", len,
                   (unsigned long long)most);
    add_finding(j, SP_RULE_DENY, "limit", start, message);
}

void sp_judge_run(struct sp_judge *judge, const struct sp_policy *policy, struct sp_slice code,
                  struct sp_judgement *out)
{
    uint64_t most = policy->limits.code_bytes;
    out->verdict = SP_VERDICT_DENY;
    out->capabilities = 0;
    out->count = 0;
    out->total = 0;
    judge->policy = policy;
    judge->out = out;
    judge->has_deny = false;
    judge->is_expression = false;
    judge->deny_count = 0;
    judge->is_read = false;
    judge->star_count = 0;
    if (code.len > most || code.len > judge->code_bytes_max) {
        report_size(judge, code.len, most < judge->code_bytes_max ? most : judge->code_bytes_max);
        return;
    }
    run_families(judge, code);
    qsort(out->findings, out->count, sizeof(out->findings[0]), by_place);
    if (!judge->has_deny) {
        out->verdict = SP_VERDICT_ALLOW;
    }
}
