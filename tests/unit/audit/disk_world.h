/*
 * disk_world - an empty directory of this machine as a log's disk.
 *
 * Runs in: tests.
 */
#ifndef SP_TEST_DISK_WORLD_H
#define SP_TEST_DISK_WORLD_H

#include "audit/disk.h"

struct disk_world {
    char path[64];
    struct sp_disk_directory directory;
    struct sp_disk disk;
};

/* Makes one, with the log's own directory ("own" in it) or without; removes it and what is in it. */
int make_disk_world(void **state);
int make_disk_world_with_own(void **state);
int end_disk_world(void **state);

#define DISK_TEST(name) cmocka_unit_test_setup_teardown(name, make_disk_world, end_disk_world)

#endif
