#include "python/facts_step.h"

static bool is_op(const struct sp_facts *f, uint8_t op)
{
    return f->token.kind == SP_TOKEN_OP && f->token.op == op;
}

static enum sp_err wrong(struct sp_facts *f)
{
    f->lx.fault = SP_PYTHON_IMPORT;
    f->lx.fault_at = f->token.start;
    f->lx.fault_line = f->token.line;
    f->lx.fault_line_start = f->token.line_start;
    return sp_python_fault_err(SP_PYTHON_IMPORT);
}

/* A name that is no keyword; the token behind it becomes the current one. */
static enum sp_err take_name(struct sp_facts *f, uint32_t *out)
{
    if (f->token.kind != SP_TOKEN_NAME || f->token.op != SP_WORD_PLAIN) {
        return wrong(f);
    }
    SP_TRY(sp_facts_intern(f, &f->token, out));
    return sp_facts_next(f);
}

static bool at_keyword(const struct sp_facts *f, enum sp_word keyword)
{
    return f->token.kind == SP_TOKEN_NAME && f->token.op == (uint8_t)keyword;
}

static enum sp_err take_dotted(struct sp_facts *f, struct sp_import *import)
{
    import->module_at = f->segment_count;
    import->place = sp_facts_span(&f->token);
    for (;;) {
        uint32_t symbol = 0;
        import->place.end = f->token.end;
        SP_TRY(take_name(f, &symbol));
        SP_TRY(sp_facts_put_segment(f, symbol));
        import->module_count++;
        if (!is_op(f, '.')) {
            return SP_OK;
        }
        SP_TRY(sp_facts_next(f));
    }
}

/* `as NAME`, if it is there. */
static enum sp_err take_alias(struct sp_facts *f, uint32_t *out)
{
    if (!at_keyword(f, SP_WORD_AS)) {
        return SP_OK;
    }
    SP_TRY(sp_facts_next(f));
    return take_name(f, out);
}

static enum sp_err keep(struct sp_facts *f, const struct sp_import *import)
{
    if (f->import_count == f->import_max) {
        SP_TRY(sp_facts_more(f, FACTS_IMPORTS, 1));
    }
    f->imports[f->import_count] = *import;
    f->import_count++;
    return SP_OK;
}

static enum sp_err bind_path(struct sp_facts *f, uint32_t symbol, uint32_t path_at, uint32_t count)
{
    f->symbols[symbol].flags |= SYMBOL_IMPORT;
    return sp_facts_bind(
        f, (struct facts_binding){
               .symbol = symbol, .path_at = path_at, .count = count, .ref = SP_FACTS_NONE});
}

static enum sp_err check_end(struct sp_facts *f)
{
    bool is_end =
        f->token.kind == SP_TOKEN_NEWLINE || f->token.kind == SP_TOKEN_END || is_op(f, ';');
    return is_end ? SP_OK : wrong(f);
}

enum sp_err sp_facts_import(struct sp_facts *f)
{
    struct sp_span statement = sp_facts_span(&f->token);
    do {
        struct sp_import import = {.statement = statement, .name = SP_FACTS_NONE};
        uint32_t alias = SP_FACTS_NONE;
        SP_TRY(sp_facts_next(f));
        SP_TRY(take_dotted(f, &import));
        import.statement.end = import.place.end;
        SP_TRY(take_alias(f, &alias));
        SP_TRY(keep(f, &import));
        bool has_alias = alias != SP_FACTS_NONE;
        /* `import a.b` binds a; with an alias it binds the alias to a.b. */
        SP_TRY(bind_path(f, has_alias ? alias : f->segments[import.module_at], import.module_at,
                         has_alias ? import.module_count : 1));
    } while (is_op(f, ','));
    return check_end(f);
}

static enum sp_err take_dots(struct sp_facts *f, struct sp_import *import)
{
    while (is_op(f, '.') || is_op(f, SP_OP_ELLIPSIS)) {
        unsigned dots = is_op(f, '.') ? 1 : 3;
        if (import->dots > UINT16_MAX - dots) {
            return SP_ERR_FULL;
        }
        import->dots = (uint16_t)(import->dots + dots);
        SP_TRY(sp_facts_next(f));
    }
    return SP_OK;
}

/* One `name [as alias]`; the symbol's path is the module's with the name behind it. */
static enum sp_err take_from_name(struct sp_facts *f, const struct sp_import *module)
{
    struct sp_import import = *module;
    import.place = sp_facts_span(&f->token);
    SP_TRY(take_name(f, &import.name));
    uint32_t alias = import.name;
    SP_TRY(take_alias(f, &alias));
    SP_TRY(keep(f, &import));
    if (import.dots > 0) {
        f->symbols[alias].flags |= SYMBOL_BOUND;
        return SP_OK;
    }
    uint32_t path_at = f->segment_count;
    for (uint32_t i = 0; i < import.module_count; i++) {
        SP_TRY(sp_facts_put_segment(f, f->segments[import.module_at + i]));
    }
    SP_TRY(sp_facts_put_segment(f, import.name));
    return bind_path(f, alias, path_at, (uint32_t)import.module_count + 1);
}

static enum sp_err take_from_names(struct sp_facts *f, const struct sp_import *module)
{
    bool has_bracket = is_op(f, '(');
    if (has_bracket) {
        SP_TRY(sp_facts_next(f));
    }
    for (;;) {
        SP_TRY(take_from_name(f, module));
        if (!is_op(f, ',')) {
            break;
        }
        SP_TRY(sp_facts_next(f));
        if (has_bracket && is_op(f, ')')) {
            break; /* a comma before the bracket */
        }
    }
    if (!has_bracket) {
        return SP_OK;
    }
    return is_op(f, ')') ? sp_facts_next(f) : wrong(f);
}

enum sp_err sp_facts_import_from(struct sp_facts *f)
{
    struct sp_import import = {
        .statement = sp_facts_span(&f->token), .name = SP_FACTS_NONE, .is_from = true};
    SP_TRY(sp_facts_next(f));
    SP_TRY(take_dots(f, &import));
    if (!at_keyword(f, SP_WORD_IMPORT) || import.dots == 0) {
        SP_TRY(take_dotted(f, &import));
        import.statement.end = import.place.end;
    }
    if (!at_keyword(f, SP_WORD_IMPORT)) {
        return wrong(f);
    }
    SP_TRY(sp_facts_next(f));
    if (is_op(f, '*')) {
        import.is_star = true;
        import.place = sp_facts_span(&f->token);
        SP_TRY(keep(f, &import));
        SP_TRY(sp_facts_next(f));
    } else {
        SP_TRY(take_from_names(f, &import));
    }
    return check_end(f);
}
