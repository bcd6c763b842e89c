#include "token/assertion.h"

#include "codec/base64.h"
#include "codec/hex.h"
#include "codec/json_out.h"
#include "crypto/random.h"

#define TEXT_BYTES_MAX ((size_t)16 * 1024)
#define ID_BYTES       ((size_t)16)

static enum sp_err put_header(const struct sp_signer *signer, struct sp_buf *out)
{
    uint8_t thumbprint[SP_SHA256_BYTES];
    struct sp_json_out w;
    SP_AUTO_BUF struct sp_buf text;
    sp_buf_init(&text, TEXT_BYTES_MAX);
    SP_TRY(sp_signer_thumbprint(signer, thumbprint));
    SP_TRY(sp_base64_encode(SP_BASE64_URL, sp_slice_make(thumbprint, sizeof(thumbprint)), &text));
    sp_json_out_init(&w, out);
    sp_json_out_object(&w);
    sp_json_out_member_text(&w, "alg", "PS256");
    sp_json_out_member_text(&w, "typ", "JWT");
    sp_json_out_member_string(&w, "x5t#S256", sp_buf_slice(&text));
    sp_json_out_object_end(&w);
    return sp_json_out_end(&w);
}

static enum sp_err put_claims(struct sp_slice audience, struct sp_slice client_id, uint64_t wall_s,
                              struct sp_buf *out)
{
    uint8_t bytes[ID_BYTES];
    char id[2 * ID_BYTES + 1];
    struct sp_json_out w;
    SP_TRY(sp_random_fill(bytes, sizeof(bytes)));
    sp_hex_write(sp_slice_make(bytes, sizeof(bytes)), id);
    sp_json_out_init(&w, out);
    sp_json_out_object(&w);
    sp_json_out_member_string(&w, "aud", audience);
    sp_json_out_member_u64(&w, "exp", wall_s + SP_ASSERTION_LIFE_S);
    sp_json_out_member_string(&w, "iss", client_id);
    sp_json_out_member_text(&w, "jti", id);
    sp_json_out_member_u64(&w, "nbf", wall_s);
    sp_json_out_member_string(&w, "sub", client_id);
    sp_json_out_object_end(&w);
    return sp_json_out_end(&w);
}

enum sp_err sp_assertion_make(const struct sp_signer *signer, struct sp_slice audience,
                              struct sp_slice client_id, uint64_t wall_s, struct sp_buf *out)
{
    SP_AUTO_BUF struct sp_buf part;
    const size_t from = out->len;
    sp_buf_init(&part, TEXT_BYTES_MAX);
    SP_TRY(put_header(signer, &part));
    SP_TRY(sp_base64_encode(SP_BASE64_URL, sp_buf_slice(&part), out));
    sp_buf_clear(&part);
    SP_TRY(put_claims(audience, client_id, wall_s, &part));
    SP_TRY(sp_buf_put_byte(out, '.'));
    SP_TRY(sp_base64_encode(SP_BASE64_URL, sp_buf_slice(&part), out));
    sp_buf_clear(&part);
    SP_TRY(sp_signer_ps256(signer, sp_slice_sub(sp_buf_slice(out), from, out->len - from), &part));
    SP_TRY(sp_buf_put_byte(out, '.'));
    return sp_base64_encode(SP_BASE64_URL, sp_buf_slice(&part), out);
}
