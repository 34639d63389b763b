/*
 * Tells one judged domain to a person: what was found in the DNS, at the policy host and at each MX
 * host, what a sender would do, and what to mend. Bytes from the network are printed so that they
 * cannot steer a terminal.
 */
#ifndef STSWEEP_COMMANDS_EXPLAIN_H
#define STSWEEP_COMMANDS_EXPLAIN_H

#include <stdbool.h>
#include <stdio.h>

#include "judge/judge.h"

struct explain_settings {
	bool colours;
	const struct host_source *hosts; /* judged */
};

void explain_domain(FILE *out, const struct explain_settings *settings,
		    const struct domain_record *domain);

#endif
