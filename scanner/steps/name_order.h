/*
 * The order in which names stand in a record: by their bytes, so that the same answer in another
 * order gives the same record. Used by the steps.
 */
#ifndef STSWEEP_STEPS_NAME_ORDER_H
#define STSWEEP_STEPS_NAME_ORDER_H

#include "base/span.h"

int name_order(struct span a, struct span b);
void name_order_sort(struct span_list *names);

#endif
