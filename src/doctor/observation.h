/* doctor/observation.h — an examination as a file, and back: anycert-observation(5) describes it.
 */
#ifndef ANYCERT_DOCTOR_OBSERVATION_H
#define ANYCERT_DOCTOR_OBSERVATION_H

#include <yyjson.h>

#include "doctor/diagnosis.h"

#define ANYCERT__OBSERVATION_FORMAT  "anycert-observation"
#define ANYCERT__OBSERVATION_VERSION 1
#define ANYCERT__OBSERVATION_MAX     ((size_t)16 << 20) /* bytes of a file */
#define ANYCERT__CERTIFICATES_MAX    4096               /* in one */

/* How a member of a structure stands in the file. */
enum anycert__field_kind {
    ANYCERT__FIELD_BOOL,
    ANYCERT__FIELD_BOOL_OR_NONE, /* files of before do not have it: false */
    ANYCERT__FIELD_INT,          /* int */
    ANYCERT__FIELD_U16,
    ANYCERT__FIELD_U32,
    ANYCERT__FIELD_I64,
    ANYCERT__FIELD_SIZE,  /* size_t */
    ANYCERT__FIELD_ULONG, /* unsigned long */
    ANYCERT__FIELD_ENUM,  /* by name; `size` names */
    ANYCERT__FIELD_CHARS, /* char[size], with its NUL */
    ANYCERT__FIELD_TEXT,  /* char *, never NULL */
    ANYCERT__FIELD_TEXT_OR_NULL
};
struct anycert__field {
    const char *name;
    enum anycert__field_kind kind;
    size_t offset, size;
    const char *const *names;
};
/* One end with a row whose name is NULL. */
extern const struct anycert__field anycert__fields_of_facts[];
extern const struct anycert__field anycert__fields_of_unfit[];
extern const struct anycert__field anycert__fields_of_negotiated[];
extern const struct anycert__field anycert__fields_of_failure[];
extern const struct anycert__field anycert__fields_of_attempt[];   /* but for the relaxations */
extern const struct anycert__field anycert__fields_of_trial[];     /* but for the rest of it */
extern const struct anycert__field anycert__fields_of_shape[];     /* but for the cause */
extern const struct anycert__field anycert__fields_of_addresses[]; /* but for each of them */
extern const struct anycert__field anycert__fields_of_address[];
extern const struct anycert__field anycert__fields_of_list[];
extern const struct anycert__field anycert__fields_of_supply[]; /* but for the certificates */

/* The structure as JSON: NULL without memory. */
yyjson_mut_val *anycert__fields_write(yyjson_mut_doc *doc, const struct anycert__field *fields,
                                      const void *structure);
/* Fills the structure from a JSON object; every field has to be there. -1 with FILE (the field is
 * named) or NOMEM. */
int anycert__fields_read(yyjson_val *object, const struct anycert__field *fields, void *structure,
                         struct anycert_error *err);
/* Bytes of strangers: as they are if that is UTF-8, else {"base64": ...}. */
yyjson_mut_val *anycert__bytes_write(yyjson_mut_doc *doc, const char *bytes, size_t len);
/* The other way, into memory of its own; NUL-terminated, and none within. -1 with FILE or NOMEM. */
int anycert__text_read(yyjson_val *value, const char *what, char **out, struct anycert_error *err);
/* An array of names as a set. */
yyjson_mut_val *anycert__set_write(yyjson_mut_doc *doc, anycert__relaxations set);
int anycert__set_read(yyjson_val *value, anycert__relaxations *out, struct anycert_error *err);

/* Reads a file's text into an examination, as the examination was, and the question into doctor
 * and diagnosis (what was asked, of whom). The examination is to be cleared in any case. -1 with
 * FILE or NOMEM. */
int anycert__observation_read(const char *text, size_t len, struct anycert_doctor *doctor,
                              struct anycert_diagnosis *diagnosis,
                              struct anycert__examination *examination, struct anycert_error *err);
/* Whether what an attempt is said to have come to is what its facts say. */
int anycert__observation_check(const struct anycert__examination *examination,
                               struct anycert_error *err);

#endif
