#include "session/arena.h"

#include <malloc.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/mman.h>

#define HUGE_BYTES ((uintptr_t)2 * 1024 * 1024)
#define TEMPLATE_BLOCK_MAX                                                                         \
    (32 * 1024 * 1024) /* the most that the C library takes for its threshold */
#define TEMPLATE_GROWTH   (16 * 1024 * 1024)
#define SESSION_BLOCK_MAX (1024 * 1024)
#define SESSION_GROWTH    (128 * 1024)

static struct {
    uintptr_t next; /* 0: there is no chunk yet */
    uintptr_t end;
    bool is_sealed;
} chunk;

void sp_arena_open(void)
{
    chunk.is_sealed = false;
    /* A sanitizer's malloc has no such settings; then only speed is lost. */
    (void)mallopt(M_MMAP_THRESHOLD, TEMPLATE_BLOCK_MAX);
    (void)mallopt(M_TOP_PAD, TEMPLATE_GROWTH);
}

void sp_arena_seal(void)
{
    chunk.is_sealed = true;
    (void)mallopt(M_MMAP_THRESHOLD, SESSION_BLOCK_MAX);
    (void)mallopt(M_TOP_PAD, SESSION_GROWTH);
}

static void *map(size_t bytes)
{
    void *found = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return found == MAP_FAILED ? NULL : found;
}

/* Begins where a huge page can; what lies before that goes back. */
static void new_chunk(void)
{
    void *all = map(SP_ARENA_CHUNK_BYTES + HUGE_BYTES);
    uintptr_t from = (uintptr_t)all;
    uintptr_t start = (from + HUGE_BYTES - 1) & ~(HUGE_BYTES - 1);
    if (all == NULL) {
        return;
    }
    if (start > from) {
        (void)munmap(all, start - from);
    }
    (void)munmap((void *)(start + SP_ARENA_CHUNK_BYTES), from + HUGE_BYTES - start);
    chunk.next = start;
    chunk.end = start + SP_ARENA_CHUNK_BYTES;
}

void *sp_arena_new(void *ctx, size_t bytes)
{
    void *found = NULL;
    (void)ctx;
    if (bytes > chunk.end - chunk.next && !chunk.is_sealed && bytes <= SP_ARENA_CHUNK_BYTES) {
        new_chunk();
    }
    if (bytes > chunk.end - chunk.next) {
        return map(bytes);
    }
    found = (void *)chunk.next;
    chunk.next += bytes;
    return found;
}

void sp_arena_free(void *ctx, void *arena, size_t bytes)
{
    (void)ctx;
    (void)munmap(arena, bytes);
}
