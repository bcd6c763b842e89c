#include "identity/issuer.h"

#include <stdlib.h>

#include "base/own.h"
#include "base/text.h"
#include "codec/hex.h"
#include "crypto/hash.h"
#include "identity/claims.h"
#include "identity/jws.h"

#define KEYS_TRIED_MAX  4U /* keys of one id that are tried, before it is called nonsense */
#define TEXTS_MAX       ((size_t)64)
#define ISSUER_TEXT_MAX ((size_t)512)
#define HASH_CHARS      ((size_t)16) /* of a principal's digest, when it is too long for the log */

struct texts {
    struct sp_slice items[TEXTS_MAX];
    char *owned[TEXTS_MAX];
    size_t count;
};

struct rule {
    struct texts *conditions;
    size_t tenant;
    unsigned scopes;
};

struct issuer {
    char *name;
    char *issuer;
    char *principal;
    char *url;
    bool is_wanted; /* a key that is not there */
    uint64_t wanted_us;
    struct texts directories;
    struct texts audiences;
    uint64_t leeway_us;
    struct rule *rules;
    size_t rule_count;
    struct sp_jwks keys;
    uint8_t keys_digest[SP_SHA256_BYTES];
    uint64_t generation;
};

struct sp_issuers {
    struct issuer *all[SP_ISSUERS_MAX];
    size_t count;
};

/* --- what is configured --- */

static void texts_done(struct texts *texts)
{
    for (size_t i = 0; i < texts->count; i++) {
        free(texts->owned[i]);
    }
}

static enum sp_err texts_copy(struct sp_slices from, struct texts *to)
{
    if (from.count > TEXTS_MAX) {
        return SP_ERR_FULL;
    }
    for (size_t i = 0; i < from.count; i++) {
        char *copy = sp_slice_dup(from.items[i]);
        if (copy == NULL) {
            return SP_ERR_NOMEM;
        }
        to->owned[i] = copy;
        to->items[i] = sp_slice_of(copy);
        to->count++;
    }
    return SP_OK;
}

static void rule_done(struct rule *rule)
{
    if (rule->conditions != NULL) {
        texts_done(rule->conditions);
        free(rule->conditions);
    }
}

static void issuer_free(struct issuer *issuer)
{
    if (issuer == NULL) {
        return;
    }
    for (size_t i = 0; i < issuer->rule_count; i++) {
        rule_done(&issuer->rules[i]);
    }
    texts_done(&issuer->directories);
    texts_done(&issuer->audiences);
    sp_jwks_done(&issuer->keys);
    free(issuer->rules);
    free(issuer->name);
    free(issuer->issuer);
    free(issuer->principal);
    free(issuer->url);
    free(issuer);
}

enum sp_err sp_issuers_new(struct sp_issuers **out)
{
    *out = calloc(1, sizeof(**out));
    return *out == NULL ? SP_ERR_NOMEM : SP_OK;
}

void sp_issuers_free(struct sp_issuers *issuers)
{
    if (issuers != NULL) {
        for (size_t i = 0; i < issuers->count; i++) {
            issuer_free(issuers->all[i]);
        }
        free(issuers);
    }
}

static bool is_name_byte(uint8_t byte)
{
    return sp_text_is_digit(byte) || (byte >= 'a' && byte <= 'z') || byte == '-';
}

static bool is_name(struct sp_slice name)
{
    struct sp_text t;
    struct sp_slice run;
    sp_text_init(&t, name);
    return sp_text_run(&t, is_name_byte, SP_ISSUER_NAME_MAX, &run) == SP_OK && sp_text_at_end(&t);
}

static enum sp_err fill(struct issuer *issuer, const struct sp_issuer_spec *spec)
{
    issuer->leeway_us = spec->leeway_s * 1000000U;
    issuer->name = sp_slice_dup(spec->name);
    issuer->issuer = sp_slice_dup(spec->issuer);
    issuer->principal = sp_slice_dup(spec->principal);
    issuer->url = sp_slice_dup(spec->url);
    if (issuer->name == NULL || issuer->issuer == NULL || issuer->principal == NULL ||
        issuer->url == NULL) {
        return SP_ERR_NOMEM;
    }
    SP_TRY(texts_copy(spec->directories, &issuer->directories));
    return texts_copy(spec->audiences, &issuer->audiences);
}

enum sp_err sp_issuers_add(struct sp_issuers *issuers, const struct sp_issuer_spec *spec)
{
    const bool is_entra = spec->directories.count > 0;
    if (!is_name(spec->name) || spec->audiences.count == 0 || spec->principal.len == 0 ||
        is_entra == (spec->issuer.len > 0)) {
        return SP_ERR_INVALID;
    }
    if (issuers->count == SP_ISSUERS_MAX) {
        return SP_ERR_FULL;
    }
    struct issuer *issuer = calloc(1, sizeof(*issuer));
    if (issuer == NULL) {
        return SP_ERR_NOMEM;
    }
    enum sp_err err = fill(issuer, spec);
    if (err != SP_OK) {
        issuer_free(issuer);
        return err;
    }
    issuers->all[issuers->count++] = issuer;
    return SP_OK;
}

enum sp_err sp_issuers_add_rule(struct sp_issuers *issuers, size_t at,
                                const struct sp_issuer_rule *rule)
{
    if (at >= issuers->count || rule->scopes == 0) {
        return SP_ERR_INVALID;
    }
    for (size_t i = 0; i < rule->conditions.count; i++) {
        SP_TRY(sp_claim_condition_check(rule->conditions.items[i]));
    }
    struct issuer *issuer = issuers->all[at];
    if (issuer->rule_count == SP_ISSUER_RULES_MAX) {
        return SP_ERR_FULL;
    }
    struct rule *grown = reallocarray(issuer->rules, issuer->rule_count + 1, sizeof(*grown));
    if (grown == NULL) {
        return SP_ERR_NOMEM;
    }
    issuer->rules = grown;
    struct rule row = {.tenant = rule->tenant,
                       .scopes = rule->scopes,
                       .conditions = calloc(1, sizeof(*row.conditions))};
    enum sp_err err =
        row.conditions == NULL ? SP_ERR_NOMEM : texts_copy(rule->conditions, row.conditions);
    if (err != SP_OK) {
        rule_done(&row);
        return err;
    }
    grown[issuer->rule_count++] = row;
    return SP_OK;
}

size_t sp_issuers_count(const struct sp_issuers *issuers)
{
    return issuers->count;
}

/* --- keys --- */

enum sp_err sp_issuers_set_keys(struct sp_issuers *issuers, size_t at, struct sp_slice jwks)
{
    struct sp_jwks keys;
    uint8_t digest[SP_SHA256_BYTES];
    if (at >= issuers->count) {
        return SP_ERR_NOT_FOUND;
    }
    struct issuer *issuer = issuers->all[at];
    SP_TRY(sp_sha256(jwks, digest));
    const struct sp_slice now = sp_slice_make(digest, sizeof(digest));
    if (issuer->keys.count > 0 &&
        sp_slice_equal(now, sp_slice_make(issuer->keys_digest, sizeof(issuer->keys_digest)))) {
        return SP_OK;
    }
    SP_TRY(sp_jwks_parse(jwks, &keys));
    sp_jwks_done(&issuer->keys);
    issuer->keys = keys;
    (void)sp_slice_copy(now, issuer->keys_digest, sizeof(issuer->keys_digest));
    issuer->generation++;
    return SP_OK;
}

static struct issuer *find_source(struct sp_issuers *issuers, struct sp_slice name,
                                  struct sp_slice url, size_t *out_at)
{
    for (size_t i = 0; i < issuers->count; i++) {
        if (sp_slice_is(name, issuers->all[i]->name) && sp_slice_is(url, issuers->all[i]->url)) {
            *out_at = i;
            return issuers->all[i];
        }
    }
    return NULL;
}

enum sp_err sp_issuers_set_keys_of(struct sp_issuers *issuers, struct sp_slice name,
                                   struct sp_slice url, struct sp_slice jwks)
{
    size_t at = 0;
    return find_source(issuers, name, url, &at) == NULL ? SP_ERR_NOT_FOUND
                                                        : sp_issuers_set_keys(issuers, at, jwks);
}

void sp_issuers_take_keys(struct sp_issuers *issuers, struct sp_issuers *from)
{
    for (size_t i = 0; i < from->count; i++) {
        struct issuer *old = from->all[i];
        size_t at = 0;
        struct issuer *issuer =
            find_source(issuers, sp_slice_of(old->name), sp_slice_of(old->url), &at);
        if (*old->url == '\0' || issuer == NULL || issuer->keys.count > 0) {
            continue;
        }
        issuer->keys = old->keys;
        old->keys = (struct sp_jwks){.count = 0};
        issuer->wanted_us = old->wanted_us;
        (void)sp_slice_copy(sp_slice_make(old->keys_digest, sizeof(old->keys_digest)),
                            issuer->keys_digest, sizeof(issuer->keys_digest));
        issuer->generation++;
    }
}

bool sp_issuers_wanted(struct sp_issuers *issuers, uint64_t mono_us, struct sp_slice *out_name)
{
    for (size_t i = 0; i < issuers->count; i++) {
        struct issuer *issuer = issuers->all[i];
        if (!issuer->is_wanted) {
            continue;
        }
        issuer->is_wanted = false;
        if (issuer->wanted_us == 0 || mono_us - issuer->wanted_us >= SP_ISSUER_WANTED_US) {
            issuer->wanted_us = mono_us;
            *out_name = sp_slice_of(issuer->name);
            return true;
        }
    }
    return false;
}

uint64_t sp_issuers_generation(const struct sp_issuers *issuers, size_t at)
{
    return at < issuers->count ? issuers->all[at]->generation : 0;
}

/* --- whose token it is --- */

static bool is_text_of(struct sp_slice text, const char *before, struct sp_slice middle,
                       const char *after)
{
    SP_AUTO_BUF struct sp_buf buf;
    sp_buf_init(&buf, ISSUER_TEXT_MAX);
    return sp_buf_put_text(&buf, before) == SP_OK && sp_buf_put(&buf, middle) == SP_OK &&
           sp_buf_put_text(&buf, after) == SP_OK && sp_slice_equal(sp_buf_slice(&buf), text);
}

/* Versions 1 and 2 of Entra's tokens name the directory in `iss`, each in its way, and once more in `tid`. */
static bool is_of_directory(struct sp_slice iss, struct sp_slice directory,
                            const struct sp_json *claims)
{
    struct sp_slice tid = {NULL, 0};
    return (is_text_of(iss, "https://sts.windows.net/", directory, "/") ||
            is_text_of(iss, "https://login.microsoftonline.com/", directory, "/v2.0")) &&
           sp_claim_text(claims, "tid", &tid) == SP_OK && sp_slice_equal(tid, directory);
}

static bool is_of(const struct issuer *issuer, struct sp_slice iss, const struct sp_json *claims)
{
    if (issuer->directories.count == 0) {
        return sp_slice_is(iss, issuer->issuer);
    }
    for (size_t i = 0; i < issuer->directories.count; i++) {
        if (is_of_directory(iss, issuer->directories.items[i], claims)) {
            return true;
        }
    }
    return false;
}

static struct issuer *find(const struct sp_issuers *issuers, const struct sp_json *claims,
                           size_t *out_at)
{
    struct sp_slice iss = {NULL, 0};
    if (sp_claim_text(claims, "iss", &iss) != SP_OK) {
        return NULL;
    }
    for (size_t i = 0; i < issuers->count; i++) {
        if (is_of(issuers->all[i], iss, claims)) {
            *out_at = i;
            return issuers->all[i];
        }
    }
    return NULL;
}

/* Entra's key sets hold keys of several issuers, and say whose each is; `{tenantid}` there stands for any directory. */
static bool is_key_of(const struct sp_jwk *jwk, const struct issuer *issuer,
                      const struct sp_json *claims)
{
    static const char any[] = "{tenantid}";
    struct sp_slice iss = {NULL, 0};
    struct sp_slice tid = {NULL, 0};
    if (jwk->issuer == NULL || issuer->directories.count == 0) {
        return true;
    }
    const struct sp_slice owner = sp_slice_of(jwk->issuer);
    if (sp_claim_text(claims, "iss", &iss) != SP_OK ||
        sp_claim_text(claims, "tid", &tid) != SP_OK) {
        return false;
    }
    for (size_t at = 0; at + sizeof(any) - 1 <= owner.len; at++) {
        if (sp_slice_starts(sp_slice_sub(owner, at, owner.len), any)) {
            char before[ISSUER_TEXT_MAX];
            char after[ISSUER_TEXT_MAX];
            sp_slice_to_text(sp_slice_sub(owner, 0, at), before, sizeof(before));
            sp_slice_to_text(sp_slice_sub(owner, at + sizeof(any) - 1, owner.len), after,
                             sizeof(after));
            return is_text_of(iss, before, tid, after);
        }
    }
    return sp_slice_equal(owner, iss);
}

/* A key that is not there may be one that the issuer began to sign with since its keys were fetched. */
static enum sp_err check_signature(struct issuer *issuer, const struct sp_jws *jws,
                                   const struct sp_json *claims)
{
    size_t at = 0;
    bool has_key = false;
    for (unsigned tried = 0; tried < KEYS_TRIED_MAX; tried++) {
        const struct sp_jwk *jwk =
            sp_jwks_next(&issuer->keys, jws->alg, jws->has_kid, jws->kid, &at);
        if (jwk == NULL) {
            break;
        }
        has_key = true;
        if (is_key_of(jwk, issuer, claims) && sp_jws_verify(jws, jwk) == SP_OK) {
            return SP_OK;
        }
    }
    issuer->is_wanted = issuer->is_wanted || (!has_key && jws->has_kid && *issuer->url != '\0');
    return SP_ERR_INVALID;
}

/* --- what it says --- */

/* `exp` must be there; `nbf` and `iat` may. Times are believed to the leeway, for clocks that go a little wrong. */
static enum sp_err check_times(const struct issuer *issuer, const struct sp_json *claims,
                               uint64_t wall_us, struct sp_identity *out, const char **why)
{
    uint64_t exp = 0;
    uint64_t nbf = 0;
    uint64_t iat = 0;
    const enum sp_err nbf_err = sp_claim_time(claims, "nbf", &nbf);
    const enum sp_err iat_err = sp_claim_time(claims, "iat", &iat);
    if (sp_claim_time(claims, "exp", &exp) != SP_OK || nbf_err == SP_ERR_INVALID ||
        iat_err == SP_ERR_INVALID) {
        *why = "exp, nbf or iat is missing or no time";
        return SP_ERR_TOKEN_UNKNOWN;
    }
    const uint64_t from = nbf > iat ? nbf : iat;
    out->until_us = exp + issuer->leeway_us;
    out->from_us = from > issuer->leeway_us ? from - issuer->leeway_us : 0;
    if (wall_us >= out->until_us) {
        *why = "it has expired";
        return SP_ERR_TOKEN_EXPIRED;
    }
    if (wall_us < out->from_us) {
        *why = "it is not good yet (nbf, iat)";
        return SP_ERR_TOKEN_EARLY;
    }
    return SP_OK;
}

static bool holds(const struct rule *rule, const struct sp_json *claims)
{
    for (size_t i = 0; i < rule->conditions->count; i++) {
        if (!sp_claim_holds(claims, rule->conditions->items[i])) {
            return false;
        }
    }
    return true;
}

static enum sp_err apply_rules(const struct issuer *issuer, const struct sp_json *claims,
                               struct sp_identity *out)
{
    for (size_t i = 0; i < issuer->rule_count; i++) {
        if (holds(&issuer->rules[i], claims)) {
            out->tenant = issuer->rules[i].tenant;
            out->scopes = issuer->rules[i].scopes;
            return SP_OK;
        }
    }
    return SP_ERR_TOKEN_UNKNOWN;
}

/* For the log: printable ASCII stays, everything else is a question mark. */
static enum sp_err put_printable(struct sp_buf *out, struct sp_slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        const bool is_plain = text.ptr[i] > 0x20 && text.ptr[i] < 0x7F;
        SP_TRY(sp_buf_put_byte(out, is_plain ? text.ptr[i] : (uint8_t)'?'));
    }
    return SP_OK;
}

static bool is_printable(struct sp_slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] <= 0x20 || text.ptr[i] >= 0x7F) {
            return false;
        }
    }
    return true;
}

/* "issuer:principal". One that is too long, or not printable, is cut and made certain by its digest. */
static enum sp_err name_principal(const struct issuer *issuer, struct sp_slice principal,
                                  struct sp_identity *out)
{
    SP_AUTO_BUF struct sp_buf name;
    sp_buf_init(&name, SP_IDENTITY_NAME_MAX);
    SP_TRY(sp_buf_put_text(&name, issuer->name));
    SP_TRY(sp_buf_put_byte(&name, ':'));
    const size_t room = SP_IDENTITY_NAME_MAX - name.len;
    if (principal.len <= room && is_printable(principal)) {
        SP_TRY(sp_buf_put(&name, principal));
    } else {
        uint8_t digest[SP_SHA256_BYTES];
        char hex[2 * SP_SHA256_BYTES + 1];
        SP_TRY(sp_sha256(principal, digest));
        sp_hex_write(sp_slice_make(digest, sizeof(digest)), hex);
        SP_TRY(put_printable(&name, sp_slice_sub(principal, 0, room - HASH_CHARS - 1)));
        SP_TRY(sp_buf_put_byte(&name, '~'));
        SP_TRY(sp_buf_put(&name, sp_slice_make(hex, HASH_CHARS)));
    }
    sp_slice_to_text(sp_buf_slice(&name), out->name, sizeof(out->name));
    return SP_OK;
}

static enum sp_err check_claims(const struct issuer *issuer, const struct sp_json *claims,
                                uint64_t wall_us, struct sp_identity *out, const char **why)
{
    struct sp_slice principal = {NULL, 0};
    SP_TRY(check_times(issuer, claims, wall_us, out, why));
    *why = "aud names nobody that is configured";
    if (!sp_claim_is_for(claims, issuer->audiences.items, issuer->audiences.count)) {
        return SP_ERR_TOKEN_AUDIENCE;
    }
    *why = "the claim that names the principal is missing or no text";
    if (sp_claim_text(claims, issuer->principal, &principal) != SP_OK) {
        return SP_ERR_TOKEN_UNKNOWN;
    }
    *why = "no rule gives it a tenant";
    SP_TRY(apply_rules(issuer, claims, out));
    return name_principal(issuer, principal, out);
}

/* Tokens made for something else (RFC 8725, section 3.11) say so in `typ`. */
static bool is_type_of_ours(struct sp_slice typ)
{
    static const char media[] = "application/";
    if (sp_slice_is_nocase(sp_slice_sub(typ, 0, sizeof(media) - 1), media)) {
        typ = sp_slice_sub(typ, sizeof(media) - 1, typ.len);
    }
    return typ.len == 0 || sp_slice_is_nocase(typ, "JWT") || sp_slice_is_nocase(typ, "at+jwt");
}

static enum sp_err read_claims(const struct sp_jws *jws, struct sp_json **out)
{
    SP_AUTO_BUF struct sp_buf payload;
    sp_buf_init(&payload, SP_CLAIMS_BYTES_MAX);
    SP_TRY(sp_jws_payload(jws, &payload));
    return sp_claims_parse(sp_buf_slice(&payload), out);
}

bool sp_issuers_is_token(struct sp_slice text)
{
    const size_t first = sp_slice_find(text, 0, '.');
    return first > 0 && first < text.len && sp_slice_find(text, first + 1, '.') < text.len;
}

static enum sp_err verify(struct sp_issuers *issuers, const struct sp_jws *jws, uint64_t wall_us,
                          struct sp_identity *out, const char **why)
{
    SP_AUTO_JSON struct sp_json *claims = NULL;
    struct sp_identity identity = {.issuer = 0};
    *why = "typ is that of another kind of token";
    if (!is_type_of_ours(jws->typ)) {
        return SP_ERR_TOKEN_UNKNOWN;
    }
    *why = "the payload is not a set of claims";
    enum sp_err err = read_claims(jws, &claims);
    if (err != SP_OK) {
        return err == SP_ERR_NOMEM ? err : SP_ERR_TOKEN_UNKNOWN;
    }
    *why = "iss (or tid) names nobody that is configured";
    struct issuer *issuer = find(issuers, claims, &identity.issuer);
    if (issuer == NULL) {
        return SP_ERR_TOKEN_UNKNOWN;
    }
    *why = "no key of the issuer made this signature";
    if (check_signature(issuer, jws, claims) != SP_OK) {
        return SP_ERR_TOKEN_UNKNOWN;
    }
    SP_TRY(check_claims(issuer, claims, wall_us, &identity, why));
    *out = identity;
    return SP_OK;
}

enum sp_err sp_issuers_verify(struct sp_issuers *issuers, struct sp_slice token, uint64_t wall_us,
                              struct sp_identity *out, const char **out_why)
{
    SP_AUTO_JWS struct sp_jws jws = {.header = NULL};
    *out_why = "it is no signed token, or one of an algorithm that is not taken";
    enum sp_err err = sp_jws_parse(token, &jws);
    if (err != SP_OK) {
        return err == SP_ERR_NOMEM ? err : SP_ERR_TOKEN_UNKNOWN;
    }
    return verify(issuers, &jws, wall_us, out, out_why);
}
