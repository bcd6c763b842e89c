/*
 * http1_head - the lines of an HTTP/1.1 head, and what they say together.
 *
 * Runs in: door, pool (for http1.c only).   Input: hostile.   Allocates: never.
 */
#ifndef SP_CODEC_HTTP1_HEAD_H
#define SP_CODEC_HTTP1_HEAD_H

#include "codec/http1.h"

/* Each takes a line without its line end, which stands in the head buffer at `line_at`. */
enum sp_err sp_http1_start_line(struct sp_http1 *p, struct sp_slice line)
    SP_MUST_CHECK SP_NONNULL(1);
enum sp_err sp_http1_field_line(struct sp_http1 *p, struct sp_slice line)
    SP_MUST_CHECK SP_NONNULL(1);

/* The rules that only the whole head can break. */
enum sp_err sp_http1_head_end(struct sp_http1 *p) SP_MUST_CHECK SP_NONNULL(1);

bool sp_http1_is_value_byte(uint8_t byte);
bool sp_http1_is_name_byte(uint8_t byte);

#endif
