/*
 * Who may hold how many descriptors, so that what is sent never takes those that the records' files need: a connection
 * waits for a descriptor like for any other limit, and no file fails to open. Called once, when the engine is made.
 */
#ifndef STSWEEP_WORKERS_DESCRIPTORS_H
#define STSWEEP_WORKERS_DESCRIPTORS_H

#include <stddef.h>
#include <stdint.h>

struct descriptor_shares {
	size_t udp_sockets_count;  /* of one worker's resolver */
	size_t dns_tcp_count;      /* likewise, connections to name servers */
	int64_t connections_count; /* of all workers together */
};

/* `limit_count` is what the process may open. Each share is at least 1. */
struct descriptor_shares descriptors_share(uint64_t limit_count, unsigned threads,
					   size_t name_servers_count);
/* What this process may open now. */
uint64_t descriptors_limit(void);

#endif
