/*
 * jws_check - reads lines of {"jwk": ..., "token": ...} on standard input and prints `valid` or `invalid` for each.
 *
 * `valid` is what admit asks of a signature before it looks at any claim: the token is a compact JWS without any of the
 * liberties that admit refuses, its payload is base64url, and the key signed it, with an algorithm that both key and
 * gateway allow. The payload need not be JSON here. A line that cannot be read is `invalid`.
 */
#include <stdio.h>
#include <stdlib.h>

#include "identity/jws.h"

#define LINE_MAX_BYTES ((size_t)1024 * 1024)

static enum sp_err check(const struct sp_json *doc, struct sp_slice token)
{
    SP_AUTO_JWS struct sp_jws jws = {.header = NULL};
    SP_AUTO_BUF struct sp_buf payload;
    struct sp_jwk jwk = {.key = NULL};
    sp_buf_init(&payload, SP_JWS_BYTES_MAX);
    SP_TRY(sp_jws_parse(token, &jws));
    SP_TRY(sp_jws_payload(&jws, &payload));
    SP_TRY(sp_jwk_read(sp_json_get(sp_json_root(doc), "jwk"), &jwk));
    enum sp_err err = sp_jws_verify(&jws, &jwk);
    sp_jwk_done(&jwk);
    return err;
}

static enum sp_err check_line(struct sp_slice line)
{
    const struct sp_json_limits limits = {
        .bytes_max = LINE_MAX_BYTES, .depth_max = 16, .nul = SP_JSON_NUL_REFUSED};
    SP_AUTO_JSON struct sp_json *doc = NULL;
    struct sp_slice token = {NULL, 0};
    SP_TRY(sp_json_parse(line, &limits, &doc, NULL));
    SP_TRY(sp_json_string(sp_json_get(sp_json_root(doc), "token"), &token));
    return check(doc, token);
}

int main(void)
{
    char *line = NULL;
    size_t room = 0;
    for (;;) {
        ssize_t len = getline(&line, &room, stdin);
        if (len < 0) {
            break;
        }
        while (len > 0 && (line[len - 1] == '\n' || line[len - 1] == '\r')) {
            len--;
        }
        (void)puts(check_line(sp_slice_make(line, (size_t)len)) == SP_OK ? "valid" : "invalid");
        (void)fflush(stdout);
    }
    free(line);
    return ferror(stdin) != 0;
}
