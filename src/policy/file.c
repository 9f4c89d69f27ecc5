/* Policy files: reading them, and finding the entry of a host. */
#include "policy/file.h"
#include "policy/keys.h"
#include "policy/pattern.h"
#include "base/buf.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/utf8.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FILE_MAX   ((size_t)4 << 20)
#define SOURCE_MAX 8192

struct anycert_policy_entry {
    struct anycert__pattern pattern;
    char hosts[ANYCERT__PATTERN_SIZE];
    struct anycert_policy *policy;
    char *source;
    size_t line, index;
};

struct anycert_policy_file {
    atomic_uint holders;
    struct anycert_policy_entry **entries; /* by line */
    struct anycert_policy_entry **sorted;  /* by pattern */
    size_t count, capacity;
    bool incomplete; /* lines that were not understood are not in it */
    /* Which lengths there are of networks: an IPv6 address lies in 129 of them. */
    bool has_ipv4[33], has_ipv6[129];
};

/* What is read, and where. */
struct reader {
    const char *name;
    const char *folder; /* in front of relative paths: "", or with a slash at its end */
    size_t line;
    anycert_fault_callback *tell; /* NULL: the first fault is the last */
    void *tell_arg;
};

/* ---- life ---- */

static void free_entry(struct anycert_policy_entry *entry)
{
    if (entry == NULL)
        return;
    anycert_policy_free(entry->policy);
    anycert__free(entry->source);
    anycert__free(entry);
}

struct anycert_policy_file *anycert__policy_file_ref(struct anycert_policy_file *file)
{
    if (file)
        atomic_fetch_add(&file->holders, 1);
    return file;
}

void anycert_policy_file_free(struct anycert_policy_file *file)
{
    if (file == NULL || atomic_fetch_sub(&file->holders, 1) > 1)
        return;
    for (size_t i = 0; i < file->count; i++)
        free_entry(file->entries[i]);
    anycert__free(file->entries);
    anycert__free(file->sorted);
    anycert__free(file);
}

/* ---- reading ---- */

/* Relative paths of anchors start at the file's folder. */
static int move_anchors(const struct reader *r, struct anycert_policy *policy,
                        struct anycert_error *err)
{
    for (size_t i = 0; *r->folder && i < policy->ca_count; i++) {
        struct anycert__ca *ca = &policy->cas[i];
        struct anycert__buf path;
        if (ca->kind != ANYCERT__CA_PATH || *ca->path == '/')
            continue;
        anycert__buf_init(&path, ANYCERT__POLICY_TEXT_MAX);
        anycert__buf_adds(&path, r->folder);
        anycert__buf_adds(&path, ca->path);
        char *moved = anycert__buf_take(&path, "the path of an anchor", err);
        anycert__buf_free(&path);
        if (moved == NULL)
            return -1;
        anycert__free(ca->path);
        ca->path = moved;
    }
    return 0;
}

static struct anycert_policy *read_policy(const struct reader *r, const char *text,
                                          struct anycert_error *err)
{
    struct anycert_policy *policy = NULL;
    if (*text == '\0') {
        anycert__fail(err, ANYCERT_E_POLICY_SYNTAX,
                      "there is a host without a policy: expected HOST POLICY, as in "
                      "nas.example hardened+expired");
        return NULL;
    }
    policy = anycert_policy_parse(text, err);
    if (policy && move_anchors(r, policy, err) == 0)
        return policy;
    /* The policy's own words about it are not enough: here a comment would be expected. */
    if (policy == NULL && err && strchr(text, '#') && err->code == ANYCERT_E_POLICY_SYNTAX &&
        strstr(err->message, "'#"))
        (void)anycert__error_prefix(err, "a comment stands on a line of its own");
    anycert_policy_free(policy);
    return NULL;
}

static char *make_source(const struct reader *r, struct anycert_error *err)
{
    struct anycert__buf source;
    anycert__buf_init(&source, SOURCE_MAX);
    anycert__buf_add_escaped(&source, r->name, strlen(r->name));
    anycert__buf_addf(&source, ":%zu", r->line);
    char *text = anycert__buf_take(&source, "the name of the policy file", err);
    anycert__buf_free(&source);
    return text;
}

static int add_entry(struct anycert_policy_file *file, struct anycert_policy_entry *entry,
                     struct anycert_error *err)
{
    if (file->count == file->capacity) {
        size_t capacity = file->capacity ? 2 * file->capacity : 16;
        struct anycert_policy_entry **entries =
            anycert__realloc(file->entries, capacity * sizeof *entries);
        if (entries == NULL)
            return anycert__fail_nomem(err);
        file->entries = entries;
        file->capacity = capacity;
    }
    entry->index = file->count;
    file->entries[file->count++] = entry;
    if (entry->pattern.kind == ANYCERT__PATTERN_IPV4)
        file->has_ipv4[entry->pattern.bits] = true;
    else if (entry->pattern.kind == ANYCERT__PATTERN_IPV6)
        file->has_ipv6[entry->pattern.bits] = true;
    return 0;
}

/* Reads one line, which is cut to pieces, without its end. */
static int read_line(struct anycert_policy_file *file, const struct reader *r, char *line,
                     struct anycert_error *err)
{
    size_t len = strlen(line);
    while (len > 0 && strchr(" \t\r", line[len - 1]))
        line[--len] = '\0';
    line += strspn(line, " \t");
    if (*line == '\0' || *line == '#')
        return 0;
    struct anycert_policy_entry *entry = anycert__calloc(1, sizeof *entry);
    if (entry == NULL)
        return anycert__fail_nomem(err);
    char *text = line + strcspn(line, " \t");
    if (*text != '\0')
        *text++ = '\0';
    text += strspn(text, " \t");
    entry->line = r->line;
    if (anycert__pattern_parse(line, &entry->pattern, err) == 0 &&
        (entry->policy = read_policy(r, text, err)) != NULL &&
        (entry->source = make_source(r, err)) != NULL && add_entry(file, entry, err) == 0) {
        anycert__pattern_format(&entry->pattern, entry->hosts);
        return 0;
    }
    free_entry(entry);
    return -1;
}

/* A line is wrong: -1, or 0 if that was told to somebody who wants to hear of the others too. */
static int fault(struct anycert_policy_file *file, const struct reader *r,
                 struct anycert_error *err)
{
    if (err == NULL || err->code == ANYCERT_E_NOMEM)
        return -1;
    (void)anycert__error_prefix(err, "%s:%zu", r->name, r->line);
    if (r->tell == NULL)
        return -1;
    file->incomplete = true;
    r->tell(r->tell_arg, r->line, err);
    anycert__error_clear(err);
    return 0;
}

/* Looks at the bytes of a line, then reads it. */
static int read_bytes(struct anycert_policy_file *file, const struct reader *r, char *line,
                      size_t len, struct anycert_error *err)
{
    if (memchr(line, '\0', len) || !anycert__is_utf8(line, len))
        return anycert__fail(err, ANYCERT_E_POLICY_SYNTAX,
                             "the line is not UTF-8 text: save the file as such");
    if (r->line == 1 && anycert__str_starts(line, "\xef\xbb\xbf"))
        return anycert__fail(err, ANYCERT_E_POLICY_SYNTAX,
                             "the file begins with a byte order mark: save it without");
    return read_line(file, r, line, err);
}

static int read_lines(struct anycert_policy_file *file, struct reader *r, char *text, size_t len,
                      struct anycert_error *err)
{
    for (char *line = text; line < text + len;) {
        char *end = memchr(line, '\n', (size_t)(text + len - line));
        size_t line_len = end ? (size_t)(end - line) : (size_t)(text + len - line);
        r->line++;
        line[line_len] = '\0';
        if (read_bytes(file, r, line, line_len, err) != 0 && fault(file, r, err) != 0)
            return -1;
        line += line_len + 1;
    }
    return 0;
}

static int compare_entries(const void *a, const void *b)
{
    const struct anycert_policy_entry *const *one = a, *const *other = b;
    int order = anycert__pattern_compare(&(*one)->pattern, &(*other)->pattern);
    if (order != 0)
        return order;
    return (*one)->line<(*other)->line ? -1 : (*one)->line>(*other)->line;
}

static int sort(struct anycert_policy_file *file, struct reader *r, struct anycert_error *err)
{
    if (file->count == 0)
        return 0;
    file->sorted =
        anycert__memdup(file->entries, file->count * sizeof(struct anycert_policy_entry *));
    if (file->sorted == NULL)
        return anycert__fail_nomem(err);
    qsort(file->sorted, file->count, sizeof(struct anycert_policy_entry *), compare_entries);
    for (size_t i = 1; i < file->count; i++) {
        const struct anycert_policy_entry *first = file->sorted[i - 1], *second = file->sorted[i];
        if (anycert__pattern_compare(&first->pattern, &second->pattern) != 0)
            continue;
        r->line = second->line;
        anycert__fail(err, ANYCERT_E_POLICY_SYNTAX,
                      "'%s' stands in line %zu already: keep one of the two entries",
                      anycert__word(second->hosts, strlen(second->hosts)).text, first->line);
        if (fault(file, r, err) != 0)
            return -1;
    }
    return 0;
}

static struct anycert_policy_file *parse(const char *text, size_t len, struct reader *r,
                                         struct anycert_error *err)
{
    struct anycert_policy_file *file = anycert__calloc(1, sizeof *file);
    char *copy = anycert__malloc(len + 1);
    int rv = -1;
    if (file == NULL || copy == NULL) {
        anycert__fail_nomem(err);
        anycert__free(file);
        anycert__free(copy);
        return NULL;
    }
    atomic_init(&file->holders, 1);
    if (len > 0)
        memcpy(copy, text, len);
    if (len > FILE_MAX) {
        anycert__fail(err, ANYCERT_E_POLICY_SYNTAX, "%s is larger than %zu bytes", r->name,
                      FILE_MAX);
    } else {
        rv = read_lines(file, r, copy, len, err);
        if (rv == 0)
            rv = sort(file, r, err);
    }
    anycert__free(copy);
    if (rv == 0)
        return file;
    anycert_policy_file_free(file);
    return NULL;
}

struct anycert_policy_file *anycert_policy_file_parse(const char *text, size_t len,
                                                      const char *name, struct anycert_error *err)
{
    struct reader r = {.name = name ? name : "policy file", .folder = ""};
    if (text == NULL && len > 0) {
        anycert__fail(err, ANYCERT_E_USAGE, "there is no text of a policy file");
        return NULL;
    }
    return parse(text, len, &r, err);
}

/* The folder of a path with its slash, or "". NULL with NOMEM. */
static char *folder_of(const char *path, struct anycert_error *err)
{
    const char *slash = strrchr(path, '/');
    char *folder = anycert__strndup(path, slash ? (size_t)(slash + 1 - path) : 0);
    if (folder == NULL)
        anycert__fail_nomem(err);
    return folder;
}

static struct anycert_policy_file *load(const char *path, struct reader *r,
                                        struct anycert_error *err)
{
    const struct anycert__file_guard guard = {.owner = geteuid(), .any_owner = true};
    struct anycert_policy_file *file = NULL;
    char *text = NULL;
    size_t len = 0;
    if (path == NULL || *path == '\0') {
        anycert__fail(err, ANYCERT_E_USAGE, "the path of the policy file is missing");
        return NULL;
    }
    char *folder = folder_of(path, err);
    if (folder && anycert__file_read_guarded(path, &guard, FILE_MAX, ANYCERT_E_FILE, "policy file",
                                             &text, &len, err) == 0) {
        r->name = path;
        r->folder = folder;
        file = parse(text, len, r, err);
    }
    anycert__free(folder);
    anycert__free(text);
    return file;
}

struct anycert_policy_file *anycert_policy_file_load(const char *path, struct anycert_error *err)
{
    struct reader r = {0};
    return load(path, &r, err);
}

struct anycert_policy_file *anycert_policy_file_inspect(const char *path,
                                                        anycert_fault_callback *tell, void *arg,
                                                        struct anycert_error *err)
{
    struct reader r = {.tell = tell, .tell_arg = arg};
    struct anycert_error own = {0};
    if (tell == NULL) {
        anycert__fail(err, ANYCERT_E_USAGE, "there is nobody to be told what is wrong");
        return NULL;
    }
    return load(path, &r, err ? err : &own);
}

/* ---- finding ---- */

static int compare_pattern(const void *key, const void *entry)
{
    const struct anycert_policy_entry *const *one = entry;
    return anycert__pattern_compare(key, &(*one)->pattern);
}

static const struct anycert_policy_entry *find(const struct anycert_policy_file *file,
                                               const struct anycert__pattern *pattern)
{
    struct anycert_policy_entry **found =
        file->count > 0 ? bsearch(pattern, file->sorted, file->count,
                                  sizeof(struct anycert_policy_entry *), compare_pattern)
                        : NULL;
    return found ? *found : NULL;
}

static bool may_have(const struct anycert_policy_file *file, const struct anycert__pattern *pattern)
{
    switch (pattern->kind) {
    case ANYCERT__PATTERN_IPV4:
        return file->has_ipv4[pattern->bits];
    case ANYCERT__PATTERN_IPV6:
        return file->has_ipv6[pattern->bits];
    case ANYCERT__PATTERN_HOST:
    case ANYCERT__PATTERN_BELOW:
        break;
    }
    return true;
}

const struct anycert_policy_entry *anycert_policy_file_find(const struct anycert_policy_file *file,
                                                            const char *host, uint16_t port)
{
    struct anycert__pattern pattern;
    const struct anycert_policy_entry *entry = NULL;
    if (file == NULL || host == NULL || !anycert__pattern_of_host(host, port, &pattern))
        return NULL;
    do
        entry = may_have(file, &pattern) ? find(file, &pattern) : NULL;
    while (entry == NULL && anycert__pattern_widen(&pattern, port));
    return entry;
}

const struct anycert_policy_entry *
anycert_policy_file_next(const struct anycert_policy_file *file,
                         const struct anycert_policy_entry *entry)
{
    size_t next = entry ? entry->index + 1 : 0;
    return file && next < file->count ? file->entries[next] : NULL;
}

const char *anycert_policy_entry_hosts(const struct anycert_policy_entry *entry)
{
    return entry->hosts;
}

const struct anycert_policy *anycert_policy_entry_policy(const struct anycert_policy_entry *entry)
{
    return entry->policy;
}

const char *anycert_policy_entry_source(const struct anycert_policy_entry *entry)
{
    return entry->source;
}

size_t anycert_policy_entry_line(const struct anycert_policy_entry *entry)
{
    return entry->line;
}

size_t anycert__policy_file_count(const struct anycert_policy_file *file)
{
    return file ? file->count : 0;
}

size_t anycert__policy_entry_index(const struct anycert_policy_entry *entry)
{
    return entry->index;
}

int anycert__policy_file_available(const struct anycert_policy_file *file,
                                   struct anycert_error *err)
{
    if (file && file->incomplete)
        return anycert__fail(err, ANYCERT_E_POLICY_SYNTAX,
                             "not every line of the policy file was understood");
    for (size_t i = 0; file && i < file->count; i++) {
        if (anycert_policy_available(file->entries[i]->policy, err) != 0)
            return anycert__error_prefix(err, "%s", file->entries[i]->source);
    }
    return 0;
}

/* ---- flaws ---- */

/* The place of the first entry that is not before a pattern. */
static size_t lower_bound(const struct anycert_policy_file *file,
                          const struct anycert__pattern *pattern)
{
    size_t low = 0, high = file->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (anycert__pattern_compare(&file->sorted[middle]->pattern, pattern) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* A network's entries are sorted by address, then by length: what lies in it follows it. */
static bool has_within(const struct anycert_policy_file *file, const struct anycert__pattern *net)
{
    size_t first = lower_bound(file, net);
    return first < file->count && anycert__pattern_within(&file->sorted[first]->pattern, net);
}

/* Whether every address of a network has an entry of a longer one, for that port too. */
static bool is_covered(const struct anycert_policy_file *file, struct anycert__pattern net,
                       uint16_t port)
{
    struct anycert__pattern half;
    net.port = 0;
    if (!has_within(file, &net) || !anycert__pattern_halve(&net, &half))
        return false;
    for (int i = 0; i < 2; i++) {
        struct anycert__pattern *one = i == 0 ? &net : &half;
        one->port = 0;
        bool has = find(file, one) != NULL;
        one->port = port;
        if (!has && !(port && find(file, one)) && !is_covered(file, *one, port))
            return false;
    }
    return true;
}

/* Whether an entry for the same hosts and one of their ports says something else. */
static bool differs_on_a_port(const struct anycert_policy_file *file,
                              const struct anycert__pattern *hosts,
                              const struct anycert_policy *policy)
{
    for (size_t i = lower_bound(file, hosts); i < file->count; i++) {
        struct anycert__pattern pattern = file->sorted[i]->pattern;
        pattern.port = 0;
        if (anycert__pattern_compare(&pattern, hosts) != 0)
            return false;
        if (anycert_policy_equal(file->sorted[i]->policy, policy) != 1)
            return true;
    }
    return false;
}

static bool says_the_same(const struct anycert_policy_file *file,
                          const struct anycert_policy_entry *entry)
{
    struct anycert__pattern pattern = entry->pattern;
    while (anycert__pattern_widen(&pattern, entry->pattern.port)) {
        const struct anycert_policy_entry *wider = find(file, &pattern);
        if (entry->pattern.port == 0 && differs_on_a_port(file, &pattern, entry->policy))
            return false;
        if (wider)
            return anycert_policy_equal(entry->policy, wider->policy) == 1;
    }
    return anycert_policy_equal(entry->policy, NULL) == 1;
}

enum anycert_policy_flaw anycert_policy_file_flaw(const struct anycert_policy_file *file,
                                                  const struct anycert_policy_entry *entry,
                                                  int64_t now)
{
    bool is_network = entry->pattern.kind == ANYCERT__PATTERN_IPV4 ||
                      entry->pattern.kind == ANYCERT__PATTERN_IPV6;
    if (anycert__policy_has_ended(entry->policy, now))
        return ANYCERT_FLAW_ENDED;
    if (is_network && is_covered(file, entry->pattern, entry->pattern.port))
        return ANYCERT_FLAW_SHADOWED;
    return says_the_same(file, entry) ? ANYCERT_FLAW_SAME : ANYCERT_FLAW_NONE;
}
