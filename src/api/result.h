/*
 * result - what a run gave: made by relay from the pool's answer (by the pool from its session), shown by front.
 *
 * Runs in: pool, relay (write), front (reads).   Input: hostile on reading.   Allocates: never.
 * Texts are UTF-8 that may hold NUL: a program may print anything.
 */
#ifndef SP_API_RESULT_H
#define SP_API_RESULT_H

#include "base/reader.h"
#include "base/writer.h"

#define SP_RESULT_BYTES_MAX ((size_t)32 * 1024 * 1024) /* all of one result */

/* Zero is the safe reading: it did not succeed. */
enum sp_run_status { SP_RUN_FAILED, SP_RUN_SUCCEEDED, SP_RUN_STATUS_COUNT };

struct sp_result {
    enum sp_run_status status;
    uint64_t time_ms;
    struct sp_slice out_text; /* what the run wrote to its standard output */
    struct sp_slice err_text; /* and to its standard error; a traceback stands here */
    struct sp_slice
        value_json; /* the last expression's value as one JSON text; "null" when there is none */
    struct sp_slice
        outputs_json; /* everything shown, as one JSON array; empty when it says no more than the value */
    bool is_shell;   /* a command was run: the value is its exit status, "null" when it had none */
    bool is_out_cut; /* the text was longer than the pool keeps */
    bool is_err_cut;
    bool is_value_cut;
};

void sp_result_write(struct sp_writer *w, const struct sp_result *result) SP_NONNULL(1, 2);

/* Reads a whole result; `out` borrows from `in`. SP_ERR_WIRE for anything that sp_result_write does not write. */
enum sp_err sp_result_read(struct sp_slice in, struct sp_result *out) SP_MUST_CHECK SP_NONNULL(2);

/* "Succeeded" or "Failed". */
const char *sp_run_status_name(enum sp_run_status status);

#endif
