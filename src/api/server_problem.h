/* SPDX-License-Identifier: MIT */
/* Problem details for HTTP (RFC 9457): what went wrong and what to do next. */
#ifndef KITH_API_SERVER_PROBLEM_H
#define KITH_API_SERVER_PROBLEM_H

#include "base/writer.h"

#define KITH_PROBLEM_DETAIL_SIZE 512

/* The HTTP status that a KITH_E… means. */
unsigned kith_problem_status(int error);

/* Append `{"type": …, "title": …, "status": …, "error": …, "detail": …` and leave the
 * object open for further members. What is not valid UTF-8 in `detail` appears as
 * U+FFFD. */
void kith_problem_open(struct kith_writer *w, int error, unsigned status,
                       const char *detail);

#endif
