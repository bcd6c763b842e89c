/*
 * room - one session without its interpreter: namespaces, mounts, process 1 and every descriptor, made ahead of need.
 *
 * Runs in: house (make, close); process 1 of the room.   Allocates: never after the fork.
 * What takes long about a session and needs no Python is done here, so that only the fork of a template is left when
 * somebody asks.
 */
#ifndef SP_SESSION_ROOM_H
#define SP_SESSION_ROOM_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/slice.h"
#include "sandbox/walls_session.h"

/* What an interpreter is given, in this order. Without Landlock the last one is missing. */
enum sp_room_fd {
    SP_ROOM_PROCESS, /* a pidfd of process 1: the way into its namespaces */
    SP_ROOM_LINK,    /* frames to process 1 */
    SP_ROOM_OUT,     /* write ends of stdout and stderr */
    SP_ROOM_ERR,
    SP_ROOM_WITNESS,  /* the page of the witness */
    SP_ROOM_APPROVED, /* digests of code that may be loaded; to be read only */
    SP_ROOM_RULES,    /* Landlock's */
    SP_ROOM_FD_COUNT
};

struct sp_room {
    pid_t pid;   /* process 1, as its maker sees it: killing it ends every process of the session */
    int control; /* the pool's end of its wire; first it says SP_FRAME_ROOM there, rules beside it */
    int inner[SP_ROOM_FD_COUNT]; /* -1: none */
};

struct sp_room_plan {
    struct sp_session_limits limits;
    struct sp_slice filter; /* the built system call filter */
    int outside_link;       /* to the process outside; negative: there is none */
    bool has_egress;
};

/* The caller is the parent of the new process and waits for it. */
enum sp_err sp_room_make(const struct sp_room_plan *plan, struct sp_room *out)
    SP_MUST_CHECK SP_NONNULL(1, 2);

/* Closes what is still here; the process stays. */
void sp_room_close(struct sp_room *room) SP_NONNULL(1);

#endif
