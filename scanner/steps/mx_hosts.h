/*
 * From the MX records of an answer to the hosts and the kind of MX (RFC 5321 5.1, RFC 7505). Used
 * by the domain step.
 */
#ifndef STSWEEP_STEPS_MX_HOSTS_H
#define STSWEEP_STEPS_MX_HOSTS_H

#include "facts/dns_message.h"
#include "record/record.h"

/*
 * Fills `mx->hosts` and `mx->kind` from at least one MX record: folded, in order of preference,
 * then name, each host once under its best preference, at most `hosts_max`. False when hosts were
 * left out, for that or for want of memory.
 */
bool mx_hosts_fill(struct arena *arena, const struct dns_answer *answer, size_t hosts_max,
		   struct mx *mx);
/* The domain itself as its only host, preference 0. */
bool mx_hosts_fill_implicit(struct arena *arena, struct span domain, struct mx *mx);

#endif
