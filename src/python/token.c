#include "python/token.h"

static const struct {
    enum sp_err err;
    const char *text;
} faults[SP_PYTHON_FAULT_COUNT] = {
#define SP_PYTHON_AS_ROW(fault, code, words) [fault] = {.err = (code), .text = (words)},
    SP_PYTHON_FAULT_LIST(SP_PYTHON_AS_ROW)
#undef SP_PYTHON_AS_ROW
};

const char *sp_python_fault_text(enum sp_python_fault fault)
{
    return (unsigned)fault < SP_PYTHON_FAULT_COUNT ? faults[fault].text : "unknown fault";
}

enum sp_err sp_python_fault_err(enum sp_python_fault fault)
{
    return (unsigned)fault < SP_PYTHON_FAULT_COUNT ? faults[fault].err : SP_ERR_INVALID;
}
