/* verdict/render.h — a report as part of a larger JSON document (docs/report-schema.md). */
#ifndef ANYCERT_VERDICT_RENDER_H
#define ANYCERT_VERDICT_RENDER_H

#include <stdbool.h>
#include <stddef.h>

#include <anycert/report.h>

#include "base/error.h"

struct yyjson_alc;
struct yyjson_mut_doc;
struct yyjson_mut_val;

/* "not_checked", "pass", "relaxed", "fail": as in JSON. Static. */
const char *anycert__verdict_name(enum anycert_verdict verdict);

/* Makes the object of one report in doc, which owns it and everything in it (all strings are
 * copied), and does not link it to anything. 0, or -1 with *out NULL when out of memory. */
int anycert__report_add_json(const struct anycert_report *report, struct yyjson_mut_doc *doc,
                             struct yyjson_mut_val **out);

/* A JSON string from bytes that may be anything: what can be shown stays as it is, everything else
 * is escaped as anycert__buf_add_escaped does. NULL bytes give null. NULL when out of memory. */
struct yyjson_mut_val *anycert__json_text(struct yyjson_mut_doc *doc, const char *bytes,
                                          size_t len);

/* An empty document whose memory, and that of what is written from it, comes from base/mem.h. NULL
 * when out of memory. Free with yyjson_mut_doc_free. */
struct yyjson_mut_doc *anycert__json_new(void);
/* The document as text, indented by two blanks, without a final newline; freed with anycert_free.
 * NULL with NOMEM, or INTERNAL if the document cannot be written. */
char *anycert__json_write(const struct yyjson_mut_doc *doc, struct anycert_error *err);
/* The same on one line; NULL, too, when out of memory. */
char *anycert__json_line(const struct yyjson_mut_doc *doc);

#endif
