/* verdict/show.h — parts of facts as text that is safe to print. Everything is escaped and cut to a
 * length, so that no certificate can blow up or forge a report. Failures are in the buffer's
 * `failed`. */
#ifndef ANYCERT_VERDICT_SHOW_H
#define ANYCERT_VERDICT_SHOW_H

#include <stdbool.h>

#include "base/buf.h"
#include "verdict/facts.h"

/* The most bytes of one string from the peer that reports show; the DER has the rest. */
#define ANYCERT__SHOW_MAX 1024
/* The same inside a sentence. */
#define ANYCERT__SHOW_IN_SENTENCE 100
/* Large enough for every text that these functions make of one string. */
#define ANYCERT__SHOW_BUFFER ((size_t)1 << 20)

/* The bytes, escaped; behind max bytes it says how many more there are. */
void anycert__show(struct anycert__buf *buf, const char *bytes, size_t len, size_t max);
/* The same for a string; NULL counts as "". */
void anycert__show_string(struct anycert__buf *buf, const char *string, size_t max);
/* In single quotes, and with those inside escaped; cut for a sentence. */
void anycert__show_quoted(struct anycert__buf *buf, const char *string);

/* dNSName and iPAddress entries, comma-separated, at most `most` of them ("and 3 more"). Commas,
 * quotes and blanks inside a name are escaped, so that one name cannot look like two. */
void anycert__show_names(struct anycert__buf *buf, const struct anycert__certificate *certificate,
                         size_t most);
/* "RSA 2048", "EC P-256", "Ed25519". */
void anycert__show_key(struct anycert__buf *buf, const struct anycert__certificate *certificate);

/* True if the bytes can be printed as they are: UTF-8 without anything that moves a cursor or turns
 * the direction of reading. */
bool anycert__is_showable(const char *bytes, size_t len);

/* "2026-01-31". */
void anycert__show_date(struct anycert__buf *buf, int64_t seconds);
/* "3 days", "1 hour": a length of time, never negative. */
void anycert__show_span(struct anycert__buf *buf, int64_t from, int64_t to);

/* "TLSv1.3"; "" for 0. Other versions are shown as a number. */
void anycert__show_version(struct anycert__buf *buf, uint16_t version);
/* Static: the name of a version that is known here, else "". */
const char *anycert__version_name(uint16_t version);
/* "dns", "ip", "email", "uri", "other". Static. */
const char *anycert__name_kind(enum anycert__name_kind kind);
/* "origin" or "proxy". Static. */
const char *anycert__hop_name(enum anycert__hop hop);

#endif
