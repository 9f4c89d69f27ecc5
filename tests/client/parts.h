/* parts.h — what the tests of downloads that go on share: a canned server, requests into a file, a
 * first answer that breaks off, and looks at what lies there. Setting up fails the test. */
#ifndef ANYCERT_TESTS_CLIENT_PARTS_H
#define ANYCERT_TESTS_CLIENT_PARTS_H

#include <stdbool.h>

#include "client/floor.h"

#define PARTS_TAG "ETag: \"v1\"\r\n"

/* As cmocka's setup and teardown of a test: a canned server and a folder (floor_path). */
int parts_setup(void **state);
int parts_teardown(void **state);
struct canned *parts_server(void);
struct anycert_client *parts_client(void);
/* GET of /file?page=2&token=s3cret into a file, which goes on. */
struct anycert_request *parts_request(const char *path);
/* An answer of ten bytes that ends after five, into "out"; fields are header lines with their ends.
 */
void parts_begin(struct anycert_client *client, const char *fields);

bool parts_exists(const char *path);
void parts_assert_file(const char *name, const char *text);
/* The value of a header field of the server's nth request; NULL if it was not sent. name ends with
 * ": ". Lives until the next call. */
const char *parts_sent(unsigned nth, const char *name);
/* Replaces the first occurrence of a text in the note of "out", which has to be there. */
void parts_edit_note(const char *from, const char *to);

#endif
