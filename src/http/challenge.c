/* libcurl from 8.14 to 8.20 writes to a TLS connection that is gone when an https:// proxy answers
 * CONNECT with a challenge and closes: the transfer fails, or with OpenSSL 3.0 the process does
 * (curl/curl#22930). So it is not left to it: such a transfer is ended at the challenge, and done
 * again on a new connection, now with the answer, which libcurl keeps the means for. */
#include "http/lane.h"

#include "base/str.h"

#include <string.h>

bool anycert__challenge_may_come(const struct anycert__lane *lane)
{
    return lane->proxied && lane->settings->proxy_https && lane->settings->proxy_user &&
           lane->settings->proxy_auth != ANYCERT_PROXY_BASIC;
}

/* "Connection: keep-alive, close": whether the value has the word. */
static bool has_word(const char *value, size_t len, const char *word)
{
    size_t begin = 0;

    for (size_t i = 0; i <= len; i++) {
        bool is_end = i == len || value[i] == ',' || value[i] == ' ' || value[i] == '\t' ||
                      value[i] == '\r' || value[i] == '\n';

        if (!is_end)
            continue;
        if (anycert__is_word_nocase(value + begin, i - begin, word))
            return true;
        begin = i + 1;
    }
    return false;
}

bool anycert__challenge_take_line(struct anycert__lane *lane, const char *line, size_t len)
{
    const char *colon = memchr(line, ':', len);
    size_t name_len = colon ? (size_t)(colon - line) : 0;

    if (len >= 12 && memcmp(line, "HTTP/1.", 7) == 0) {
        lane->connect_closes = line[7] == '0';
        lane->is_challenged = memcmp(line + 8, " 407", 4) == 0;
    } else if (colon && (anycert__is_word_nocase(line, name_len, "Connection") ||
                         anycert__is_word_nocase(line, name_len, "Proxy-Connection"))) {
        lane->connect_closes =
            lane->connect_closes || has_word(colon + 1, len - name_len - 1, "close");
    } else if (len <= 2 && lane->is_challenged && lane->connect_closes && !lane->has_answered) {
        return false; /* the end of the header, all of which libcurl has read by now */
    }
    return true;
}

bool anycert__challenge_answer(struct anycert__lane *lane, CURLcode rc)
{
    CURLcode set = CURLE_OK;
    long offered = 0;

    if (rc != CURLE_WRITE_ERROR || lane->asked || !lane->is_challenged || !lane->connect_closes ||
        lane->has_answered)
        return false;
    lane->has_answered = true;
    lane->is_challenged = false;
    (void)curl_easy_getinfo(lane->easy, CURLINFO_PROXYAUTH_AVAIL, &offered);
    /* Of two schemes libcurl would use neither before it was asked once more. */
    if (lane->settings->proxy_auth == ANYCERT_PROXY_ANY)
        ANYCERT__SET(set, lane->easy, CURLOPT_PROXYAUTH,
                     offered & (long)CURLAUTH_DIGEST ? (long)CURLAUTH_DIGEST
                                                     : (long)CURLAUTH_BASIC);
    return set == CURLE_OK;
}
