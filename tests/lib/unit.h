/* SPDX-License-Identifier: MIT */
/* cmocka with the headers it wants in front of it. */
#ifndef TESTS_LIB_UNIT_H
#define TESTS_LIB_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/bytes.h"

/* The bytes of a literal, zeroes inside included, the terminator not. */
#define BYTES(literal) kith_bytes((literal), sizeof(literal) - 1)

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#endif
