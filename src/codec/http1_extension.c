#include "codec/http1_extension.h"

#include "codec/http_field.h"

static bool is_blank(uint8_t byte)
{
    return byte == ' ' || byte == '\t';
}

static enum sp_err go(enum sp_http1_extension *state, enum sp_http1_extension next)
{
    *state = next;
    return SP_OK;
}

/* What can stand behind a whole name or value. */
static enum sp_err after_part(enum sp_http1_extension *state, uint8_t byte,
                              enum sp_http1_extension gap)
{
    if (is_blank(byte)) {
        return go(state, gap);
    }
    if (byte == ';') {
        return go(state, SP_HTTP1_EXTENSION_BEFORE);
    }
    return byte == '\r' ? go(state, SP_HTTP1_EXTENSION_OVER) : SP_ERR_INVALID;
}

static enum sp_err in_name(enum sp_http1_extension *state, uint8_t byte)
{
    if (sp_http_is_tchar(byte)) {
        return SP_OK;
    }
    return byte == '=' ? go(state, SP_HTTP1_EXTENSION_EQUALS)
                       : after_part(state, byte, SP_HTTP1_EXTENSION_NAME_GAP);
}

/* Blanks that nothing may end but what they lead to: not the line. */
static enum sp_err in_gap(enum sp_http1_extension *state, uint8_t byte)
{
    if (is_blank(byte)) {
        return SP_OK;
    }
    if (byte == '=' && *state == SP_HTTP1_EXTENSION_NAME_GAP) {
        return go(state, SP_HTTP1_EXTENSION_EQUALS);
    }
    return byte == ';' ? go(state, SP_HTTP1_EXTENSION_BEFORE) : SP_ERR_INVALID;
}

/* The first byte of a name or value, or one of the blanks before it. */
static enum sp_err before_part(enum sp_http1_extension *state, uint8_t byte)
{
    const bool is_value = *state == SP_HTTP1_EXTENSION_EQUALS;
    if (is_blank(byte)) {
        return SP_OK;
    }
    if (byte == '"' && is_value) {
        return go(state, SP_HTTP1_EXTENSION_QUOTED);
    }
    return !sp_http_is_tchar(byte) ? SP_ERR_INVALID
           : is_value              ? go(state, SP_HTTP1_EXTENSION_VALUE)
                                   : go(state, SP_HTTP1_EXTENSION_NAME);
}

/* Neither a quote nor a backslash lets a control byte in: a quoted string does not reach over the end of its line. */
static enum sp_err in_quoted(enum sp_http1_extension *state, uint8_t byte)
{
    if (byte != '\t' && (byte < 0x20 || byte == 0x7F)) {
        return SP_ERR_INVALID;
    }
    if (*state == SP_HTTP1_EXTENSION_ESCAPED) {
        return go(state, SP_HTTP1_EXTENSION_QUOTED);
    }
    return byte == '\\'  ? go(state, SP_HTTP1_EXTENSION_ESCAPED)
           : byte == '"' ? go(state, SP_HTTP1_EXTENSION_CLOSED)
                         : SP_OK;
}

enum sp_err sp_http1_extension_step(enum sp_http1_extension *state, uint8_t byte)
{
    switch (*state) {
    case SP_HTTP1_EXTENSION_GAP:
    case SP_HTTP1_EXTENSION_NAME_GAP:
        return in_gap(state, byte);
    case SP_HTTP1_EXTENSION_BEFORE:
    case SP_HTTP1_EXTENSION_EQUALS:
        return before_part(state, byte);
    case SP_HTTP1_EXTENSION_NAME:
        return in_name(state, byte);
    case SP_HTTP1_EXTENSION_VALUE:
        return sp_http_is_tchar(byte) ? SP_OK : after_part(state, byte, SP_HTTP1_EXTENSION_GAP);
    case SP_HTTP1_EXTENSION_QUOTED:
    case SP_HTTP1_EXTENSION_ESCAPED:
        return in_quoted(state, byte);
    case SP_HTTP1_EXTENSION_CLOSED:
        return after_part(state, byte, SP_HTTP1_EXTENSION_GAP);
    case SP_HTTP1_EXTENSION_OVER:
        return SP_ERR_INVALID;
    }
    return SP_ERR_INVALID;
}
