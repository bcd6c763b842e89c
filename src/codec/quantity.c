#include "codec/quantity.h"

#include "base/num.h"
#include "base/text.h"

struct unit {
    const char *name;
    uint64_t factor;
};

static const struct unit byte_units[] = {
    {"TiB", UINT64_C(1) << 40},
    {"GiB", UINT64_C(1) << 30},
    {"MiB", UINT64_C(1) << 20},
    {"KiB", UINT64_C(1) << 10},
    {"B", 1},
    {"", 1},
};

static const struct unit second_units[] = {{"d", 86400}, {"h", 3600}, {"m", 60}, {"s", 1}, {"", 1}};

static const struct unit ms_units[] = {
    {"d", 86400000}, {"h", 3600000}, {"m", 60000}, {"s", 1000}, {"ms", 1}, {"", 1},
};

static enum sp_err parse(struct sp_slice text, const struct unit *units, size_t count,
                         uint64_t *out)
{
    struct sp_text t;
    sp_text_init(&t, text);
    uint64_t number = 0;
    enum sp_err err = sp_text_number(&t, UINT64_MAX, &number);
    if (err != SP_OK) {
        return err == SP_ERR_RANGE ? err : SP_ERR_INVALID;
    }
    bool has_space = sp_text_byte(&t, ' ') == SP_OK;
    struct sp_slice name = sp_text_rest(&t);
    for (size_t i = 0; i < count; i++) {
        if (sp_slice_is(name, units[i].name) && !(has_space && name.len == 0)) {
            return sp_u64_mul(number, units[i].factor, out);
        }
    }
    return SP_ERR_INVALID;
}

enum sp_err sp_quantity_bytes(struct sp_slice text, uint64_t *out)
{
    return parse(text, byte_units, SP_COUNT(byte_units), out);
}

enum sp_err sp_quantity_seconds(struct sp_slice text, uint64_t *out)
{
    return parse(text, second_units, SP_COUNT(second_units), out);
}

enum sp_err sp_quantity_ms(struct sp_slice text, uint64_t *out)
{
    return parse(text, ms_units, SP_COUNT(ms_units), out);
}

/* The first unit of the table that leaves no rest; the tables end with a factor of one. */
static const struct unit *unit_for(const struct unit *units, uint64_t value)
{
    while (units->factor > 1 && (value == 0 || value % units->factor != 0)) {
        units++;
    }
    return units;
}

enum sp_err sp_quantity_put_bytes(struct sp_buf *out, uint64_t bytes)
{
    const struct unit *unit = unit_for(byte_units, bytes);
    return sp_buf_putf(out, "%llu %s", (unsigned long long)(bytes / unit->factor), unit->name);
}

enum sp_err sp_quantity_put_seconds(struct sp_buf *out, uint64_t seconds)
{
    const struct unit *unit = unit_for(second_units, seconds);
    return sp_buf_putf(out, "%llu%s", (unsigned long long)(seconds / unit->factor), unit->name);
}
