/*
 * See descriptors.h.
 */
#include "workers/descriptors.h"

#include <sys/resource.h>

enum {
	/* Files of the output, of input and of the C library; event loops, queues and parts of each worker. */
	FILES_COUNT = 48,
	FILES_PER_WORKER_COUNT = 8,
	UDP_SOCKETS_COUNT = 64, /* or one for each name server, if they are more */
	DNS_TCP_MOST_COUNT = 128,
	DNS_PART = 8, /* one in so many of what is left, for each kind */
	CONNECTIONS_MOST_COUNT = 1000000,
};

static uint64_t clamp(uint64_t value, uint64_t most)
{
	if (value == 0)
		return 1;
	return value < most ? value : most;
}

struct descriptor_shares descriptors_share(uint64_t limit_count, unsigned threads,
					   size_t name_servers_count)
{
	uint64_t files = FILES_COUNT + (uint64_t)threads * FILES_PER_WORKER_COUNT;
	uint64_t left = limit_count - (files < limit_count / 2 ? files : limit_count / 2);
	uint64_t udp = clamp(left / DNS_PART / threads, name_servers_count > UDP_SOCKETS_COUNT
								? name_servers_count
								: UDP_SOCKETS_COUNT);
	uint64_t tcp = clamp(left / DNS_PART / threads, DNS_TCP_MOST_COUNT);
	uint64_t dns = (udp + tcp) * threads;

	return (struct descriptor_shares){
		.udp_sockets_count = (size_t)udp,
		.dns_tcp_count = (size_t)tcp,
		.connections_count =
			(int64_t)clamp(left > dns ? left - dns : 0, CONNECTIONS_MOST_COUNT),
	};
}

uint64_t descriptors_limit(void)
{
	struct rlimit limit;

	/* RLIM_INFINITY is the largest number there is. */
	return getrlimit(RLIMIT_NOFILE, &limit) == 0 ? (uint64_t)limit.rlim_cur : 1;
}
