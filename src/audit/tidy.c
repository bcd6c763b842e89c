#include "audit/tidy.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static bool is_there(int dir, const char *path)
{
    struct stat st;
    return fstatat(dir, path, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode);
}

/* What cannot be removed stays: it does no harm. */
static void remove_partial(int log_dir, struct sp_tile tile)
{
    char path[SP_TILE_PATH_BYTES];
    for (tile.width = 1; tile.width < SP_TILE_WIDTH; tile.width++) {
        sp_tile_path(tile, path);
        (void)unlinkat(log_dir, path, 0);
    }
    /* Their directory is what the path has before its last slash. */
    struct sp_slice all = sp_slice_of(path);
    while (all.len > 0 && all.ptr[all.len - 1] != '/') {
        all.len--;
    }
    path[all.len - 1] = '\0';
    (void)unlinkat(log_dir, path, AT_REMOVEDIR);
}

static bool has_partial(int log_dir, struct sp_tile tile)
{
    char path[SP_TILE_PATH_BYTES];
    struct stat st;
    sp_tile_path(tile, path);
    size_t len = sp_slice_of(path).len;
    path[len++] = '.';
    path[len++] = 'p';
    path[len] = '\0';
    return fstatat(log_dir, path, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode);
}

static bool tidy_level(int log_dir, unsigned level, uint64_t *next, unsigned most)
{
    for (unsigned i = 0; i < most; i++) {
        const struct sp_tile tile = {.level = level, .number = *next, .width = SP_TILE_WIDTH};
        char path[SP_TILE_PATH_BYTES];
        sp_tile_path(tile, path);
        if (!is_there(log_dir, path)) {
            return false;
        }
        if (has_partial(log_dir, tile)) {
            remove_partial(log_dir, tile);
        }
        (*next)++;
    }
    return true;
}

bool sp_tidy_some(int log_dir, struct sp_tidy *tidy, unsigned most)
{
    bool has_more = tidy_level(log_dir, SP_TILE_ENTRIES, &tidy->entries, most);
    for (unsigned level = 0; level < SP_TILE_LEVELS; level++) {
        has_more = tidy_level(log_dir, level, &tidy->levels[level], most) || has_more;
    }
    return has_more;
}
