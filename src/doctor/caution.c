#include "doctor/caution.h"

#define ALIKE "interception and a genuine self-signed server look alike"

const char *anycert__caution(enum anycert__trust trust, bool unverified)
{
    switch (trust) {
    case ANYCERT__TRUST_PROVEN:
        break;
    case ANYCERT__TRUST_IF_NAMED:
        return "only if that is a name of the server that is meant";
    case ANYCERT__TRUST_IF_COMPARED:
        return unverified
                   ? "compare the pin with the server's by another way before it is used: " ALIKE
                   : "compare the pin with the server's by another way before it is used: the "
                     "certificate is a CA's, but for another name, and its owner may be another, "
                     "too";
    case ANYCERT__TRUST_NOBODY:
        return unverified ? "whoever answers is believed: " ALIKE
                          : "whoever has a certificate for any name is believed";
    }
    return "";
}
