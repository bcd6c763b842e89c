/*
 * facts_lists - the lists of facts, whose room grows a step at a time out of one budget for all; for facts_inner alone.
 *
 * Runs in: inspect, and the command line.   Input: hostile.   Allocates: never.
 */
#ifndef SP_PYTHON_FACTS_LISTS_H
#define SP_PYTHON_FACTS_LISTS_H

/*    name      list      its room     bytes of source that an item needs at least */
#define FACTS_LISTS(X)                                                                             \
    X(SYMBOLS, symbols, symbol_max, 2)                                                             \
    X(SEGMENTS, segments, segment_max, 1)                                                          \
    X(REFS, refs, ref_max, 2)                                                                      \
    X(IMPORTS, imports, import_max, 2)                                                             \
    X(CALLS, calls, call_max, 2)                                                                   \
    X(KEYWORDS, keywords, keyword_max, 2)                                                          \
    X(CONSTS, consts, const_max, 2)                                                                \
    X(MAGICS, magics, magic_max, 2)                                                                \
    X(BINDINGS, bindings, binding_max, 1)                                                          \
    X(MEANINGS, meanings, meaning_max, 1)                                                          \
    X(TEXTS, texts, text_max, 1)                                                                   \
    X(NAMES, names, name_max, 1)

enum facts_list {
#define FACTS_AS_ENUM(name, list, max, bytes) FACTS_##name,
    FACTS_LISTS(FACTS_AS_ENUM)
#undef FACTS_AS_ENUM
        FACTS_LIST_COUNT
};

#endif
