/*
 * fake_disk - a directory in memory whose calls fail when a test says so.
 *
 * Runs in: tests.   Allocates: what is written.
 */
#ifndef SP_TEST_FAKE_DISK_H
#define SP_TEST_FAKE_DISK_H

#include "audit/disk.h"
#include "base/buf.h"

#define FAKE_FILES_MAX 8U

struct fake_file {
    char name[SP_SEGMENT_NAME_BYTES];
    bool is_there;
    uint64_t inode;
    struct sp_buf bytes;
};

struct fake_disk {
    struct sp_disk disk;
    struct fake_file files[FAKE_FILES_MAX]; /* a descriptor is a place in here */
    uint64_t inodes;
    uint64_t room;     /* bytes that may still be written */
    size_t write_most; /* a write takes no more than this at once */
    bool is_failing_sync;
    bool is_failing_write;
    bool is_failing_open;
    unsigned syncs;
    unsigned sync_failures;
    const char *why;
};

void fake_disk_init(struct fake_disk *fake);
void fake_disk_done(struct fake_disk *fake);

/* The file that has the last segment's name. */
struct fake_file *fake_disk_last(struct fake_disk *fake);
size_t fake_disk_count(const struct fake_disk *fake);

/* All bytes of all files, in the order of their making. */
void fake_disk_text(struct fake_disk *fake, struct sp_buf *out);

/* How many lines hold this text. */
unsigned fake_disk_lines(struct fake_disk *fake, const char *with);

#endif
