/* The first line is a Content-Type, the rest a body. Whatever both are, the text is UTF-8 and has
 * no end but its own; read as JSON, and as XML, it gives UTF-8 or a refusal in one sentence. */
#include <anycert/json.h>
#include <anycert/xml.h>

#include "base/str.h"
#include "client/internal.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int condition)
{
    if (!condition)
        abort();
}

static void check_refusal(const struct anycert_error *err, int code)
{
    size_t len = strlen(err->message);

    require(err->code == code && len > 0);
    require(anycert__is_utf8(err->message, len) && !anycert__has_control(err->message, len));
}

static void check_text(const struct anycert_response *response)
{
    size_t body_len = 0;
    const char *body = anycert_response_body(response, &body_len);
    size_t len = 0;
    char *text = anycert_response_text(response, &len, NULL);

    require(text && text[len] == '\0' && anycert__is_utf8(text, len));
    require(len <= 4 * body_len);
    /* What is plain stays as it is in every charset that has ASCII in it; a body that begins with a
     * letter has no mark. */
    if (body_len > 0 && !anycert_response_header(response, "Content-Type", 0) &&
        anycert__is_utf8(body, body_len) && body[0] >= 'a' && body[0] <= 'z')
        require(len == body_len && memcmp(text, body, len) == 0);
    anycert_free(text);
}

static void check_json(const struct anycert_response *response)
{
    struct anycert_error err = {0};
    struct anycert_json *json = anycert_response_json(response, &err);
    const struct anycert_json_value *value = anycert_json_root(json);
    double number = 0;
    size_t len = 0;

    if (!json) {
        check_refusal(&err, ANYCERT_E_BODY_JSON);
        return;
    }
    require(err.code == 0 && value && anycert_json_type(value) != ANYCERT_JSON_NONE);
    for (int depth = 0; depth < 100 && anycert_json_get(value, "/0"); depth++)
        value = anycert_json_get(value, "/0");
    if (anycert_json_string(value, &len))
        require(anycert__is_utf8(anycert_json_string(value, NULL), len));
    if (anycert_json_type(value) == ANYCERT_JSON_NUMBER)
        require(anycert_json_double(value, &number) == 0);
    anycert_json_free(json);
}

static void check_string(const char *text)
{
    require(!text || anycert__is_utf8(text, strlen(text)));
}

static void check_node(const struct anycert_xml_node *node, unsigned depth)
{
    require(depth <= 200);
    for (; node; node = anycert_xml_next(node)) {
        const char *name = NULL;
        const char *name_space = NULL;
        const char *value = NULL;
        size_t len = 0;

        require(anycert_xml_name(node) && anycert_xml_text(node, &len));
        require(strlen(anycert_xml_text(node, NULL)) == len);
        check_string(anycert_xml_name(node));
        check_string(anycert_xml_namespace(node));
        check_string(anycert_xml_text(node, NULL));
        for (size_t i = 0; anycert_xml_attribute_at(node, i, &name, &name_space, &value) == 0;
             i++) {
            check_string(name);
            check_string(value);
            require(anycert_xml_attribute(node, name, name_space) == value);
        }
        check_node(anycert_xml_first_child(node), depth + 1);
    }
}

static void check_xml(const struct anycert_response *response)
{
    struct anycert_error err = {0};
    struct anycert_xml *xml = anycert_response_xml(response, &err);

    if (xml) {
        require(err.code == 0 && anycert_xml_root(xml) && !anycert_xml_next(anycert_xml_root(xml)));
        check_node(anycert_xml_root(xml), 1);
    } else {
        check_refusal(&err, ANYCERT_E_BODY_XML);
    }
    anycert_xml_free(xml);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct anycert_response *response = anycert__response_new(NULL);
    const uint8_t *line = memchr(data, '\n', size);
    size_t type_len = line ? (size_t)(line - data) : 0;
    char type[200];

    if (!response || !line || type_len >= sizeof type || memchr(data, '\0', type_len)) {
        anycert_response_free(response);
        return 0;
    }
    memcpy(type, data, type_len);
    type[type_len] = '\0';
    if (type_len > 0)
        require(anycert__fields_add(&response->fields, "Content-Type", type, NULL) == 0);
    require(anycert__buf_add(&response->body, line + 1, size - type_len - 1) == 0);
    check_text(response);
    check_json(response);
    check_xml(response);
    anycert_response_free(response);
    return 0;
}
