/* SPDX-License-Identifier: MIT */
#include "net/error.h"
#include <uv.h>
#include "kith/error.h"

static const struct {
    int uv;
    int kith;
} named[] = {
    {UV_ECONNREFUSED, KITH_EREFUSED},
    {UV_ECONNRESET, KITH_ECLOSED},
    {UV_ECONNABORTED, KITH_ECLOSED},
    {UV_EPIPE, KITH_ECLOSED},
    {UV_EOF, KITH_ECLOSED},
    {UV_ENOTCONN, KITH_ECLOSED},
    {UV_ESHUTDOWN, KITH_ECLOSED},
    {UV_ECANCELED, KITH_ECLOSED},
    {UV_ETIMEDOUT, KITH_ETIMEDOUT},
    {UV_EHOSTUNREACH, KITH_EUNREACHABLE},
    {UV_ENETUNREACH, KITH_EUNREACHABLE},
    {UV_ENETDOWN, KITH_EUNREACHABLE},
    {UV_EHOSTDOWN, KITH_EUNREACHABLE},
    {UV_EAFNOSUPPORT, KITH_EUNREACHABLE},
    {UV_ENOMEM, KITH_ENOMEM},
    {UV_ENOBUFS, KITH_ENOMEM},
    {UV_EAI_MEMORY, KITH_ENOMEM},
    {UV_EMFILE, KITH_ELIMIT},
    {UV_ENFILE, KITH_ELIMIT},
    {UV_EADDRINUSE, KITH_EADDRINUSE},
    {UV_EADDRNOTAVAIL, KITH_EUNREACHABLE},
    {UV_EACCES, KITH_EACCESS},
    {UV_EPERM, KITH_EACCESS},
    {UV_EINVAL, KITH_EADDRESS},
    {UV_EAI_ADDRFAMILY, KITH_ERESOLVE},
    {UV_EAI_AGAIN, KITH_ERESOLVE},
    {UV_EAI_BADFLAGS, KITH_ERESOLVE},
    {UV_EAI_CANCELED, KITH_ECLOSED},
    {UV_EAI_FAIL, KITH_ERESOLVE},
    {UV_EAI_FAMILY, KITH_ERESOLVE},
    {UV_EAI_NODATA, KITH_ERESOLVE},
    {UV_EAI_NONAME, KITH_ERESOLVE},
    {UV_EAI_OVERFLOW, KITH_ERESOLVE},
    {UV_EAI_SERVICE, KITH_ERESOLVE},
    {UV_EAI_SOCKTYPE, KITH_ERESOLVE},
};

int kith_net_error(int uv_error)
{
    if (uv_error == 0)
        return 0;
    for (size_t i = 0; i < sizeof named / sizeof named[0]; i++)
        if (named[i].uv == uv_error)
            return named[i].kith;
    return KITH_EIO;
}

int kith_net_error_errno(int number)
{
    return kith_net_error(uv_translate_sys_error(number));
}
