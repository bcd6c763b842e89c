#include "audit/search.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/num.h"
#include "base/text.h"

#define FIRST_ROOM ((size_t)64)

static const struct {
    const char *verdict;
    const char *kind;
} verdicts[] = {{"allowed", "intent"},
                {"denied", "denial"},
                {"refused", "refusal"},
                {"allow", "intent"}, /* as the entries spell it */
                {"deny", "denial"}};

static struct sp_slice kind_of_verdict(struct sp_slice verdict)
{
    for (size_t i = 0; i < SP_COUNT(verdicts); i++) {
        if (sp_slice_is(verdict, verdicts[i].verdict)) {
            return sp_slice_of(verdicts[i].kind);
        }
    }
    return (struct sp_slice){NULL, 0};
}

/* As the log writes them: in lower case. */
static bool is_digits(struct sp_slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (!sp_text_is_digit(text.ptr[i]) && (text.ptr[i] < 'a' || text.ptr[i] > 'f')) {
            return false;
        }
    }
    return true;
}

enum sp_err sp_search_check(const struct sp_search *search, const char **out_why)
{
    uint64_t at = 0;
    *out_why = "a verdict is allowed, denied or refused";
    if (search->verdict.len > 0 && kind_of_verdict(search->verdict).len == 0) {
        return SP_ERR_INVALID;
    }
    *out_why = "a digest is given by at least 8 of its hexadecimal digits, in lower case";
    if (search->digest.len > 0 &&
        (search->digest.len < SP_SEARCH_DIGEST_DIGITS_MIN || !is_digits(search->digest))) {
        return SP_ERR_INVALID;
    }
    *out_why = "a time is written as 2026-01-31T10:00:00.000000Z";
    if ((search->since.len > 0 && sp_clock_from_rfc3339(search->since, &at) != SP_OK) ||
        (search->until.len > 0 && sp_clock_from_rfc3339(search->until, &at) != SP_OK)) {
        return SP_ERR_INVALID;
    }
    *out_why = "";
    return SP_OK;
}

bool sp_search_is_empty(const struct sp_search *s)
{
    return s->kind.len + s->tenant.len + s->principal.len + s->session.len + s->exchange.len +
               s->verdict.len + s->rule.len + s->capability.len + s->module.len + s->digest.len +
               s->error.len + s->since.len + s->until.len + s->source.len ==
           0;
}

void sp_search_open_done(struct sp_search_open *open)
{
    free(open->intents);
    *open = (struct sp_search_open){.intents = NULL};
}

/* --- which outcomes belong to intents that matched --- */

static void remember(struct sp_search_open *open, uint64_t intent)
{
    if (open->count == open->room) {
        const size_t room = open->room == 0 ? FIRST_ROOM : 2 * open->room;
        uint64_t *more =
            room > SP_SEARCH_OPEN_MAX ? NULL : reallocarray(open->intents, room, sizeof(*more));
        if (more == NULL) {
            return;
        }
        open->intents = more;
        open->room = room;
    }
    open->intents[open->count++] = intent;
}

static bool forget(struct sp_search_open *open, uint64_t intent)
{
    for (size_t i = 0; i < open->count; i++) {
        if (open->intents[i] == intent) {
            open->intents[i] = open->intents[--open->count];
            return true;
        }
    }
    return false;
}

/* --- one entry --- */

static bool is_text(const struct sp_entry *entry, const char *key, struct sp_slice wanted)
{
    return wanted.len == 0 || sp_slice_equal(sp_entry_text(sp_entry_get(entry, key)), wanted);
}

/* A name, or the form that hides it. */
static bool is_name(const struct sp_entry *entry, const char *key, struct sp_slice wanted,
                    struct sp_slice keyed)
{
    return is_text(entry, key, wanted) || (keyed.len > 0 && is_text(entry, key, keyed));
}

static bool is_beneath(struct sp_slice module, struct sp_slice wanted)
{
    return sp_slice_equal(sp_slice_sub(module, 0, wanted.len), wanted) &&
           (module.len == wanted.len || module.ptr[wanted.len] == '.');
}

static bool has_item(const struct sp_entry *entry, const char *key, struct sp_slice wanted,
                     bool (*is)(struct sp_slice, struct sp_slice))
{
    struct sp_slice rest;
    struct sp_slice item;
    if (wanted.len == 0) {
        return true;
    }
    if (!sp_entry_items(sp_entry_get(entry, key), &rest)) {
        return false;
    }
    while (sp_entry_next(&rest, &item)) {
        if (is(sp_entry_text(item), wanted)) {
            return true;
        }
    }
    return false;
}

static bool has_rule(const struct sp_entry *entry, struct sp_slice wanted)
{
    struct sp_slice rest;
    struct sp_slice item;
    if (wanted.len == 0) {
        return true;
    }
    if (!sp_entry_items(sp_entry_get(entry, "findings"), &rest)) {
        return false;
    }
    while (sp_entry_next(&rest, &item)) {
        struct sp_entry finding;
        struct sp_where where;
        if (sp_entry_read(item, &finding, &where) == SP_OK && is_text(&finding, "rule", wanted)) {
            return true;
        }
    }
    return false;
}

static bool has_digest(const struct sp_entry *entry, struct sp_slice wanted)
{
    if (wanted.len == 0) {
        return true;
    }
    for (size_t i = 0; i < entry->count; i++) {
        const struct sp_slice text = sp_entry_text(entry->members[i].value);
        const bool is_digest = text.len == 64 && is_digits(text);
        if (is_digest && sp_slice_equal(sp_slice_sub(text, 0, wanted.len), wanted)) {
            return true;
        }
    }
    return false;
}

/* Times of one form are in order when their bytes are. */
static bool is_in_time(const struct sp_search *search, const struct sp_entry *entry)
{
    const struct sp_slice time = sp_entry_text(sp_entry_get(entry, "time"));
    return (search->since.len == 0 || sp_slice_compare(time, search->since) >= 0) &&
           (search->until.len == 0 || sp_slice_compare(time, search->until) < 0);
}

static bool matches_alone(const struct sp_search *search, const struct sp_entry *entry)
{
    return is_in_time(search, entry) && is_text(entry, "kind", search->kind) &&
           is_text(entry, "kind", kind_of_verdict(search->verdict)) &&
           is_name(entry, "tenant", search->tenant, search->keyed_tenant) &&
           is_name(entry, "principal", search->principal, search->keyed_principal) &&
           is_name(entry, "session", search->session, search->keyed_session) &&
           is_name(entry, "source", search->source, search->keyed_source) &&
           is_text(entry, "exchange", search->exchange) && is_text(entry, "error", search->error) &&
           has_rule(entry, search->rule) &&
           has_item(entry, "capabilities", search->capability, sp_slice_equal) &&
           has_item(entry, "modules", search->module, is_beneath) &&
           has_digest(entry, search->digest);
}

bool sp_search_matches(const struct sp_search *search, const struct sp_entry *entry,
                       struct sp_search_open *open)
{
    const struct sp_slice kind = sp_entry_text(sp_entry_get(entry, "kind"));
    const bool is_match = matches_alone(search, entry);
    if (is_match && sp_slice_is(kind, "intent")) {
        remember(open, sp_entry_number(sp_entry_get(entry, "index")));
    }
    if (!sp_slice_is(kind, "outcome")) {
        return is_match;
    }
    return forget(open, sp_entry_number(sp_entry_get(entry, "intent"))) || is_match;
}
