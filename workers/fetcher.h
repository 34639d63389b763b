/*
 * The fetch of a policy (steps/https.h), as a visit: one address of the policy host after the other until a connection
 * comes, all within limits->policy_timeout_ms; waiting for leave does not count. Keeps address and times of the fetch;
 * everything else is the step's to record.
 */
#ifndef STSWEEP_WORKERS_FETCHER_H
#define STSWEEP_WORKERS_FETCHER_H

#include "workers/visit.h"

/* Makes it, to be begun by visit_start; it lives in the order's arena. NULL over the arena's cap: fetcher_refuse fills the record then. */
struct visit *fetcher_new(const struct visit_order *order);
void fetcher_refuse(const struct request *request);

#endif
