/*
 * search - which entries somebody asks for.
 *
 * Runs in: commands, and the process that ships the log.   Input: hostile (a log of anybody).
 * Allocates: a number for each matching intent whose outcome is still to come.
 */
#ifndef SP_AUDIT_SEARCH_H
#define SP_AUDIT_SEARCH_H

#include "audit/entry.h"

/* So many open intents are remembered; outcomes of earlier ones are passed over. */
#define SP_SEARCH_OPEN_MAX          ((size_t)65536)
/* A digest can be given by its beginning. */
#define SP_SEARCH_DIGEST_DIGITS_MIN ((size_t)8)

/* What must hold of an entry; empty slices and zeros ask nothing. Borrowed. */
struct sp_search {
    struct sp_slice kind;
    struct sp_slice tenant;
    struct sp_slice principal;
    struct sp_slice session;
    struct sp_slice exchange;
    struct sp_slice verdict; /* allowed, denied or refused */
    struct sp_slice rule;    /* of a finding */
    struct sp_slice capability;
    struct sp_slice module; /* itself, or one beneath it */
    struct sp_slice digest; /* any of the entry's, by its first digits */
    struct sp_slice error;
    struct sp_slice source;
    struct sp_slice
        keyed_tenant; /* the same names as a tenant's key hides them: either form fits */
    struct sp_slice keyed_principal;
    struct sp_slice keyed_session;
    struct sp_slice keyed_source;
    struct sp_slice since; /* times as entries have them: from this one, and before that one */
    struct sp_slice until;
};

/* Whether the words make sense: SP_ERR_INVALID with `*out_why`, a fixed text. */
enum sp_err sp_search_check(const struct sp_search *search, const char **out_why)
    SP_MUST_CHECK SP_NONNULL(1, 2);

/* Whether everything fits it. */
bool sp_search_is_empty(const struct sp_search *search) SP_NONNULL(1);

/* Intents that matched, so that their outcomes match too. */
struct sp_search_open {
    uint64_t *intents;
    size_t count;
    size_t room;
};
void sp_search_open_done(struct sp_search_open *open) SP_NONNULL(1);

/*
 * Whether this entry is asked for. An outcome is when its intent was, or when it matches by itself. Entries must come in
 * their order. Only for want of memory is an outcome missed.
 */
bool sp_search_matches(const struct sp_search *search, const struct sp_entry *entry,
                       struct sp_search_open *open) SP_NONNULL(1, 2, 3);

#endif
