/*
 * fake_disk - directories in memory whose calls fail when a test says so, and a key to sign with.
 *
 * Runs in: tests.   Allocates: what is written.
 */
#ifndef SP_TEST_FAKE_DISK_H
#define SP_TEST_FAKE_DISK_H

#include "audit/disk.h"
#include "audit/key.h"
#include "audit/note.h"
#include "base/buf.h"

#define FAKE_FILES_MAX 400U

struct fake_file {
    enum sp_disk_place place;
    char path[96];
    bool is_there;
    uint64_t inode;
    struct sp_buf bytes;
};

struct fake_disk {
    struct sp_disk disk;
    struct fake_file files[FAKE_FILES_MAX]; /* a descriptor is a place in here */
    uint64_t inodes;
    uint64_t room;        /* bytes that files may still grow by */
    size_t durable_most;  /* so many bytes of a durable write reach the file when it fails */
    bool is_failing_sync; /* durable writes fail, after their bytes reached the file */
    bool is_failing_write;
    bool is_failing_open;
    bool is_counting_syncs; /* they fail from the one on that is named by `syncs_left` */
    unsigned syncs_left;
    unsigned syncs; /* durable writes and syncs that were tried */
    unsigned sync_failures;
    const char *why;
};

void fake_disk_init(struct fake_disk *fake);
void fake_disk_done(struct fake_disk *fake);

/* The key that all these logs are signed with. */
struct sp_note_key *fake_key(void);

/* A ring of that key alone, anew with each call. */
struct sp_key_ring *fake_keys(void);

/* A file by its name, NULL when it is not there; another one in its place. */
struct fake_file *fake_disk_find(struct fake_disk *fake, enum sp_disk_place place,
                                 const char *path);
void fake_disk_swap(struct fake_disk *fake, struct fake_file *file);

/* The journal that was written last. */
struct fake_file *fake_disk_journal(struct fake_disk *fake);

/* All entries, in their order, each with a line feed; and how many of them hold this text. */
void fake_disk_text(struct fake_disk *fake, struct sp_buf *out);
unsigned fake_disk_lines(struct fake_disk *fake, const char *with);

#endif
