/* Tokens: who asks for one, who waits for it, and which is in force. */
#include "client/oauth2.h"

#include "base/mem.h"
#include "client/internal.h"

#include <stdio.h>
#include <string.h>

#define SECOND_LOOK 5   /* seconds until the next try, when a token could not be renewed in time */
#define PATIENCE    500 /* looks, of 10 ms each as a rule, before a call asks beside another one */

/* ---- slots; called with the mutex held ---- */

static void put_token(struct anycert__oauth2 *oauth2, struct anycert__oauth2_slot *slot,
                      char *token, int64_t renew_at, int64_t expires_at)
{
    char *copy = anycert__strdup(token);

    anycert__free_secret(slot->token);
    slot->token = token;
    slot->serial = ++oauth2->serial;
    slot->renew_at = renew_at;
    slot->expires_at = expires_at;
    if (!copy)
        return; /* for want of memory, a later run will have to ask */
    anycert__free_secret(oauth2->newest);
    oauth2->newest = copy;
    oauth2->newest_expires_at = expires_at;
}

static int64_t minus(int64_t at, int64_t seconds)
{
    return at == INT64_MAX ? at : at - seconds;
}

static struct anycert__oauth2_slot *find_slot(struct anycert__oauth2 *oauth2, const char *terms)
{
    struct anycert__oauth2_slot *slot = oauth2->slots;
    char *first = NULL;
    char *copy = NULL;

    while (slot && strcmp(slot->terms, terms) != 0)
        slot = slot->next;
    if (slot)
        return slot;
    slot = anycert__calloc(1, sizeof *slot);
    copy = anycert__strdup(terms);
    first = anycert__strdup(oauth2->first_token);
    if (!slot || !copy || (oauth2->first_token && !first)) {
        anycert__free(slot);
        anycert__free(copy);
        anycert__free_secret(first);
        return NULL;
    }
    slot->terms = copy;
    if (first)
        put_token(oauth2, slot, first, minus(oauth2->first_expires_at, oauth2->refresh_before),
                  oauth2->first_expires_at);
    slot->next = oauth2->slots;
    oauth2->slots = slot;
    return slot;
}

/* What the slot has, unless this call knows that it is not accepted. A token that the call has
 * waited for serves it, however short its life may be. */
static bool is_usable(const struct anycert__auth_use *use, const struct anycert__oauth2_slot *slot,
                      int64_t now)
{
    return slot->token && slot->serial != use->rejected &&
           (now < slot->renew_at ||
            (slot->fetching && now < slot->expires_at) || /* good while another one is on its way */
            (use->waiting_for != 0 && slot->done == use->waiting_for));
}

static enum anycert__auth_step give(struct anycert__auth_use *use,
                                    const struct anycert__oauth2_slot *slot,
                                    struct anycert_error *err)
{
    use->waiting_for = 0;
    if (use->token && use->serial == slot->serial)
        return ANYCERT__AUTH_READY;
    anycert__free_secret(use->token);
    use->serial = slot->serial;
    use->token = anycert__strdup(slot->token);
    if (use->token)
        return ANYCERT__AUTH_READY;
    anycert__fail_nomem(err);
    return ANYCERT__AUTH_REFUSED;
}

/* Whoever asks may have stopped in the middle: its batch is not driven any more, perhaps as this
 * very thread is waiting here, or it was left behind by a fork. */
static bool is_worth_waiting(struct anycert__auth_use *use, const struct anycert__oauth2_slot *slot)
{
    if (use->waiting_for != slot->fetch)
        use->waits = 0;
    use->waiting_for = slot->fetch;
    return ++use->waits <= PATIENCE;
}

static enum anycert__auth_step look(struct anycert__auth_use *use, const char *terms, int64_t now,
                                    struct anycert_error *err)
{
    struct anycert__oauth2 *oauth2 = use->auth->oauth2;
    struct anycert__oauth2_slot *slot = find_slot(oauth2, terms);

    if (!slot) {
        anycert__fail_nomem(err);
        return ANYCERT__AUTH_REFUSED;
    }
    use->slot = slot;
    if (is_usable(use, slot, now))
        return give(use, slot, err);
    if (slot->fetching && is_worth_waiting(use, slot))
        return ANYCERT__AUTH_WAIT;
    if (!slot->fetching && use->waiting_for != 0 && use->waiting_for == slot->failed) {
        use->waiting_for = 0;
        use->refused_status = slot->failed_status;
        memcpy(use->refused_retry_after, slot->failed_retry_after, sizeof use->refused_retry_after);
        if (err)
            *err = slot->failure;
        return ANYCERT__AUTH_REFUSED;
    }
    slot->fetching = true;
    slot->fetch = use->fetching = use->waiting_for = ++oauth2->fetch;
    return ANYCERT__AUTH_FETCH;
}

enum anycert__auth_step anycert__auth_need(struct anycert__auth_use *use, const char *terms,
                                           int64_t now, struct anycert_error *err)
{
    enum anycert__auth_step step = ANYCERT__AUTH_READY;

    use->refused_status = 0;
    if (!use->auth || use->auth->kind != ANYCERT__AUTH_OAUTH2)
        return step;
    pthread_mutex_lock(&use->auth->oauth2->mutex);
    step = look(use, terms, now, err);
    pthread_mutex_unlock(&use->auth->oauth2->mutex);
    return step;
}

/* ---- a request for one ---- */

int anycert__auth_fetch_begin(struct anycert__auth_use *use, struct anycert__exchange *exchange,
                              struct anycert_error *err)
{
    return anycert__oauth2_fetch_new(use->auth, exchange, &use->fetch, err);
}

/* When a token of that lifetime is renewed: not so early that it would never be used. */
static int64_t renewal(const struct anycert__oauth2 *oauth2, int64_t lifetime, int64_t now)
{
    int64_t before = oauth2->refresh_before;

    if (lifetime < 0)
        return INT64_MAX;
    return now + lifetime - (before < lifetime / 2 ? before : lifetime / 2);
}

/* Reasons of one call, which say nothing to those who wait for it: they ask themselves. */
static bool is_own_affair(int code)
{
    switch (code) {
    case ANYCERT_E_INTERRUPTED:
    case ANYCERT_E_TIMEOUT_TOTAL:
    case ANYCERT_E_TIMEOUT_BUDGET:
    case ANYCERT_E_NOMEM:
        return true;
    default:
        return false;
    }
}

static void note_failure(struct anycert__auth_use *use, const struct anycert__exchange *exchange,
                         int result, int64_t now, const struct anycert_error *failure)
{
    struct anycert__oauth2_slot *slot = use->slot;
    const char *after = anycert__fields_get(&exchange->fields, "Retry-After", 0);

    if (!is_own_affair(failure->code))
        slot->failed = use->fetching;
    slot->failure = *failure;
    slot->failed_status = result == 0 && exchange->status >= 400 ? exchange->status : 0;
    (void)snprintf(slot->failed_retry_after, sizeof slot->failed_retry_after, "%s",
                   after ? after : "");
    /* The old one may still do for a while. */
    if (slot->token && slot->serial != use->rejected && now < slot->expires_at)
        slot->renew_at =
            slot->expires_at - now > SECOND_LOOK ? now + SECOND_LOOK : slot->expires_at;
}

/* The fetch is over, well or not. */
static void settle(struct anycert__auth_use *use)
{
    if (use->slot->fetch == use->fetching) /* nobody has taken over */
        use->slot->fetching = false;
    use->fetching = 0;
    anycert__oauth2_fetch_free(use->fetch);
    use->fetch = NULL;
}

int anycert__auth_fetch_end(struct anycert__auth_use *use, int result,
                            const struct anycert__exchange *exchange, int64_t now,
                            struct anycert_error *err)
{
    struct anycert__oauth2 *oauth2 = use->auth->oauth2;
    struct anycert_error failure = {0};
    int64_t lifetime = -1;
    char *token = NULL;
    bool usable = false;

    if (result < 0 && err)
        failure = *err;
    if (result < 0 && use->fetch && use->fetch->too_large)
        (void)anycert__oauth2_read(oauth2, use->fetch, 0, &token, &lifetime, &failure);
    else if (result < 0)
        (void)anycert__error_prefix(&failure, "token request to %s", oauth2->url.origin);
    else
        (void)anycert__oauth2_read(oauth2, use->fetch, exchange->status, &token, &lifetime,
                                   &failure);
    pthread_mutex_lock(&oauth2->mutex);
    if (token) {
        put_token(oauth2, use->slot, token, renewal(oauth2, lifetime, now),
                  lifetime < 0 ? INT64_MAX : now + lifetime);
        use->slot->done = use->fetching;
    } else {
        note_failure(use, exchange, result, now, &failure);
    }
    usable = is_usable(use, use->slot, now);
    settle(use);
    pthread_mutex_unlock(&oauth2->mutex);
    anycert__error_clear(err);
    if (token || usable)
        return 0;
    use->waiting_for = 0;
    use->refused_status = use->slot->failed_status;
    memcpy(use->refused_retry_after, use->slot->failed_retry_after,
           sizeof use->refused_retry_after);
    if (err)
        *err = failure;
    return -1;
}

void anycert__auth_fetch_drop(struct anycert__auth_use *use)
{
    if (!use->fetching)
        return;
    pthread_mutex_lock(&use->auth->oauth2->mutex);
    settle(use);
    pthread_mutex_unlock(&use->auth->oauth2->mutex);
    use->waiting_for = 0;
}

void anycert__oauth2_end(struct anycert__auth_use *use)
{
    anycert__auth_fetch_drop(use);
    anycert__free_secret(use->token);
    use->token = NULL;
}
