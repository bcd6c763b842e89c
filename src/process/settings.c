#include "process/settings.h"

#include "wire/field.h"

#define DEFINE(constant, name)                                                                     \
    void sp_settings_##name##_write(struct sp_writer *w, const struct sp_settings_##name *msg)     \
    {                                                                                              \
        SP_SETTINGS_##constant##_FIELDS(SP_FIELD_WRITE)                                            \
    }                                                                                              \
    static enum sp_err read_##name(struct sp_reader *r, struct sp_settings_##name *out)            \
    {                                                                                              \
        SP_SETTINGS_##constant##_FIELDS(SP_FIELD_READ) return sp_reader_end(r);                    \
    }                                                                                              \
    enum sp_err sp_settings_##name##_read(struct sp_slice in, struct sp_settings_##name *out)      \
    {                                                                                              \
        struct sp_reader r;                                                                        \
        sp_reader_init(&r, in);                                                                    \
        return read_##name(&r, out);                                                               \
    }
SP_SETTINGS_LIST(DEFINE)
