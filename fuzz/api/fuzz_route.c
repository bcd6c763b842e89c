/* Fuzzes sp_route_find: method, line end, target. What is found is whole and valid; what is not leaves the output alone. */
#include "api/route.h"
#include "base/assert.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    SP_AUTO_BUF struct sp_buf scratch;
    struct sp_slice in = sp_slice_make(data, size);
    size_t end = sp_slice_find(in, 0, '\n');
    struct sp_slice method = sp_slice_sub(in, 0, end);
    struct sp_slice target = sp_slice_sub(in, end + 1, in.len);
    struct sp_route route = {.operation = SP_OPERATION_NONE};
    struct sp_where where = {0};
    sp_buf_init(&scratch, SP_ROUTE_SCRATCH_BYTES_MAX);
    enum sp_err err = sp_route_find(method, target, &scratch, &route, &where);
    if (err != SP_OK) {
        SP_ASSERT(route.operation == SP_OPERATION_NONE);
        SP_ASSERT(err != SP_ERR_METHOD || sp_route_methods(target) != NULL);
        return 0;
    }
    SP_ASSERT(route.operation != SP_OPERATION_NONE && route.version != SP_VERSION_NONE);
    SP_ASSERT(route.identifier.len == 0 || sp_identifier_check(route.identifier) == SP_OK);
    SP_ASSERT(!sp_operation_makes_session(route.operation) || route.identifier.len > 0);
    SP_ASSERT(route.is_management ||
              sp_slice_is(route.api_version, sp_version_text(route.version)));
    SP_ASSERT(sp_slice_find(route.name, 0, '\0') == route.name.len);
    return 0;
}
