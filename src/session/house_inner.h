/*
 * house_inner - what the files of the house share. Only the house*.c files include this.
 *
 * Runs in: as house.h.   Input: as house.h.   Allocates: as house.h.
 */
#ifndef SP_SESSION_HOUSE_INNER_H
#define SP_SESSION_HOUSE_INNER_H

#include "session/link.h"
#include "session/options.h"
#include "session/room.h"

#define HOUSE_STOCK  4U /* rooms that are made ahead */
#define HOUSE_MAKING 8U /* rooms on their way at once */
#define HOUSE_TEMPLATES                                                                            \
    (SP_SESSION_TEMPLATES_MAX + 8U) /* those in use, a spare, and those that are ending */
#define HOUSE_ROOMS     (SP_SESSION_MAX + HOUSE_STOCK + HOUSE_MAKING)
#define HOUSE_ARGUMENTS 40U
#define HOUSE_KEY_NONE  UINT64_MAX /* of a spare */

enum room_state {
    ROOM_FREE,
    ROOM_MAKING, /* its walls do not stand yet */
    ROOM_STOCK,  /* waits for an interpreter */
    ROOM_TAKEN,  /* a session */
    ROOM_PROBE,  /* a session that only looks at its walls */
};

struct room_row {
    enum room_state state;
    uint32_t ticket;
    struct sp_room room;
};

enum template_state {
    TEMPLATE_FREE,
    TEMPLATE_STARTING, /* imports */
    TEMPLATE_AWAKE,    /* waits for a room to look at */
    TEMPLATE_PROBING,  /* a look from inside is on */
    TEMPLATE_READY,
    TEMPLATE_ENDING,
};

struct template_row {
    enum template_state state;
    pid_t pid;
    int wire;
    uint64_t key;
    uint32_t forks;
    uint64_t born_ms;
    uint64_t used_ms;
    uint64_t due_ms; /* of the state: what is not done by then has failed */
    struct room_row *probe;
};

/* A session that the pool asked for and that has no room or no template yet. */
struct order {
    uint32_t ticket;
    uint64_t key;
};

struct house {
    const struct sp_session_options *options;
    const char *arguments[HOUSE_ARGUMENTS]; /* of a template */
    struct sp_room_plan plan;
    struct sp_buf filter;
    struct sp_buf packages;
    struct sp_buf scratch;
    struct sp_link_frame in;
    int signals;
    bool is_known;              /* the pool was told that there is a template */
    uint64_t template_again_ms; /* starting one failed; not before this time again */
    uint64_t room_again_ms;
    struct template_row templates[HOUSE_TEMPLATES];
    struct order orders[SP_SESSION_MAX];
    size_t order_count;
    size_t room_rows; /* rows that were ever used */
    struct room_row rooms[HOUSE_ROOMS];
};

enum sp_err sp_house_tell(struct house *h, const struct sp_frame *frame, int fd) SP_MUST_CHECK;
enum sp_err sp_house_refuse(struct house *h, uint32_t ticket) SP_MUST_CHECK;

/* house_rooms.c */
struct room_row *sp_house_room_of(struct house *h, uint32_t ticket); /* a session */
struct room_row *sp_house_stock(struct house *h);                    /* a room to take, or NULL */
unsigned sp_house_count(const struct house *h, enum room_state state);
/* Begins one room; SP_ERR_UNAVAILABLE when none is wanted now. */
enum sp_err sp_house_make_room(struct house *h, uint64_t now_ms, unsigned wanted) SP_MUST_CHECK;
enum sp_err sp_house_room_says(struct house *h, struct room_row *row) SP_MUST_CHECK;
/* A process that was one of the rooms has ended. */
enum sp_err sp_house_room_ended(struct house *h, pid_t pid, int status, uint64_t now_ms)
    SP_MUST_CHECK;
/* Sends the interpreter's descriptors to its template and the pool's end to the pool. */
enum sp_err sp_house_hand_over(struct house *h, struct template_row *template, struct room_row *row,
                               uint32_t ticket) SP_MUST_CHECK;

/* house_templates.c */
/* The template for this key, or NULL while it is on its way. */
struct template_row *sp_house_template_for(struct house *h, uint64_t key, uint64_t now_ms);
enum sp_err sp_house_template_says(struct house *h, struct template_row *row) SP_MUST_CHECK;
enum sp_err sp_house_probe_says(struct house *h, struct template_row *row) SP_MUST_CHECK;
enum sp_err sp_house_template_ended(struct house *h, pid_t pid, uint64_t now_ms) SP_MUST_CHECK;
/* What time asks for: probes, spares, replacing. */
enum sp_err sp_house_templates_tick(struct house *h, uint64_t now_ms) SP_MUST_CHECK;
uint64_t sp_house_templates_due(const struct house *h);

#endif
