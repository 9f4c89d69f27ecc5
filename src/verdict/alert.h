/* verdict/alert.h — names of TLS alerts. */
#ifndef ANYCERT_VERDICT_ALERT_H
#define ANYCERT_VERDICT_ALERT_H

/* The name that RFC 8446 section 6 (and before it RFC 5246 section 7.2) gives the description, for
 * example "handshake_failure" for 40; NULL for a number without a name. Static. */
const char *anycert__alert_name(int description);

#endif
