#include "session/approved.h"

#define PARTS_MAX 64U /* of a path; a deeper one counts as open */

/* The digest is whole before the count says that it is there. */
void sp_approved_add(struct sp_approved *approved, struct sp_slice digest)
{
    uint8_t *to = approved->digests[approved->added % SP_APPROVED_MAX];
    if (digest.len != SP_APPROVED_BYTES || sp_approved_has(approved, digest)) {
        return;
    }
    for (size_t i = 0; i < SP_APPROVED_BYTES; i++) {
        to[i] = digest.ptr[i];
    }
    __atomic_store_n(&approved->added, approved->added + 1, __ATOMIC_RELEASE);
}

bool sp_approved_has(const struct sp_approved *approved, struct sp_slice digest)
{
    uint32_t count = __atomic_load_n(&approved->added, __ATOMIC_ACQUIRE);
    count = count < SP_APPROVED_MAX ? count : SP_APPROVED_MAX;
    for (uint32_t i = 0; i < count; i++) {
        if (sp_slice_equal(sp_slice_make(approved->digests[i], SP_APPROVED_BYTES), digest)) {
            return true;
        }
    }
    return false;
}

/* The first part that is left when `.` and `..` are worked out; false for a path that is too deep to tell. */
static bool first_part(struct sp_slice path, struct sp_slice *out)
{
    struct sp_slice parts[PARTS_MAX];
    size_t count = 0;
    while (path.len > 0) {
        size_t end = sp_slice_find(path, 0, '/');
        struct sp_slice part = sp_slice_sub(path, 0, end);
        path = sp_slice_sub(path, end + 1, path.len);
        if (sp_slice_is(part, "..")) {
            count -= count > 0 ? 1 : 0;
        } else if (part.len > 0 && !sp_slice_is(part, ".")) {
            if (count == PARTS_MAX) {
                return false;
            }
            parts[count++] = part;
        }
    }
    *out = count > 0 ? parts[0] : sp_slice_make(NULL, 0);
    return true;
}

bool sp_approved_is_open_place(struct sp_slice path)
{
    static const char *const system[] = {"usr", "lib", "lib32", "lib64", "bin", "sbin", "etc"};
    struct sp_slice part = {NULL, 0};
    if (!first_part(path, &part)) {
        return true;
    }
    for (size_t i = 0; i < SP_COUNT(system); i++) {
        if (sp_slice_is(part, system[i])) {
            return false;
        }
    }
    return true;
}
