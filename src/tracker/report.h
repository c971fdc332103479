/* SPDX-License-Identifier: MIT */
/* What a tracker says of itself to those who run it. */
#ifndef KITH_TRACKER_REPORT_H
#define KITH_TRACKER_REPORT_H

#include <jansson.h>

#include "base/writer.h"
#include "tracker/tracker.h"

/* Of the entries that are here: {"peers":[{"id":…,"name":…,"network":…,"address":…,
 * "since":…}…]}, by name. NULL when memory ran out. `network` is a short form of the tag:
 * no tracker knows names. */
json_t *kith_tracker_report_peers(const struct kith_tracker *tracker);

/* Counts, by the names that the metrics have too. NULL when memory ran out. */
json_t *kith_tracker_report_stats(const struct kith_tracker *tracker);

/* Prometheus' text format, appended. */
void kith_tracker_report_metrics(const struct kith_tracker *tracker,
                                 struct kith_writer *out);

#endif
