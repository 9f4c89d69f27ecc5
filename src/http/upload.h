/* http/upload.h — reading a body while it is sent. Inside of the http layer. */
#ifndef ANYCERT_HTTP_UPLOAD_H
#define ANYCERT_HTTP_UPLOAD_H

#include <stdio.h>

#include <curl/curl.h>

#include "http/body.h"

struct anycert__lane;

/* What is read from, one of bytes, stream and source. */
struct anycert__reader {
    const char *bytes;
    FILE *stream;
    const char *path; /* of the stream */
    struct anycert__source *source;
    int64_t size;                  /* in all; -1: not known, to the end */
    int64_t at;                    /* read so far */
    struct anycert_error *failure; /* why a read has failed */
};

/* The body of the exchange under way. All zero: none. */
struct anycert__upload {
    struct anycert__reader whole;
    struct anycert__reader *parts; /* one for each part */
    size_t part_count;
    curl_mime *mime;
    long buffer; /* CURLOPT_UPLOAD_BUFFERSIZE; 0: libcurl's own */
};

/* Makes libcurl read bodies by the lane. */
CURLcode anycert__upload_callbacks(struct anycert__lane *lane);
/* Sets the body in the lane's handle, which is set to GET. A CURLcode, with err filled where it is
 * known better. */
CURLcode anycert__upload_begin(struct anycert__lane *lane, const struct anycert__body *body,
                               struct anycert_error *err);
/* Gives libcurl room for what is sent at once: the head has head_len bytes, but for what libcurl
 * puts into it. After upload_begin. */
CURLcode anycert__upload_room(struct anycert__lane *lane, size_t head_len);
/* Closes and frees what upload_begin has made; takes the body out of the handle. */
void anycert__upload_end(struct anycert__lane *lane);

#endif
