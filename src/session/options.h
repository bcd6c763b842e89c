/*
 * options - what the program sallyport-session is told on its command line.
 *
 * Runs in: sallyport-session.   Input: trusted (the nursery writes it).   Allocates: never.
 */
#ifndef SP_SESSION_OPTIONS_H
#define SP_SESSION_OPTIONS_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"
#include "sandbox/walls_session.h"

#define SP_SESSION_CONTROL_FD    3       /* the wire to the pool */
#define SP_SESSION_UID           200000U /* when started as root; plus --slot */
#define SP_SESSION_INNER_UID     1000U
#define SP_SESSION_MAX           4096U
#define SP_SESSION_TEMPLATES_MAX 64U

struct sp_session_options {
    struct sp_session_limits limits;
    uint32_t sessions_max;
    uid_t uid;                /* taken when started as root */
    uint64_t given_up;        /* layers (bits) that may be missing */
    uint32_t template_life_s; /* a template that was used is replaced after so long */
    uint32_t template_forks;  /* and after so many sessions */
    uint32_t templates;       /* of as many tenants at once; 0: all share one */
    bool is_template;         /* the house's own child, not the house */
    const char *preload;      /* comma-separated module names; borrowed from argv */
    bool has_egress;          /* sessions have a network */
    int outside_link; /* of the house to the process outside, negative when there is none; set at the start */
};

/* SP_ERR_CONFIG for anything that is not understood. */
enum sp_err sp_session_options_read(int argc, char **argv, struct sp_session_options *out)
    SP_MUST_CHECK SP_NONNULL(2, 3);

#endif
