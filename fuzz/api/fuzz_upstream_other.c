/* Fuzzes sp_upstream_other_read (first byte: operation and status). A product that is taken can be shown in both families. */
#include "api/answer_other.h"
#include "api/upstream_other.h"
#include "base/assert.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const enum sp_operation operations[] = {
        SP_OPERATION_FILE_LIST,   SP_OPERATION_FILE_GET,     SP_OPERATION_FILE_DELETE,
        SP_OPERATION_SESSION_GET, SP_OPERATION_SESSION_LIST, SP_OPERATION_METADATA};
    static const unsigned statuses[] = {200, 404, 500};
    SP_AUTO_BUF struct sp_buf product;
    SP_AUTO_BUF struct sp_buf shown;
    struct sp_upstream u;
    struct sp_upstream_other answer;
    unsigned kind = size > 0 ? data[0] : 0;
    const struct sp_order order = {.operation = operations[kind % SP_COUNT(operations)]};
    struct sp_slice body = sp_slice_sub(sp_slice_make(data, size), 1, size);
    sp_buf_init(&product, (size_t)1 << 22);
    sp_buf_init(&shown, (size_t)1 << 24);
    SP_ASSERT(sp_upstream_init(&u, sp_slice_of(""), sp_slice_of(""), false) == SP_OK);
    SP_ASSERT(sp_upstream_other_read(&u, &order, statuses[kind / 6 % 3], body, &answer, &product) ==
              SP_OK);
    SP_ASSERT((answer.err == SP_OK) <= (answer.end == SP_UPSTREAM_DONE));
    for (unsigned family = SP_FAMILY_OLD; family <= SP_FAMILY_NEW && answer.err == SP_OK;
         family++) {
        const struct sp_route route = {.operation = order.operation,
                                       .family = (enum sp_family)family};
        const struct sp_answer_other about = {.route = &route};
        unsigned status = 0;
        bool is_text = false;
        sp_buf_clear(&shown);
        SP_ASSERT(sp_answer_other(&about, sp_buf_slice(&product), &shown, &status, &is_text) ==
                  SP_OK);
    }
    return 0;
}
