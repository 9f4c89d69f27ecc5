#include "http/upload.h"

#include "base/buf.h"
#include "base/mem.h"
#include "http/lane.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

/* Two system calls of libcurl are saved for each time that it is not filled. In bytes. */
#define STREAM_BUFFER (256L * 1024)
/* CURLOPT_UPLOAD_BUFFERSIZE(3) */
#define CURLS_OWN      (64L * 1024)
#define LARGEST_BUFFER (2L * 1024 * 1024)

/* ---- reading */

static size_t fail_source(struct anycert__reader *reader)
{
    anycert__fail(reader->failure, ANYCERT_E_BODY_READ, "the body's source failed after %lld bytes",
                  (long long)reader->at);
    return CURL_READFUNC_ABORT;
}

/* CURL_READFUNC_ABORT with failure filled, or how many bytes were read. */
static size_t read_some(struct anycert__reader *reader, char *out, size_t room)
{
    int64_t given = 0;
    size_t n = 0;

    if (reader->bytes) {
        memcpy(out, reader->bytes + reader->at, room);
        return room;
    }
    if (reader->source) {
        reader->source->begun = true;
        given = reader->source->read(reader->source->arg, out, room);
        return given < 0 || (uint64_t)given > room ? fail_source(reader) : (size_t)given;
    }
    n = fread(out, 1, room, reader->stream);
    if (n == 0 && ferror(reader->stream)) {
        anycert__fail_errno(reader->failure, ANYCERT_E_FILE, errno, "cannot read body file '%s'",
                            reader->path);
        return CURL_READFUNC_ABORT;
    }
    return n;
}

/* libcurl's view of a reader (CURLOPT_READFUNCTION, curl_mime_data_cb). Exactly the announced
 * number of bytes goes out, or the request fails: else the server would wait for the rest, or take
 * what is too much for another request. */
static size_t on_read(char *out, size_t size, size_t count, void *arg)
{
    struct anycert__reader *reader = arg;
    size_t room = size * count;
    size_t n = 0;

    if (!reader->bytes && !reader->stream && !reader->source)
        return 0; /* never standard input, which is libcurl's default */
    if (reader->size >= 0 && (uint64_t)(reader->size - reader->at) < room)
        room = (size_t)(reader->size - reader->at);
    if (room == 0)
        return 0;
    n = read_some(reader, out, room);
    if (n == CURL_READFUNC_ABORT)
        return n;
    reader->at += (int64_t)n;
    if (n > 0 || reader->size < 0)
        return n;
    if (reader->stream)
        anycert__fail(reader->failure, ANYCERT_E_FILE,
                      "body file '%s' ended after %lld of %lld bytes", reader->path,
                      (long long)reader->at, (long long)reader->size);
    else
        anycert__fail(reader->failure, ANYCERT_E_BODY_READ,
                      "the body's source ended after %lld of %lld bytes", (long long)reader->at,
                      (long long)reader->size);
    return CURL_READFUNC_ABORT;
}

/* Makes a source give its first byte next. */
static int rewind_source(struct anycert__source *source, struct anycert_error *err)
{
    if (!source->begun)
        return 0;
    if (!source->rewind)
        return anycert__fail(err, ANYCERT_E_BODY_READ,
                             "the body has to be sent once more, but its source cannot be rewound");
    if (source->rewind(source->arg) != 0)
        return anycert__fail(err, ANYCERT_E_BODY_READ, "rewinding the body's source failed");
    source->begun = false;
    return 0;
}

static int on_seek(void *arg, curl_off_t offset, int origin)
{
    struct anycert__reader *reader = arg;

    if (origin != SEEK_SET || offset < 0)
        return CURL_SEEKFUNC_CANTSEEK;
    if (reader->source) {
        if (offset != 0 || rewind_source(reader->source, reader->failure) < 0)
            return CURL_SEEKFUNC_FAIL;
    } else if (reader->stream) {
        if (fseeko(reader->stream, (off_t)offset, SEEK_SET) != 0) {
            anycert__fail(reader->failure, ANYCERT_E_BODY_READ,
                          "the body has to be sent once more, but '%s' can be read only once",
                          reader->path);
            return CURL_SEEKFUNC_FAIL;
        }
    } else if (reader->size >= 0 && offset > reader->size) {
        return CURL_SEEKFUNC_FAIL;
    }
    reader->at = offset;
    return CURL_SEEKFUNC_OK;
}

CURLcode anycert__upload_callbacks(struct anycert__lane *lane)
{
    CURL *easy = lane->easy;
    CURLcode rc = CURLE_OK;

    ANYCERT__SET(rc, easy, CURLOPT_READFUNCTION, on_read);
    ANYCERT__SET(rc, easy, CURLOPT_READDATA, &lane->upload.whole);
    ANYCERT__SET(rc, easy, CURLOPT_SEEKFUNCTION, on_seek);
    ANYCERT__SET(rc, easy, CURLOPT_SEEKDATA, &lane->upload.whole);
    return rc;
}

/* ---- opening */

/* The size of a file, or -1: a pipe, which is sent in chunks. */
static int64_t size_of(FILE *stream, const struct stat *info)
{
    int first = EOF;

    if (!S_ISREG(info->st_mode))
        return -1;
    if (info->st_size > 0)
        return info->st_size;
    /* Files of a kernel say that they are empty and are not. */
    first = getc(stream);
    if (first == EOF)
        return 0;
    (void)ungetc(first, stream);
    return -1;
}

static int open_file(struct anycert__reader *reader, const char *path, struct anycert_error *err)
{
    struct stat info;

    reader->path = path;
    reader->stream = fopen(path, "rbe");
    if (!reader->stream || fstat(fileno(reader->stream), &info) != 0 || S_ISDIR(info.st_mode))
        return anycert__fail_errno(err, ANYCERT_E_FILE, reader->stream ? EISDIR : errno,
                                   "cannot read body file '%s'", path);
    reader->size = size_of(reader->stream, &info);
    return 0;
}

/* ---- multipart/form-data */

/* As libcurl and browsers do (WHATWG HTML, multipart/form-data encoding algorithm); control
 * characters have been refused long before. */
static void add_quoted(struct anycert__buf *line, const char *name, const char *value)
{
    anycert__buf_addf(line, "; %s=\"", name);
    for (; *value; value++) {
        if (*value == '"')
            anycert__buf_adds(line, "%22");
        else
            anycert__buf_add(line, value, 1);
    }
    anycert__buf_adds(line, "\"");
}

/* Adds the line in the buffer, and empties that. */
static bool add_line(struct curl_slist **fields, struct anycert__buf *line)
{
    struct curl_slist *longer = line->failed ? NULL : curl_slist_append(*fields, line->data);

    if (longer)
        *fields = longer;
    anycert__buf_free(line);
    anycert__buf_init_secret(line, 1024 * 1024);
    return longer != NULL;
}

/* Header fields that are not libcurl's own. Content-Disposition is among them for a part that has a
 * file name and no type: libcurl would guess one. */
static CURLcode add_fields(curl_mimepart *to, const struct anycert__part *part,
                           bool is_untyped_file)
{
    struct curl_slist *fields = NULL;
    struct anycert__buf line;
    bool is_whole = true;
    CURLcode rc = CURLE_OUT_OF_MEMORY;

    anycert__buf_init_secret(&line, 1024 * 1024);
    if (is_untyped_file) {
        anycert__buf_adds(&line, "Content-Disposition: form-data");
        add_quoted(&line, "name", part->name);
        add_quoted(&line, "filename", part->filename);
        is_whole = add_line(&fields, &line);
    }
    for (size_t i = 0; is_whole && i < part->headers.count; i++) {
        anycert__buf_adds(&line, part->headers.list[i].name);
        anycert__buf_adds(&line, ": ");
        anycert__buf_adds(&line, part->headers.list[i].value);
        is_whole = add_line(&fields, &line);
    }
    if (is_whole)
        rc = curl_mime_headers(to, fields, 1);
    if (rc != CURLE_OK)
        curl_slist_free_all(fields);
    anycert__buf_free(&line);
    return rc;
}

static CURLcode describe_part(curl_mimepart *to, const struct anycert__part *part)
{
    bool is_untyped_file = part->filename && !part->type;
    CURLcode rc = CURLE_OK;

    if (is_untyped_file || part->headers.count > 0)
        rc = add_fields(to, part, is_untyped_file);
    if (is_untyped_file || rc != CURLE_OK)
        return rc;
    rc = curl_mime_name(to, part->name);
    if (rc == CURLE_OK)
        rc = curl_mime_filename(to, part->filename);
    return rc == CURLE_OK ? curl_mime_type(to, part->type) : rc;
}

static CURLcode add_part(struct anycert__upload *upload, const struct anycert__part *part,
                         struct anycert__reader *reader, struct anycert_error *err)
{
    curl_mimepart *to = curl_mime_addpart(upload->mime);
    CURLcode rc = CURLE_OK;

    if (!to)
        return CURLE_OUT_OF_MEMORY;
    rc = describe_part(to, part);
    if (rc != CURLE_OK)
        return rc;
    if (part->path) {
        if (open_file(reader, part->path, err) < 0)
            return CURLE_READ_ERROR;
    } else if (part->source) {
        if (rewind_source(part->source, err) < 0)
            return CURLE_SEND_FAIL_REWIND;
        reader->source = part->source;
        reader->size = part->source->size;
    } else {
        reader->bytes = part->bytes;
        reader->size = (int64_t)part->len;
    }
    return curl_mime_data_cb(to, reader->size, on_read, on_seek, NULL, reader);
}

static CURLcode set_parts(struct anycert__lane *lane, const struct anycert__body *body,
                          struct anycert_error *err)
{
    struct anycert__upload *upload = &lane->upload;
    CURLcode rc = CURLE_OK;

    upload->parts = anycert__calloc(body->part_count, sizeof *upload->parts);
    upload->mime = upload->parts ? curl_mime_init(lane->easy) : NULL;
    if (!upload->mime)
        return CURLE_OUT_OF_MEMORY;
    upload->part_count = body->part_count;
    for (size_t i = 0; i < body->part_count && rc == CURLE_OK; i++) {
        upload->parts[i].failure = &lane->failure;
        rc = add_part(upload, &body->parts[i], &upload->parts[i], err);
    }
    ANYCERT__SET(rc, lane->easy, CURLOPT_MIMEPOST, upload->mime);
    return rc;
}

/* ---- the whole */

CURLcode anycert__upload_begin(struct anycert__lane *lane, const struct anycert__body *body,
                               struct anycert_error *err)
{
    struct anycert__reader *whole = &lane->upload.whole;
    CURL *easy = lane->easy;
    CURLcode rc = CURLE_OK;

    whole->failure = &lane->failure;
    switch (body->kind) {
    case ANYCERT__BODY_NONE:
        return CURLE_OK;
    case ANYCERT__BODY_BYTES:
        ANYCERT__SET(rc, easy, CURLOPT_POST, 1L);
        ANYCERT__SET(rc, easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body->len);
        ANYCERT__SET(rc, easy, CURLOPT_POSTFIELDS, body->bytes);
        return rc;
    case ANYCERT__BODY_FILE:
        if (open_file(whole, body->path, err) < 0)
            return CURLE_READ_ERROR;
        break;
    case ANYCERT__BODY_SOURCE:
        if (rewind_source(body->source, err) < 0)
            return CURLE_SEND_FAIL_REWIND;
        whole->source = body->source;
        whole->size = body->source->size;
        break;
    case ANYCERT__BODY_PARTS:
        return set_parts(lane, body, err);
    }
    ANYCERT__SET(rc, easy, CURLOPT_UPLOAD, 1L);
    ANYCERT__SET(rc, easy, CURLOPT_INFILESIZE_LARGE, (curl_off_t)whole->size);
    return rc;
}

CURLcode anycert__upload_room(struct anycert__lane *lane, size_t head_len)
{
    struct anycert__upload *upload = &lane->upload;
    const struct anycert__reader *whole = &upload->whole;
    bool is_stream = whole->stream || whole->source;
    long room = 0;
    CURLcode rc = CURLE_OK;

    if (is_stream && (whole->size < 0 || whole->size > CURLS_OWN))
        room = STREAM_BUFFER;
    /* Of a head in more than two pieces, libcurl 7.88 does not send the third over TLS. What it
     * adds itself, a small body too, is no more than one piece. */
    if (head_len > CURLS_OWN && (long)head_len > room)
        room = head_len < LARGEST_BUFFER ? (long)head_len : LARGEST_BUFFER;
    if (room != upload->buffer)
        ANYCERT__SET(rc, lane->easy, CURLOPT_UPLOAD_BUFFERSIZE, room > 0 ? room : CURLS_OWN);
    upload->buffer = room;
    return rc;
}

static void close_reader(struct anycert__reader *reader)
{
    if (reader->stream)
        fclose(reader->stream);
    memset(reader, 0, sizeof *reader);
}

void anycert__upload_end(struct anycert__lane *lane)
{
    struct anycert__upload *upload = &lane->upload;
    CURLcode rc = CURLE_OK;

    ANYCERT__SET(rc, lane->easy, CURLOPT_POSTFIELDS, (char *)NULL);
    if (upload->mime)
        ANYCERT__SET(rc, lane->easy, CURLOPT_MIMEPOST, (curl_mime *)NULL);
    curl_mime_free(upload->mime);
    close_reader(&upload->whole);
    for (size_t i = 0; i < upload->part_count; i++)
        close_reader(&upload->parts[i]);
    anycert__free(upload->parts);
    upload->mime = NULL;
    upload->parts = NULL;
    upload->part_count = 0;
}
