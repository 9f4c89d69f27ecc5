/* tests/support/sample_facts.h — facts of handshakes that never took place, for tests of the judge.
 *
 * Everything asserts that memory suffices, so tests that make allocations fail build their facts
 * before. */
#ifndef ANYCERT_TESTS_SAMPLE_FACTS_H
#define ANYCERT_TESTS_SAMPLE_FACTS_H

#include "verdict/facts.h"

/* The time of the sample handshake: 2026-06-01T12:00:00Z. */
#define SAMPLE_NOW INT64_C(1780315200)
#define SAMPLE_DAY INT64_C(86400)

/* A good handshake with localhost:8443: TLS 1.3, three certificates (server, intermediate, anchor),
 * valid for 100, 1000 and 3000 days from SAMPLE_NOW, RSA 2048 and EC P-256. */
struct anycert__facts *sample_facts(void);

/* The same with one self-signed certificate and verify error 18. */
struct anycert__facts *sample_self_signed(void);

/* A handshake that ended before any certificate came, with an alert from the peer. */
struct anycert__facts *sample_refused_by_peer(void);

/* Records a verify error. */
void sample_error(struct anycert__facts *facts, int code, int depth);

/* Replaces a string that facts own. */
void sample_string(char **where, const char *value);

/* Adds a subjectAltName. */
void sample_name(struct anycert__certificate *certificate, enum anycert__name_kind kind,
                 const char *value, size_t len);

#endif
