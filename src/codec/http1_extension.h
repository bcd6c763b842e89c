/*
 * http1_extension - the extensions behind a chunk's size (RFC 9112, section 7.1.1), read in order to be passed over.
 *
 * Runs in: door, pool, relay, token (for http1.c only).   Input: hostile.   Allocates: never.
 * None has a meaning here. The grammar is kept to the letter all the same: where one server sees the end of the line
 * inside an extension and another does not, a request can be hidden in it.
 */
#ifndef SP_CODEC_HTTP1_EXTENSION_H
#define SP_CODEC_HTTP1_EXTENSION_H

#include <stdint.h>

#include "base/err.h"

enum sp_http1_extension {
    SP_HTTP1_EXTENSION_GAP,      /* blanks; a semicolon has to follow */
    SP_HTTP1_EXTENSION_BEFORE,   /* behind the semicolon: blanks, then the first byte of a name */
    SP_HTTP1_EXTENSION_NAME,     /* inside the name */
    SP_HTTP1_EXTENSION_NAME_GAP, /* blanks behind it; a value or another extension has to follow */
    SP_HTTP1_EXTENSION_EQUALS,   /* behind the sign: blanks, then the first byte of a value */
    SP_HTTP1_EXTENSION_VALUE,    /* inside a token */
    SP_HTTP1_EXTENSION_QUOTED,   /* inside a quoted string */
    SP_HTTP1_EXTENSION_ESCAPED,  /* behind its backslash */
    SP_HTTP1_EXTENSION_CLOSED,   /* behind its last quote */
    SP_HTTP1_EXTENSION_OVER,     /* the CR of the line's end was taken */
};

/* Where the byte leads to; SP_ERR_INVALID and nothing changed where it may not stand. */
enum sp_err sp_http1_extension_step(enum sp_http1_extension *state, uint8_t byte)
    SP_MUST_CHECK SP_NONNULL(1);

#endif
