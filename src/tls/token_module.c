#include "tls/token_module.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

#define P11_KIT "p11-kit-proxy.so"

const char *anycert__ck_text(ck_rv rv, char out[ANYCERT__CK_TEXT_SIZE])
{
    static const struct {
        ck_rv rv;
        const char *name;
    } names[] = {
        {0x02, "CKR_HOST_MEMORY"},
        {0x05, "CKR_GENERAL_ERROR"},
        {0x06, "CKR_FUNCTION_FAILED"},
        {0x07, "CKR_ARGUMENTS_BAD"},
        {0x0A, "CKR_CANT_LOCK"},
        {0x30, "CKR_DEVICE_ERROR"},
        {0x31, "CKR_DEVICE_MEMORY"},
        {CKR_DEVICE_REMOVED, "CKR_DEVICE_REMOVED"},
        {CKR_KEY_HANDLE_INVALID, "CKR_KEY_HANDLE_INVALID"},
        {0x62, "CKR_KEY_SIZE_RANGE"},
        {0x63, "CKR_KEY_TYPE_INCONSISTENT"},
        {0x68, "CKR_KEY_FUNCTION_NOT_PERMITTED"},
        {0x70, "CKR_MECHANISM_INVALID"},
        {0x71, "CKR_MECHANISM_PARAM_INVALID"},
        {CKR_PIN_INCORRECT, "CKR_PIN_INCORRECT"},
        {CKR_PIN_INVALID, "CKR_PIN_INVALID"},
        {CKR_PIN_LEN_RANGE, "CKR_PIN_LEN_RANGE"},
        {CKR_PIN_EXPIRED, "CKR_PIN_EXPIRED"},
        {CKR_PIN_LOCKED, "CKR_PIN_LOCKED"},
        {CKR_SESSION_CLOSED, "CKR_SESSION_CLOSED"},
        {0xB1, "CKR_SESSION_COUNT"},
        {CKR_SESSION_HANDLE_INVALID, "CKR_SESSION_HANDLE_INVALID"},
        {CKR_TOKEN_NOT_PRESENT, "CKR_TOKEN_NOT_PRESENT"},
        {0xE1, "CKR_TOKEN_NOT_RECOGNIZED"},
        {CKR_USER_NOT_LOGGED_IN, "CKR_USER_NOT_LOGGED_IN"},
        {CKR_USER_PIN_NOT_INITIALIZED, "CKR_USER_PIN_NOT_INITIALIZED"},
    };

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (names[i].rv == rv)
            return names[i].name;
    }
    (void)snprintf(out, ANYCERT__CK_TEXT_SIZE, "0x%lX", rv);
    return out;
}

ck_rv anycert__token_module_initialize(const struct ck_functions *functions)
{
    struct ck_initialize_args args = {.flags = CKF_OS_LOCKING_OK};
    ck_rv rv = functions->initialize(&args);

    return rv == CKR_CRYPTOKI_ALREADY_INITIALIZED ? CKR_OK : rv;
}

static void *open_library(const char *path)
{
    return dlopen(path, RTLD_NOW | RTLD_LOCAL);
}

/* "lib" NAME ".so" or NAME ".so", wherever the system's libraries are. */
static void *open_by_name(const char *name)
{
    char file[300];
    void *library = NULL;

    if (snprintf(file, sizeof file, "lib%s.so", name) >= (int)sizeof file)
        return NULL;
    library = open_library(file);
    if (library)
        return library;
    (void)snprintf(file, sizeof file, "%s.so", name);
    return open_library(file);
}

static void *open_named(const struct anycert__token_uri *uri, struct anycert_error *err)
{
    const char *name = uri->module_path ? uri->module_path : uri->module_name;
    void *library = NULL;
    const char *why = NULL;

    (void)dlerror();
    if (uri->module_path)
        library = open_library(uri->module_path);
    else
        library = name ? open_by_name(name) : open_library(P11_KIT);
    if (library)
        return library;
    why = dlerror();
    if (name)
        anycert__fail(err, ANYCERT_E_CLIENT_CERT, "the PKCS#11 module '%s' cannot be loaded: %s",
                      name, why ? why : "it is not found");
    else
        anycert__fail(err, ANYCERT_E_CLIENT_CERT,
                      "the URI names no PKCS#11 module (?module-path=FILE), and p11-kit's, which "
                      "stands for all that are registered, cannot be loaded (Debian: "
                      "p11-kit-modules): %s",
                      why ? why : P11_KIT);
    return NULL;
}

const struct ck_functions *anycert__token_module(const struct anycert__token_uri *uri,
                                                 struct anycert_error *err)
{
    void *library = open_named(uri, err);
    void *symbol = library ? dlsym(library, "C_GetFunctionList") : NULL;
    ck_get_function_list *get_list = NULL;
    struct ck_functions *functions = NULL;
    char text[ANYCERT__CK_TEXT_SIZE];
    ck_rv rv = CKR_OK;

    if (!library)
        return NULL;
    memcpy(&get_list, &symbol, sizeof get_list); /* ISO C has no cast for this */
    if (!get_list || get_list(&functions) != CKR_OK || !functions || functions->version.major < 2) {
        anycert__fail(err, ANYCERT_E_CLIENT_CERT, "'%s' is no PKCS#11 module",
                      uri->module_path ? uri->module_path : uri->module_name);
        (void)dlclose(library);
        return NULL;
    }
    rv = anycert__token_module_initialize(functions);
    if (rv == CKR_OK)
        return functions;
    anycert__fail(err, ANYCERT_E_CLIENT_CERT, "the PKCS#11 module cannot be initialised: %s",
                  anycert__ck_text(rv, text));
    return NULL;
}
