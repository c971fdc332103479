/* SPDX-License-Identifier: MIT */
#include "kith/error.h"

const char *kith_error_name(int error)
{
    switch (error) {
    case KITH_OK:
        return "OK";
#define X(name, value, class_, text)                                                     \
    case KITH_##name:                                                                    \
        return #name;
        KITH_ERRORS(X)
#undef X
    default:
        return "EUNKNOWN";
    }
}

const char *kith_error_text(int error)
{
    switch (error) {
    case KITH_OK:
        return "success";
#define X(name, value, class_, text)                                                     \
    case KITH_##name:                                                                    \
        return text;
        KITH_ERRORS(X)
#undef X
    default:
        return "unknown error";
    }
}

enum kith_error_class kith_error_class(int error)
{
    switch (error) {
    case KITH_OK:
        return KITH_CLASS_NONE;
#define X(name, value, class_, text)                                                     \
    case KITH_##name:                                                                    \
        return KITH_CLASS_##class_;
        KITH_ERRORS(X)
#undef X
    default:
        return KITH_CLASS_CALLER;
    }
}
