/*
 * Before a scan begins: can this machine see what it wants to measure? A name server that does not
 * answer or a blocked port 25 would otherwise be published as somebody else's fault.
 */
#ifndef STSWEEP_COMMANDS_PREFLIGHT_H
#define STSWEEP_COMMANDS_PREFLIGHT_H

#include "commands/network.h"

/*
 * Asks every name server one question, all at once, and waits limits->dns_timeout_ms at most,
 * twice. The question is for a signed name, so the answers also tell which servers validate: that
 * is noted in the network, because only of those does a missing AD bit mean anything. Each silent
 * one gets a line on standard error. False when none answers: a scan cannot go on.
 */
bool preflight_name_servers(struct network *network);

/*
 * Connects to port 25 of `host` (a name or an address; NULL does nothing). When that fails, one
 * line on standard error says so: the scan goes on with its SMTP facts unknown.
 */
void preflight_smtp(const struct network *network, const char *host);

/*
 * Without a preflight host it shows in the first probes: have all so far ended before a connection
 * came about, and are they enough to say so (fewer will do once the scan has ended)?
 */
bool preflight_all_lost(const struct metrics_totals *totals, bool ended);
/* One line on standard error: SMTP facts will be unknown. */
void preflight_tell_lost(const struct network *network, const struct metrics_totals *totals);

#endif
