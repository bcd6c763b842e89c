/* Fuzzes the encodings that rooms read: orders, arguments, executions, records. What reads is written back unchanged. */
#include "api/arguments.h"
#include "api/order.h"
#include "api/product.h"
#include "base/assert.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    SP_AUTO_BUF struct sp_buf out;
    struct sp_slice in = sp_slice_sub(sp_slice_make(data, size), 1, size);
    struct sp_writer w;
    struct sp_reader r;
    struct sp_order order;
    struct sp_arguments arguments;
    struct sp_execution execution;
    struct sp_file_record file;
    bool is_read = false;
    sp_buf_init(&out, (size_t)1 << 20);
    sp_writer_init(&w, &out);
    sp_reader_init(&r, in);
    if (size > 0 && data[0] % 4 == 0 && sp_order_read(in, &order) == SP_OK) {
        sp_order_write(&w, &order);
        is_read = true;
    } else if (size > 0 && data[0] % 4 == 1 && sp_arguments_read(in, &arguments) == SP_OK) {
        sp_arguments_write(&w, &arguments);
        is_read = true;
    } else if (size > 0 && data[0] % 4 == 2 && sp_execution_read(in, &execution) == SP_OK) {
        sp_execution_write(&w, &execution);
        is_read = true;
    } else if (size > 0 && data[0] % 4 == 3 && sp_file_record_read(&r, &file) == SP_OK) {
        sp_file_record_write(&w, &file);
        in = sp_slice_sub(in, 0, r.at);
        is_read = true;
    }
    SP_ASSERT(!is_read || (sp_writer_end(&w) == SP_OK && sp_slice_equal(sp_buf_slice(&out), in)));
    return 0;
}
