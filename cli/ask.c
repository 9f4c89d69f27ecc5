#include "ask.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "progress.h"
#include "text.h"

bool cli_can_ask(void)
{
    return isatty(STDIN_FILENO) && isatty(STDERR_FILENO);
}

bool cli_ask(const char *question, char *out, size_t size)
{
    (void)fflush(stdout);
    (void)fprintf(stderr, "%s", question);
    if (!cli_wait_for_input() || !fgets(out, (int)size, stdin))
        return false;
    out[strcspn(out, "\r\n")] = '\0';
    return true;
}

int cli_ask_interrupted(struct anycert_error *err)
{
    return cli_interrupted()
               ? cli_error(err, ANYCERT_E_INTERRUPTED, "interrupted; nothing was written")
               : 0;
}
