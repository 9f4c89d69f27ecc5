/* doctor/examine_proxy.h — an https:// proxy that is not believed, examined as the TLS server that
 * it is: what is wrong with it, and the least policy that the way goes on under. */
#ifndef ANYCERT_DOCTOR_EXAMINE_PROXY_H
#define ANYCERT_DOCTOR_EXAMINE_PROXY_H

#include "doctor/examine.h"

struct anycert__proxy_examination {
    struct anycert_doctor doctor; /* who asks the proxy alone; what it borrows is the caller's */
    struct anycert__examination examination;
    struct anycert_policy *policy; /* that goes on through the proxy; NULL: none connects to it */
    bool repinned; /* with the pin that was seen, in place of those that were given */
};

/* Whether the proxy is what the first attempt, which has been made, shows to be wrong. */
bool anycert__is_to_examine_proxy(const struct anycert__examination *examination);
/* Examines it, into examination->proxy; the route goes on through it if that is possible. 0, or -1
 * as anycert__examine. */
int anycert__examine_proxy(struct anycert__examination *examination, struct anycert_error *err);

/* An empty one, whose doctor asks as this one does. NULL with NOMEM or INTERNAL. */
struct anycert__proxy_examination *
anycert__proxy_examination_new(const struct anycert_doctor *doctor, struct anycert_error *err);
/* Fills in the policy, once everything was tried. given: that of the caller. -1 with NOMEM. */
int anycert__proxy_examination_end(struct anycert__proxy_examination *proxy,
                                   const struct anycert_policy *given, struct anycert_error *err);
/* Whether that goes on with a certificate that was fetched, too. */
bool anycert__is_proxy_supplied(const struct anycert__proxy_examination *proxy);
void anycert__proxy_examination_free(struct anycert__proxy_examination *proxy);

#endif
