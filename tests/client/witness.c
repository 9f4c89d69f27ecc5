#define _GNU_SOURCE /* strcasestr */
#include "client/witness.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct witness {
    pthread_mutex_t mutex;
    char *text;
    size_t len;
    FILE *stream;
    char message[ANYCERT_ERROR_MESSAGE_SIZE];
    struct anycert_har *har;
};

static void note(struct witness *witness, const char *what, const char *text)
{
    pthread_mutex_lock(&witness->mutex);
    fprintf(witness->stream, "%s %s\n", what, text ? text : "");
    pthread_mutex_unlock(&witness->mutex);
}

static void on_trace(void *arg, char kind, const char *text, size_t len)
{
    struct witness *witness = arg;

    pthread_mutex_lock(&witness->mutex);
    fprintf(witness->stream, "%c %.*s\n", kind, (int)len, text);
    pthread_mutex_unlock(&witness->mutex);
}

static void on_log(void *arg, enum anycert_log_level level, const char *text, size_t len)
{
    struct witness *witness = arg;

    pthread_mutex_lock(&witness->mutex);
    fprintf(witness->stream, "%s: %.*s\n", anycert_log_level_name(level), (int)len, text);
    pthread_mutex_unlock(&witness->mutex);
}

struct witness *witness_new(struct anycert_config *config)
{
    struct witness *witness = calloc(1, sizeof *witness);

    assert_non_null(witness);
    witness->har = anycert_har_new(NULL);
    assert_non_null(witness->har);
    assert_int_equal(anycert_har_set_request_bodies(witness->har, 65536, NULL), 0);
    assert_int_equal(anycert_config_set_har(config, witness->har, NULL), 0);
    assert_int_equal(anycert_config_set_log(config, ANYCERT_LOG_DEBUG, on_log, witness, NULL), 0);
    assert_int_equal(pthread_mutex_init(&witness->mutex, NULL), 0);
    witness->stream = open_memstream(&witness->text, &witness->len);
    assert_non_null(witness->stream);
    assert_int_equal(anycert_config_set_trace(config, on_trace, witness, NULL), 0);
    return witness;
}

void witness_free(struct witness *witness)
{
    fclose(witness->stream);
    anycert_har_free(witness->har);
    free(witness->text);
    pthread_mutex_destroy(&witness->mutex);
    free(witness);
}

static void note_response(struct witness *witness, const struct anycert_response *response)
{
    note(witness, "url", anycert_response_url(response));
    for (size_t i = 0; i < anycert_response_hop_count(response); i++)
        note(witness, "hop", anycert_response_hop_url(response, i));
}

int witness_call(struct witness *witness, struct anycert_client *client,
                 struct anycert_request *request, struct anycert_response **out)
{
    struct anycert_response *response = NULL;
    struct anycert_error err = {0};
    struct anycert_error lost = {0};
    int result = anycert_client_call(client, request, &response, &err);
    char *text = anycert_response_report_json(request, response, &err, &lost);

    note(witness, "report", text);
    anycert_free(text);
    note(witness, "message", err.message);
    if (response)
        note_response(witness, response);
    if (result < 0) {
        text = anycert_client_error_text(client, request, response, &err, &lost);
        note(witness, "text", text);
        anycert_free(text);
    }
    text = anycert_har_json(witness->har, &lost);
    note(witness, "archive", text);
    anycert_free(text);
    memcpy(witness->message, err.message, sizeof err.message);
    anycert_request_free(request);
    if (out)
        *out = response;
    else
        anycert_response_free(response);
    return err.code;
}

const char *witness_message(const struct witness *witness)
{
    return witness->message;
}

const char *witness_text(struct witness *witness)
{
    assert_int_equal(fflush(witness->stream), 0);
    return witness->text;
}

void witness_hides(struct witness *witness, const char *text)
{
    const char *found = strcasestr(witness_text(witness), text);

    if (found)
        fail_msg("'%s' can be read: %.*s", text, 200,
                 found - witness->text > 80 ? found - 80 : witness->text);
}

void witness_shows(struct witness *witness, const char *text)
{
    if (!strcasestr(witness_text(witness), text))
        fail_msg("'%s' is nowhere to be read in:\n%s", text, witness->text);
}
