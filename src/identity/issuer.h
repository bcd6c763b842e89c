/*
 * issuer - those whose tokens are believed, their keys, and which tenant and scopes a token of theirs stands for.
 *
 * Runs in: admit.   Input: hostile (tokens), an issuer's documents (keys).   Allocates: in proportion, bounded.
 * The signature is checked before any claim decides anything, so that what an answer tells (expired, another audience)
 * is told to the owner of a real token only.
 */
#ifndef SP_IDENTITY_ISSUER_H
#define SP_IDENTITY_ISSUER_H

#include "base/buf.h"

#define SP_ISSUERS_MAX         ((size_t)64)
#define SP_ISSUER_NAME_MAX     ((size_t)16)
#define SP_ISSUER_RULES_MAX    ((size_t)4096)
#define SP_IDENTITY_NAME_MAX   ((size_t)64) /* what stands in the log as the principal */
#define SP_ISSUER_AUDIENCE     "https://dynamicsessions.io"
#define SP_ISSUER_AUDIENCE_OLD "https://acasessions.io"

struct sp_slices {
    const struct sp_slice *items;
    size_t count;
};

/* An issuer as the configuration has it. Everything is copied. */
struct sp_issuer_spec {
    struct sp_slice name;   /* a-z, 0-9 and `-`; before the principal in the log */
    struct sp_slice issuer; /* `iss`, letter by letter; not for Entra */
    struct sp_slices
        directories; /* Entra: the tenant ids whose tokens of versions 1 and 2 are taken */
    struct sp_slices audiences;
    struct sp_slice principal; /* the claim that names who it is */
    struct sp_slice url;       /* that its keys are fetched from; empty: they come from a file */
    uint64_t leeway_s;
};

/* All conditions (claims.h) must hold; none is for every token. The first rule that holds decides. */
struct sp_issuer_rule {
    struct sp_slices conditions;
    size_t tenant; /* its place in the directory */
    unsigned scopes;
};

/* Whom a token stands for. */
struct sp_identity {
    size_t issuer;
    size_t tenant;
    unsigned scopes;
    uint64_t from_us; /* when it is good, with the leeway of the issuer */
    uint64_t until_us;
    char name[SP_IDENTITY_NAME_MAX + 1]; /* "issuer:principal" */
};

struct sp_issuers;

enum sp_err sp_issuers_new(struct sp_issuers **out) SP_MUST_CHECK SP_NONNULL(1);
void sp_issuers_free(struct sp_issuers *issuers);

/* SP_ERR_INVALID for a name or a rule that cannot be, SP_ERR_FULL. Issuers count from 0 in the order of adding. */
enum sp_err sp_issuers_add(struct sp_issuers *issuers, const struct sp_issuer_spec *spec)
    SP_MUST_CHECK SP_NONNULL(1, 2);
enum sp_err sp_issuers_add_rule(struct sp_issuers *issuers, size_t at,
                                const struct sp_issuer_rule *rule) SP_MUST_CHECK SP_NONNULL(1, 3);
size_t sp_issuers_count(const struct sp_issuers *issuers) SP_NONNULL(1);

/*
 * A JWKS document takes the place of an issuer's keys; on failure they stay as they are. The very document that is
 * there changes nothing. SP_ERR_NOT_FOUND without a usable key or for an unknown issuer, or as for any JSON.
 */
enum sp_err sp_issuers_set_keys(struct sp_issuers *issuers, size_t at, struct sp_slice jwks)
    SP_MUST_CHECK SP_NONNULL(1);

/* The same for the issuer of this name, when its keys come from that place (empty: a file); else SP_ERR_NOT_FOUND. */
enum sp_err sp_issuers_set_keys_of(struct sp_issuers *issuers, struct sp_slice name,
                                   struct sp_slice url, struct sp_slice jwks)
    SP_MUST_CHECK SP_NONNULL(1);

/* Moves fetched keys over from issuers that are replaced by these: nobody waits until they are fetched again. */
void sp_issuers_take_keys(struct sp_issuers *issuers, struct sp_issuers *from) SP_NONNULL(1, 2);

/*
 * An issuer (its name) whose keys are fetched, and of which a token came with a key id that is not among them; each is told
 * once in SP_ISSUER_WANTED_US. False when there is none.
 */
#define SP_ISSUER_WANTED_US ((uint64_t)1000000)
bool sp_issuers_wanted(struct sp_issuers *issuers, uint64_t mono_us, struct sp_slice *out_name)
    SP_NONNULL(1, 3);

/* Rises when the keys of an issuer change: what was verified with those before is no longer. */
uint64_t sp_issuers_generation(const struct sp_issuers *issuers, size_t at) SP_NONNULL(1);

/* Whether this has the shape of such a token: three parts with dots between. */
bool sp_issuers_is_token(struct sp_slice text);

/* SP_ERR_TOKEN_UNKNOWN, SP_ERR_TOKEN_EXPIRED, SP_ERR_TOKEN_EARLY, SP_ERR_TOKEN_AUDIENCE. `*out_why` says more, for the operator. */
enum sp_err sp_issuers_verify(struct sp_issuers *issuers, struct sp_slice token, uint64_t wall_us,
                              struct sp_identity *out, const char **out_why)
    SP_MUST_CHECK SP_NONNULL(1, 4, 5);

#endif
