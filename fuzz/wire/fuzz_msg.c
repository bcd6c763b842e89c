/* Covers every message's reader and writer: what is read, written again, gives the same bytes. */
#include "base/assert.h"
#include "wire/msg.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define TRY_ONE(constant, name)                                                                    \
    case SP_MSG_##constant: {                                                                      \
        struct sp_msg_##name got;                                                                  \
        if (sp_msg_##name##_read(&message, &got) == SP_OK) {                                       \
            sp_msg_##name##_write(&w, &got);                                                       \
            SP_ASSERT(sp_writer_end(&w) == SP_OK &&                                                \
                      sp_slice_equal(sp_buf_slice(&again), message.body));                         \
        }                                                                                          \
        break;                                                                                     \
    }

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0 || size > SP_MESSAGE_BYTES_MAX) {
        return 0;
    }
    SP_AUTO_BUF struct sp_buf again;
    struct sp_writer w;
    struct sp_message message = {
        .type = data[0], .body = sp_slice_make(data + 1, size - 1), .fds = {-1, -1, -1, -1}};
    sp_buf_init(&again, SP_MESSAGE_BYTES_MAX);
    sp_writer_init(&w, &again);
    switch (message.type) {
        SP_MSG_LIST(TRY_ONE)
    default:
        break;
    }
    return 0;
}
