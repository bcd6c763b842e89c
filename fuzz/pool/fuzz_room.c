/* Covers the pool*.c files, run.c, answer.c: in whatever order things happen, nothing is answered twice. */
#include "base/assert.h"
#include "base/reader.h"
#include "pool/pool.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint32_t last_ticket;
static uint64_t last_nonce;
static bool answered[UINT8_MAX + 1];

static void on_ticket(void *ctx, uint32_t ticket)
{
    (void)ctx;
    last_ticket = ticket;
}
static void on_fork(void *ctx, uint32_t ticket, uint64_t key)
{
    SP_ASSERT(key <= 1);
    on_ticket(ctx, ticket);
}
static void on_nothing(void *ctx, uint32_t ticket)
{
    (void)ctx;
    (void)ticket;
}
static void on_send(void *ctx, uint32_t ticket, const struct sp_frame *frame)
{
    on_ticket(ctx, ticket);
    last_nonce = frame->nonce;
}

static void on_answer(void *ctx, uint64_t request, unsigned status, unsigned after_s,
                      struct sp_slice body)
{
    SP_ASSERT(ctx == NULL && status >= 200 && after_s < 60 && (body.len > 0 || status == 204));
    SP_ASSERT(!answered[request]);
    answered[request] = true;
}

static void on_stream(void *ctx, uint64_t request, struct sp_slice bytes)
{
    SP_ASSERT(ctx == NULL && !answered[request] && bytes.len > 0);
}

static void on_file(void *ctx, uint64_t request, int *fd, const struct sp_pool_file *file)
{
    SP_ASSERT(ctx == NULL && request > 0 && *fd == 0 && file->path.len > 0);
}

static void step(struct sp_pool *pool, uint8_t what, uint64_t request, struct sp_pool_now now)
{
    const struct sp_pool_order order = {.request = request,
                                        .identifier = sp_slice_of(what & 1 ? "first" : "second"),
                                        .key = what & 1,
                                        .code = sp_slice_of("1"),
                                        .timeout_s = 1U + what % 4U,
                                        .is_streamed = (what & 0x40) != 0,
                                        .is_async = (what & 0x20) != 0};
    const struct sp_pool_file_order file = {
        request, order.identifier, order.key, sp_slice_of("a"), (enum sp_file_op)(what >> 5),
        false};
    const struct sp_frame frame = {
        .type = (enum sp_frame_type)(what >> 4), .nonce = last_nonce, .a = what & 3, .b = what & 7};
    int fd = 0;
    switch (what % 11) {
    case 0:
    case 1:
        sp_pool_execute(pool, &order, now);
        break;
    case 2:
        sp_pool_session_delete(pool, request, order.identifier, now);
        break;
    case 3:
        sp_pool_template_lost(pool, now);
        break;
    case 4:
        SP_ASSERT(sp_pool_template_up(pool, what, sp_slice_of("python 3"), now) == SP_OK);
        break;
    case 5:
        sp_pool_ended(pool, last_ticket, now);
        break;
    case 6:
        sp_pool_left(pool, request - 1U);
        break;
    case 7:
        sp_pool_file_do(pool, &file, now);
        break;
    case 8:
        sp_pool_upload_commit(pool, request - 1U, sp_slice_of("a digest"));
        break;
    default:
        sp_pool_frame(pool, last_ticket, &frame, &fd, now);
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct sp_pool_config config = {.max_sessions = 2,
                                          .ready_sessions = 1,
                                          .cooldown_ms = 9000,
                                          .output_max = 64,
                                          .is_by_key = true};
    const struct sp_pool_ports ports = {NULL,       on_fork,   on_nothing, on_send,
                                        on_nothing, on_answer, on_stream,  on_file};
    struct sp_pool_now now = {1, 1};
    struct sp_pool *pool = NULL;
    SP_ASSERT(sp_pool_new(&config, &ports, 1, now, &pool) == SP_OK);
    last_ticket = 0;
    last_nonce = 0;
    for (size_t i = 0; i <= UINT8_MAX; i++) {
        answered[i] = false;
    }
    for (size_t i = 0; i < size && i < UINT8_MAX; i++) {
        now.mono_ms += data[i] & 0x10 ? 700 : 0;
        step(pool, data[i], i + 1, now);
        (void)sp_pool_tick(pool, now);
    }
    sp_pool_free(pool);
    return 0;
}
