/* policy/trust_file.h — the file of a trust store: who may change it, and how it is replaced. */
#ifndef ANYCERT_POLICY_TRUST_FILE_H
#define ANYCERT_POLICY_TRUST_FILE_H

#include "base/clock.h"
#include "base/file.h"
#include "policy/trust_text.h"

/* In which state the file is, or was when it was read. */
struct anycert__trust_stamp {
    struct anycert__file_stamp file;
    bool is_fresh; /* equal times do not prove equal content yet: it has to be read once more */
};

/* Reads it, and says in which state it was; a file that does not exist is an empty store. If it has
 * the text of known (NULL: none), that is *out. 0, or -1 with TRUST_STORE, NOMEM. */
int anycert__trust_file_read(const char *path, anycert__trust_hmac *hmac,
                             struct anycert__trust_text *known, struct anycert__trust_text **out,
                             struct anycert__trust_stamp *stamp, struct anycert_error *err);
/* The state it is in now. */
void anycert__trust_file_stamp(const char *path, struct anycert__trust_stamp *stamp);
/* Whether it has changed in between. Who writes in place, the same length in the same tick of the
 * file system's clock, leaves no trace: for as long as that can be, equal stamps prove nothing. */
enum anycert__trust_change {
    ANYCERT__TRUST_IS_UNCHANGED,
    ANYCERT__TRUST_MAY_BE_CHANGED,
    ANYCERT__TRUST_IS_CHANGED
};
enum anycert__trust_change anycert__trust_stamp_compare(const struct anycert__trust_stamp *now,
                                                        const struct anycert__trust_stamp *then);
/* Makes the folder if there is none, and takes the lock: the descriptor that holds it until it is
 * closed, or -1 with TRUST_STORE. While somebody else writes it waits, up to the limit, or with
 * waiting NULL it does not, and gives ANYCERT__TRUST_LOCKED. */
#define ANYCERT__TRUST_LOCKED        (-2)
#define ANYCERT__TRUST_LOCK_LIMIT_US INT64_C(10000000)
int anycert__trust_file_lock(const char *path, const struct anycert__waiting *waiting,
                             struct anycert_error *err);
/* What is said when the limit has passed. Returns -1. */
int anycert__trust_file_fail_locked(const char *path, struct anycert_error *err);
/* Replaces it. 0, or -1 with TRUST_STORE, NOMEM; it is as it was then. */
int anycert__trust_file_write(const char *path, const char *text, size_t len,
                              struct anycert_error *err);

#endif
