/*
 * json_to_json - reads JSON on standard input and prints it compactly.
 *
 * Runs in: tests only.   Exit status: 0 the text is taken, 1 it is refused (the error's name goes to standard error).
 */
#include <stdio.h>

#include "base/buf.h"
#include "codec/json.h"

static enum sp_err read_all(struct sp_buf *in)
{
    for (;;) {
        uint8_t *at = NULL;
        SP_TRY(sp_buf_reserve(in, 65536, &at));
        size_t got = fread(at, 1, 65536, stdin);
        if (got == 0) {
            return SP_OK;
        }
        sp_buf_commit(in, got);
    }
}

static enum sp_err convert(struct sp_buf *out)
{
    const struct sp_json_limits limits = {SP_JSON_BYTES_MAX, SP_JSON_DEPTH, SP_JSON_NUL_ALLOWED};
    SP_AUTO_JSON struct sp_json *doc = NULL;
    SP_AUTO_BUF struct sp_buf in;
    sp_buf_init(&in, SP_JSON_BYTES_MAX);
    SP_TRY(read_all(&in));
    SP_TRY(sp_json_parse(sp_buf_slice(&in), &limits, &doc, NULL));
    return sp_json_print(doc, sp_json_root(doc), out);
}

int main(void)
{
    SP_AUTO_BUF struct sp_buf out;
    sp_buf_init(&out, 8 * SP_JSON_BYTES_MAX);
    enum sp_err err = convert(&out);
    if (err != SP_OK) {
        (void)fprintf(stderr, "%s\n", sp_err_name(err));
        return 1;
    }
    return fwrite(out.ptr, 1, out.len, stdout) == out.len ? 0 : 1;
}
