/*
 * epochs - each tenant's policy epoch: a number that rises when its policy narrows, kept in STATE/epochs.json.
 *
 * Runs in: supervisor.   Input: its own file, and the policies in force.   Allocates: in proportion to tenants and policies.
 * The epoch is hashed into the names of sessions, so that what was made under a looser policy is out of reach. Any change
 * that is not provably a pure widening raises it. The file is durable before the epochs are used.
 */
#ifndef SP_PROCESS_EPOCHS_H
#define SP_PROCESS_EPOCHS_H

#include "process/policies.h"

#define SP_EPOCHS_FILE "epochs.json"
#define SP_EPOCH_FIRST 1U

struct sp_epoch {
    char tenant[SP_MSG_NAME_MAX + 1];
    uint64_t epoch;
    uint8_t policy[SP_DIGEST_BYTES];
};

/* Zeroed is empty. */
struct sp_epochs {
    struct sp_epoch *items;
    size_t count;
};

/*
 * Compares the policies with those that the file remembers, raises what must rise, and writes the file anew when anything
 * changed. SP_ERR_CORRUPT for a file that does not read: without it nobody knows which epochs were used. `out` is
 * untouched on failure.
 */
enum sp_err sp_epochs_settle(int state_dir, const struct sp_config *config,
                             const struct sp_policies *policies, struct sp_epochs *out)
    SP_MUST_CHECK SP_NONNULL(2, 3, 4);
void sp_epochs_done(struct sp_epochs *epochs) SP_NONNULL(1);

/* SP_EPOCH_FIRST for a tenant that is not there. */
uint64_t sp_epochs_of(const struct sp_epochs *epochs, struct sp_slice tenant) SP_NONNULL(1);

#endif
