/* SPDX-License-Identifier: MIT */
/* Who may ask for what. Through the socket of the home, whoever came in; through TCP,
 * where any program of this machine and any page in a browser may knock, each request is
 * judged by itself. */
#ifndef KITH_API_SERVER_ADMIT_H
#define KITH_API_SERVER_ADMIT_H

#include "api/server_request.h"

/* Does it come by a name of ours, and from no foreign page? Before anything else is
 * looked at. False after having answered. */
bool kith_admit_place(struct kith_request *request);

/* May it use its endpoint? False after having answered. */
bool kith_admit_endpoint(struct kith_request *request);

#endif
