/*
 * claims - the payload of a JSON Web Token (RFC 7519), read strictly.
 *
 * Runs in: admit.   Input: hostile until the signature is checked.   Allocates: in proportion, bounded.
 */
#ifndef SP_IDENTITY_CLAIMS_H
#define SP_IDENTITY_CLAIMS_H

#include "codec/json.h"

#define SP_CLAIMS_BYTES_MAX ((size_t)12 * 1024)

/* One object, strict JSON; any other payload is SP_ERR_INVALID. The claims are its members. */
enum sp_err sp_claims_parse(struct sp_slice payload, struct sp_json **out)
    SP_MUST_CHECK SP_NONNULL(2);

/* A text that is not empty; SP_ERR_NOT_FOUND when there is no such claim, SP_ERR_INVALID for another type. */
enum sp_err sp_claim_text(const struct sp_json *claims, const char *name, struct sp_slice *out)
    SP_MUST_CHECK SP_NONNULL(1, 2, 3);

/* A NumericDate in microseconds, fractions and all, from 1970 to 9999; errors as above. */
enum sp_err sp_claim_time(const struct sp_json *claims, const char *name, uint64_t *out_us)
    SP_MUST_CHECK SP_NONNULL(1, 2, 3);

/* Whether `aud`, a text or a list of texts, names one of these. */
bool sp_claim_is_for(const struct sp_json *claims, const struct sp_slice *audiences, size_t count)
    SP_NONNULL(1);

/*
 * Whether a condition "name=value" holds: the claim is that text, or a list that has it, or that number or `true` or
 * `false`. In `scp` and `scope` the value is one of the words.
 */
bool sp_claim_holds(const struct sp_json *claims, struct sp_slice condition) SP_NONNULL(1);

/* SP_ERR_INVALID for a text that is no condition. */
enum sp_err sp_claim_condition_check(struct sp_slice condition) SP_MUST_CHECK;

#endif
