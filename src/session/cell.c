#include "session/cell.h"

#include <poll.h>
#include <unistd.h>

#include "base/clock.h"
#include "sandbox/deny_session.h"
#include "session/fence.h"
#include "session/link.h"
#include "session/python.h"
#include "session/streams.h"
#include "session/witness.h"

#define WANTED_MS 5

struct cell {
    int link;
    struct sp_witness_page *witness;
    const struct sp_approved *approved;
    bool may_own_code;
    uint16_t denied; /* capabilities that this run may not use */
    uint16_t walled; /* those of them that a filter stands before already */
    uint64_t nonce;
    size_t code_bytes; /* that the run announced */
    size_t item_bytes; /* sent so far in this run */
    struct sp_buf code;
    struct sp_buf scratch;
    struct sp_link_pack pack; /* what goes with the end of the run */
    struct sp_link_frame in;
};

/* Sends an item in as many frames as it needs. Results and errors come last, so they wait for the end that follows them. */
static enum sp_err send_item(void *ctx, const struct sp_frame *item)
{
    struct cell *cell = ctx;
    struct sp_frame part = *item;
    struct sp_slice rest = item->bytes;
    if (item->bytes.len > SP_FRAME_ITEMS_MAX - cell->item_bytes) {
        return SP_ERR_TOO_BIG;
    }
    cell->item_bytes += item->bytes.len;
    part.nonce = cell->nonce;
    do {
        part.bytes = sp_slice_sub(rest, 0, SP_FRAME_PART_MAX);
        rest = sp_slice_sub(rest, part.bytes.len, rest.len);
        part.c = rest.len > 0 ? SP_ITEM_MORE : item->c;
        SP_TRY(sp_link_pack_add(&cell->pack, cell->link, &part));
    } while (rest.len > 0);
    return item->a == SP_ITEM_DISPLAY ? sp_link_pack_send(&cell->pack, cell->link) : SP_OK;
}

/* The witness raises in Python; the filter holds whatever the code does to Python. */
static void deny(struct cell *cell)
{
    unsigned fresh = cell->denied & ~(unsigned)cell->walled;
    bool processes = (fresh & 1U << SP_ACT_PROCESS) != 0;
    bool network = (fresh & 1U << SP_ACT_NETWORK) != 0;
    if ((processes && sp_python_without_processes() != SP_OK) ||
        sp_session_deny(processes, network) != SP_OK) {
        _exit(1);
    }
    cell->walled = (uint16_t)(cell->walled | fresh);
}

static void run(struct cell *cell)
{
    struct sp_frame done = {.type = SP_FRAME_DONE, .nonce = cell->nonce};
    uint64_t start = sp_clock_mono_us();
    enum sp_cell_end status = SP_CELL_FAILED;
    cell->item_bytes = 0;
    deny(cell);
    sp_fence_begin(cell->may_own_code ? NULL : cell->approved);
    sp_witness_begin(cell->witness, cell->denied);
    status = sp_python_run(sp_buf_slice(&cell->code), send_item, cell);
    sp_witness_end();
    done.a = (uint8_t)status;
    done.micros = sp_clock_mono_us() - start;
    sp_buf_clear(&cell->code);
    if (sp_link_pack_add(&cell->pack, cell->link, &done) != SP_OK ||
        sp_link_pack_send(&cell->pack, cell->link) != SP_OK) {
        _exit(1);
    }
    /* After the answer, so that nobody waits for it. */
    sp_python_rest();
    if (sp_streams_restore() != SP_OK) {
        _exit(1);
    }
}

/* The frames come from init, which passes on what the pool says; a wrong one ends the session, not the house. */
static enum sp_err take(struct cell *cell)
{
    const struct sp_frame *frame = &cell->in.frame;
    if (frame->type == SP_FRAME_RUN) {
        if (frame->number > SP_FRAME_CODE_MAX) {
            return SP_ERR_TOO_BIG;
        }
        cell->nonce = frame->nonce;
        cell->denied = frame->group;
        cell->may_own_code = (frame->a & SP_RUN_OWN_CODE) != 0;
        cell->code_bytes = frame->number;
        sp_buf_clear(&cell->code);
    } else if (frame->type != SP_FRAME_CODE || frame->nonce != cell->nonce ||
               cell->code_bytes <= cell->code.len) {
        return SP_ERR_WIRE;
    }
    SP_TRY(sp_buf_put(&cell->code, frame->bytes));
    if (cell->code.len > cell->code_bytes) {
        return SP_ERR_WIRE;
    }
    if (cell->code.len == cell->code_bytes) {
        run(cell);
    }
    return SP_OK;
}

/* Whoever waits for a run wants its answer before we are settled; it touches the same pages. */
static bool is_wanted(int link)
{
    struct pollfd orders = {.fd = link, .events = POLLIN};
    return poll(&orders, 1, WANTED_MS) == 1;
}

void sp_cell_serve(int link, uint32_t group, struct sp_witness_page *witness,
                   const struct sp_approved *approved)
{
    static struct cell cell;
    const struct sp_frame ready = {.type = SP_FRAME_READY, .number = group};
    enum sp_err err = SP_OK;
    cell.link = link;
    cell.witness = witness;
    cell.approved = approved;
    sp_buf_init(&cell.code, SP_FRAME_CODE_MAX);
    sp_buf_init(&cell.scratch, SP_FRAME_BYTES_MAX);
    sp_link_pack_init(&cell.pack);
    err = sp_link_send(link, &ready, -1, &cell.scratch);
    if (!is_wanted(link) && sp_python_settle() != SP_OK) {
        _exit(1);
    }
    while (err == SP_OK || err == SP_ERR_UNAVAILABLE) {
        void *python = sp_python_unlock();
        err = sp_link_receive(link, &cell.in);
        sp_python_lock(python);
        if (err == SP_OK) {
            err = take(&cell);
        }
    }
    _exit(0);
}
