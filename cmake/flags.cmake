# Compiler flags shared by every target, as one interface library.
add_library(anycert_flags INTERFACE)

target_compile_definitions(anycert_flags INTERFACE
    _POSIX_C_SOURCE=200809L _DEFAULT_SOURCE
    OPENSSL_API_COMPAT=30000 OPENSSL_NO_DEPRECATED)

target_compile_options(anycert_flags INTERFACE
    -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wcast-align
    -Wwrite-strings -Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition -Wundef -Wvla
    -Wformat=2 -Wswitch-enum -Wnull-dereference -Wdouble-promotion
    $<$<C_COMPILER_ID:GNU>:-Wcast-qual> # clang's looks into the macros of OpenSSL's headers
    $<$<C_COMPILER_ID:GNU>:-Wlogical-op>
    $<$<C_COMPILER_ID:GNU>:-Wduplicated-cond>
    $<$<C_COMPILER_ID:GNU>:-Wduplicated-branches>
    $<$<C_COMPILER_ID:Clang>:-Wcomma>
    $<$<C_COMPILER_ID:Clang>:-Wunreachable-code>)
if(ANYCERT_WERROR)
    target_compile_options(anycert_flags INTERFACE -Werror)
endif()

# Hardening. _FORTIFY_SOURCE needs optimisation and gets in the way of the sanitizers.
target_compile_options(anycert_flags INTERFACE -fstack-protector-strong)
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|amd64|AMD64")
    target_compile_options(anycert_flags INTERFACE -fstack-clash-protection -fcf-protection)
endif()
target_link_options(anycert_flags INTERFACE -Wl,-z,relro,-z,now,-z,noexecstack)
# All is bound at start, so other libraries can be called without a detour that binds.
target_compile_options(anycert_flags INTERFACE -fno-plt)

if(ANYCERT_SANITIZE STREQUAL "address")
    set(anycert_sanitizers -fsanitize=address,undefined -fno-sanitize-recover=all)
elseif(ANYCERT_SANITIZE STREQUAL "thread")
    set(anycert_sanitizers -fsanitize=thread)
elseif(NOT ANYCERT_SANITIZE STREQUAL "")
    message(FATAL_ERROR "ANYCERT_SANITIZE is '${ANYCERT_SANITIZE}'; use address, thread or nothing")
endif()
# libFuzzer steers by the coverage of the library's own code.
if(ANYCERT_FUZZ AND CMAKE_C_COMPILER_ID STREQUAL "Clang")
    target_compile_options(anycert_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()
if(anycert_sanitizers)
    target_compile_definitions(anycert_flags INTERFACE ANYCERT_SANITIZED=1)
    target_compile_options(anycert_flags INTERFACE ${anycert_sanitizers} -fno-omit-frame-pointer)
    target_link_options(anycert_flags INTERFACE ${anycert_sanitizers})
else()
    target_compile_options(anycert_flags INTERFACE
        $<$<NOT:$<CONFIG:Debug>>:-U_FORTIFY_SOURCE>
        $<$<NOT:$<CONFIG:Debug>>:-D_FORTIFY_SOURCE=2>)
    target_link_options(anycert_flags INTERFACE -Wl,--no-undefined)
endif()
