/* visibility.h — markers used by every public declaration. */
#ifndef ANYCERT_VISIBILITY_H
#define ANYCERT_VISIBILITY_H

#if defined(__GNUC__) || defined(__clang__)
#define ANYCERT_API       __attribute__((visibility("default")))
#define ANYCERT_NODISCARD __attribute__((warn_unused_result))
#else
#define ANYCERT_API
#define ANYCERT_NODISCARD
#endif

#endif
