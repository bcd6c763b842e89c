#include "api/arguments.h"

#define LAYOUT 1U

void sp_arguments_write(struct sp_writer *w, const struct sp_arguments *arguments)
{
    sp_writer_u8(w, LAYOUT);
    sp_writer_u8(w, arguments->is_recursive ? 1 : 0);
    sp_writer_block(w, arguments->name);
    sp_writer_block(w, arguments->path);
    sp_writer_block(w, arguments->content_type);
    sp_writer_block(w, arguments->sessions);
}

static enum sp_err read_fields(struct sp_reader *r, struct sp_arguments *out)
{
    struct sp_arguments arguments = {.is_recursive = false};
    uint8_t layout = 0;
    uint8_t recursive = 0;
    SP_TRY(sp_reader_u8(r, &layout));
    SP_TRY(sp_reader_u8(r, &recursive));
    if (layout != LAYOUT || recursive > 1) {
        return SP_ERR_WIRE;
    }
    SP_TRY(sp_reader_block(r, SP_ARGUMENTS_TEXT_MAX, &arguments.name));
    SP_TRY(sp_reader_block(r, SP_ARGUMENTS_TEXT_MAX, &arguments.path));
    SP_TRY(sp_reader_block(r, SP_ARGUMENTS_TEXT_MAX, &arguments.content_type));
    SP_TRY(sp_reader_block(r, SP_ARGUMENTS_SESSIONS_MAX, &arguments.sessions));
    SP_TRY(sp_reader_end(r));
    arguments.is_recursive = recursive == 1;
    *out = arguments;
    return SP_OK;
}

enum sp_err sp_arguments_read(struct sp_slice in, struct sp_arguments *out)
{
    struct sp_reader r;
    sp_reader_init(&r, in);
    return read_fields(&r, out) == SP_OK ? SP_OK : SP_ERR_WIRE;
}
