#include "base/assert.h"

#include <stdlib.h>

#include "base/log.h"

void sp_assert_failed(const char *condition, const char *file, int line)
{
    sp_log(SP_LOG_ERROR, "assert.failed", "condition=\"%s\" at=%s:%d", condition, file, line);
    abort();
}
