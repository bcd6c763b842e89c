/*
 * pickle - reads the opcodes of a pickle without running any: which globals it asks for, and whether it calls them.
 *
 * Runs in: inspect, commands.   Input: hostile.   Allocates: a stack and a memo, within bounds.
 * Protocols 0 to 5. A pickle acts as it is read, so one that breaks in the middle has acted up to there: what was seen
 * before a fault counts. Names that are built while unpickling cannot be known and are told as such.
 */
#ifndef SP_FORMAT_PICKLE_H
#define SP_FORMAT_PICKLE_H

#include "base/err.h"
#include "base/slice.h"

#define SP_PICKLE_STACK_MAX 1048576U
#define SP_PICKLE_MEMO_MAX  4194304U
#define SP_PICKLE_NAME_MAX  ((size_t)256)

enum sp_pickle_event {
    SP_PICKLE_GLOBAL,    /* `module` and `name`, the latter perhaps dotted */
    SP_PICKLE_COMPUTED,  /* a global whose name is not spelt out */
    SP_PICKLE_EXTENSION, /* a number of copyreg's registry */
    SP_PICKLE_PERSISTENT /* an object that the loader provides */
};

/* Called for each; false ends the reading. The texts are borrowed from the pickle. */
typedef bool sp_pickle_fn(void *ctx, enum sp_pickle_event event, struct sp_slice module,
                          struct sp_slice name, size_t at);

struct sp_pickle_result {
    unsigned pickles; /* that ended with a STOP, one behind the other */
    unsigned globals;
    unsigned calls; /* opcodes that call something */
    size_t at;      /* where reading ended */
    enum sp_err
        err; /* why: SP_OK at the end, SP_ERR_INVALID, SP_ERR_SHORT, or SP_ERR_FULL when a bound did not do */
    bool
        has_raw_array; /* joblib's wrapper of an array, whose bytes stand in the middle of the pickle */
};

/* Reads one pickle after the other. SP_ERR_NOMEM; whatever the bytes hold is in `out`. */
enum sp_err sp_pickle_scan(struct sp_slice bytes, sp_pickle_fn *each, void *ctx,
                           struct sp_pickle_result *out) SP_MUST_CHECK SP_NONNULL(4);

#endif
