#include "wire/session_act.h"

const char *sp_act_name(enum sp_act capability)
{
    static const char *const names[SP_ACT_COUNT] = {
#define CAPABILITY_AS_NAME(capability, name) [capability] = (name),
        SP_ACT_LIST(CAPABILITY_AS_NAME)
#undef CAPABILITY_AS_NAME
    };
    return (unsigned)capability < SP_ACT_COUNT ? names[capability] : "unknown";
}

static enum sp_err capability_bit(struct sp_slice name, uint16_t *out)
{
    for (unsigned i = 0; i < SP_ACT_COUNT; i++) {
        if (sp_slice_is(name, sp_act_name((enum sp_act)i))) {
            *out = (uint16_t)(1U << i);
            return SP_OK;
        }
    }
    return SP_ERR_INVALID;
}

enum sp_err sp_act_bits(struct sp_slice names, uint16_t *out)
{
    uint16_t bits = 0;
    while (names.len > 0) {
        size_t end = sp_slice_find(names, 0, ',');
        uint16_t bit = 0;
        SP_TRY(capability_bit(sp_slice_trim(sp_slice_sub(names, 0, end)), &bit));
        bits |= bit;
        names = sp_slice_sub(names, end + 1, names.len);
    }
    *out = bits;
    return SP_OK;
}

enum sp_err sp_act_list(uint16_t bits, struct sp_buf *out)
{
    const char *before = "";
    for (unsigned i = 0; i < SP_ACT_COUNT; i++) {
        if (((unsigned)bits >> i & 1U) != 0) {
            SP_TRY(sp_buf_putf(out, "%s%s", before, sp_act_name((enum sp_act)i)));
            before = ",";
        }
    }
    return SP_OK;
}

enum sp_err sp_witness_read(struct sp_slice bytes, struct sp_witness *out)
{
    struct sp_witness seen = {.is_there = true};
    struct sp_reader r;
    uint8_t complete = 0;
    sp_reader_init(&r, bytes);
    SP_TRY(sp_reader_u8(&r, &complete));
    SP_TRY(sp_reader_u32(&r, &seen.denied));
    for (unsigned i = 0; i < SP_ACT_COUNT; i++) {
        SP_TRY(sp_reader_u32(&r, &seen.counts[i]));
    }
    SP_TRY(sp_reader_end(&r));
    seen.is_complete = complete == 1;
    *out = seen;
    return SP_OK;
}
