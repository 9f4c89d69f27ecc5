/* Stands in for libFuzzer's driver: runs a fuzz target once over each file that is named, and over
 * every file below each folder that is named. A target that finds something aborts. Options of
 * libFuzzer
 * (-name=value) are passed over, so that both drivers take the same command line. */
#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define MAX_FILE  (16L * 1024 * 1024)
#define MAX_DEPTH 16

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t inputs;

static int complain(const char *path)
{
    fprintf(stderr, "replay: '%s': %s\n", path, strerror(errno));
    return -1;
}

static int run_file(const char *path, long size)
{
    int rv = -1;
    FILE *file = fopen(path, "rb");
    uint8_t *data = malloc(size > 0 ? (size_t)size : 1);
    if (file == NULL || data == NULL) {
        complain(path);
        goto out;
    }
    size_t len = fread(data, 1, (size_t)size, file);
    if (ferror(file)) {
        complain(path);
        goto out;
    }
    /* Told before it runs, so that a crash names its input. */
    fprintf(stderr, "replay: %s (%zu bytes)\n", path, len);
    (void)LLVMFuzzerTestOneInput(data, len);
    inputs++;
    rv = 0;
out:
    if (file)
        fclose(file);
    free(data);
    return rv;
}

static int run_path(const char *path, int depth);

static int run_folder(const char *path, int depth)
{
    int rv = 0;
    struct dirent **entries;
    int count = scandir(path, &entries, NULL, alphasort);
    if (count < 0)
        return complain(path);
    for (int i = 0; i < count; i++) {
        if (entries[i]->d_name[0] != '.') {
            size_t size = strlen(path) + strlen(entries[i]->d_name) + 2;
            char *below = malloc(size);
            if (below) {
                snprintf(below, size, "%s/%s", path, entries[i]->d_name);
                rv |= run_path(below, depth + 1);
            } else {
                rv = complain(path);
            }
            free(below);
        }
        free(entries[i]);
    }
    free((void *)entries);
    return rv;
}

static int run_path(const char *path, int depth)
{
    struct stat st;
    if (stat(path, &st) != 0)
        return complain(path);
    if (S_ISDIR(st.st_mode) && depth < MAX_DEPTH)
        return run_folder(path, depth);
    if (!S_ISREG(st.st_mode) || st.st_size > MAX_FILE) {
        errno = EFBIG;
        return complain(path);
    }
    return run_file(path, (long)st.st_size);
}

int main(int argc, char **argv)
{
    int rv = 0;
    for (int i = 1; i < argc; i++) {
        if (argv[i][0] != '-')
            rv |= run_path(argv[i], 0);
    }
    if (inputs == 0) {
        fprintf(stderr, "replay: no input: name the files or folders to run\n");
        return 1;
    }
    fprintf(stderr, "replay: %zu inputs\n", inputs);
    return rv == 0 ? 0 : 1;
}
