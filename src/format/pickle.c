#include "format/pickle.h"

#include <stdlib.h>

#include "base/num.h"
#include "format/le.h"

/* What stands behind an opcode. */
enum argument {
    ARG_NONE,
    ARG_1,
    ARG_2,
    ARG_4,
    ARG_8,
    ARG_LINE,
    ARG_LINES, /* two of them */
    ARG_COUNTED_1,
    ARG_COUNTED_4,
    ARG_COUNTED_8,
};

/* What it does to the stack beside popping and pushing. */
enum action {
    DO_UNKNOWN,
    DO_PLAIN,
    DO_MARK,
    DO_STOP,
    DO_POP,
    DO_DUP,
    DO_TEXT,   /* pushes its argument, a text */
    DO_QUOTED, /* ... with quotes around it */
    DO_TO_MARK,
    DO_TO_MARK_PUSH,
    DO_CALL,
    DO_CALL_TO_MARK,
    DO_GLOBAL,
    DO_INST,
    DO_STACK_GLOBAL,
    DO_EXTENSION,
    DO_PERSISTENT,
    DO_PUT_LINE,
    DO_PUT,
    DO_GET_LINE,
    DO_GET,
    DO_MEMOIZE,
};

struct opcode {
    uint8_t argument;
    uint8_t action;
    uint8_t pops;
    uint8_t pushes;
};

static const struct opcode opcodes[256] = {
    ['('] = {ARG_NONE, DO_MARK, 0, 0},
    ['.'] = {ARG_NONE, DO_STOP, 1, 0},
    ['0'] = {ARG_NONE, DO_POP, 0, 0},
    ['1'] = {ARG_NONE, DO_TO_MARK, 0, 0},
    ['2'] = {ARG_NONE, DO_DUP, 0, 0},
    ['F'] = {ARG_LINE, DO_PLAIN, 0, 1},
    ['I'] = {ARG_LINE, DO_PLAIN, 0, 1},
    ['J'] = {ARG_4, DO_PLAIN, 0, 1},
    ['K'] = {ARG_1, DO_PLAIN, 0, 1},
    ['L'] = {ARG_LINE, DO_PLAIN, 0, 1},
    ['M'] = {ARG_2, DO_PLAIN, 0, 1},
    ['N'] = {ARG_NONE, DO_PLAIN, 0, 1},
    ['P'] = {ARG_LINE, DO_PERSISTENT, 0, 1},
    ['Q'] = {ARG_NONE, DO_PERSISTENT, 1, 1},
    ['R'] = {ARG_NONE, DO_CALL, 2, 1},
    ['S'] = {ARG_LINE, DO_QUOTED, 0, 0},
    ['T'] = {ARG_COUNTED_4, DO_TEXT, 0, 0},
    ['U'] = {ARG_COUNTED_1, DO_TEXT, 0, 0},
    ['V'] = {ARG_LINE, DO_TEXT, 0, 0},
    ['X'] = {ARG_COUNTED_4, DO_TEXT, 0, 0},
    ['a'] = {ARG_NONE, DO_PLAIN, 2, 1},
    ['b'] = {ARG_NONE, DO_CALL, 2, 1},
    ['c'] = {ARG_LINES, DO_GLOBAL, 0, 1},
    ['d'] = {ARG_NONE, DO_TO_MARK_PUSH, 0, 0},
    ['}'] = {ARG_NONE, DO_PLAIN, 0, 1},
    ['e'] = {ARG_NONE, DO_TO_MARK, 0, 0},
    ['g'] = {ARG_LINE, DO_GET_LINE, 0, 0},
    ['h'] = {ARG_1, DO_GET, 0, 0},
    ['i'] = {ARG_LINES, DO_INST, 0, 0},
    ['j'] = {ARG_4, DO_GET, 0, 0},
    ['l'] = {ARG_NONE, DO_TO_MARK_PUSH, 0, 0},
    [']'] = {ARG_NONE, DO_PLAIN, 0, 1},
    ['o'] = {ARG_NONE, DO_CALL_TO_MARK, 0, 0},
    ['p'] = {ARG_LINE, DO_PUT_LINE, 0, 0},
    ['q'] = {ARG_1, DO_PUT, 0, 0},
    ['r'] = {ARG_4, DO_PUT, 0, 0},
    ['s'] = {ARG_NONE, DO_PLAIN, 3, 1},
    ['t'] = {ARG_NONE, DO_TO_MARK_PUSH, 0, 0},
    [')'] = {ARG_NONE, DO_PLAIN, 0, 1},
    ['u'] = {ARG_NONE, DO_TO_MARK, 0, 0},
    ['G'] = {ARG_8, DO_PLAIN, 0, 1},
    ['B'] = {ARG_COUNTED_4, DO_PLAIN, 0, 1},
    ['C'] = {ARG_COUNTED_1, DO_PLAIN, 0, 1},
    [0x80] = {ARG_1, DO_PLAIN, 0, 0},           /* PROTO */
    [0x81] = {ARG_NONE, DO_CALL, 2, 1},         /* NEWOBJ */
    [0x82] = {ARG_1, DO_EXTENSION, 0, 1},       /* EXT1 */
    [0x83] = {ARG_2, DO_EXTENSION, 0, 1},       /* EXT2 */
    [0x84] = {ARG_4, DO_EXTENSION, 0, 1},       /* EXT4 */
    [0x85] = {ARG_NONE, DO_PLAIN, 1, 1},        /* TUPLE1 */
    [0x86] = {ARG_NONE, DO_PLAIN, 2, 1},        /* TUPLE2 */
    [0x87] = {ARG_NONE, DO_PLAIN, 3, 1},        /* TUPLE3 */
    [0x88] = {ARG_NONE, DO_PLAIN, 0, 1},        /* NEWTRUE */
    [0x89] = {ARG_NONE, DO_PLAIN, 0, 1},        /* NEWFALSE */
    [0x8A] = {ARG_COUNTED_1, DO_PLAIN, 0, 1},   /* LONG1 */
    [0x8B] = {ARG_COUNTED_4, DO_PLAIN, 0, 1},   /* LONG4 */
    [0x8C] = {ARG_COUNTED_1, DO_TEXT, 0, 0},    /* SHORT_BINUNICODE */
    [0x8D] = {ARG_COUNTED_8, DO_TEXT, 0, 0},    /* BINUNICODE8 */
    [0x8E] = {ARG_COUNTED_8, DO_PLAIN, 0, 1},   /* BINBYTES8 */
    [0x8F] = {ARG_NONE, DO_PLAIN, 0, 1},        /* EMPTY_SET */
    [0x90] = {ARG_NONE, DO_TO_MARK, 0, 0},      /* ADDITEMS */
    [0x91] = {ARG_NONE, DO_TO_MARK_PUSH, 0, 0}, /* FROZENSET */
    [0x92] = {ARG_NONE, DO_CALL, 3, 1},         /* NEWOBJ_EX */
    [0x93] = {ARG_NONE, DO_STACK_GLOBAL, 0, 0},
    [0x94] = {ARG_NONE, DO_MEMOIZE, 0, 0},
    [0x95] = {ARG_8, DO_PLAIN, 0, 0},         /* FRAME */
    [0x96] = {ARG_COUNTED_8, DO_PLAIN, 0, 1}, /* BYTEARRAY8 */
    [0x97] = {ARG_NONE, DO_PLAIN, 0, 1},      /* NEXT_BUFFER */
    [0x98] = {ARG_NONE, DO_PLAIN, 1, 1},      /* READONLY_BUFFER */
};

/* What is known of an object on the stack: where its text stands, or that it is something else. */
#define VALUE_OTHER UINT32_MAX
#define VALUE_MARK  (UINT32_MAX - 1)
#define VALUE_UNSET (UINT32_MAX - 2) /* a place of the memo that nothing was put into */

struct value {
    uint32_t at;
    uint32_t len;
};

static const struct value other = {VALUE_OTHER, 0};
static const struct value unset = {VALUE_UNSET, 0};

struct list {
    struct value *ptr;
    size_t len;
    size_t room;
    size_t max;
};

struct machine {
    struct sp_slice in;
    size_t at;
    struct list stack;
    struct list memo;
    size_t memo_count; /* places that are set: MEMOIZE takes this number, as CPython does */
    sp_pickle_fn *each;
    void *ctx;
    struct sp_pickle_result *out;
    bool is_ended; /* by the caller */
};

/* ---- lists ---- */

static enum sp_err reserve(struct list *list, size_t len)
{
    if (len > list->max) {
        return SP_ERR_FULL;
    }
    if (len <= list->room) {
        return SP_OK;
    }
    size_t room = sp_size_min(sp_size_max(2 * len, 64), list->max);
    struct value *ptr = reallocarray(list->ptr, room, sizeof(*ptr));
    if (ptr == NULL) {
        return SP_ERR_NOMEM;
    }
    list->ptr = ptr;
    list->room = room;
    return SP_OK;
}

static enum sp_err push(struct machine *m, struct value value)
{
    SP_TRY(reserve(&m->stack, m->stack.len + 1));
    m->stack.ptr[m->stack.len] = value;
    m->stack.len++;
    return SP_OK;
}

/* Objects, not marks. */
static enum sp_err pop(struct machine *m, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        if (m->stack.len == 0 || m->stack.ptr[m->stack.len - 1].at == VALUE_MARK) {
            return SP_ERR_INVALID;
        }
        m->stack.len--;
    }
    return SP_OK;
}

static enum sp_err pop_to_mark(struct machine *m)
{
    while (m->stack.len > 0) {
        m->stack.len--;
        if (m->stack.ptr[m->stack.len].at == VALUE_MARK) {
            return SP_OK;
        }
    }
    return SP_ERR_INVALID;
}

static enum sp_err put(struct machine *m, uint64_t index)
{
    if (m->stack.len == 0 || m->stack.ptr[m->stack.len - 1].at == VALUE_MARK) {
        return SP_ERR_INVALID;
    }
    if (index >= m->memo.max) {
        return SP_ERR_FULL;
    }
    SP_TRY(reserve(&m->memo, (size_t)index + 1));
    while (m->memo.len <= index) {
        m->memo.ptr[m->memo.len] = unset;
        m->memo.len++;
    }
    m->memo_count += m->memo.ptr[index].at == VALUE_UNSET ? 1 : 0;
    m->memo.ptr[index] = m->stack.ptr[m->stack.len - 1];
    return SP_OK;
}

static enum sp_err get(struct machine *m, uint64_t index)
{
    bool is_set = index < m->memo.len && m->memo.ptr[index].at != VALUE_UNSET;
    return is_set ? push(m, m->memo.ptr[index]) : SP_ERR_INVALID;
}

/* ---- arguments ---- */

static enum sp_err take(struct machine *m, uint64_t len, struct sp_slice *out)
{
    if (len > m->in.len - m->at) {
        return SP_ERR_SHORT;
    }
    *out = sp_slice_make(m->in.ptr + m->at, (size_t)len);
    m->at += (size_t)len;
    return SP_OK;
}

static enum sp_err take_number(struct machine *m, unsigned bytes, uint64_t *out)
{
    struct sp_slice raw;
    SP_TRY(take(m, bytes, &raw));
    *out = sp_le(raw, 0, bytes);
    return SP_OK;
}

static enum sp_err take_line(struct machine *m, struct sp_slice *out)
{
    size_t end = sp_slice_find(m->in, m->at, '\n');
    if (end >= m->in.len) {
        return SP_ERR_SHORT;
    }
    *out = sp_slice_make(m->in.ptr + m->at, end - m->at);
    m->at = end + 1;
    return SP_OK;
}

static enum sp_err take_counted(struct machine *m, unsigned bytes, struct sp_slice *out)
{
    uint64_t len = 0;
    SP_TRY(take_number(m, bytes, &len));
    return take(m, len, out);
}

/* `number` for arguments of 1 to 8 bytes, `first` and `second` for texts. */
struct arguments {
    uint64_t number;
    struct sp_slice first;
    struct sp_slice second;
};

static enum sp_err take_arguments(struct machine *m, enum argument kind, struct arguments *out)
{
    switch (kind) {
    case ARG_NONE:
        return SP_OK;
    case ARG_1:
        return take_number(m, 1, &out->number);
    case ARG_2:
        return take_number(m, 2, &out->number);
    case ARG_4:
        return take_number(m, 4, &out->number);
    case ARG_8:
        return take_number(m, 8, &out->number);
    case ARG_LINE:
        return take_line(m, &out->first);
    case ARG_LINES:
        SP_TRY(take_line(m, &out->first));
        return take_line(m, &out->second);
    case ARG_COUNTED_1:
        return take_counted(m, 1, &out->first);
    case ARG_COUNTED_4:
        return take_counted(m, 4, &out->first);
    case ARG_COUNTED_8:
        return take_counted(m, 8, &out->first);
    }
    return SP_ERR_INVALID;
}

/* ---- what happens ---- */

static void tell(struct machine *m, enum sp_pickle_event event, struct sp_slice module,
                 struct sp_slice name)
{
    m->out->globals += event == SP_PICKLE_PERSISTENT ? 0 : 1;
    if (sp_slice_is(name, "NumpyArrayWrapper") || sp_slice_is(name, "NDArrayWrapper")) {
        m->out->has_raw_array = true;
    }
    if (m->each != NULL && !m->each(m->ctx, event, module, name, m->at)) {
        m->is_ended = true;
    }
}

/* A text that is written with escapes is as good as computed: what it means is not followed. */
static struct value text_value(const struct machine *m, struct sp_slice text)
{
    if (text.len > SP_PICKLE_NAME_MAX || sp_slice_find(text, 0, '\\') < text.len) {
        return other;
    }
    return (struct value){(uint32_t)(text.ptr - m->in.ptr), (uint32_t)text.len};
}

static enum sp_err push_quoted(struct machine *m, struct sp_slice line)
{
    line = sp_slice_trim(line);
    if (line.len > 0 && line.ptr[line.len - 1] == '\r') {
        line.len--;
    }
    bool is_quoted = line.len >= 2 && (line.ptr[0] == '\'' || line.ptr[0] == '"') &&
                     line.ptr[line.len - 1] == line.ptr[0];
    if (!is_quoted) {
        return SP_ERR_INVALID;
    }
    return push(m, text_value(m, sp_slice_sub(line, 1, line.len - 2)));
}

static enum sp_err stack_global(struct machine *m)
{
    if (m->stack.len < 2 || m->stack.ptr[m->stack.len - 1].at == VALUE_MARK ||
        m->stack.ptr[m->stack.len - 2].at == VALUE_MARK) {
        return SP_ERR_INVALID;
    }
    struct value module = m->stack.ptr[m->stack.len - 2];
    struct value name = m->stack.ptr[m->stack.len - 1];
    m->stack.len -= 2;
    if (module.at == VALUE_OTHER || name.at == VALUE_OTHER) {
        tell(m, SP_PICKLE_COMPUTED, sp_slice_make(NULL, 0), sp_slice_make(NULL, 0));
    } else {
        tell(m, SP_PICKLE_GLOBAL, sp_slice_make(m->in.ptr + module.at, module.len),
             sp_slice_make(m->in.ptr + name.at, name.len));
    }
    return push(m, other);
}

static enum sp_err instance(struct machine *m, const struct arguments *args)
{
    SP_TRY(pop_to_mark(m));
    tell(m, SP_PICKLE_GLOBAL, args->first, args->second);
    m->out->calls++;
    return push(m, other);
}

static enum sp_err line_index(struct sp_slice line, uint64_t *out)
{
    return sp_parse_u64(sp_slice_trim(line), UINT32_MAX, out);
}

static enum sp_err memo_action(struct machine *m, enum action action, struct arguments *args)
{
    if (action == DO_PUT_LINE || action == DO_GET_LINE) {
        SP_TRY(line_index(args->first, &args->number));
    }
    if (action == DO_MEMOIZE) {
        return put(m, m->memo_count);
    }
    if (action == DO_GET || action == DO_GET_LINE) {
        return get(m, args->number);
    }
    return put(m, args->number);
}

static enum sp_err duplicate(struct machine *m)
{
    if (m->stack.len == 0 || m->stack.ptr[m->stack.len - 1].at == VALUE_MARK) {
        return SP_ERR_INVALID;
    }
    return push(m, m->stack.ptr[m->stack.len - 1]);
}

static enum sp_err drop(struct machine *m)
{
    if (m->stack.len == 0) {
        return SP_ERR_INVALID;
    }
    m->stack.len--;
    return SP_OK;
}

static enum sp_err plain(struct machine *m, const struct opcode *op)
{
    SP_TRY(pop(m, op->pops));
    return op->pushes > 0 ? push(m, other) : SP_OK;
}

static enum sp_err mark_action(struct machine *m, enum action action)
{
    if (action == DO_MARK) {
        return push(m, (struct value){VALUE_MARK, 0});
    }
    SP_TRY(pop_to_mark(m));
    m->out->calls += action == DO_CALL_TO_MARK ? 1 : 0;
    return action == DO_TO_MARK ? SP_OK : push(m, other);
}

static enum sp_err global_action(struct machine *m, enum action action, const struct opcode *op,
                                 const struct arguments *args)
{
    const struct sp_slice nothing = {NULL, 0};
    SP_TRY(plain(m, op));
    if (action == DO_GLOBAL) {
        tell(m, SP_PICKLE_GLOBAL, args->first, args->second);
    } else if (action == DO_EXTENSION) {
        tell(m, SP_PICKLE_EXTENSION, nothing, nothing);
    } else if (action == DO_PERSISTENT) {
        tell(m, SP_PICKLE_PERSISTENT, nothing, nothing);
    } else {
        m->out->calls++;
    }
    return SP_OK;
}

static enum sp_err act(struct machine *m, const struct opcode *op, struct arguments *args)
{
    switch ((enum action)op->action) {
    case DO_UNKNOWN:
        return SP_ERR_INVALID;
    case DO_PLAIN:
    case DO_STOP:
        return plain(m, op);
    case DO_POP:
        return drop(m);
    case DO_DUP:
        return duplicate(m);
    case DO_TEXT:
        return push(m, text_value(m, args->first));
    case DO_QUOTED:
        return push_quoted(m, args->first);
    case DO_MARK:
    case DO_TO_MARK:
    case DO_TO_MARK_PUSH:
    case DO_CALL_TO_MARK:
        return mark_action(m, (enum action)op->action);
    case DO_CALL:
    case DO_GLOBAL:
    case DO_EXTENSION:
    case DO_PERSISTENT:
        return global_action(m, (enum action)op->action, op, args);
    case DO_INST:
        return instance(m, args);
    case DO_STACK_GLOBAL:
        return stack_global(m);
    case DO_PUT_LINE:
    case DO_PUT:
    case DO_GET_LINE:
    case DO_GET:
    case DO_MEMOIZE:
        return memo_action(m, (enum action)op->action, args);
    }
    return SP_ERR_INVALID;
}

static enum sp_err run_one(struct machine *m)
{
    m->stack.len = 0;
    m->memo.len = 0;
    m->memo_count = 0;
    while (!m->is_ended) {
        struct arguments args = {0};
        struct sp_slice byte;
        SP_TRY(take(m, 1, &byte));
        const struct opcode *op = &opcodes[byte.ptr[0]];
        SP_TRY(op->action == DO_UNKNOWN ? SP_ERR_INVALID : SP_OK);
        SP_TRY(take_arguments(m, (enum argument)op->argument, &args));
        SP_TRY(act(m, op, &args));
        if (op->action == DO_STOP) {
            m->out->pickles++;
            return SP_OK;
        }
    }
    return SP_OK;
}

enum sp_err sp_pickle_scan(struct sp_slice bytes, sp_pickle_fn *each, void *ctx,
                           struct sp_pickle_result *out)
{
    struct machine m = {.in = bytes,
                        .stack = {.max = SP_PICKLE_STACK_MAX},
                        .memo = {.max = SP_PICKLE_MEMO_MAX},
                        .each = each,
                        .ctx = ctx,
                        .out = out};
    *out = (struct sp_pickle_result){.err = SP_OK};
    if (bytes.len >= VALUE_UNSET) {
        out->err = SP_ERR_FULL;
        return SP_OK;
    }
    while (out->err == SP_OK && m.at < bytes.len && !m.is_ended) {
        out->err = run_one(&m);
    }
    out->at = m.at;
    free(m.stack.ptr);
    free(m.memo.ptr);
    return out->err == SP_ERR_NOMEM ? SP_ERR_NOMEM : SP_OK;
}
