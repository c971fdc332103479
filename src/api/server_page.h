/* SPDX-License-Identifier: MIT */
/* What browsers are given without a token: the files of src/web and the description of
 * the API, which tools/embed puts into the program. */
#ifndef KITH_API_SERVER_PAGE_H
#define KITH_API_SERVER_PAGE_H

#include <stddef.h>
#include <stdint.h>

struct kith_page {
    const char *path;
    const char *type;
    const char *etag; /* with its quotes: a hash of the content */
    const uint8_t *data;
    size_t size;
};

extern const struct kith_page kith_pages[]; /* ends with one without a path */

/* NULL: there is none. */
const struct kith_page *kith_page_find(const char *path);

/* GET of `request->page`. */
extern const struct kith_endpoint kith_endpoint_page;

#endif
