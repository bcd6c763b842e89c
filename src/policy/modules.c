#include "policy/modules.h"

#include "base/reader.h"
#include "base/writer.h"

bool sp_modules_has(struct sp_slice list, struct sp_slice name)
{
    struct sp_reader r;
    struct sp_slice item = {NULL, 0};
    sp_reader_init(&r, list);
    while (sp_reader_left(&r) > 0 && sp_reader_block(&r, list.len, &item) == SP_OK) {
        if (sp_slice_equal(item, name)) {
            return true;
        }
    }
    return false;
}

enum sp_err sp_modules_put(struct sp_buf *out, struct sp_slice name)
{
    struct sp_writer w;
    size_t before = out->len;
    if (sp_modules_has(sp_buf_slice(out), name)) {
        return SP_OK;
    }
    sp_writer_init(&w, out);
    sp_writer_block(&w, name);
    enum sp_err err = sp_writer_end(&w);
    if (err != SP_OK) {
        sp_buf_truncate(out, before);
    }
    return err;
}

void sp_modules_add(const struct sp_facts *facts, struct sp_buf *out, uint32_t *count)
{
    size_t imports_count = 0;
    const struct sp_import *imports = sp_facts_imports(facts, &imports_count);
    for (size_t i = 0; i < imports_count; i++) {
        uint8_t text[SP_FACTS_PATH_BYTES_MAX];
        size_t len = 0;
        bool is_text = sp_facts_module(facts, &imports[i], text, &len) == SP_OK;
        struct sp_slice name = sp_slice_make(text, is_text ? len : 0);
        if (is_text && sp_modules_has(sp_buf_slice(out), name)) {
            continue;
        }
        (*count)++;
        if (is_text && sp_modules_put(out, name) != SP_OK) {
            continue; /* it is counted all the same */
        }
    }
}
