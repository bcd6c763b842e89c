/*
 * npy - the header of a saved numpy array: whether a pickle stands behind it.
 *
 * Runs in: inspect, commands.   Input: hostile.   Allocates: never.
 */
#ifndef SP_FORMAT_NPY_H
#define SP_FORMAT_NPY_H

#include "base/err.h"
#include "base/slice.h"

struct sp_npy {
    bool has_objects;     /* the elements are Python objects, saved as a pickle */
    struct sp_slice data; /* behind the header */
};

/* SP_ERR_CORRUPT when it is none, or its header does not say what the elements are. */
enum sp_err sp_npy_open(struct sp_slice in, struct sp_npy *out) SP_MUST_CHECK SP_NONNULL(2);

#endif
