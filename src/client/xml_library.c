#include "client/xml_library.h"

#include "base/error.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* What packagers and programs that make images read, instead of a library that is linked
 * (https://systemd.io/ELF_DLOPEN_METADATA/). */
#define NOTE                                                                                       \
    "[{\"feature\":\"xml\",\"description\":\"Reading XML\",\"priority\":\"required\","             \
    "\"soname\":[\"" ANYCERT__LIBXML2 "\"]}]"

__attribute__((used, aligned(4), section(".note.dlopen"))) static const struct {
    uint32_t owner_size, content_size, type;
    char owner[4];
    _Alignas(uint32_t) char content[sizeof NOTE];
} note = {
    .owner_size = 4,
    .content_size = sizeof NOTE,
    .type = 0x407c0c0a,
    .owner = "FDO",
    .content = NOTE,
};

static pthread_once_t once = PTHREAD_ONCE_INIT;
static struct anycert__xml_library library;
static struct anycert_error failure;

/* The name of the library's interface that the headers at hand are of. */
static void load(void)
{
    if (anycert__xml_load(ANYCERT__LIBXML2, &library, &failure) == 0)
        library.xmlInitParser();
}

const struct anycert__xml_library *anycert__xml_library(struct anycert_error *err)
{
    (void)pthread_once(&once, load);
    if (failure.code == 0)
        return &library;
    if (err)
        *err = failure;
    return NULL;
}

int anycert__xml_load(const char *name, struct anycert__xml_library *out, struct anycert_error *err)
{
#define NAME_OF(function)  NAME_OF_(function)
#define NAME_OF_(function) #function
#define ROW(function)      {NAME_OF(function), offsetof(struct anycert__xml_library, function)},
    static const struct {
        const char *name;
        size_t offset;
    } rows[] = {ANYCERT__XML_FUNCTIONS(ROW)};
    void *handle = dlopen(name, RTLD_NOW | RTLD_LOCAL);

    if (!handle)
        return anycert__fail(err, ANYCERT_E_USAGE, "XML cannot be read without libxml2: %s",
                             dlerror());
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        void *function = dlsym(handle, rows[i].name);

        if (!function) {
            anycert__fail(err, ANYCERT_E_USAGE, "XML cannot be read with %s: it has no %s", name,
                          rows[i].name);
            (void)dlclose(handle);
            return -1;
        }
        memcpy((char *)out + rows[i].offset, &function, sizeof function);
    }
    return 0;
}
