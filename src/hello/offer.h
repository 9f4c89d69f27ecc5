/* hello/offer.h — hellos that are ready to be sent: see offers.def for what each of them asks. */
#ifndef ANYCERT_HELLO_OFFER_H
#define ANYCERT_HELLO_OFFER_H

#include "hello/write.h"

enum anycert__offer {
#define ANYCERT__OFFER(name, id, text) ANYCERT__OFFER_##name,
#include "hello/offers.def"
    ANYCERT__OFFER_COUNT
};

/* Fills in a hello, which may be changed before it is sent. sni: the host's name, NULL or "" for
 * none (an address has none); one that is too long to be a name is left out. */
void anycert__offer_fill(enum anycert__offer offer, const char *sni, struct anycert__hello *hello);
/* Stable id ("3des") and what it asks ("3DES only"); static. */
const char *anycert__offer_id(enum anycert__offer offer);
const char *anycert__offer_text(enum anycert__offer offer);

/* Appends every suite that `wanted` says yes to: those with keys of 128 bits or more first, then
 * 3DES, then the rest. */
void anycert__offer_add_suites(struct anycert__hello *hello,
                               bool (*wanted)(const struct anycert__suite *suite));

#endif
