/* Covers audit/search.c: an entry answers to its own words, and to none with a letter more. */
#include "audit/search.h"
#include "base/assert.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct sp_slice text_of(const struct sp_entry *entry, const char *key)
{
    return sp_entry_text(sp_entry_get(entry, key));
}

static struct sp_slice first_of(const struct sp_entry *entry, const char *key)
{
    struct sp_slice rest;
    struct sp_slice item = {NULL, 0};
    return sp_entry_items(sp_entry_get(entry, key), &rest) && sp_entry_next(&rest, &item)
               ? item
               : sp_slice_make(NULL, 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct sp_entry entry;
    static struct sp_entry finding;
    struct sp_where where;
    struct sp_search_open open = {.intents = NULL};
    if (sp_entry_read(sp_slice_make(data, size), &entry, &where) != SP_OK) {
        return 0;
    }
    struct sp_search search = {text_of(&entry, "kind"),
                               text_of(&entry, "tenant"),
                               text_of(&entry, "principal"),
                               text_of(&entry, "session"),
                               text_of(&entry, "exchange"),
                               .error = text_of(&entry, "error"),
                               .since = text_of(&entry, "time"),
                               .capability = sp_entry_text(first_of(&entry, "capabilities")),
                               .module = sp_entry_text(first_of(&entry, "modules"))};
    if (sp_entry_read(first_of(&entry, "findings"), &finding, &where) == SP_OK) {
        search.rule = text_of(&finding, "rule");
    }
    SP_ASSERT(sp_search_matches(&search, &entry, &open));
    SP_ASSERT(open.count == (sp_slice_is(search.kind, "intent") ? 1U : 0U));
    search.tenant = sp_slice_make(data, size); /* a text of the entry is shorter than the entry */
    sp_search_open_done(&open);
    SP_ASSERT(!sp_search_matches(&search, &entry, &open) && open.count == 0);
    return 0;
}
