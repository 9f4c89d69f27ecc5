/* hello/wire.h — reading numbers and vectors (RFC 8446 section 3) from bytes of a stranger. Nothing
 * is read behind the end; once something was missing, `failed` stays set and all that follows is 0
 * and empty, so that a reader may check once at the end. */
#ifndef ANYCERT_HELLO_WIRE_H
#define ANYCERT_HELLO_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct anycert__wire {
    const uint8_t *at;
    size_t left;
    bool failed;
};

static inline struct anycert__wire anycert__wire(const uint8_t *bytes, size_t len)
{
    struct anycert__wire wire = {bytes, len, false};

    return wire;
}

/* The next len bytes as a reader of their own; an empty, failed one if they are not there. */
static inline struct anycert__wire anycert__wire_take(struct anycert__wire *wire, size_t len)
{
    struct anycert__wire part = {wire->at, len, false};

    if (wire->failed || wire->left < len) {
        wire->failed = true;
        wire->left = 0;
        part.left = 0;
        part.failed = true;
        return part;
    }
    wire->at += len;
    wire->left -= len;
    return part;
}

/* A number of 1 to 4 bytes, the most significant first. */
static inline uint32_t anycert__wire_number(struct anycert__wire *wire, size_t bytes)
{
    struct anycert__wire part = anycert__wire_take(wire, bytes);
    uint32_t number = 0;

    for (size_t i = 0; i < part.left; i++)
        number = number << 8 | part.at[i];
    return number;
}

static inline uint8_t anycert__wire_u8(struct anycert__wire *wire)
{
    return (uint8_t)anycert__wire_number(wire, 1);
}

static inline uint16_t anycert__wire_u16(struct anycert__wire *wire)
{
    return (uint16_t)anycert__wire_number(wire, 2);
}

/* A vector: its length in so many bytes, and what it holds. */
static inline struct anycert__wire anycert__wire_vector(struct anycert__wire *wire, size_t bytes)
{
    return anycert__wire_take(wire, anycert__wire_number(wire, bytes));
}

/* Everything was there, and nothing is left over. */
static inline bool anycert__wire_ended(const struct anycert__wire *wire)
{
    return !wire->failed && wire->left == 0;
}

#endif
