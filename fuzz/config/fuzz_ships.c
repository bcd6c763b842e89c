/* Covers config/ships.c: of any address a collector is made that lies in it, or a reason is given. */
#include <string.h>

#include "base/assert.h"
#include "config/ships.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sp_collector got = {.port = 0};
    const char *why = NULL;
    if (sp_collector_parse(sp_slice_make(data, size), &got, &why) != SP_OK) {
        SP_ASSERT(why != NULL && *why != '\0');
        return 0;
    }
    const bool is_path = got.kind == SP_COLLECTOR_FILE || got.kind == SP_COLLECTOR_UNIX;
    const struct sp_slice place = is_path ? got.path : got.host;
    SP_ASSERT(place.len > 0 && place.ptr > data && place.ptr + place.len <= data + size);
    SP_ASSERT(is_path == (got.port == 0) && is_path == (place.ptr[0] == '/'));
    return 0;
}
