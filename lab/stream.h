/* stream.h — one accepted connection, plain or under TLS. All waiting ends when the lab stops. */
#ifndef ANYCERT_LAB_STREAM_H
#define ANYCERT_LAB_STREAM_H

#include "lab/internal.h"

/* How long a client may keep a connection idle, or not take what it is sent. */
#define LAB__IDLE_MS 120000

struct lab__stream {
    int fd;
    int stop_fd;
    SSL *ssl;             /* NULL while the connection is plain */
    unsigned char *early; /* bytes read before OpenSSL got the connection */
    size_t early_len;
    size_t early_at;
    bool drip;    /* one byte a second leaves */
    bool corrupt; /* the last byte of everything sent is flipped */
};

BIO_METHOD *lab__stream_bio_method(void); /* NULL if OpenSSL cannot; free with BIO_meth_free */
/* Puts ssl (owned from now on) on the stream. -1 without memory; ssl is freed then, too. */
int lab__stream_set_ssl(struct lab__stream *stream, SSL *ssl);

/* Waits for poll events: 1 when there, 0 after ms, -1 if the lab stops. */
int lab__stream_wait(struct lab__stream *stream, short events, int ms);
/* Sleeps while the client stays: 0 after ms, -1 if the client has closed or the lab stops. */
int lab__stream_sleep(struct lab__stream *stream, int ms);
/* Bytes read, 0 at the end, -1 on error, time limit or stop. */
ssize_t lab__stream_read(struct lab__stream *stream, void *buffer, size_t size, int ms);
/* All of it: 0, else -1. */
int lab__stream_write(struct lab__stream *stream, const void *data, size_t len);
/* The handshake: 0, else -1. */
int lab__stream_accept(struct lab__stream *stream, int ms);
/* Asks the client for a certificate again, which it need not have: 0 if it plays along, else -1. */
int lab__stream_ask_late(struct lab__stream *stream, int ms);
/* Ends the stream; with clean, TLS says close_notify first. Takes what the client still sends for a
 * short while, so that the last answer is not lost to a reset. Frees ssl and closes the socket. */
void lab__stream_close(struct lab__stream *stream, bool clean);
/* Closes with RST. */
void lab__stream_reset(struct lab__stream *stream);

#endif
