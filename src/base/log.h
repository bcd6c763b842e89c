/*
 * log - lines for the operator (not the audit log).
 *
 * Runs in: every process.   Allocates: never.
 * An event has a dotted name and key=value text. Control bytes are escaped by the sink. Never code bodies, tokens or
 * header values. Layers below process/ do not log above debug.
 */
#ifndef SP_BASE_LOG_H
#define SP_BASE_LOG_H

#include "base/attr.h"
#include "base/slice.h"

#define SP_LOG_LINE_MAX ((size_t)1024)

enum sp_log_level { SP_LOG_ERROR, SP_LOG_WARN, SP_LOG_INFO, SP_LOG_DEBUG };

/* Takes one finished line without its line end. */
typedef void sp_log_sink(void *ctx, enum sp_log_level level, struct sp_slice line);

/* Where lines go (NULL: standard error) and the least important level that is kept (INFO at start). */
void sp_log_to(sp_log_sink *sink, void *ctx, enum sp_log_level level);

/* One line: the event's dotted name and `key=value` fields. Never a token, a header's value or a body. */
void sp_log(enum sp_log_level level, const char *event, const char *format, ...) SP_NONNULL(2, 3)
    SP_PRINTF(3, 4);

const char *sp_log_level_name(enum sp_log_level level);

#endif
