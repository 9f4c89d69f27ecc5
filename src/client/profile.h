/* client/profile.h — the inside of a profile. */
#ifndef ANYCERT_CLIENT_PROFILE_H
#define ANYCERT_CLIENT_PROFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <anycert/profile.h>

#include "client/internal.h"
#include "client/secret.h"

#include <yyjson.h>

/* What may stand behind a key. */
enum anycert__profile_kind {
    ANYCERT__PROFILE_FLAG,    /* true or false */
    ANYCERT__PROFILE_TEXT,    /* a string */
    ANYCERT__PROFILE_WORD,    /* one of the row's words */
    ANYCERT__PROFILE_URL,     /* an http or https URL */
    ANYCERT__PROFILE_POLICY,  /* the text of a policy */
    ANYCERT__PROFILE_PATH,    /* a path */
    ANYCERT__PROFILE_SECRET,  /* a string, or an object that says where it is */
    ANYCERT__PROFILE_SOURCE,  /* the same, but no secret where it is a string */
    ANYCERT__PROFILE_PROXY,   /* true, false, or as SECRET */
    ANYCERT__PROFILE_SECONDS, /* a number above 0 */
    ANYCERT__PROFILE_WAIT,    /* a number from 0 on: how long is waited */
    ANYCERT__PROFILE_NUMBER,  /* a number above 0 that is no time */
    ANYCERT__PROFILE_COUNT,   /* an integer from min to max */
    ANYCERT__PROFILE_TEXTS,   /* a string, or a list of strings */
    ANYCERT__PROFILE_PATHS,   /* the same, of paths */
    ANYCERT__PROFILE_CODES,   /* a list of HTTP status codes */
    ANYCERT__PROFILE_FIELDS   /* an object of strings or secrets, by name */
};

enum anycert__profile_id {
#define KEY(name, text, kind, min, max, words, fallback) ANYCERT__PROFILE_KEY_##name,
#include "client/profile.def"
    ANYCERT__PROFILE_KEYS
};

struct anycert__profile_key {
    const char *name;
    enum anycert__profile_kind kind;
    int64_t min, max;
    const char *words;
    const char *fallback;
};
extern const struct anycert__profile_key anycert__profile_keys[ANYCERT__PROFILE_KEYS];

/* What was given for a key; each kind has its own members. */
struct anycert__profile_value {
    bool given;
    size_t line, column; /* of the key in the text; 0: it did not come from there */
    char *source;        /* who says so: "NAME:LINE", or the caller of anycert_profile_set */
    char *shown;         /* for people, without secrets */
    bool flag;
    double number;
    struct anycert__strings texts;   /* a string is a list of one; names of fields */
    struct anycert__secret *secrets; /* one, or one for each name */
    size_t secret_count;
    int *codes;
    size_t code_count;
};

struct anycert_profile {
    char *name;   /* what it is called in messages */
    char *folder; /* with a slash at its end, or ""; relative paths start there */
    struct anycert__profile_value values[ANYCERT__PROFILE_KEYS];
    int (*interrupt)(void *arg); /* asked where a signal comes in between; or NULL */
    void *interrupt_arg;
};

/* profile_value.c: takes what stands behind a key. -1 with USAGE (or the code of what reads the
 * value) and a sentence without the place; secrets are never quoted. */
int anycert__profile_take(struct anycert_profile *profile, enum anycert__profile_id id,
                          yyjson_val *json, struct anycert_error *err);
void anycert__profile_value_clear(struct anycert__profile_value *value);
/* What kind of JSON a value is, for messages: "a string". */
const char *anycert__profile_type(yyjson_val *json);
/* Whether the value of a field is not to be shown: it comes from elsewhere, or its name says so. */
bool anycert__profile_field_is_secret(const struct anycert__profile_value *fields, size_t index);

/* profile_check.c: what keys say about each other. -1 with USAGE. */
int anycert__profile_check(const struct anycert_profile *profile, struct anycert_error *err);
/* Whether the box, under either of its names, is ticked. */
bool anycert__profile_insecure(const struct anycert_profile *profile);
/* Puts the place of a key in front of a message; returns -1. */
int anycert__profile_blame(const struct anycert_profile *profile, enum anycert__profile_id id,
                           struct anycert_error *err);

/* One profile on its way into a configuration. */
struct anycert__applying {
    struct anycert_profile *profile; /* what descriptors give is kept in it */
    struct anycert_config *config;
    struct anycert__secret_asking asking;
};
/* profile_headers.c: base URL, header fields. */
int anycert__profile_apply_headers(const struct anycert__applying *a, struct anycert_error *err);
/* profile_auth.c: credentials. */
int anycert__profile_check_auth(const struct anycert_profile *profile, struct anycert_error *err);
int anycert__profile_apply_auth(const struct anycert__applying *a, struct anycert_error *err);
/* profile_calls.c: accepted statuses, retries, pace. */
int anycert__profile_apply_calls(const struct anycert__applying *a, struct anycert_error *err);
/* A list as one text. 0, or -1 with NOMEM. */
int anycert__profile_join(const struct anycert__profile_value *value, char **out,
                          struct anycert_error *err);
/* Seconds as milliseconds, rounded up: a little more than nothing is not "no limit". */
uint32_t anycert__profile_ms(const struct anycert__profile_value *value);

static inline const struct anycert__profile_value *
anycert__profile_given(const struct anycert_profile *profile, enum anycert__profile_id id)
{
    return profile->values[id].given ? &profile->values[id] : NULL;
}

#endif
