/* policy/trust_store.h — the trust store's inside, for the layers above. */
#ifndef ANYCERT_POLICY_TRUST_STORE_INSIDE_H
#define ANYCERT_POLICY_TRUST_STORE_INSIDE_H

#include <pthread.h>
#include <stdatomic.h>

#include <anycert/trust_store.h>

#include "policy/trust_file.h"
#include "policy/trust_record.h"

struct anycert__question;

/* A name of any alphabet as URLs have it (xn--...), from anycert__malloc; NULL with USAGE, NOMEM.
 */
typedef char *anycert__trust_ascii(const char *host, struct anycert_error *err);

struct anycert_trust_store {
    atomic_uint holders;
    char *path;
    bool is_read_only;
    anycert__trust_hmac *hmac;
    anycert__trust_ascii *ascii;
    struct anycert__waiting waiting; /* for the lock; set before the store is used, by tests */
    pthread_mutex_t mutex;           /* over the rest */
    struct anycert__trust_text *text;
    struct anycert__trust_stamp stamp;   /* of the file that text was read from */
    int64_t looked_us;                   /* when that was looked at, on the monotonic clock */
    int64_t read_us;                     /* when text was read, or written, likewise */
    struct anycert__question *questions; /* trust_ask.h */
};

/* Opens it; the public functions, which know a hash and other alphabets, are in http/. */
struct anycert_trust_store *anycert__trust_store_open(const char *path, bool is_read_only,
                                                      anycert__trust_hmac *hmac,
                                                      anycert__trust_ascii *ascii,
                                                      struct anycert_error *err);
/* "host:port" of what a user has written, in its one spelling. 0, or -1 with USAGE, NOMEM. */
int anycert__trust_store_name(const struct anycert_trust_store *store, const char *host,
                              uint16_t port, char out[ANYCERT__TRUST_HOST_SIZE],
                              struct anycert_error *err);
/* One more who holds it. NULL gives NULL. */
struct anycert_trust_store *anycert__trust_store_ref(struct anycert_trust_store *store);
/* A reference to the text as it is now; looked for in the file ten times a second at most, unless
 * at once. What the file's times do not show (trust_file.h) is looked for ten times a second at
 * most by these, too: reading a hundred thousand hosts takes milliseconds. NULL with err. */
struct anycert__trust_text *anycert__trust_store_text(struct anycert_trust_store *store,
                                                      bool at_once, struct anycert_error *err);
/* Puts the text that was just written in its place. */
void anycert__trust_store_wrote(struct anycert_trust_store *store,
                                struct anycert__trust_text *text);

/* What is known of a host, as one record, which is replaced; unchanged if it was looked up in the
 * state in which the store still is. 0, or -1 with err and a record that was not asked for: hosts
 * that the store says two things of, too. */
int anycert__trust_store_look(struct anycert_trust_store *store, const char *host, uint16_t port,
                              struct anycert__trust_record *record, struct anycert_error *err);
/* How a host came to be known at its first contact. */
enum anycert__learned {
    ANYCERT__LEARNED_KEY = 0,
    ANYCERT__LEARNED_CA,      /* hardened accepts its certificate */
    ANYCERT__LEARNED_COMPARED /* its key, which the user had from elsewhere */
};

/* Records a host at its first contact: by its CA, or by this pin. Somebody else may have done so
 * meanwhile: -1 with TRUST_CHANGED if it was something else. It does not wait: 1 if somebody else
 * is writing just now, and nothing was done. */
int anycert__trust_store_record(struct anycert_trust_store *store, const char *host, uint16_t port,
                                const char *pin, enum anycert__learned learned, int64_t now,
                                struct anycert_error *err);
/* The slots of a host, and the first one's line, for what has to be one. Their number; -1 with
 * TRUST_STORE if they do not say the same. */
#define ANYCERT__TRUST_SLOTS (ANYCERT__TRUST_SALTS_MAX + 1)
long anycert__trust_store_slots(const struct anycert_trust_store *store,
                                const struct anycert__trust_text *text, const char *host,
                                size_t slots[ANYCERT__TRUST_SLOTS],
                                struct anycert__trust_line *line, struct anycert_error *err);

/* trust_entry.c: an entry of its own. NULL with NOMEM. */
struct anycert_trust_entry *anycert__trust_entry_new(const struct anycert__trust_text *text,
                                                     size_t slot, struct anycert_error *err);
/* trust_entry.c: the pins of a line. 0, or -1 without memory. */
int anycert__trust_pins_copy(const struct anycert__trust_line *line,
                             char (**pins)[ANYCERT__PIN_SIZE]);

#endif
