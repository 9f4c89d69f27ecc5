/* policy/trust_ask.h — questions about hosts that are met for the first time: one for each, however
 * many ask. */
#ifndef ANYCERT_POLICY_TRUST_ASK_H
#define ANYCERT_POLICY_TRUST_ASK_H

#include "policy/trust_store.h"

enum anycert__answer {
    ANYCERT__ANSWER_OPEN = 0,
    ANYCERT__ANSWER_YES,
    ANYCERT__ANSWER_COMPARED, /* yes, as its pin is known from elsewhere */
    ANYCERT__ANSWER_NO
};

/* What is asked, and whom. */
struct anycert__asking {
    const char *host;
    uint16_t port;
    const char *pin;
    anycert_trust_ask *ask;
    void *arg;
};

/* The question about a host: the one that is open, or was answered since begun_us (on the monotonic
 * clock), or else a new one, which the caller has to ask and to answer (is_mine). To be given up
 * with anycert__question_drop. NULL with NOMEM or USAGE. */
struct anycert__question *anycert__question_join(struct anycert_trust_store *store,
                                                 const struct anycert__asking *asking,
                                                 int64_t begun_us, bool *is_mine,
                                                 struct anycert_error *err);
enum anycert__answer anycert__question_look(struct anycert_trust_store *store,
                                            const struct anycert__question *question);
void anycert__question_answer(struct anycert_trust_store *store, struct anycert__question *question,
                              enum anycert__answer answer);
/* NULL is a no-op. */
void anycert__question_drop(struct anycert_trust_store *store, struct anycert__question *question);
/* For tests: who holds it; under the store's mutex. */
unsigned anycert__question_holders(const struct anycert__question *question);
/* When the store is freed. */
void anycert__questions_free(struct anycert_trust_store *store);

#endif
