#include "wire/session_frame.h"

static const char *const fields_of[SP_FRAME_COUNT] = {[SP_FRAME_NONE] = NULL,
#define FRAME_AS_FIELDS(type, fields) [type] = (fields),
                                                      SP_FRAME_LIST(FRAME_AS_FIELDS)
#undef FRAME_AS_FIELDS
};

static const struct {
    const char *name;
    const char *text;
} layers[SP_WALL_COUNT] = {
#define LAYER_AS_ROW(layer, name, text) [layer] = {name, text},
    SP_WALL_LIST(LAYER_AS_ROW)
#undef LAYER_AS_ROW
};

const char *sp_wall_name(enum sp_wall layer)
{
    return (unsigned)layer < SP_WALL_COUNT ? layers[layer].name : "unknown";
}

const char *sp_wall_text(enum sp_wall layer)
{
    return (unsigned)layer < SP_WALL_COUNT ? layers[layer].text : "unknown";
}

enum sp_err sp_wall_from_name(struct sp_slice name, enum sp_wall *out)
{
    for (unsigned i = 0; i < SP_WALL_COUNT; i++) {
        if (sp_slice_is(name, layers[i].name)) {
            *out = (enum sp_wall)i;
            return SP_OK;
        }
    }
    return SP_ERR_INVALID;
}

static void write_field(struct sp_writer *w, char field, const struct sp_frame *frame)
{
    switch (field) {
    case 'n':
        sp_writer_u64(w, frame->nonce);
        break;
    case 't':
        sp_writer_u32(w, frame->ticket);
        break;
    case 'u':
        sp_writer_u32(w, frame->number);
        break;
    case 'm':
        sp_writer_u64(w, frame->micros);
        break;
    case 'l':
        sp_writer_u64(w, frame->layers);
        break;
    case 'a':
        sp_writer_u8(w, frame->a);
        break;
    case 'b':
        sp_writer_u8(w, frame->b);
        break;
    case 'c':
        sp_writer_u8(w, frame->c);
        break;
    case 'g':
        sp_writer_u16(w, frame->group);
        break;
    case 'o':
        sp_writer_u64(w, frame->dropped_out);
        break;
    case 'e':
        sp_writer_u64(w, frame->dropped_err);
        break;
    case 's':
        sp_writer_u64(w, frame->size);
        break;
    case 'w':
        sp_writer_u64(w, frame->wall_us);
        break;
    default:
        sp_writer_block(w, frame->bytes);
        break;
    }
}

static enum sp_err read_field(struct sp_reader *r, char field, struct sp_frame *frame)
{
    switch (field) {
    case 'n':
        return sp_reader_u64(r, &frame->nonce);
    case 't':
        return sp_reader_u32(r, &frame->ticket);
    case 'u':
        return sp_reader_u32(r, &frame->number);
    case 'm':
        return sp_reader_u64(r, &frame->micros);
    case 'l':
        return sp_reader_u64(r, &frame->layers);
    case 'a':
        return sp_reader_u8(r, &frame->a);
    case 'b':
        return sp_reader_u8(r, &frame->b);
    case 'c':
        return sp_reader_u8(r, &frame->c);
    case 'g':
        return sp_reader_u16(r, &frame->group);
    case 'o':
        return sp_reader_u64(r, &frame->dropped_out);
    case 'e':
        return sp_reader_u64(r, &frame->dropped_err);
    case 's':
        return sp_reader_u64(r, &frame->size);
    case 'w':
        return sp_reader_u64(r, &frame->wall_us);
    default:
        return sp_reader_block(r, SP_FRAME_PART_MAX, &frame->bytes);
    }
}

enum sp_err sp_frame_write(const struct sp_frame *frame, struct sp_buf *out)
{
    struct sp_writer w;
    if ((unsigned)frame->type >= SP_FRAME_COUNT || fields_of[frame->type] == NULL) {
        return SP_ERR_WIRE;
    }
    sp_buf_clear(out);
    sp_writer_init(&w, out);
    sp_writer_u8(&w, (uint8_t)frame->type);
    for (const char *field = fields_of[frame->type]; *field != '\0'; field++) {
        write_field(&w, *field, frame);
    }
    return sp_writer_end(&w);
}

enum sp_err sp_frame_read(struct sp_slice in, struct sp_frame *out)
{
    struct sp_reader r;
    struct sp_frame frame = {.type = SP_FRAME_NONE};
    uint8_t type = 0;
    sp_reader_init(&r, in);
    SP_TRY(sp_reader_u8(&r, &type));
    if (type >= SP_FRAME_COUNT || fields_of[type] == NULL) {
        return SP_ERR_WIRE;
    }
    frame.type = (enum sp_frame_type)type;
    for (const char *field = fields_of[type]; *field != '\0'; field++) {
        SP_TRY(read_field(&r, *field, &frame));
    }
    SP_TRY(sp_reader_end(&r));
    *out = frame;
    return SP_OK;
}

/* ---- entries of a list of files ---- */

void sp_file_entry_write(struct sp_writer *w, const struct sp_file_entry *entry)
{
    sp_writer_u8(w, (uint8_t)entry->type);
    sp_writer_u64(w, entry->size);
    sp_writer_u64(w, entry->wall_us);
    sp_writer_block(w, entry->path);
}

enum sp_err sp_file_entry_read(struct sp_reader *r, struct sp_file_entry *out)
{
    struct sp_file_entry entry = {.type = SP_FILE_TYPE_FILE};
    uint8_t type = 0;
    SP_TRY(sp_reader_u8(r, &type));
    SP_TRY(sp_reader_u64(r, &entry.size));
    SP_TRY(sp_reader_u64(r, &entry.wall_us));
    SP_TRY(sp_reader_block(r, SP_FILE_PATH_MAX, &entry.path));
    if (type >= SP_FILE_TYPE_COUNT) {
        return SP_ERR_WIRE;
    }
    entry.type = (enum sp_file_type)type;
    *out = entry;
    return SP_OK;
}
