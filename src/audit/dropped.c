#include "audit/dropped.h"

#include "codec/hex.h"

bool sp_dropped_may_care(struct sp_slice line)
{
    return sp_slice_starts(line, "{\"first\":");
}

const char *sp_dropped_entry(struct sp_dropped *dropped, struct sp_slice line)
{
    struct sp_entry entry;
    struct sp_where ignored;
    struct sp_node root;
    if (sp_entry_read(line, &entry, &ignored) != SP_OK ||
        !sp_slice_is(sp_entry_text(sp_entry_get(&entry, "kind")), "retention")) {
        return NULL;
    }
    const uint64_t first = sp_entry_number(sp_entry_get(&entry, "first"));
    if (first <= dropped->recorded) {
        return first == dropped->recorded ? NULL : "less is dropped here than was before";
    }
    dropped->recorded = first;
    if (first == dropped->first && first > 0 &&
        (sp_hex_read(sp_entry_text(sp_entry_get(&entry, "root_sha256")), sizeof(root.bytes),
                     root.bytes) != SP_OK ||
         !sp_node_equal(&root, &dropped->root))) {
        return "the root of what was dropped is not the one that the hashes give";
    }
    return NULL;
}

bool sp_dropped_is_too_much(const struct sp_dropped *dropped)
{
    return dropped->first > dropped->recorded;
}
