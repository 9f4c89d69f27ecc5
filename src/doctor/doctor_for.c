/* A doctor for what a request failed at. */
#include <anycert/short_diagnosis.h>

#include "base/error.h"
#include "verdict/short_diagnosis.h"

#include <string.h>

static int add_rules(struct anycert_doctor *doctor, const struct anycert_short_diagnosis *diagnosis,
                     struct anycert_error *err)
{
    for (size_t i = 0; i < diagnosis->resolve.count; i++) {
        if (anycert_doctor_add_resolve(doctor, diagnosis->resolve.list[i], err) < 0)
            return -1;
    }
    for (size_t i = 0; i < diagnosis->connect_to.count; i++) {
        if (anycert_doctor_add_connect_to(doctor, diagnosis->connect_to.list[i], err) < 0)
            return -1;
    }
    return 0;
}

static int set_up(struct anycert_doctor *doctor, const struct anycert_short_diagnosis *diagnosis,
                  struct anycert_error *err)
{
    if (anycert_doctor_set_base(doctor, diagnosis->base, err) < 0 ||
        add_rules(doctor, diagnosis, err) < 0)
        return -1;
    for (size_t i = 0; i < diagnosis->intermediates.count; i++) {
        const char *pem = diagnosis->intermediates.list[i];

        if (anycert_doctor_add_intermediates(doctor, pem, strlen(pem), err) < 0)
            return -1;
    }
    anycert_doctor_set_request(doctor, (int)anycert__short_request(diagnosis));
    if (!diagnosis->proxy)
        return 0;
    if (anycert_doctor_set_proxy(doctor, diagnosis->proxy, err) < 0)
        return -1;
    return diagnosis->proxy_policy
               ? anycert_doctor_set_proxy_policy(doctor, diagnosis->proxy_policy, err)
               : 0;
}

struct anycert_doctor *anycert_doctor_new_for(const struct anycert_short_diagnosis *diagnosis,
                                              struct anycert_error *err)
{
    struct anycert_doctor *doctor = NULL;

    if (!diagnosis->https) {
        anycert__fail(err, ANYCERT_E_USAGE, "%s has no TLS that could be examined",
                      diagnosis->target);
        return NULL;
    }
    doctor = anycert_doctor_new(err);
    if (doctor && set_up(doctor, diagnosis, err) < 0) {
        anycert_doctor_free(doctor);
        return NULL;
    }
    return doctor;
}
