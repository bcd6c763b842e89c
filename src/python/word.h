/*
 * word - the reserved words of Python, found by one step of a perfect hash.
 *
 * Runs in: inspect, and the command line.   Input: hostile.   Allocates: never.
 * Soft words (match, case, type, _) are names like others: where they stand decides.
 */
#ifndef SP_PYTHON_WORD_H
#define SP_PYTHON_WORD_H

#include <stddef.h>
#include <stdint.h>

#include "base/load.h"

/*    name      text        first and last letter */
#define SP_WORDS(X)                                                                                \
    X(FALSE, "False", 'F', 'e')                                                                    \
    X(NONE, "None", 'N', 'e')                                                                      \
    X(TRUE, "True", 'T', 'e')                                                                      \
    X(AND, "and", 'a', 'd')                                                                        \
    X(AS, "as", 'a', 's')                                                                          \
    X(ASSERT, "assert", 'a', 't')                                                                  \
    X(ASYNC, "async", 'a', 'c')                                                                    \
    X(AWAIT, "await", 'a', 't')                                                                    \
    X(BREAK, "break", 'b', 'k')                                                                    \
    X(CLASS, "class", 'c', 's')                                                                    \
    X(CONTINUE, "continue", 'c', 'e')                                                              \
    X(DEF, "def", 'd', 'f')                                                                        \
    X(DEL, "del", 'd', 'l')                                                                        \
    X(ELIF, "elif", 'e', 'f')                                                                      \
    X(ELSE, "else", 'e', 'e')                                                                      \
    X(EXCEPT, "except", 'e', 't')                                                                  \
    X(FINALLY, "finally", 'f', 'y')                                                                \
    X(FOR, "for", 'f', 'r')                                                                        \
    X(FROM, "from", 'f', 'm')                                                                      \
    X(GLOBAL, "global", 'g', 'l')                                                                  \
    X(IF, "if", 'i', 'f')                                                                          \
    X(IMPORT, "import", 'i', 't')                                                                  \
    X(IN, "in", 'i', 'n')                                                                          \
    X(IS, "is", 'i', 's')                                                                          \
    X(LAMBDA, "lambda", 'l', 'a')                                                                  \
    X(NONLOCAL, "nonlocal", 'n', 'l')                                                              \
    X(NOT, "not", 'n', 't')                                                                        \
    X(OR, "or", 'o', 'r')                                                                          \
    X(PASS, "pass", 'p', 's')                                                                      \
    X(RAISE, "raise", 'r', 'e')                                                                    \
    X(RETURN, "return", 'r', 'n')                                                                  \
    X(TRY, "try", 't', 'y')                                                                        \
    X(WHILE, "while", 'w', 'e')                                                                    \
    X(WITH, "with", 'w', 'h')                                                                      \
    X(YIELD, "yield", 'y', 'd')

enum sp_word {
    SP_WORD_PLAIN, /* a name */
#define SP_WORD_AS_ENUM(name, text, first, last) SP_WORD_##name,
    SP_WORDS(SP_WORD_AS_ENUM)
#undef SP_WORD_AS_ENUM
        SP_WORD_COUNT
};

#define SP_WORD_LETTERS_MAX 8u

/* One slot of the hash; a slot without a word holds SP_WORD_PLAIN. */
struct sp_word_slot {
    uint8_t text[SP_WORD_LETTERS_MAX];
    uint8_t word;
    uint8_t len;
};

#define SP_WORD_SLOTS                  128u
#define SP_WORD_HASH(first, last, len) (((first) + (last) + (len)*19u) % SP_WORD_SLOTS)
extern const struct sp_word_slot sp_word_slots[SP_WORD_SLOTS];

/* The bytes of a name of at most eight, one by one: for the very end of a source. */
static inline uint64_t sp_word_head(const uint8_t *ptr, size_t len)
{
    uint8_t bytes[SP_WORD_LETTERS_MAX] = {0};
    for (size_t i = 0; i < len; i++) {
        bytes[i] = ptr[i];
    }
    return sp_load_u64(bytes);
}

/* Which reserved word these bytes are, an enum sp_word. At least one byte; `head` are eight from `ptr` on, of which those
   behind the name do not matter. */
static inline uint8_t sp_word_find(const uint8_t *ptr, size_t len, uint64_t head)
{
    const struct sp_word_slot *slot =
        &sp_word_slots[SP_WORD_HASH((size_t)ptr[0], ptr[len - 1], len)];
    uint64_t differs = sp_load_first(head ^ sp_load_u64(slot->text), slot->len);
    /* Without a branch: which of the names is a word nobody can foretell. */
    unsigned is_same = (unsigned)(slot->len == len) & (unsigned)(differs == 0);
    return (uint8_t)(slot->word & (0U - is_same));
}

#endif
