/*
 * http_field - the small grammars inside HTTP field values (RFC 9110, section 5.6).
 *
 * Runs in: admit, front, relay, pool.   Input: hostile.   Allocates: never, but for unquoting into a buffer.
 */
#ifndef SP_CODEC_HTTP_FIELD_H
#define SP_CODEC_HTTP_FIELD_H

#include "base/buf.h"

/* One byte of a token; a whole non-empty token. */
bool sp_http_is_tchar(uint8_t byte);
bool sp_http_is_token(struct sp_slice text);

/* A whole field value: visible bytes, spaces, tabs and obs-text; neither starts nor ends with a blank. */
bool sp_http_is_field_value(struct sp_slice text);

/* "scheme credentials" of Authorization: exactly one or more spaces between, the credentials a token68. */
enum sp_err sp_http_authorization(struct sp_slice value, struct sp_slice *out_scheme,
                                  struct sp_slice *out_token68) SP_MUST_CHECK SP_NONNULL(2, 3);

/* The credentials when the scheme is Bearer (any case); SP_ERR_TOKEN_MISSING for an empty value, SP_ERR_TOKEN_UNKNOWN else. */
enum sp_err sp_http_bearer(struct sp_slice value, struct sp_slice *out_token)
    SP_MUST_CHECK SP_NONNULL(2);

/* A value like `multipart/form-data; boundary="x y"`: what stands before the first `;`, then the parameters. */
struct sp_http_params {
    struct sp_slice rest;
};
enum sp_err sp_http_media_type(struct sp_slice value, struct sp_slice *out_type,
                               struct sp_http_params *out_params) SP_MUST_CHECK SP_NONNULL(2, 3);

/* Like a media type, but the part before the parameters is one token (Content-Disposition). */
enum sp_err sp_http_disposition(struct sp_slice value, struct sp_slice *out_type,
                                struct sp_http_params *out_params) SP_MUST_CHECK SP_NONNULL(2, 3);

struct sp_http_param {
    struct sp_slice name;
    struct sp_slice value; /* between the quotes, still escaped, when is_quoted */
    bool is_quoted;
};

/* The next parameter; SP_OK with `*out_more` false at the end; SP_ERR_INVALID for anything else. */
enum sp_err sp_http_params_next(struct sp_http_params *p, struct sp_http_param *out, bool *out_more)
    SP_MUST_CHECK SP_NONNULL(1, 2, 3);

/* Appends a parameter's value without its backslashes. */
enum sp_err sp_http_param_unquote(const struct sp_http_param *param, struct sp_buf *out)
    SP_MUST_CHECK SP_NONNULL(1, 2);

/*
 * What stands behind the version in a traceparent (W3C Trace Context, section 3.2): "-" trace id "-" parent id "-" flags.
 * Empty for any other form and for ids of zeros; a later version may say more behind it.
 */
struct sp_slice sp_http_traceparent(struct sp_slice value);

/* Whether a comma-separated list of tokens (Connection) holds this one, without regard to case. */
bool sp_http_list_has(struct sp_slice list, const char *token) SP_NONNULL(2);

#endif
