/*
 * token - what the lexer of Python hands out, and what it can refuse.
 *
 * Runs in: inspect, and the command line.   Input: hostile.   Allocates: never.
 * Offsets are bytes of the source; lines count from 1; `line_start` is the offset where the token's line begins.
 */
#ifndef SP_PYTHON_TOKEN_H
#define SP_PYTHON_TOKEN_H

#include <stdint.h>

#include "base/err.h"

/* The lexical families: 3.8 to 3.11 (an f-string is one token), 3.12 and 3.13 (PEP 701), 3.14 (t-strings too). */
enum sp_python_family { SP_PYTHON_311, SP_PYTHON_312, SP_PYTHON_314 };

enum sp_token_kind {
    SP_TOKEN_END,
    SP_TOKEN_NEWLINE,
    SP_TOKEN_INDENT,
    SP_TOKEN_DEDENT,
    SP_TOKEN_NAME,
    SP_TOKEN_NUMBER,
    SP_TOKEN_STRING,
    SP_TOKEN_FSTRING_START, /* in every family: the fields of an f-string are tokens of their own */
    SP_TOKEN_FSTRING_MIDDLE,
    SP_TOKEN_FSTRING_END,
    SP_TOKEN_OP,
    SP_TOKEN_MAGIC, /* IPython: `op` is the escape (% ! ? , ; /), cells only */
};

/* An operator of one character is its own byte; these are the longer ones that matter to a reader of facts. */
enum sp_op {
    SP_OP_ELLIPSIS = 128, /* ... */
    SP_OP_WALRUS,         /* := */
    SP_OP_ARROW,          /* -> */
    SP_OP_POWER,          /* ** */
    SP_OP_AUGMENTED,      /* += and its like */
    SP_OP_COMPARE,        /* == != <= >= <> */
    SP_OP_OTHER,          /* << >> // */
};

/* Flags of strings, names and magics. */
#define SP_TOKEN_BYTES    0x01u /* b"" */
#define SP_TOKEN_RAW      0x02u /* r"" */
#define SP_TOKEN_TRIPLE   0x04u /* three quotes */
#define SP_TOKEN_FORMAT   0x08u /* f"" or t"" */
#define SP_TOKEN_NONASCII 0x10u /* a name that NFKC may change */
#define SP_TOKEN_CELL     0x20u /* %%magic, with the cell below it */
#define SP_TOKEN_ESCAPED  0x40u /* a string that holds a backslash */

struct sp_py_token {
    uint8_t kind; /* enum sp_token_kind */
    uint8_t op;   /* operators: a byte, or enum sp_op; names: enum sp_word */
    uint8_t flags;
    uint8_t quote; /* strings: bytes from the start up to and with the opening quotes */
    uint32_t start;
    uint32_t end;
    uint32_t line;
    uint32_t line_start;
};

/*    fault                          error class        text, as CPython words it where it does */
#define SP_PYTHON_FAULT_LIST(X)                                                                    \
    X(SP_PYTHON_FINE, SP_OK, "no fault")                                                           \
    X(SP_PYTHON_NUL, SP_ERR_NUL, "source code cannot contain null bytes")                          \
    X(SP_PYTHON_UTF8, SP_ERR_UTF8, "source code is not valid UTF-8")                               \
    X(SP_PYTHON_TOO_BIG, SP_ERR_TOO_BIG, "source code is too long")                                \
    X(SP_PYTHON_TABS, SP_ERR_INVALID, "inconsistent use of tabs and spaces in indentation")        \
    X(SP_PYTHON_DEDENT, SP_ERR_INVALID, "unindent does not match any outer indentation level")     \
    X(SP_PYTHON_INDENT_DEPTH, SP_ERR_DEPTH, "too many levels of indentation")                      \
    X(SP_PYTHON_INDENT_UNEXPECTED, SP_ERR_INVALID, "unexpected indent")                            \
    X(SP_PYTHON_INDENT_MISSING, SP_ERR_INVALID, "expected an indented block")                      \
    X(SP_PYTHON_BRACKET_DEPTH, SP_ERR_DEPTH, "too many nested parentheses")                        \
    X(SP_PYTHON_BRACKET_UNMATCHED, SP_ERR_INVALID, "unmatched closing parenthesis")                \
    X(SP_PYTHON_BRACKET_MISMATCH, SP_ERR_INVALID,                                                  \
      "closing parenthesis does not match the opening one")                                        \
    X(SP_PYTHON_BRACKET_OPEN, SP_ERR_INVALID, "a parenthesis was never closed")                    \
    X(SP_PYTHON_STRING_OPEN, SP_ERR_INVALID, "unterminated string literal")                        \
    X(SP_PYTHON_TRIPLE_OPEN, SP_ERR_INVALID, "unterminated triple-quoted string literal")          \
    X(SP_PYTHON_BYTES_NONASCII, SP_ERR_INVALID, "bytes can only contain ASCII literal characters") \
    X(SP_PYTHON_FSTRING_OPEN, SP_ERR_INVALID, "f-string: expecting '}'")                           \
    X(SP_PYTHON_FSTRING_BRACE, SP_ERR_INVALID, "f-string: single '}' is not allowed")              \
    X(SP_PYTHON_FSTRING_DEPTH, SP_ERR_DEPTH, "f-string: expressions nested too deeply")            \
    X(SP_PYTHON_FSTRING_BACKSLASH, SP_ERR_INVALID,                                                 \
      "f-string expression part cannot include a backslash")                                       \
    X(SP_PYTHON_FSTRING_COMMENT, SP_ERR_INVALID, "f-string expression part cannot include '#'")    \
    X(SP_PYTHON_FSTRING_EMPTY, SP_ERR_INVALID, "f-string: empty expression not allowed")           \
    X(SP_PYTHON_CONTINUATION, SP_ERR_INVALID,                                                      \
      "unexpected character after line continuation character")                                    \
    X(SP_PYTHON_CONTINUATION_END, SP_ERR_SHORT,                                                    \
      "unexpected end of the source after a line continuation")                                    \
    X(SP_PYTHON_CHARACTER, SP_ERR_INVALID, "invalid character")                                    \
    X(SP_PYTHON_DECIMAL, SP_ERR_INVALID, "invalid decimal literal")                                \
    X(SP_PYTHON_HEXADECIMAL, SP_ERR_INVALID, "invalid hexadecimal literal")                        \
    X(SP_PYTHON_OCTAL, SP_ERR_INVALID, "invalid octal literal")                                    \
    X(SP_PYTHON_BINARY, SP_ERR_INVALID, "invalid binary literal")                                  \
    X(SP_PYTHON_IMAGINARY, SP_ERR_INVALID, "invalid imaginary literal")                            \
    X(SP_PYTHON_ZEROS, SP_ERR_INVALID,                                                             \
      "leading zeros in decimal integer literals are not permitted")                               \
    X(SP_PYTHON_DIGITS, SP_ERR_TOO_BIG, "a decimal literal has more than 4300 digits")             \
    X(SP_PYTHON_IMPORT, SP_ERR_INVALID, "invalid syntax in an import statement")                   \
    X(SP_PYTHON_SYNTAX, SP_ERR_INVALID, "invalid syntax")                                          \
    X(SP_PYTHON_COMMA, SP_ERR_INVALID, "invalid syntax. Perhaps you forgot a comma?")              \
    X(SP_PYTHON_EXCEPT_TYPES, SP_ERR_INVALID, "multiple exception types must be parenthesized")    \
    X(SP_PYTHON_COLON, SP_ERR_INVALID, "expected ':'")                                             \
    X(SP_PYTHON_TARGET, SP_ERR_INVALID, "cannot assign to this expression")                        \
    X(SP_PYTHON_TARGET_STAR, SP_ERR_INVALID,                                                       \
      "starred assignment target must be in a list or tuple")                                      \
    X(SP_PYTHON_TARGET_STARS, SP_ERR_INVALID, "multiple starred expressions in assignment")        \
    X(SP_PYTHON_ANNOTATION, SP_ERR_INVALID, "illegal target for annotation")                       \
    X(SP_PYTHON_AUGMENTED, SP_ERR_INVALID, "illegal expression for augmented assignment")          \
    X(SP_PYTHON_STAR_HERE, SP_ERR_INVALID, "cannot use starred expression here")                   \
    X(SP_PYTHON_ELSE_MISSING, SP_ERR_INVALID, "expected 'else' after 'if' expression")             \
    X(SP_PYTHON_KEYWORD, SP_ERR_INVALID,                                                           \
      "expression cannot contain assignment, perhaps you meant \"==\"?")                           \
    X(SP_PYTHON_ARGUMENT_ORDER, SP_ERR_INVALID, "an argument follows a keyword argument")          \
    X(SP_PYTHON_GENERATOR, SP_ERR_INVALID, "Generator expression must be parenthesized")           \
    X(SP_PYTHON_BARE_STAR, SP_ERR_INVALID, "named arguments must follow bare *")                   \
    X(SP_PYTHON_DEFAULT_ORDER, SP_ERR_INVALID, "non-default argument follows default argument")    \
    X(SP_PYTHON_STRING_MIX, SP_ERR_INVALID, "cannot mix bytes and nonbytes literals")              \
    X(SP_PYTHON_ESCAPE, SP_ERR_INVALID, "truncated or illegal escape in a string literal")         \
    X(SP_PYTHON_FSTRING_CONVERSION, SP_ERR_INVALID,                                                \
      "f-string: invalid conversion character: expected 's', 'r', or 'a'")                         \
    X(SP_PYTHON_TRY, SP_ERR_INVALID, "expected 'except' or 'finally' block")                       \
    X(SP_PYTHON_EXCEPT_LAST, SP_ERR_INVALID, "default 'except:' must be last")                     \
    X(SP_PYTHON_UNREACHABLE, SP_ERR_INVALID, "this pattern makes remaining patterns unreachable")  \
    X(SP_PYTHON_BREAK, SP_ERR_INVALID, "'break' outside loop")                                     \
    X(SP_PYTHON_CONTINUE, SP_ERR_INVALID, "'continue' not properly in loop")                       \
    X(SP_PYTHON_RETURN, SP_ERR_INVALID, "'return' outside function")                               \
    X(SP_PYTHON_RETURN_VALUE, SP_ERR_INVALID, "'return' with value in async generator")            \
    X(SP_PYTHON_YIELD, SP_ERR_INVALID, "'yield' outside function")                                 \
    X(SP_PYTHON_YIELD_FROM, SP_ERR_INVALID, "'yield from' inside async function")                  \
    X(SP_PYTHON_YIELD_INSIDE, SP_ERR_INVALID, "'yield' inside a comprehension")                    \
    X(SP_PYTHON_AWAIT, SP_ERR_INVALID, "'await' outside async function")                           \
    X(SP_PYTHON_NONLOCAL, SP_ERR_INVALID, "nonlocal declaration not allowed at module level")      \
    X(SP_PYTHON_IMPORT_STAR, SP_ERR_INVALID, "import * only allowed at module level")

enum sp_python_fault {
#define SP_PYTHON_AS_ENUM(fault, err, text) fault,
    SP_PYTHON_FAULT_LIST(SP_PYTHON_AS_ENUM)
#undef SP_PYTHON_AS_ENUM
        SP_PYTHON_FAULT_COUNT
};

const char *sp_python_fault_text(enum sp_python_fault fault);
enum sp_err sp_python_fault_err(enum sp_python_fault fault);

#endif
