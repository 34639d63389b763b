/*
 * Every time-out, size and count of the scanner: one table, from which come the struct that all
 * parts are handed (read-only), the flags, the config file's names and the documentation. A part
 * never holds a bare number of its own. Hitting a limit is an outcome in the record, never an
 * abort.
 */
#ifndef STSWEEP_BASE_LIMITS_H
#define STSWEEP_BASE_LIMITS_H

#include <stdint.h>

/* L(field, default, lowest, highest, meaning): the unit is the field's last word. */
#define LIMITS(L) \
	L(domains_in_flight, 1000, 1, 1000000, \
	  "domains gathered at the same time, over all threads (-c)") \
	L(threads, 0, 0, 256, "worker threads; 0 takes one per processor") \
	L(dns_timeout_ms, 5000, 10, 60000, "wait for one answer from a name server") \
	L(dns_retries, 3, 0, 10, \
	  "further queries to other name servers after a time-out or a failure") \
	L(dns_rate_per_second, 5000, 1, 10000000, "queries a second to all name servers together") \
	L(dns_rate_per_server, 5000, 1, 10000000, "queries a second to one name server") \
	L(dns_in_flight, 20000, 1, 1000000, "queries awaiting their answer, over all threads") \
	L(dns_udp_bytes, 1232, 512, 4096, \
	  "EDNS buffer size offered (RFC 6891 6.2.5, DNS flag day 2020)") \
	L(dns_message_bytes, 65535, 512, 65535, "largest answer taken over TCP") \
	L(cname_depth_count, 12, 1, 64, "CNAMEs followed from one name") \
	L(dns_records_count, 1024, 1, 65535, "records read from one answer") \
	L(txt_records_count, 64, 1, 1024, "TXT records kept of one name") \
	L(mx_hosts_count, 64, 1, 4096, "MX hosts kept and probed of one domain") \
	L(host_addresses_count, 16, 1, 256, "addresses kept and probed of one MX host") \
	L(tlsa_records_count, 64, 1, 1024, "TLSA records kept of one name") \
	L(connect_timeout_ms, 10000, 10, 120000, "wait for a TCP connection") \
	L(network_timeout_ms, 30000, 10, 600000, "longest silence on an open connection") \
	L(target_timeout_ms, 120000, 10, 3600000, \
	  "whole life of one connection, whatever comes in") \
	L(policy_timeout_ms, 60000, 10, 600000, \
	  "whole policy fetch (RFC 8461 3.3 suggests one minute)") \
	L(policy_bytes, 65536, 1024, 1048576, \
	  "largest policy body (RFC 8461 3.3 suggests 64 kilobytes)") \
	L(http_header_bytes, 32768, 1024, 1048576, "response header block, names and values") \
	L(http_headers_count, 256, 8, 4096, "response header fields") \
	L(http2_frames_count, 4096, 16, 1000000, "HTTP/2 frames read in one fetch") \
	L(tls_read_bytes, 524288, 16384, 16777216, \
	  "bytes read from one connection, all layers together") \
	L(chain_certificates_count, 16, 1, 128, "certificates kept of one chain") \
	L(certificate_bytes, 65536, 1024, 1048576, "largest certificate kept") \
	L(smtp_line_bytes, 2048, 512, 65536, \
	  "longest reply line (RFC 5321 4.5.3.1.5 requires 512)") \
	L(smtp_lines_count, 128, 1, 4096, "lines of one reply") \
	L(retry_delay_ms, 15000, 0, 600000, \
	  "pause before the one second try of what failed for now") \
	L(provider_rate_per_minute, 120, 1, 6000000, \
	  "new connections a minute to one provider's MX hosts") \
	L(provider_connections_count, 8, 1, 10000, "open connections to one provider's MX hosts") \
	L(address_connections_count, 2, 1, 1000, "open connections to one address") \
	L(address_rate_per_minute, 60, 1, 6000000, "new connections a minute to one address") \
	L(host_jobs_count, 2000, 1, 1000000, \
	  "MX hosts being looked up or probed at the same time") \
	L(domain_arena_bytes, 1048576, 65536, 268435456, "memory of one domain's job") \
	L(host_arena_bytes, 1048576, 65536, 268435456, "memory of one host's job")

struct limits {
#define L(field, initial, lowest, highest, meaning) int64_t field;
	LIMITS(L)
#undef L
};

/* One row of the table, for flags, config files and documentation. */
struct limit_info {
	const char *name;
	int64_t initial;
	int64_t lowest;
	int64_t highest;
	const char *meaning;
	uint16_t offset; /* of the field in struct limits */
};

extern const struct limit_info limit_infos[];
extern const unsigned limit_infos_count;

struct limits limits_defaults(void);
int64_t *limits_field(struct limits *limits, const struct limit_info *info);

#endif
