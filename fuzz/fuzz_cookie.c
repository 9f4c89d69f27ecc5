/* The first line is what stands behind Set-Cookie, the rest a cookie file. A cookie that is taken
 * is for the host that has set it, keeps its promises, and is a line of a file that reads as
 * itself; a file that is read is written as one that reads as itself, too. */
#include "http/cookie.h"
#include "http/jar.h"

#include "base/mem.h"
#include "base/str.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int condition)
{
    if (!condition)
        abort();
}

static void check_line(const char *line, const struct anycert__cookie_place *place)
{
    size_t len = strlen(line);
    struct anycert__cookie cookie;
    struct anycert__buf again;

    anycert__buf_init(&again, 2 * len);
    require(!strpbrk(line, "\r\n") && anycert__cookie_check(line, len, NULL) == 1);
    require(anycert__cookie_tidy(line, len, &again, NULL) == 1 && strcmp(again.data, line) == 0);
    anycert__cookie_read(line, len, &cookie);
    require(cookie.name_len > 0 && !memchr(cookie.name, '=', cookie.name_len));
    require(!anycert__has_control(cookie.name, cookie.name_len) &&
            !anycert__has_control(cookie.value, cookie.value_len));
    require(!memchr(cookie.value, ';', cookie.value_len));
    require(anycert__cookie_is_for(&cookie, place) && (place->is_secure || !cookie.secure));
    require(cookie.path_len > 0 && cookie.path[0] == '/');
    require(anycert__cookie_replaces(&cookie, &cookie) && anycert__cookie_covers(&cookie, &cookie));
    anycert__buf_free(&again);
}

static void check_set_cookie(const char *text, const char *from)
{
    struct anycert_error err = {0};
    struct anycert__cookie_place place;
    struct anycert__url url = {0};
    struct anycert__buf line;

    anycert__buf_init(&line, 3 * strlen(text) + 1000);
    require(anycert__url_parse(from, &url, NULL) == 0);
    require(anycert__cookie_place(&url, &place, NULL) == 0);
    if (anycert__cookie_line(text, &place, 1000, &line, &err) == 0)
        check_line(line.data, &place);
    else
        require(err.code == ANYCERT_E_USAGE && line.len == 0);
    anycert__buf_free(&line);
    anycert__url_clear(&url);
}

static void check_file(const char *text)
{
    struct anycert__jar *jar = anycert__jar_new(NULL);
    char *first = NULL;

    require(jar != NULL);
    if (anycert__jar_read(jar, text, "f", NULL) == 0) {
        struct anycert__jar *other = anycert__jar_new(NULL);
        char *second = NULL;

        first = anycert__jar_text(jar, 0, NULL);
        require(other && first && anycert__jar_read(other, first, "f", NULL) == 0);
        second = anycert__jar_text(other, 0, NULL);
        require(second && strcmp(first, second) == 0);
        anycert__free(second);
        anycert__jar_free(other);
    }
    anycert__free(first);
    anycert__jar_free(jar);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    char *file = NULL;

    if (!text)
        return 0;
    memcpy(text, data, size);
    text[size] = '\0';
    file = strchr(text, '\n');
    if (file)
        *file++ = '\0';
    check_set_cookie(text, "https://www.example.co.uk/a/b?c");
    check_set_cookie(text, "http://www.example.co.uk");
    check_set_cookie(text, "http://[::1]:8080/x/");
    if (file)
        check_file(file);
    free(text);
    return 0;
}
