/*
 * supervisor - starts every role, wires exactly the pairs that may talk, replaces what dies, stops it all in order.
 *
 * Runs in: supervisor.   Input: trusted configuration; the roles' bounded log lines are hostile.
 * It takes no confinement that a child must not have: filters are inherited, and the pool's sessions mount.
 */
#ifndef SP_PROCESS_SUPERVISOR_H
#define SP_PROCESS_SUPERVISOR_H

#include "config/config.h"

struct sp_supervisor_options {
    struct sp_config *config; /* its tenants go once a reload has replaced them */
    const char *config_path;  /* that it was read from, to be read again at SIGHUP; NULL: none */
    const struct sp_config_overrides *overrides;
    int secret_fd; /* a sealed memfd with the upstream credential (taken over), -1 when there is none */
    const char *version; /* of the program, for the log and the ready lines */
};

/* Serves until it is told to stop; the process's exit status (0 after a clean stop, 1 on failure, 2: configuration). */
int sp_supervisor_run(const struct sp_supervisor_options *options) SP_NONNULL(1);

#endif
