/*
 * exec_run - one run of code by a client command: sent, waited for, shown.
 *
 * Runs in: sallyport exec.   Input: a person's code; the answer (hostile).
 */
#ifndef SP_COMMAND_EXEC_RUN_H
#define SP_COMMAND_EXEC_RUN_H

#include "command/remote.h"

#define SP_EXEC_CODE_BYTES_MAX ((size_t)16 * 1024 * 1024)

struct sp_exec_run {
    const struct sp_remote *remote;
    struct sp_slice session;
    const char *name; /* of the code, for people */
    struct sp_slice code;
    uint32_t timeout_s;
};

/* The exit status; everything has been said. */
int sp_exec_run(const struct sp_exec_run *run) SP_NONNULL(1);

/* Ends a session that nobody will come back to; silent, because it ends by itself later. */
void sp_exec_forget(const struct sp_remote *remote, struct sp_slice session) SP_NONNULL(1);

#endif
