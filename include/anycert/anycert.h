/* anycert.h — everything. Conventions that hold for the whole API:
 *
 * - Functions that can fail return 0 or -1, or an object or NULL, and fill the struct anycert_error
 * that is their last parameter (NULL is allowed there). Out-parameters are set to NULL or 0 first.
 * - Functions named _free accept NULL. Functions named set or add copy what they are given. Getters
 * borrow.
 * - Zeroed memory, NULL for "default", and everything left unsaid mean the hardened policy.
 * - The library never prints, exits, changes signals, locale, umask or environment, and reads no
 * environment. */
#ifndef ANYCERT_ANYCERT_H
#define ANYCERT_ANYCERT_H

#include <anycert/client.h>
#include <anycert/error.h>
#include <anycert/json.h>
#include <anycert/policy.h>
#include <anycert/report.h>
#include <anycert/version.h>

#endif
