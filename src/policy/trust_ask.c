#include "policy/trust_ask.h"
#include "base/mem.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define KEPT_MAX 64 /* answers, for requests that were under way when they were given */

/* Under the store's mutex. */
struct anycert__question {
    struct anycert__question *next;
    unsigned holders; /* the store is one of them, as long as it is in its list */
    pid_t process;    /* of whom the user is asked by: after a fork, by nobody any more */
    char host[ANYCERT__TRUST_HOST_SIZE], pin[ANYCERT__PIN_SIZE];
    anycert_trust_ask *ask;
    void *arg;
    enum anycert__answer answer;
    int64_t answered_us;
};

static void let_go(struct anycert__question *question)
{
    if (--question->holders == 0)
        anycert__free(question);
}

static bool is_about(const struct anycert__question *question, const char *host,
                     const struct anycert__asking *asking)
{
    return strcmp(question->host, host) == 0 && strcmp(question->pin, asking->pin) == 0 &&
           question->ask == asking->ask && question->arg == asking->arg;
}

static struct anycert__question *find(const struct anycert_trust_store *store, const char *host,
                                      const struct anycert__asking *asking, int64_t begun_us)
{
    pid_t process = getpid();
    for (struct anycert__question *q = store->questions; q; q = q->next) {
        bool counts =
            q->answer == ANYCERT__ANSWER_OPEN ? q->process == process : q->answered_us >= begun_us;
        if (counts && is_about(q, host, asking))
            return q;
    }
    return NULL;
}

/* The newest come first. */
static void forget_old(struct anycert_trust_store *store)
{
    size_t kept = 0;
    for (struct anycert__question **p = &store->questions; *p;) {
        struct anycert__question *q = *p;
        bool is_open = q->answer == ANYCERT__ANSWER_OPEN && q->process == getpid();
        if (is_open || kept++ < KEPT_MAX) {
            p = &q->next;
        } else {
            *p = q->next;
            let_go(q);
        }
    }
}

struct anycert__question *anycert__question_join(struct anycert_trust_store *store,
                                                 const struct anycert__asking *asking,
                                                 int64_t begun_us, bool *is_mine,
                                                 struct anycert_error *err)
{
    struct anycert__question *fresh = anycert__calloc(1, sizeof *fresh);
    *is_mine = false;
    if (fresh == NULL) {
        anycert__fail_nomem(err);
        return NULL;
    }
    if (anycert__trust_host_text(asking->host, asking->port, fresh->host, err) != 0) {
        anycert__free(fresh);
        return NULL;
    }
    pthread_mutex_lock(&store->mutex);
    struct anycert__question *question = find(store, fresh->host, asking, begun_us);
    if (question == NULL) {
        question = fresh;
        fresh = NULL;
        (void)snprintf(question->pin, sizeof question->pin, "%s", asking->pin);
        question->ask = asking->ask;
        question->arg = asking->arg;
        question->process = getpid();
        question->holders = 1;
        question->next = store->questions;
        store->questions = question;
        forget_old(store);
        *is_mine = true;
    }
    question->holders++;
    pthread_mutex_unlock(&store->mutex);
    anycert__free(fresh);
    return question;
}

enum anycert__answer anycert__question_look(struct anycert_trust_store *store,
                                            const struct anycert__question *question)
{
    pthread_mutex_lock(&store->mutex);
    enum anycert__answer answer = question->answer;
    pthread_mutex_unlock(&store->mutex);
    return answer;
}

void anycert__question_answer(struct anycert_trust_store *store, struct anycert__question *question,
                              enum anycert__answer answer)
{
    pthread_mutex_lock(&store->mutex);
    question->answer = answer;
    question->answered_us = anycert__monotonic_us();
    pthread_mutex_unlock(&store->mutex);
}

void anycert__question_drop(struct anycert_trust_store *store, struct anycert__question *question)
{
    if (question == NULL)
        return;
    pthread_mutex_lock(&store->mutex);
    let_go(question);
    pthread_mutex_unlock(&store->mutex);
}

unsigned anycert__question_holders(const struct anycert__question *question)
{
    return question ? question->holders : 0;
}

void anycert__questions_free(struct anycert_trust_store *store)
{
    while (store->questions) {
        struct anycert__question *question = store->questions;
        store->questions = question->next;
        let_go(question);
    }
}
