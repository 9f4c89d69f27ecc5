/* http/curl_words.h — what a policy becomes in the words of curl's command line, which has one
 * switch for all that can be given up. */
#ifndef ANYCERT_HTTP_CURL_WORDS_H
#define ANYCERT_HTTP_CURL_WORDS_H

#include "policy/policy.h"
#include "verdict/facts.h"

/* What a note is about. */
enum anycert__curl_note_kind {
    ANYCERT__CURL_REMARK,  /* something to know */
    ANYCERT__CURL_COARSER, /* curl gives up more than the policy does */
    ANYCERT__CURL_LACKS    /* curl cannot do it; it may not connect */
};

/* Who writes the words down. */
struct anycert__curl_words {
    void (*note)(void *arg, enum anycert__curl_note_kind kind, const char *text);
    /* Without "--"; value NULL: a switch. */
    void (*option)(void *arg, const char *option, const char *value);
    /* The anchors stand in several places, and the option takes one file. */
    void (*one_file)(void *arg, const char *option);
    void *arg;
};

/* Says the certificate and protocol sides of an effective policy for one hop; names are not among
 * them. NULL is hardened. */
void anycert__curl_say_policy(const struct anycert__curl_words *words, enum anycert__hop hop,
                              const struct anycert_policy *policy);

/* Says that another name than host is to be in the certificate: the URL has to have it. False, with
 * a note, if curl cannot. */
bool anycert__curl_say_expected_name(const struct anycert__curl_words *words, const char *name,
                                     const char *host, uint16_t port, bool has_host_field);

#endif
