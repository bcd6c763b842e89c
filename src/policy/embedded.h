/*
 * embedded - the files of policy/ as bytes of the program; the list is made by the build.
 *
 * Runs in: supervisor, inspect, commands.   Allocates: never.
 */
#ifndef SP_POLICY_EMBEDDED_H
#define SP_POLICY_EMBEDDED_H

#include "base/slice.h"

struct sp_embedded {
    const char *name;   /* "data-science" for data-science.toml */
    const char *sha256; /* of the file, in hex */
    struct sp_slice text;
};

extern const struct sp_embedded sp_embedded_files[];
extern const size_t sp_embedded_count;

/* The file of this name, or NULL. */
const struct sp_embedded *sp_embedded_find(struct sp_slice name);

#endif
