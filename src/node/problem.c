/* SPDX-License-Identifier: MIT */
#include "node/problem.h"

#include <stdarg.h>
#include <stdio.h>

int kith_problem_set(struct kith_problem *problem, int error, const char *format, ...)
{
    if (problem == NULL)
        return error;
    problem->error = error;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(problem->text, sizeof(problem->text), format, arguments);
    va_end(arguments);
    return error;
}
