/*
 * room_inner - what the files of the inspect room share. Nobody else includes this.
 *
 * Runs in: inspect.   Allocates: never.
 */
#ifndef SP_INSPECT_ROOM_INNER_H
#define SP_INSPECT_ROOM_INNER_H

#include "api/arguments.h"
#include "api/order.h"
#include "inspect/room.h"
#include "policy/upload.h"

struct sp_inspect_policy {
    struct sp_policy policy;
    uint8_t digest[SP_DIGEST_BYTES];
    unsigned settings; /* the latest that had it */
};

struct sp_inspect_room {
    uint64_t body_bytes_max;
    uint64_t upload_bytes_max;
    struct sp_table table;
    bool has_table;
    bool is_giving_denied; /* denied code goes to audit, which keeps it */
    struct sp_judge *judge;
    struct sp_upload *upload; /* made with the judge */
    size_t code_bytes_max;    /* that the judge has memory for */
    size_t count;
    unsigned settings; /* how often there were others */
    struct sp_inspect_policy policies[SP_INSPECT_POLICIES_MAX];
    struct sp_judgement judgement;
    struct sp_where detail;
    struct sp_buf findings;
    struct sp_buf modules;
    struct sp_buf capabilities;
    struct sp_buf order;
    struct sp_buf spot; /* of a file */
    struct sp_buf part; /* the head of a multipart body's part */
};

/* One job being judged; the verdict starts as a denial. */
struct sp_inspection {
    struct sp_inspect_room *room;
    struct sp_msg_job *job;
    const struct sp_policy *policy;
    struct sp_arguments arguments;
    enum sp_operation operation;
    struct sp_msg_verdict verdict;
};

/* An upload; an operation that has no body. Errors are those of sp_inspect_job. */
enum sp_err sp_inspect_upload(struct sp_inspection *i) SP_MUST_CHECK SP_NONNULL(1);
enum sp_err sp_inspect_simple(struct sp_inspection *i) SP_MUST_CHECK SP_NONNULL(1);

/* The request is wrong: says which error, and (borrowed from the room) why. */
enum sp_err sp_inspect_refuse(struct sp_inspection *i, enum sp_err err,
                              const struct sp_where *where) SP_MUST_CHECK SP_NONNULL(1, 3);

/* Puts the judgement's findings into the verdict; false, with what to tell the client, when it denies. */
enum sp_err sp_inspect_report_judgement(struct sp_inspection *i, const struct sp_facts *facts,
                                        bool *out_allowed) SP_MUST_CHECK SP_NONNULL(1, 3);

/* The module that a file at the room's spot is, or is part of: `helpers` for helpers.py and helpers/a/b.py; else empty. */
struct sp_slice sp_inspect_own_module(const struct sp_inspect_room *room) SP_NONNULL(1);

/* Allows what this order says: its bytes, their digest. */
enum sp_err sp_inspect_allow(struct sp_inspection *i, const struct sp_order *order)
    SP_MUST_CHECK SP_NONNULL(1, 2);

#endif
