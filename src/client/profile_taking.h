/* client/profile_taking.h — one JSON value on its way into a profile. */
#ifndef ANYCERT_CLIENT_PROFILE_TAKING_H
#define ANYCERT_CLIENT_PROFILE_TAKING_H

#include "client/profile.h"

#define ANYCERT__PROFILE_SHOWN 65536 /* bytes of a value as it is shown */

struct anycert__taking {
    const struct anycert_profile *profile;
    const struct anycert__profile_key *key;
    struct anycert__profile_value *value;
    struct anycert__buf shown; /* left empty: the value as it stands in JSON */
};

/* profile_value.c: the wrong type. Returns -1. */
int anycert__profile_refuse_type(const struct anycert__taking *t, yyjson_val *json,
                                 struct anycert_error *err);
/* A string with something in it and without control characters; borrowed. NULL with USAGE. */
const char *anycert__profile_text(const struct anycert__taking *t, yyjson_val *json,
                                  struct anycert_error *err);

/* profile_secret.c: the kinds that may hold secrets. */
int anycert__profile_take_url(struct anycert__taking *t, yyjson_val *json,
                              struct anycert_error *err);
int anycert__profile_take_secret(struct anycert__taking *t, yyjson_val *json,
                                 struct anycert_error *err);
int anycert__profile_take_proxy(struct anycert__taking *t, yyjson_val *json,
                                struct anycert_error *err);
int anycert__profile_take_fields(struct anycert__taking *t, yyjson_val *json,
                                 struct anycert_error *err);

#endif
