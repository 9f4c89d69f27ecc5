/* anycert.h — the whole interface: talk to any HTTPS server, and know exactly what you gave up.
 *
 * It includes all other headers of the library. These conventions hold everywhere:
 *
 * - Functions that can fail return 0 or -1, or an object or NULL, and fill the struct anycert_error
 *   that is their last parameter (NULL is allowed there). Out-parameters are set to NULL or 0
 * first.
 *   "-1 with URL" means that the error's code is ANYCERT_E_URL.
 * - Functions named _free accept NULL. Functions named set or add copy what they are given. Getters
 *   borrow: what they return lives as long as the object that was asked.
 * - Strings are NUL-terminated UTF-8. A pointer may be NULL only where its function says so.
 * - Zeroed memory, NULL for "default", and everything left unsaid mean the hardened policy.
 * - Threads: a client may be used by many threads at once; objects that do not change may be
 * shared; any other object is for one thread at a time.
 * - The library never prints, exits, changes signals, locale, umask or environment, and reads no
 *   environment. */
#ifndef ANYCERT_ANYCERT_H
#define ANYCERT_ANYCERT_H

#include <anycert/auth.h>
#include <anycert/batch.h>
#include <anycert/call.h>
#include <anycert/client.h>
#include <anycert/doctor.h>
#include <anycert/error.h>
#include <anycert/har.h>
#include <anycert/json.h>
#include <anycert/log.h>
#include <anycert/metrics.h>
#include <anycert/pages.h>
#include <anycert/policy.h>
#include <anycert/policy_file.h>
#include <anycert/profile.h>
#include <anycert/report.h>
#include <anycert/retry.h>
#include <anycert/short_diagnosis.h>
#include <anycert/stream.h>
#include <anycert/transfer.h>
#include <anycert/trust_store.h>
#include <anycert/version.h>
#include <anycert/xml.h>

#endif
