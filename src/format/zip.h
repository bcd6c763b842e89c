/*
 * zip - the members of a zip archive, as its central directory has them.
 *
 * Runs in: inspect, commands.   Input: hostile.   Allocates: never.
 * Readers differ in what they believe: the directory, the headers in front of the data, or the lengths of zip64. Where
 * these do not agree the archive is refused, so that what is inspected is what any reader unpacks.
 */
#ifndef SP_FORMAT_ZIP_H
#define SP_FORMAT_ZIP_H

#include "base/err.h"
#include "base/slice.h"

enum sp_zip_method { SP_ZIP_STORED, SP_ZIP_DEFLATED, SP_ZIP_OTHER };

struct sp_zip_member {
    struct sp_slice name; /* as it is written; in the directory and in front of the data */
    struct sp_slice data; /* packed */
    uint64_t size;        /* unpacked, as it is declared */
    uint32_t crc;
    enum sp_zip_method method;
    uint16_t method_number;
    uint16_t flags;
    bool is_encrypted;
    bool is_folder;
    bool is_link;    /* of Unix */
    bool is_special; /* a device, a pipe or a socket */
};

struct sp_zip {
    struct sp_slice in;
    uint64_t shift; /* bytes in front of the archive, which offsets do not count */
    uint64_t start; /* of the directory, in `in` */
    uint64_t end;
    uint64_t count;
    uint64_t at; /* the next entry */
    uint64_t seen;
    uint64_t
        used; /* bytes of the members so far; those that share bytes would need more than there are */
    bool has_prefix; /* other bytes stand in front: another format, or a program */
};

/* Finds the directory. SP_ERR_NOT_FOUND when there is none, SP_ERR_CORRUPT when it does not agree with itself. */
enum sp_err sp_zip_open(struct sp_slice in, struct sp_zip *out) SP_MUST_CHECK SP_NONNULL(2);

/* The next member; SP_ERR_NOT_FOUND behind the last, SP_ERR_CORRUPT when headers differ, members overlap or stand outside. */
enum sp_err sp_zip_next(struct sp_zip *zip, struct sp_zip_member *out)
    SP_MUST_CHECK SP_NONNULL(1, 2);

#endif
