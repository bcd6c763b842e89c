/*
 * le - little-endian numbers at a place that the caller has checked; past the end they read as zero bytes.
 *
 * Runs in: inspect, commands.   Input: hostile.   Allocates: never.
 */
#ifndef SP_FORMAT_LE_H
#define SP_FORMAT_LE_H

#include "base/slice.h"

static inline uint64_t sp_le(struct sp_slice in, size_t at, unsigned bytes)
{
    uint64_t value = 0;
    for (unsigned i = 0; i < bytes; i++) {
        uint64_t byte = at < in.len && i < in.len - at ? in.ptr[at + i] : 0;
        value |= byte << (8U * i);
    }
    return value;
}

static inline uint16_t sp_le16(struct sp_slice in, size_t at)
{
    return (uint16_t)sp_le(in, at, 2);
}

static inline uint32_t sp_le32(struct sp_slice in, size_t at)
{
    return (uint32_t)sp_le(in, at, 4);
}

static inline uint64_t sp_le64(struct sp_slice in, size_t at)
{
    return sp_le(in, at, 8);
}

#endif
