#include "base/err.h"

#include <stddef.h>

static const struct {
    const char *name;
    unsigned http;
    const char *code;
    const char *text;
} rows[] = {
#define SP_ERR_AS_ROW(code, http, api, text) [code] = {#code, http, api, text},
    SP_ERR_LIST(SP_ERR_AS_ROW)
#undef SP_ERR_AS_ROW
};
_Static_assert(SP_COUNT(rows) == SP_ERR_COUNT, "every error has a row");

static size_t row_of(enum sp_err err)
{
    return (unsigned)err < SP_ERR_COUNT ? (size_t)err : (size_t)SP_ERR_SYSTEM;
}

const char *sp_err_text(enum sp_err err)
{
    return rows[row_of(err)].text;
}

unsigned sp_err_http(enum sp_err err)
{
    return rows[row_of(err)].http;
}

const char *sp_err_code(enum sp_err err)
{
    return rows[row_of(err)].code;
}

const char *sp_err_name(enum sp_err err)
{
    return rows[row_of(err)].name + sizeof("SP_") - 1;
}

enum sp_err sp_err_from_number(unsigned number)
{
    return number < SP_ERR_COUNT ? (enum sp_err)number : SP_ERR_WIRE;
}
