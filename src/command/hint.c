#include "command/hint.h"

#include <stdio.h>

#include "base/nearest.h"
#include "command/command.h"

static bool may_stand(uint8_t byte)
{
    return (byte >= 'a' && byte <= 'z') || byte == '-' || byte == '_';
}

static struct sp_slice word_at(struct sp_slice text, size_t at)
{
    size_t end = at;
    while (end < text.len && may_stand(text.ptr[end])) {
        end++;
    }
    return sp_slice_sub(text, at, end - at);
}

/* The best word so far is kept in `out`: those of the help do not end with a NUL. */
static void offer(struct sp_nearest *nearest, struct sp_slice word, char out[SP_HINT_BYTES_MAX])
{
    char text[SP_HINT_BYTES_MAX];
    if (word.len >= sizeof(text)) {
        return;
    }
    sp_slice_to_text(word, text, sizeof(text));
    sp_nearest_offer(nearest, text);
    if (nearest->best == text) {
        sp_slice_to_text(word, out, SP_HINT_BYTES_MAX);
        nearest->best = out;
    }
}

static void offer_options(struct sp_nearest *nearest, struct sp_slice help,
                          char out[SP_HINT_BYTES_MAX])
{
    for (size_t at = 0; at < help.len; at++) {
        struct sp_slice word = word_at(help, at);
        if (sp_slice_starts(word, "--")) {
            offer(nearest, word, out);
        }
        at += word.len;
    }
}

static void offer_actions(struct sp_nearest *nearest, struct sp_slice lead, struct sp_slice help,
                          char out[SP_HINT_BYTES_MAX])
{
    for (size_t at = sp_slice_search(help, 0, lead); at < help.len;
         at = sp_slice_search(help, at, lead)) {
        at += lead.len;
        for (struct sp_slice word = word_at(help, at); word.len > 0; word = word_at(help, at)) {
            offer(nearest, word, out);
            at += word.len;
            at += at < help.len && help.ptr[at] == '|' ? 1 : 0;
        }
    }
}

void sp_hint_find(const char *command, const char *help, const char *word,
                  char out[SP_HINT_BYTES_MAX])
{
    char lead[SP_HINT_BYTES_MAX];
    struct sp_nearest nearest = sp_nearest_start(sp_slice_of(word));
    out[0] = '\0';
    if (sp_slice_starts(sp_slice_of(word), "--")) {
        offer_options(&nearest, sp_slice_of(help), out);
        return;
    }
    const int len = snprintf(lead, sizeof(lead), "sallyport %s ", command);
    if (len > 0 && (size_t)len < sizeof(lead) && word[0] != '-') {
        offer_actions(&nearest, sp_slice_of(lead), sp_slice_of(help), out);
    }
}

int sp_hint(const char *command, const char *help, const char *what, const char *word)
{
    char meant[SP_HINT_BYTES_MAX];
    sp_hint_find(command, help, word, meant);
    if (meant[0] != '\0') {
        (void)fprintf(stderr, "sallyport %s: %s '%s'; did you mean '%s'?\n", command, what, word,
                      meant);
    } else {
        (void)fprintf(stderr, "sallyport %s: %s '%s'\n", command, what, word);
    }
    (void)fprintf(stderr, "Try 'sallyport %s --help'.\n", command);
    return SP_EXIT_USAGE;
}
