#include "python/word.h"

/* The factor in SP_WORD_HASH was searched for: with it no two words share a slot, and the compiler would say so. */
const struct sp_word_slot sp_word_slots[SP_WORD_SLOTS] = {
#define AS_SLOT(name, letters, first, last)                                                        \
    [SP_WORD_HASH((unsigned)(first), (unsigned)(last), sizeof(letters) - 1)] = {                   \
        .word = SP_WORD_##name, .len = sizeof(letters) - 1, .text = letters},
    SP_WORDS(AS_SLOT)
#undef AS_SLOT
};
