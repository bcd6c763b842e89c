#include "base/text.h"
#include "python/lexer_inner.h"

/* CPython converts no decimal integer of more digits than this. */
#define DIGITS_MAX 4300u

typedef bool digit_class(uint8_t byte);

static bool is_octal(uint8_t byte)
{
    return byte >= '0' && byte <= '7';
}

static bool is_binary(uint8_t byte)
{
    return byte == '0' || byte == '1';
}

static uint8_t lower(uint8_t byte)
{
    return byte >= 'A' && byte <= 'Z' ? (uint8_t)(byte + ('a' - 'A')) : byte;
}

/* A keyword may stand directly behind a number (`1if x else y`); any other letter may not. */
static bool keyword_follows(const struct sp_lexer *lx)
{
    static const char *const words[] = {"and", "else", "for", "if", "in", "is", "or", "not"};
    struct sp_slice rest = sp_slice_make(lx->ptr + lx->at, lx->limit - lx->at);
    for (size_t i = 0; i < SP_COUNT(words); i++) {
        if (sp_slice_starts(rest, words[i])) {
            return true;
        }
    }
    return false;
}

/* CPython points at the byte before the one that does not fit. */
static enum sp_err wrong(struct sp_lexer *lx, enum sp_python_fault fault)
{
    return sp_lex_fault(lx, fault, lx->at - 1);
}

static enum sp_err check_end(struct sp_lexer *lx, enum sp_python_fault fault)
{
    uint8_t byte = sp_lex_peek(lx, 0);
    if (sp_lex_is(byte, LEX_NAME | LEX_DIGIT) && !keyword_follows(lx)) {
        return wrong(lx, fault);
    }
    return SP_OK;
}

/* Digits with single underscores between them; the first byte is a digit already. */
static enum sp_err take_decimals(struct sp_lexer *lx, uint32_t *digits)
{
    for (;;) {
        while (sp_lex_is(sp_lex_peek(lx, 0), LEX_DIGIT)) {
            lx->at++;
            (*digits)++;
        }
        if (sp_lex_peek(lx, 0) != '_') {
            return SP_OK;
        }
        lx->at++;
        if (!sp_lex_is(sp_lex_peek(lx, 0), LEX_DIGIT)) {
            return wrong(lx, SP_PYTHON_DECIMAL);
        }
    }
}

/* At a digit of a larger base CPython points at the digit itself. */
static enum sp_err wrong_digit(struct sp_lexer *lx, enum sp_python_fault fault)
{
    bool is_digit = sp_lex_is(sp_lex_peek(lx, 0), LEX_DIGIT);
    return sp_lex_fault(lx, fault, lx->at - (is_digit ? 0 : 1));
}

/* 0x, 0o, 0b: one or more groups, each with an underscore before it if one likes. */
static enum sp_err take_radix(struct sp_lexer *lx, digit_class *is, enum sp_python_fault fault)
{
    lx->at += 2;
    do {
        if (sp_lex_peek(lx, 0) == '_') {
            lx->at++;
        }
        if (!is(sp_lex_peek(lx, 0))) {
            return wrong_digit(lx, fault);
        }
        while (is(sp_lex_peek(lx, 0))) {
            lx->at++;
        }
    } while (sp_lex_peek(lx, 0) == '_');
    return sp_lex_is(sp_lex_peek(lx, 0), LEX_DIGIT) ? wrong_digit(lx, fault) : check_end(lx, fault);
}

static enum sp_err take_imaginary(struct sp_lexer *lx)
{
    lx->at++;
    return check_end(lx, SP_PYTHON_IMAGINARY);
}

/* At an `e`: an exponent, or the start of `else` directly behind the number. */
static enum sp_err take_exponent(struct sp_lexer *lx, bool *out_taken)
{
    uint32_t ignored = 0;
    uint8_t sign = sp_lex_peek(lx, 1);
    bool has_sign = sign == '+' || sign == '-';
    if (!sp_lex_is(sp_lex_peek(lx, has_sign ? 2 : 1), LEX_DIGIT)) {
        *out_taken = false;
        return has_sign ? wrong(lx, SP_PYTHON_DECIMAL) : check_end(lx, SP_PYTHON_DECIMAL);
    }
    *out_taken = true;
    lx->at += has_sign ? 2 : 1;
    return take_decimals(lx, &ignored);
}

/* Behind the digits before the point: the rest of a float, or of an imaginary number. */
static enum sp_err take_rest(struct sp_lexer *lx, bool *out_integer)
{
    uint32_t ignored = 0;
    *out_integer = true;
    if (sp_lex_peek(lx, 0) == '.') {
        *out_integer = false;
        lx->at++;
        if (sp_lex_is(sp_lex_peek(lx, 0), LEX_DIGIT)) {
            SP_TRY(take_decimals(lx, &ignored));
        }
    }
    if (lower(sp_lex_peek(lx, 0)) == 'e') {
        bool taken = false;
        SP_TRY(take_exponent(lx, &taken));
        if (!taken) {
            return SP_OK;
        }
        *out_integer = false;
    }
    if (lower(sp_lex_peek(lx, 0)) == 'j') {
        *out_integer = false;
        return take_imaginary(lx);
    }
    return check_end(lx, SP_PYTHON_DECIMAL);
}

static enum sp_err take_decimal(struct sp_lexer *lx, const struct sp_py_token *out)
{
    bool is_integer = false;
    uint32_t digits = 0;
    bool is_zero = true;
    SP_TRY(take_decimals(lx, &digits));
    for (uint32_t at = out->start; at < lx->at && is_zero; at++) {
        is_zero = lx->ptr[at] == '0' || lx->ptr[at] == '_';
    }
    SP_TRY(take_rest(lx, &is_integer));
    if (is_integer && lx->ptr[out->start] == '0' && !is_zero) {
        return sp_lex_fault(lx, SP_PYTHON_ZEROS, out->start);
    }
    if (is_integer && !is_zero && digits > DIGITS_MAX) {
        return sp_lex_fault(lx, SP_PYTHON_DIGITS, out->start);
    }
    return SP_OK;
}

static enum sp_err take_number(struct sp_lexer *lx, const struct sp_py_token *out)
{
    bool ignored = false;
    if (lx->ptr[lx->at] == '.') {
        return take_rest(lx, &ignored);
    }
    if (lx->ptr[lx->at] == '0') {
        switch (lower(sp_lex_peek(lx, 1))) {
        case 'x':
            return take_radix(lx, sp_text_is_hex, SP_PYTHON_HEXADECIMAL);
        case 'o':
            return take_radix(lx, is_octal, SP_PYTHON_OCTAL);
        case 'b':
            return take_radix(lx, is_binary, SP_PYTHON_BINARY);
        default:
            break;
        }
    }
    return take_decimal(lx, out);
}

enum sp_err sp_lex_number(struct sp_lexer *lx, struct sp_py_token *out)
{
    SP_TRY(take_number(lx, out));
    return sp_lex_give(lx, SP_TOKEN_NUMBER, out);
}
