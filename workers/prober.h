/*
 * The STARTTLS probe of one address of an MX host (steps/smtp.h), as a visit. Keeps the times of the probe; everything else
 * is the step's to record.
 */
#ifndef STSWEEP_WORKERS_PROBER_H
#define STSWEEP_WORKERS_PROBER_H

#include "workers/visit.h"

/* Makes it, to be begun by visit_start; it lives in the order's arena. NULL over the arena's cap: prober_refuse fills the record then. */
struct visit *prober_new(const struct visit_order *order);
void prober_refuse(const struct request *request);

#endif
