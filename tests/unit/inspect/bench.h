/*
 * bench - an inspect room with the default policy.
 *
 * Runs in: tests.
 */
#ifndef SP_TEST_INSPECT_BENCH_H
#define SP_TEST_INSPECT_BENCH_H

#include "api/arguments.h"
#include "api/order.h"
#include "inspect/room.h"

#define BODY_BYTES_MAX   ((uint64_t)64 * 1024)
#define UPLOAD_BYTES_MAX ((uint64_t)32 * 1024)

struct bench {
    struct sp_inspect_room *room;
    uint8_t digest[SP_DIGEST_BYTES];
};

void open_bench(struct bench *bench);

/* Judges the body of a run; of any operation with its arguments (NULL: none). The verdict's payloads are the caller's. */
enum sp_err judge_run(struct bench *bench, struct sp_slice body, struct sp_msg_verdict *out);
enum sp_err judge(struct bench *bench, unsigned operation, const struct sp_arguments *arguments,
                  struct sp_slice body, struct sp_msg_verdict *out);

#endif
