/*
 * Sets the engine up from the flags. Called by scan and check before any thread exists.
 */
#include "commands/network.h"

#include <arpa/inet.h>
#include <errno.h>
#include <event2/util.h>
#include <ifaddrs.h>
#include <ldns/ldns.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "workers/socket.h"

enum { NETWORK_ARENA_BYTES = 4 << 20, DNS_PORT = 53, LINE_BYTES = 1024 };

static struct address address_of_sockaddr(const struct sockaddr *sockaddr)
{
	if (sockaddr->sa_family == AF_INET) {
		struct sockaddr_in in;

		memcpy(&in, sockaddr, sizeof(in));
		return address_from_bytes(span_of(&in.sin_addr, sizeof(in.sin_addr)));
	}
	if (sockaddr->sa_family == AF_INET6) {
		struct sockaddr_in6 in6;

		memcpy(&in6, sockaddr, sizeof(in6));
		return address_from_bytes(span_of(&in6.sin6_addr, sizeof(in6.sin6_addr)));
	}
	return (struct address){0};
}

static bool is_loopback(struct address address)
{
	static const uint8_t loopback6[16] = {[15] = 1};

	return address.family == ADDRESS_IPV4 ? address.bytes[0] == 127
					      : memcmp(address.bytes, loopback6, 16) == 0;
}

static bool add_name_server(struct network *network, const struct options *options,
			    struct address address, uint16_t port)
{
	size_t count = network->engine.name_servers_count;

	if (count == NAME_SERVERS_MAX) {
		fprintf(stderr, "stsweep: more than %d name servers\n", NAME_SERVERS_MAX);
		return false;
	}
	network->name_servers[count] = (struct name_server){
		.address = address,
		.port = port,
		.trusted = options->trust_ad || is_loopback(address),
	};
	network->engine.name_servers_count++;
	return true;
}

static bool add_name_server_text(struct network *network, const struct options *options,
				 const char *text, const char *where)
{
	struct sockaddr_storage storage = {0};
	int len = sizeof(storage);
	struct address address;
	uint16_t port;

	if (evutil_parse_sockaddr_port(text, (struct sockaddr *)&storage, &len) != 0) {
		fprintf(stderr, "stsweep: %s: '%s' is no address of a name server\n", where, text);
		return false;
	}
	address = address_of_sockaddr((struct sockaddr *)&storage);
	port = storage.ss_family == AF_INET ? ((struct sockaddr_in *)&storage)->sin_port
					    : ((struct sockaddr_in6 *)&storage)->sin6_port;
	return add_name_server(network, options, address, port == 0 ? DNS_PORT : ntohs(port));
}

/* A file of --name-servers @file: one a line, # begins a comment. */
static bool add_name_server_file(struct network *network, const struct options *options,
				 const char *path)
{
	FILE *in = fopen(path, "r");
	char line[LINE_BYTES];
	char where[LINE_BYTES + 32];
	unsigned number = 0;
	bool ok = true;

	if (in == NULL) {
		fprintf(stderr, "stsweep: %s: %s\n", path, strerror(errno));
		return false;
	}
	while (ok && fgets(line, sizeof(line), in) != NULL) {
		char *text = line + strspn(line, " \t");

		number++;
		text[strcspn(text, " \t\r\n#")] = '\0';
		snprintf(where, sizeof(where), "%s:%u", path, number);
		if (text[0] != '\0')
			ok = add_name_server_text(network, options, text, where);
	}
	fclose(in);
	return ok;
}

static bool add_system_name_servers(struct network *network, const struct options *options)
{
	ldns_resolver *resolver = NULL;
	bool ok = true;

	if (ldns_resolver_new_frm_file(&resolver, NULL) != LDNS_STATUS_OK) {
		fprintf(stderr, "stsweep: /etc/resolv.conf names no name server; name some with "
				"--name-servers\n");
		return false;
	}
	for (size_t i = 0; ok && i < ldns_resolver_nameserver_count(resolver); i++) {
		const ldns_rdf *server = ldns_resolver_nameservers(resolver)[i];

		ok = add_name_server(
			network, options,
			address_from_bytes(span_of(ldns_rdf_data(server), ldns_rdf_size(server))),
			DNS_PORT);
	}
	ldns_resolver_deep_free(resolver);
	return ok;
}

static bool find_name_servers(struct network *network, const struct options *options)
{
	if (options->name_servers.count == 0) {
		if (options->resolver == RESOLVER_NAME_SERVERS) {
			fprintf(stderr, "stsweep: --resolver name-servers needs --name-servers\n");
			return false;
		}
		return add_system_name_servers(network, options);
	}
	for (size_t i = 0; i < options->name_servers.count; i++) {
		const char *text = options->name_servers.items[i];
		bool ok = text[0] == '@'
				  ? add_name_server_file(network, options, text + 1)
				  : add_name_server_text(network, options, text, "--name-servers");

		if (!ok)
			return false;
	}
	if (network->engine.name_servers_count == 0) {
		fprintf(stderr, "stsweep: --name-servers names none\n");
		return false;
	}
	return true;
}

/* An address of another machine would make every lookup and probe unknown. */
static bool is_of_this_machine(struct address address)
{
	struct sockaddr_storage storage;
	socklen_t len = socket_name(&storage, address, 0);
	int fd = socket(storage.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool bound = fd >= 0 && bind(fd, (struct sockaddr *)&storage, len) == 0;
	int fault = errno;

	if (fd >= 0)
		close(fd);
	errno = fault;
	return bound;
}

static bool find_local_addresses(struct network *network, const struct options *options)
{
	for (size_t i = 0; i < options->local_addresses.count; i++) {
		const char *text = options->local_addresses.items[i];
		struct address address = address_from_text(span_text(text));

		if (address.family == ADDRESS_NONE || i == LOCAL_ADDRESSES_MAX) {
			fprintf(stderr, "stsweep: --local-addr: '%s' is no address\n", text);
			return false;
		}
		if (!is_of_this_machine(address)) {
			fprintf(stderr, "stsweep: --local-addr: %s: %s\n", text, strerror(errno));
			return false;
		}
		network->local_addresses[i] = address;
		network->engine.local_addresses_count++;
	}
	return true;
}

/* Our addresses in text form, so that a refusal that names one is recognised. */
static bool note_own_addresses(struct network *network)
{
	struct ifaddrs *interfaces;
	bool ok = true;

	if (getifaddrs(&interfaces) != 0)
		return true;
	for (const struct ifaddrs *at = interfaces; ok && at != NULL; at = at->ifa_next) {
		struct address address;

		if (at->ifa_addr == NULL)
			continue;
		address = address_of_sockaddr(at->ifa_addr);
		if (address.family != ADDRESS_NONE && !is_loopback(address))
			ok = arena_append(&network->arena, &network->steps.own_addresses,
					  address_to_text(&network->arena, address));
	}
	freeifaddrs(interfaces);
	return ok;
}

/*
 * Is there a route for this family? Connecting a datagram socket asks the routing table and sends
 * nothing. Where reserved addresses may be contacted, a route to a documentation address (RFC 3849,
 * RFC 5737) will do.
 */
static bool has_route(int family, bool allow_reserved)
{
	static const char *const probes4[] = {"8.0.0.1", "192.0.2.1"};
	static const char *const probes6[] = {"2400::1", "2001:db8::1"};
	bool found = false;

	for (size_t i = 0; i < (allow_reserved ? 2 : 1) && !found; i++) {
		struct sockaddr_storage storage = {0};
		int len = sizeof(storage);
		char text[64];
		int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);

		if (fd < 0)
			return false;
		snprintf(text, sizeof(text), family == AF_INET ? "%s:53" : "[%s]:53",
			 family == AF_INET ? probes4[i] : probes6[i]);
		found = evutil_parse_sockaddr_port(text, (struct sockaddr *)&storage, &len) == 0 &&
			connect(fd, (struct sockaddr *)&storage, (socklen_t)len) == 0;
		close(fd);
	}
	return found;
}

static bool choose_families(struct network *network, const struct options *options)
{
	bool route4 = has_route(AF_INET, options->allow_reserved);
	bool route6 = has_route(AF_INET6, options->allow_reserved);

	if (options->ipv4_only && options->ipv6_only) {
		fprintf(stderr, "stsweep: --4 and --6 exclude each other\n");
		return false;
	}
	network->steps.ipv4 = !options->ipv6_only && (route4 || options->ipv4_only);
	network->steps.ipv6 = !options->ipv4_only && (route6 || options->ipv6_only);
	network->steps.list_ipv4 = !options->ipv6_only && !network->steps.ipv4;
	network->steps.list_ipv6 = !options->ipv4_only && !network->steps.ipv6;
	if (!options->quiet && !options->ipv4_only && !options->ipv6_only) {
		if (!route6)
			fprintf(stderr,
				"stsweep: no IPv6 route: IPv6 addresses are recorded, not tried\n");
		if (!route4)
			fprintf(stderr,
				"stsweep: no IPv4 route: IPv4 addresses are recorded, not tried\n");
	}
	return true;
}

static int64_t share(int64_t rate, int64_t shards)
{
	return rate / shards > 0 ? rate / shards : 1;
}

static void take_share(struct limits *limits, int64_t shards)
{
	limits->provider_rate_per_minute = share(limits->provider_rate_per_minute, shards);
	limits->provider_connections_count = share(limits->provider_connections_count, shards);
	limits->address_rate_per_minute = share(limits->address_rate_per_minute, shards);
	limits->dns_rate_per_second = share(limits->dns_rate_per_second, shards);
	limits->dns_rate_per_server = share(limits->dns_rate_per_server, shards);
}

static bool set_steps(struct network *network, const struct options *options)
{
	struct step_settings *steps = &network->steps;

	if (gethostname(network->host_name, sizeof(network->host_name) - 1) != 0)
		snprintf(network->host_name, sizeof(network->host_name), "localhost");
	steps->limits = &network->limits;
	steps->vantage = span_text(options->vantage);
	steps->stage_policy = (options->stages & STAGE_BIT_POLICY) != 0;
	steps->stage_smtp = (options->stages & STAGE_BIT_SMTP) != 0;
	steps->always_fetch = options->always_fetch;
	steps->allow_reserved = options->allow_reserved;
	steps->ehlo_domain =
		span_text(options->ehlo_domain != NULL ? options->ehlo_domain : network->host_name);
	steps->user_agent = span_text(options->user_agent);
	if (steps->ehlo_domain.len == 0 || steps->ehlo_domain.len > NAME_MAX_BYTES ||
	    span_find(steps->ehlo_domain, ' ') < steps->ehlo_domain.len ||
	    !span_is_ascii(steps->ehlo_domain)) {
		fprintf(stderr, "stsweep: --ehlo-domain: '%.*s' is no host name\n",
			(int)steps->ehlo_domain.len, (const char *)steps->ehlo_domain.data);
		return false;
	}
	return choose_families(network, options) && note_own_addresses(network);
}

static unsigned threads_wanted(const struct limits *limits)
{
	long processors = sysconf(_SC_NPROCESSORS_ONLN);

	if (limits->threads > 0)
		return (unsigned)limits->threads;
	return processors > 0 ? (unsigned)processors : 1;
}

bool network_init(struct network *network, const struct options *options,
		  const struct knowledge *knowledge)
{
	memset(network, 0, sizeof(*network));
	arena_init(&network->arena, NETWORK_ARENA_BYTES);
	network->limits = options->limits;
	take_share(&network->limits, options->shards);
	network->engine.limits = &network->limits;
	network->engine.steps = &network->steps;
	network->engine.threads = threads_wanted(&network->limits);
	network->engine.name_servers = network->name_servers;
	network->engine.psl = knowledge->psl;
	network->engine.providers = knowledge->providers;
	network->engine.local_addresses = network->local_addresses;
	network->engine.smtp_port = (uint16_t)options->smtp_port;
	network->engine.https_port = (uint16_t)options->https_port;
	return find_name_servers(network, options) && find_local_addresses(network, options) &&
	       set_steps(network, options);
}

void network_free(struct network *network)
{
	arena_free(&network->arena);
}
