/*
 * audit_remote - the log of a gateway elsewhere, read over its service with a token; each reading is an entry there.
 *
 * Runs in: commands.   Input: hostile (the answers).   Allocates: one page of entries.
 */
#ifndef SP_COMMAND_AUDIT_REMOTE_H
#define SP_COMMAND_AUDIT_REMOTE_H

#include "audit/search.h"
#include "command/remote.h"

/* The lines of --help for what names such a gateway. */
#define SP_AUDIT_REMOTE_HELP                                                                       \
    "  --endpoint URL    asks that gateway instead of reading files; the token needs\n"            \
    "                    the scope audit:read, and admin to see more than its tenant\n"            \
    "  --token-file FILE holds the token; SALLYPORT_TOKEN holds one itself\n"                      \
    "  --ca-file FILE    certificates to believe instead of the system's\n"

/* One entry as it stands in the log; an exit status other than SP_EXIT_DONE ends the reading. */
typedef int sp_audit_line_fn(void *ctx, struct sp_slice line);

struct sp_audit_asking {
    const struct sp_remote_options *options;
    const struct sp_search *search;
    bool is_tail; /* the latest `count` entries, or with filters all that fit */
    bool follows; /* and goes on as new ones are published, until it is killed */
    uint64_t count;
    const uint64_t *index; /* one entry alone; NULL: those that fit the search */
    void *ctx;
    sp_audit_line_fn *line;
};

/* Hands over the entries that are asked for; an exit status, with the reason on standard error. */
int sp_audit_remote_read(const struct sp_audit_asking *asking) SP_NONNULL(1);

/* Appends what the gateway answers to "checkpoint", "proof/5" and the like. */
int sp_audit_remote_get(const struct sp_remote_options *options, const char *what,
                        struct sp_buf *out) SP_NONNULL(1, 2, 3);

#endif
