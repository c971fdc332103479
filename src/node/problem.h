/* SPDX-License-Identifier: MIT */
/* What went wrong at start, in words that say what to do next. */
#ifndef KITH_NODE_PROBLEM_H
#define KITH_NODE_PROBLEM_H

struct kith_problem {
    int error;
    char text[512]; /* one sentence without a full stop */
};

/* Fill in (`problem` may be NULL) and give back `error`. */
int kith_problem_set(struct kith_problem *problem, int error, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
