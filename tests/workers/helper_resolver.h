/*
 * A resolver for tests that asks nobody. Every domain dN.test has one MX host, mxM.pP.test with M =
 * N modulo `hosts` and P = M modulo `providers`, at 127.0.0.1; every tenth has an MTA-STS record
 * and a policy host at 127.0.0.1. A domain whose name begins with "slow" is never answered. Answers
 * come at the flush after the question.
 */
#ifndef STSWEEP_TESTS_HELPER_RESOLVER_H
#define STSWEEP_TESTS_HELPER_RESOLVER_H

#include <stdbool.h>

#include "workers/resolver.h"

struct fake_world {
	unsigned hosts;
	unsigned providers;
	bool dead_first; /* every name has 127.0.0.2, where nobody listens, before 127.0.0.1 */
};

/* As engine_settings.resolver_new; `context` is the world. */
struct resolver *fake_resolver_new(void *context, struct event_base *base,
				   const struct resolver_settings *settings);

#endif
