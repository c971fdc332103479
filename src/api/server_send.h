/* SPDX-License-Identifier: MIT */
/* What both ways to say something look at first. */
#ifndef KITH_API_SERVER_SEND_H
#define KITH_API_SERVER_SEND_H

#include "api/server_request.h"

/* Is it neither empty nor too long? False after having answered. */
bool kith_send_check_text(struct kith_request *request, size_t size);

/* Answer with what the store, or the node's end, made of it. */
void kith_send_refuse(struct kith_request *request, int error);

/* Can anything be said there? False after having answered. */
bool kith_send_check_target(struct kith_request *request,
                            const struct kith_target *target);

#endif
