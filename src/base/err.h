/*
 * err - the one list of things that can go wrong.
 *
 * Runs in: every process.   Allocates: never.
 * A row gives the code, the HTTP status and the `error.code` that a client sees, and a text
 * for people. The three cannot drift apart because they stand in one place.
 */
#ifndef SP_BASE_ERR_H
#define SP_BASE_ERR_H

#include "base/attr.h"

/*    code                        http  error.code                 text */
#define SP_ERR_LIST(X)                                                                             \
    X(SP_OK, 200, "Ok", "no error")                                                                \
    /* bytes and text from outside */                                                              \
    X(SP_ERR_SHORT, 400, "InvalidRequest", "input ended too early")                                \
    X(SP_ERR_TRAILING, 400, "InvalidRequest", "input has bytes left over")                         \
    X(SP_ERR_INVALID, 400, "InvalidRequest", "input has the wrong form")                           \
    X(SP_ERR_RANGE, 400, "InvalidRequest", "a value is out of range")                              \
    X(SP_ERR_DUPLICATE, 400, "InvalidRequest", "a name is given twice")                            \
    X(SP_ERR_DEPTH, 400, "InvalidRequest", "input nests too deeply")                               \
    X(SP_ERR_UTF8, 400, "InvalidRequest", "text is not valid UTF-8")                               \
    X(SP_ERR_NUL, 400, "InvalidRequest", "text holds a NUL character")                             \
    X(SP_ERR_TOO_BIG, 413, "RequestTooLarge", "input is over its limit")                           \
    /* the data plane */                                                                           \
    X(SP_ERR_JSON, 400, "InvalidJson", "the body is not valid JSON")                               \
    X(SP_ERR_REQUEST, 400, "InvalidRequest", "the request has the wrong shape")                    \
    X(SP_ERR_IDENTIFIER, 400, "InvalidIdentifier", "the session identifier is missing or invalid") \
    X(SP_ERR_API_VERSION, 400, "InvalidApiVersion", "the api-version is missing or unknown")       \
    X(SP_ERR_TOKEN_MISSING, 401, "TokenMissing", "no token was sent")                              \
    X(SP_ERR_TOKEN_UNKNOWN, 401, "TokenUnknown", "the token is not known here")                    \
    X(SP_ERR_TOKEN_EXPIRED, 401, "TokenExpired", "the token has expired")                          \
    X(SP_ERR_TOKEN_AUDIENCE, 401, "TokenAudience", "the token is for another audience")            \
    X(SP_ERR_TOKEN_EARLY, 401, "TokenNotYetValid", "the token is not valid yet")                   \
    X(SP_ERR_SCOPE, 403, "ScopeMissing", "the token lacks the scope")                              \
    X(SP_ERR_DENIED, 403, "PolicyDenied", "the policy denies this code")                           \
    X(SP_ERR_NOT_FOUND, 404, "NotFound", "there is nothing at this path")                          \
    X(SP_ERR_SESSION_NOT_FOUND, 404, "SessionNotFound", "there is no such session")                \
    X(SP_ERR_FILE_NOT_FOUND, 404, "FileNotFound", "there is no such file")                         \
    X(SP_ERR_EXECUTION_NOT_FOUND, 404, "ExecutionNotFound", "there is no such execution")          \
    X(SP_ERR_FILE_NAME, 400, "InvalidFileName", "the name of the file is missing or invalid")      \
    X(SP_ERR_MULTIPART, 400, "InvalidMultipart", "the body is not valid multipart/form-data")      \
    X(SP_ERR_CONFLICT, 409, "Conflict", "this is going on already")                                \
    X(SP_ERR_KEY_REUSED, 422, "IdempotencyKeyReused",                                              \
      "the idempotency key was used for another request")                                          \
    X(SP_ERR_KEY_SPENT, 409, "IdempotencyKeySpent",                                                \
      "what ran under this idempotency key cannot be told, and is not run again")                  \
    X(SP_ERR_NOT_SATISFIABLE, 416, "RangeNotSatisfiable", "the range lies outside the file")       \
    X(SP_ERR_FILE_CONFLICT, 409, "FileConflict", "something else is at the place of this file")    \
    X(SP_ERR_NO_SPACE, 507, "SessionDiskFull",                                                     \
      "the session's disk is full; its limit is 'data' in [pool.session]")                         \
    X(SP_ERR_METHOD, 405, "MethodNotAllowed", "this path does not take this method")               \
    X(SP_ERR_TIMEOUT, 408, "RequestTimeout", "the request took too long to arrive")                \
    X(SP_ERR_LENGTH_REQUIRED, 411, "LengthRequired", "the request needs a length")                 \
    X(SP_ERR_URI_TOO_LONG, 414, "UriTooLong", "the request target is too long")                    \
    X(SP_ERR_MEDIA_TYPE, 415, "UnsupportedMediaType", "the content type is not taken here")        \
    X(SP_ERR_EXPECTATION, 417, "ExpectationFailed", "only 100-continue can be expected")           \
    X(SP_ERR_HEAD_TOO_BIG, 431, "HeaderFieldsTooLarge", "the header section is over its limit")    \
    X(SP_ERR_QUOTA, 429, "QuotaExceeded", "a quota is used up")                                    \
    X(SP_ERR_BUSY, 429, "TooManyRequests", "too many requests are waiting")                        \
    X(SP_ERR_SESSIONS_FULL, 429, "SessionLimitReached", "the pool has no free session")            \
    X(SP_ERR_NOT_IMPLEMENTED, 501, "NotImplemented",                                               \
      "this transfer coding or method is not implemented")                                         \
    X(SP_ERR_HTTP_VERSION, 505, "HttpVersionNotSupported",                                         \
      "only HTTP/1.1 and HTTP/1.0 are spoken here")                                                \
    X(SP_ERR_HTTP, 400, "BadRequest", "the request breaks the rules of HTTP/1.1")                  \
    /* our own state */                                                                            \
    X(SP_ERR_UNAVAILABLE, 503, "ServiceUnavailable", "the service cannot take this now")           \
    X(SP_ERR_LOG_UNAVAILABLE, 503, "LogUnavailable", "the audit log cannot be written")            \
    X(SP_ERR_POOL_UNAVAILABLE, 503, "PoolUnavailable", "the session pool cannot be reached")       \
    X(SP_ERR_OUTCOME_UNKNOWN, 502, "OutcomeUnknown",                                               \
      "the run may have started; its outcome is unknown")                                          \
    X(SP_ERR_POOL_ANSWER, 502, "PoolAnswerInvalid",                                                \
      "the session pool gave an answer that cannot be read")                                       \
    X(SP_ERR_POOL_REFUSED, 502, "PoolRefused", "the session pool refused the request")             \
    X(SP_ERR_POOL_CREDENTIAL, 502, "PoolCredentialRefused",                                        \
      "the session pool refused the gateway's credential")                                         \
    X(SP_ERR_NOMEM, 503, "ServiceUnavailable", "memory is used up")                                \
    X(SP_ERR_SYSTEM, 500, "InternalError", "a system call failed")                                 \
    X(SP_ERR_CRYPTO, 500, "InternalError", "a cryptographic operation failed")                     \
    X(SP_ERR_WIRE, 500, "InternalError", "a message does not fit the protocol between processes")  \
    X(SP_ERR_CLOSED, 503, "ServiceUnavailable", "the other side is gone")                          \
    X(SP_ERR_FULL, 503, "ServiceUnavailable", "a bounded queue is full")                           \
    X(SP_ERR_CONFIG, 500, "InternalError", "the configuration has an error")                       \
    X(SP_ERR_CORRUPT, 500, "InternalError", "stored data is damaged")                              \
    X(SP_ERR_UNSUPPORTED, 500, "InternalError", "this machine lacks what is needed")

enum sp_err {
#define SP_ERR_AS_ENUM(code, http, api, text) code,
    SP_ERR_LIST(SP_ERR_AS_ENUM)
#undef SP_ERR_AS_ENUM
        SP_ERR_COUNT
};

/* Text for people, the HTTP status, and the `error.code` of clients. Unknown numbers read as SP_ERR_SYSTEM. */
const char *sp_err_text(enum sp_err err);
unsigned sp_err_http(enum sp_err err);
const char *sp_err_code(enum sp_err err);

/* The enum name without its SP_ prefix ("ERR_SHORT"), for log lines. */
const char *sp_err_name(enum sp_err err);

/* Returns a number from a wire as an error, or SP_ERR_WIRE when it names none. */
enum sp_err sp_err_from_number(unsigned number);

/* Hands a failure to the caller unchanged: the only control-flow macro of the house. */
#define SP_TRY(call)                                                                               \
    do {                                                                                           \
        enum sp_err sp_try_err_ = (call);                                                          \
        if (sp_try_err_ != SP_OK) {                                                                \
            return sp_try_err_;                                                                    \
        }                                                                                          \
    } while (0)

#endif
