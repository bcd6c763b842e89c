#include "admit/guests.h"

#include <stdlib.h>

#include "base/num.h"

struct sp_guests {
    struct sp_guest *slots[SP_EXCHANGE_SLOTS];
    struct sp_guest *free;
    struct sp_guest all[SP_GUESTS_MAX];
};

enum sp_err sp_guests_new(struct sp_guests **out)
{
    struct sp_guests *guests = calloc(1, sizeof(*guests));
    if (guests == NULL) {
        return SP_ERR_NOMEM;
    }
    for (size_t i = SP_GUESTS_MAX; i > 0; i--) {
        guests->all[i - 1].next = guests->free;
        guests->free = &guests->all[i - 1];
    }
    *out = guests;
    return SP_OK;
}

void sp_guests_free(struct sp_guests *guests)
{
    free(guests);
}

struct sp_guest *sp_guests_find(struct sp_guests *guests, sp_exchange exchange)
{
    size_t slot = sp_exchange_slot(exchange);
    struct sp_guest *guest = slot < SP_EXCHANGE_SLOTS ? guests->slots[slot] : NULL;
    while (guest != NULL && guest->exchange != exchange) {
        guest = guest->next;
    }
    return guest;
}

enum sp_err sp_guests_add(struct sp_guests *guests, sp_exchange exchange, struct sp_guest **out)
{
    size_t slot = sp_exchange_slot(exchange);
    if (slot >= SP_EXCHANGE_SLOTS) {
        return SP_ERR_INVALID;
    }
    if (sp_guests_find(guests, exchange) != NULL) {
        return SP_ERR_DUPLICATE;
    }
    struct sp_guest *guest = guests->free;
    if (guest == NULL) {
        return SP_ERR_FULL;
    }
    guests->free = guest->next;
    *guest = (struct sp_guest){.exchange = exchange, .next = guests->slots[slot]};
    guests->slots[slot] = guest;
    *out = guest;
    return SP_OK;
}

void sp_guests_remove(struct sp_guests *guests, struct sp_guest *guest)
{
    struct sp_guest **at = &guests->slots[sp_exchange_slot(guest->exchange)];
    while (*at != NULL && *at != guest) {
        at = &(*at)->next;
    }
    if (*at == guest) {
        *at = guest->next;
        *guest = (struct sp_guest){.state = SP_GUEST_FREE, .next = guests->free};
        guests->free = guest;
    }
}

void sp_guests_each(struct sp_guests *guests, sp_guest_fn *fn, void *ctx)
{
    for (size_t slot = 0; slot < SP_EXCHANGE_SLOTS; slot++) {
        struct sp_guest *next = NULL;
        for (struct sp_guest *guest = guests->slots[slot]; guest != NULL; guest = next) {
            next = guest->next;
            fn(ctx, guest);
        }
    }
}

void sp_guest_text_set(struct sp_guest_text *text, struct sp_slice from)
{
    text->len = sp_size_min(from.len, sizeof(text->bytes));
    for (size_t i = 0; i < text->len; i++) {
        text->bytes[i] = (char)from.ptr[i];
    }
}

struct sp_slice sp_guest_text_get(const struct sp_guest_text *text)
{
    return sp_slice_make(text->bytes, text->len);
}
