/* Whatever a saved examination says: it is refused with a sentence, or is a diagnosis whose JSON
 * can be read back, whose text has no control bytes, and which can be saved and replayed to the
 * same. */
#include <anycert/doctor.h>

#include "base/mem.h"
#include "base/str.h"

#include <yyjson.h>

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int condition)
{
    if (!condition)
        abort();
}

static char *json_of(const struct anycert_diagnosis *diagnosis)
{
    struct anycert_error err = {0};
    char *json = anycert_diagnosis_json(diagnosis, &err);
    yyjson_doc *doc = json ? yyjson_read(json, strlen(json), 0) : NULL;

    require(doc != NULL);
    yyjson_doc_free(doc);
    return json;
}

static void check(const struct anycert_doctor *doctor, const struct anycert_diagnosis *diagnosis)
{
    struct anycert_error err = {0};
    char *saved = anycert_diagnosis_observation(diagnosis, &err);
    char *text = anycert_diagnosis_text(diagnosis, &err);
    struct anycert_diagnosis *again =
        saved ? anycert_doctor_replay_text(doctor, saved, strlen(saved), &err) : NULL;
    char *before = json_of(diagnosis), *after = again ? json_of(again) : NULL;

    require(saved && text && after && strcmp(before, after) == 0);
    for (const char *p = text; *p; p++)
        require(*p == '\n' || ((unsigned char)*p >= 0x20 && *p != 0x7f));
    anycert_free(before);
    anycert_free(after);
    anycert_free(text);
    anycert_free(saved);
    anycert_diagnosis_free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct anycert_error err = {0};
    struct anycert_doctor *doctor = anycert_doctor_new(&err);
    struct anycert_diagnosis *diagnosis = NULL;

    require(doctor != NULL);
    diagnosis = anycert_doctor_replay_text(doctor, (const char *)data, size, &err);
    if (diagnosis)
        check(doctor, diagnosis);
    else
        require(err.message[0] != '\0' && err.code != ANYCERT_E_INTERNAL);
    anycert_diagnosis_free(diagnosis);
    anycert_doctor_free(doctor);
    return 0;
}
