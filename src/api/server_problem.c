/* SPDX-License-Identifier: MIT */
#include "api/server_problem.h"

#include <stdio.h>
#include <string.h>

#include <microhttpd.h>

#include "api/json.h"
#include "base/utf8.h"
#include "kith/error.h"

unsigned kith_problem_status(int error)
{
    switch (error) {
    case KITH_ENOTFOUND:
        return MHD_HTTP_NOT_FOUND;
    case KITH_EAMBIGUOUS:
    case KITH_EBLOCKED:
        return MHD_HTTP_CONFLICT;
    case KITH_ETEXTSIZE:
        return MHD_HTTP_CONTENT_TOO_LARGE;
    case KITH_ETIMEDOUT:
        return MHD_HTTP_GATEWAY_TIMEOUT;
    case KITH_EFULL:
        return MHD_HTTP_INSUFFICIENT_STORAGE;
    case KITH_ELIMIT:
    case KITH_ENOMEM:
        return MHD_HTTP_SERVICE_UNAVAILABLE;
    case KITH_ERESOLVE:
        return MHD_HTTP_BAD_GATEWAY;
    default:
        break;
    }
    switch (kith_error_class(error)) {
    case KITH_CLASS_PEER:
        return MHD_HTTP_BAD_GATEWAY;
    case KITH_CLASS_CALLER:
        return MHD_HTTP_BAD_REQUEST;
    default:
        return MHD_HTTP_INTERNAL_SERVER_ERROR;
    }
}

/* A detail may quote what a client sent, in any bytes, and end within a character. */
static void write_detail(struct kith_writer *w, const char *detail)
{
    struct kith_writer safe = kith_writer(w->alloc);
    kith_utf8_write_safe(&safe, kith_bytes(detail, strlen(detail)), " ");
    if (safe.failed)
        w->failed = true;
    else
        kith_json_text(w, "detail", kith_writer_view(&safe));
    kith_writer_deinit(&safe);
}

void kith_problem_open(struct kith_writer *w, int error, unsigned status,
                       const char *detail)
{
    char name[40];
    snprintf(name, sizeof name, "urn:kith:error:%s", kith_error_name(error));
    kith_json_open(w, NULL, '{');
    kith_json_string(w, "type", name);
    kith_json_string(w, "title", kith_error_text(error));
    kith_json_number(w, "status", status);
    snprintf(name, sizeof name, "KITH_%s", kith_error_name(error));
    kith_json_string(w, "error", name);
    write_detail(w, detail);
}
