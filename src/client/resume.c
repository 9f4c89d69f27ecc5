#include "client/resume.h"
#include "client/log.h"

#include "base/mem.h"
#include "base/str.h"
#include "client/resume_note.h"
#include "http/date.h"
#include "http/secret.h"

#include <string.h>

struct anycert__resume {
    struct anycert__partial *partial;
    struct anycert__log *log;         /* borrowed; may be NULL */
    struct anycert__resume_note note; /* of what is in the file */
    uint64_t have;                    /* bytes that can be continued; 0: from the beginning */
    bool from_beginning;              /* what is there has been given up */
    bool own_coding;                  /* the caller says which codings he takes */

    /* of the exchange under way */
    bool judged;
    enum anycert__resume_use use;
    bool begun; /* the file is being written by this request */
    bool whole;
    uint64_t before;
};

/* ---- the answer's fields ---- */

/* An entity tag that is not weak (RFC 9110 section 8.8.3); NULL if there is none. */
static const char *strong_tag(const struct anycert__fields *fields)
{
    const char *tag = anycert__fields_get(fields, "ETag", 0);

    return tag && tag[0] == '"' && strlen(tag) >= 2 && tag[strlen(tag) - 1] == '"' ? tag : NULL;
}

/* Last-Modified as a strong validator: there is no tag at all, and the answer is so much younger
 * that the file cannot have changed twice within the second (RFC 9110 sections 8.8.2.2, 13.1.5). */
static const char *strong_date(const struct anycert__fields *fields)
{
    const char *modified = anycert__fields_get(fields, "Last-Modified", 0);
    const char *date = anycert__fields_get(fields, "Date", 0);
    int64_t modified_at = 0;
    int64_t answered_at = 0;

    if (!modified || !date || anycert__fields_get(fields, "ETag", 0) ||
        !anycert__http_date(modified, &modified_at) || !anycert__http_date(date, &answered_at))
        return NULL;
    return answered_at >= modified_at + 60 ? modified : NULL;
}

static bool is_coded(const struct anycert__fields *fields)
{
    const char *coding = anycert__fields_get(fields, "Content-Encoding", 0);

    return coding && coding[0] && !anycert__str_equal_nocase(coding, "identity");
}

/* Digits up to a character, which is passed over. */
static bool take_number(const char **text, char end, uint64_t *out)
{
    char digits[24];
    size_t len = strspn(*text, "0123456789");

    if (len == 0 || len >= sizeof digits || (*text)[len] != end)
        return false;
    memcpy(digits, *text, len);
    digits[len] = '\0';
    *text += len + (end != '\0');
    return anycert__parse_uint(digits, INT64_MAX, out);
}

/* "bytes FIRST-LAST/TOTAL" (RFC 9110 section 14.4). */
static bool parse_range(const char *value, uint64_t *first, uint64_t *last, uint64_t *total)
{
    if (!value || !anycert__str_starts_nocase(value, "bytes "))
        return false;
    value += strlen("bytes ");
    return take_number(&value, '-', first) && take_number(&value, '/', last) &&
           take_number(&value, '\0', total) && *first <= *last && *last < *total;
}

/* "bytes * /TOTAL", of 416. */
static bool parse_total(const char *value, uint64_t *total)
{
    if (!value || !anycert__str_starts_nocase(value, "bytes */"))
        return false;
    value += strlen("bytes */");
    return take_number(&value, '\0', total);
}

static bool same_or_absent(const struct anycert__fields *fields, const char *name,
                           const char *expected)
{
    const char *value = anycert__fields_get(fields, name, 0);

    return !value || !expected || strcmp(value, expected) == 0;
}

/* ---- before ---- */

static bool has_field(const struct anycert_request *request, const char *name)
{
    for (size_t i = 0; i < request->headers.count; i++) {
        if (anycert__str_equal_nocase(request->headers.list[i].name, name))
            return true;
    }
    return false;
}

static int check_request(const struct anycert_request *request, struct anycert_error *err)
{
    static const char *const ours[] = {"Range", "If-Range"};

    for (size_t i = 0; i < sizeof ours / sizeof ours[0]; i++) {
        if (has_field(request, ours[i]))
            return anycert__fail(err, ANYCERT_E_USAGE,
                                 "a download that is to be continued sets the header '%s' itself",
                                 ours[i]);
    }
    return 0;
}

int anycert__resume_open(const struct anycert_client *client, const struct anycert_request *request,
                         struct anycert__resume **out, struct anycert_error *err)
{
    struct anycert__resume *resume = NULL;
    char *url = NULL;

    *out = NULL;
    if (check_request(request, err) < 0)
        return -1;
    url = anycert__url_shown(&client->settings, request->url.text);
    resume = anycert__calloc(1, sizeof *resume);
    if (!url || !resume) {
        anycert__fail_nomem(err);
        goto fail;
    }
    resume->own_coding = has_field(request, "Accept-Encoding");
    resume->log = client->log;
    if (anycert__partial_open(request->output_file, &resume->partial, err) < 0)
        goto fail;
    resume->have = anycert__resume_note_read(resume->partial, url, &resume->note);
    if (resume->have == 0 && anycert__resume_note_start(&resume->note, url) < 0) {
        anycert__fail_nomem(err);
        goto fail;
    }
    anycert__free(url);
    *out = resume;
    return 0;
fail:
    anycert__free(url);
    anycert__resume_close(resume);
    return -1;
}

int anycert__resume_ask(struct anycert__resume *resume, struct anycert__fields *headers,
                        struct anycert_error *err)
{
    const char *validator = resume->note.etag ? resume->note.etag : resume->note.last_modified;
    struct anycert__buf range;
    int result = 0;

    resume->judged = resume->begun = resume->whole = false;
    /* The rest of a compressed body cannot be asked for. */
    if (!resume->own_coding && anycert__fields_add(headers, "Accept-Encoding", "identity", err) < 0)
        return -1;
    if (resume->from_beginning || resume->have == 0)
        return 0;
    anycert__buf_init(&range, 64);
    anycert__buf_addf(&range, "bytes=%llu-", (unsigned long long)resume->have);
    if (range.failed)
        result = anycert__fail_nomem(err);
    else if (anycert__fields_add(headers, "Range", range.data, err) < 0 ||
             anycert__fields_add(headers, "If-Range", validator, err) < 0)
        result = -1;
    anycert__buf_free(&range);
    return result;
}

/* ---- the answer ---- */

/* The rest, exactly that, of the same version. */
static bool is_the_rest(const struct anycert__resume *resume,
                        const struct anycert__exchange *exchange, uint64_t *total)
{
    const struct anycert__fields *fields = &exchange->fields;
    uint64_t first = 0;
    uint64_t last = 0;

    return !is_coded(fields) && !anycert__fields_get(fields, "Content-Range", 1) &&
           parse_range(anycert__fields_get(fields, "Content-Range", 0), &first, &last, total) &&
           first == resume->have && last == *total - 1 &&
           (!resume->note.has_total || resume->note.total == *total) &&
           same_or_absent(fields, "ETag", resume->note.etag) &&
           same_or_absent(fields, "Last-Modified", resume->note.last_modified);
}

static int take_rest(struct anycert__resume *resume, uint64_t total, struct anycert_error *err)
{
    resume->note.has_total = true;
    resume->note.total = total;
    resume->before = resume->have;
    resume->begun = true;
    /* Before anything is added, what was noted about the size stops being true. */
    if (anycert__resume_note_write(&resume->note, resume->partial, false, err) < 0)
        return -1;
    return anycert__partial_cut(resume->partial, resume->have, err);
}

static int take_all(struct anycert__resume *resume, const struct anycert__exchange *exchange,
                    struct anycert_error *err)
{
    const struct anycert__fields *fields = &exchange->fields;
    const char *length = anycert__fields_get(fields, "Content-Length", 0);
    struct anycert__resume_note *note = &resume->note;
    bool coded = is_coded(fields);

    resume->have = resume->before = 0;
    resume->begun = true;
    if (anycert__partial_cut(resume->partial, 0, err) < 0)
        return -1;
    anycert__partial_drop_note(resume->partial); /* it speaks of what was there before */
    if (anycert__resume_note_describe(note, coded ? NULL : strong_tag(fields),
                                      coded ? NULL : strong_date(fields)) < 0)
        return anycert__fail_nomem(err);
    note->has_total = !coded && length && anycert__parse_uint(length, INT64_MAX, &note->total);
    if (!anycert__resume_note_is_strong(note)) {
        anycert__log(resume->log, ANYCERT_LOG_WARNING,
                     "the download could not go on if it broke off: %s",
                     coded ? "it comes compressed"
                           : "the server sends neither a strong ETag nor a Last-Modified that is "
                             "old enough to tell versions apart");
    }
    return anycert__resume_note_write(note, resume->partial, false, err);
}

static enum anycert__resume_use give_up(struct anycert__resume *resume)
{
    resume->from_beginning = true;
    return ANYCERT__RESUME_AGAIN;
}

static int judge(struct anycert__resume *resume, const struct anycert__exchange *exchange,
                 struct anycert_error *err)
{
    bool asked = !resume->from_beginning && resume->have > 0;
    uint64_t total = 0;

    switch (exchange->status) {
    case 200:
    case 203:
        resume->use = ANYCERT__RESUME_WRITE;
        return take_all(resume, exchange, err);
    case 206:
        if (!asked)
            return anycert__fail(err, ANYCERT_E_HTTP_PROTOCOL,
                                 "%s sends a part of a body that was asked for as a whole",
                                 exchange->url->origin);
        if (!is_the_rest(resume, exchange, &total)) {
            resume->use = give_up(resume);
            return 0;
        }
        resume->use = ANYCERT__RESUME_WRITE;
        return take_rest(resume, total, err);
    case 416:
        if (!asked)
            break;
        resume->whole =
            parse_total(anycert__fields_get(&exchange->fields, "Content-Range", 0), &total) &&
            total == resume->have && same_or_absent(&exchange->fields, "ETag", resume->note.etag);
        resume->before = resume->have;
        resume->use = resume->whole ? ANYCERT__RESUME_IGNORE : give_up(resume);
        return 0;
    default:
        break;
    }
    resume->use = ANYCERT__RESUME_OTHER;
    return 0;
}

int anycert__resume_judge(struct anycert__resume *resume, const struct anycert__exchange *exchange,
                          enum anycert__resume_use *use, struct anycert_error *err)
{
    int result = resume->judged ? 0 : judge(resume, exchange, err);

    resume->judged = true;
    *use = resume->use;
    return result;
}

uint64_t anycert__resume_before(const struct anycert__resume *resume)
{
    return resume->before;
}

int anycert__resume_write(struct anycert__resume *resume, const void *bytes, size_t len,
                          struct anycert_error *err)
{
    return anycert__partial_write(resume->partial, bytes, len, err);
}

/* ---- after ---- */

int anycert__resume_commit(struct anycert__resume *resume, bool *whole, uint64_t *size,
                           struct anycert_error *err)
{
    *size = anycert__partial_size(resume->partial);
    *whole = resume->begun || resume->whole;
    if (!*whole)
        return 0;
    if (resume->note.has_total && *size != resume->note.total)
        return anycert__fail(err, ANYCERT_E_BODY_TRUNCATED,
                             "%llu of %llu bytes have come, and the answer has ended",
                             (unsigned long long)*size, (unsigned long long)resume->note.total);
    if (anycert__partial_commit(resume->partial, err) < 0)
        return -1;
    anycert__partial_free(resume->partial);
    resume->partial = NULL;
    return 0;
}

/* What was written by this request and cannot be continued is of no use to anybody; what was there
 * before, and was not touched, stays. */
static void keep_or_remove(struct anycert__resume *resume)
{
    uint64_t size = anycert__partial_size(resume->partial);

    if (size == 0 || (resume->begun && !anycert__resume_note_is_strong(&resume->note)))
        anycert__partial_discard(resume->partial);
    else if (resume->begun && anycert__partial_flush(resume->partial, NULL) == 0)
        (void)anycert__resume_note_write(&resume->note, resume->partial, true, NULL);
}

void anycert__resume_close(struct anycert__resume *resume)
{
    if (!resume)
        return;
    if (resume->partial)
        keep_or_remove(resume);
    anycert__partial_free(resume->partial);
    anycert__resume_note_clear(&resume->note);
    anycert__free(resume);
}
