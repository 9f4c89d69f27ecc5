/* What led to a cause, in a diagnosis for people: what was seen, and what other programs say. */
#include "doctor/others.h"

#include "base/str.h"

#include <string.h>

/* What several causes have in common is said once. */
void anycert__write_evidence(struct anycert__buf *buf, const char *label, const char *text,
                             const char *before)
{
    if (text[0] == '\0')
        return;
    if (before && strcmp(text, before) == 0)
        anycert__buf_addf(buf, "  %s: as above\n", label);
    else
        anycert__buf_addf(buf, "  %s: %s\n", label, text);
}

/* Those that OTHERS_BRIEF cuts off are told at length only. */
static const char *const programs[] = {"OpenSSL", "curl", "Python", "Go",
                                       "Java",    "Node", "wget",   "browser"};
#define PROGRAMS     (sizeof programs / sizeof programs[0])
#define OTHERS_BRIEF 3

/* Whose text this is the beginning of; PROGRAMS: nobody's. */
static size_t program_at(const char *text)
{
    size_t i = 0;

    for (; i < PROGRAMS; i++) {
        const char *rest = anycert__str_starts(text, programs[i]) ? text + strlen(programs[i]) : "";

        if (anycert__str_starts(rest, ": "))
            break;
    }
    return i;
}

/* The next program's text, or the end. */
static const char *next_program(const char *text)
{
    const char *at = text;

    while ((at = strstr(at, "; ")) != NULL) {
        at += strlen("; ");
        if (program_at(at) < PROGRAMS)
            return at;
    }
    return text + strlen(text);
}

/* All that one program says, behind its name. */
static void write_program(struct anycert__buf *buf, const char *text, size_t program,
                          const char **before)
{
    bool named = false;

    for (const char *at = text; *at != '\0'; at = next_program(at)) {
        const char *end = next_program(at), *said = at + strlen(programs[program]) + 2;

        if (program_at(at) != program)
            continue;
        if (named)
            anycert__buf_adds(buf, ", or ");
        else
            anycert__buf_addf(buf, "%s%s: ", *before, programs[program]);
        anycert__buf_add(buf, said, (size_t)(end - said) - (*end != '\0' ? 2 : 0));
        named = true;
        *before = "; ";
    }
}

/* What is written of others; those that most people know, if it is to be brief. */
void anycert__write_others(struct anycert__buf *buf, const char *text, const char *text_before,
                           bool brief)
{
    const char *before = "";
    bool leaves_out = false;

    if (text[0] == '\0' || (text_before && strcmp(text, text_before) == 0)) {
        anycert__write_evidence(buf, "others say", text, text_before);
        return;
    }
    for (const char *at = text; *at != '\0'; at = next_program(at))
        leaves_out = leaves_out || program_at(at) >= OTHERS_BRIEF;
    anycert__buf_adds(buf, "  others say: ");
    for (size_t i = 0; i < (brief ? OTHERS_BRIEF : PROGRAMS); i++)
        write_program(buf, text, i, &before);
    if (brief && leaves_out)
        anycert__buf_adds(buf, before[0] == '\0' ? "-v has it" : " (-v has more)");
    anycert__buf_adds(buf, "\n");
}
