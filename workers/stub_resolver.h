/*
 * A resolver that asks the name servers it was given, each a recursive one: UDP in batches from many random ports, TCP
 * after truncation, bounded in rate and number. What is asked next is decided by steps/dns_query.h; here is how it travels.
 */
#ifndef STSWEEP_WORKERS_STUB_RESOLVER_H
#define STSWEEP_WORKERS_STUB_RESOLVER_H

#include "workers/resolver.h"

/* NULL without memory. */
struct resolver *stub_resolver_new(struct event_base *base,
				   const struct resolver_settings *settings);

#endif
