#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "disk_world.h"

static int make(void **state, bool has_own)
{
    static struct disk_world w;
    (void)snprintf(w.path, sizeof(w.path), "/tmp/sp-disk-XXXXXX");
    assert_non_null(mkdtemp(w.path));
    int log = open(w.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(log >= 0);
    assert_true(!has_own || mkdirat(log, "own", 0700) == 0);
    int own = has_own ? openat(log, "own", O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    assert_int_equal(sp_disk_open_directory(&w.directory, log, own, &w.disk), SP_OK);
    *state = &w;
    return 0;
}

int make_disk_world(void **state)
{
    return make(state, /*has_own=*/false);
}

int make_disk_world_with_own(void **state)
{
    return make(state, /*has_own=*/true);
}

int end_disk_world(void **state)
{
    struct disk_world *w = *state;
    char command[96];
    sp_disk_close_directory(&w->directory);
    (void)snprintf(command, sizeof(command), "rm -rf %s", w->path);
    assert_int_equal(system(command), 0);
    return 0;
}
