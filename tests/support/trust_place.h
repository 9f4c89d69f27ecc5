/* trust_place.h — a trust store in a folder of its own, for tests. Everything here fails the test
 * instead of returning errors. */
#ifndef ANYCERT_TESTS_TRUST_PLACE_H
#define ANYCERT_TESTS_TRUST_PLACE_H

#include <stddef.h>
#include <stdint.h>

#include <anycert/trust_store.h>

#define PIN_A  "sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
#define PIN_B  "sha256//BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBA="
#define HEADER "# anycert-trust-store 1\n"
#define TIMES  " 2026-01-31T12:00:00Z 2026-02-28T23:59:59Z first-use"
#define NOW    INT64_C(1790000000)

struct store_place {
    char folder[64];
    char path[128];
};
/* As cmocka's setup and teardown of a test; the state is a struct store_place. */
int store_setup(void **state);
int store_teardown(void **state);

void store_put(const char *path, const char *text);
void store_get(const char *path, char *out, size_t size);
struct anycert_trust_store *store_open(struct store_place *f);
/* Opening it fails with TRUST_STORE and these words. */
void store_is_refused(struct store_place *f, const char *says);
void store_add(struct anycert_trust_store *store, const char *host, uint16_t port,
               const char *pins);
/* "pin PINS", "ca" or "none"; lives until the next call. */
const char *store_says(struct anycert_trust_store *store, const char *host, uint16_t port);

#endif
