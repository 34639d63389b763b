/*
 * The checks of the outgoing way. Called once by scan, before the engine; uses blocking sockets
 * with deadlines.
 */
#include "commands/preflight.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "facts/dns_message.h"

enum {
	ROUNDS = 2,
	QUERY_BYTES = 512,
	ANSWER_BYTES = 4096,
	RECORDS_MAX = 256,
	ENOUGH_PROBES_COUNT = 200,
	ENOUGH_AT_THE_END_COUNT = 10,
	ARENA_BYTES = 1 << 16
};

/*
 * Any answer will do to show that a server is alive; AD on this one, which the trust anchor itself
 * has signed, shows that it validates.
 */
static struct dns_question preflight_question(void)
{
	return (struct dns_question){.name = span_text("."), .type = DNS_TYPE_NS};
}

static int64_t clock_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static socklen_t sockaddr_of(struct sockaddr_storage *storage, struct address address,
			     uint16_t port)
{
	memset(storage, 0, sizeof(*storage));
	if (address.family == ADDRESS_IPV4) {
		struct sockaddr_in *in = (struct sockaddr_in *)storage;

		in->sin_family = AF_INET;
		in->sin_port = htons(port);
		memcpy(&in->sin_addr, address.bytes, sizeof(in->sin_addr));
		return sizeof(*in);
	}
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)storage;

	in6->sin6_family = AF_INET6;
	in6->sin6_port = htons(port);
	memcpy(&in6->sin6_addr, address.bytes, sizeof(in6->sin6_addr));
	return sizeof(*in6);
}

static int open_query_socket(const struct name_server *server)
{
	struct sockaddr_storage storage;
	socklen_t len = sockaddr_of(&storage, server->address, server->port);
	int fd = socket(storage.ss_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd >= 0 && connect(fd, (struct sockaddr *)&storage, len) != 0) {
		close(fd);
		return -1;
	}
	return fd;
}

struct question_round {
	int sockets[NAME_SERVERS_MAX];
	struct pollfd
		fds[NAME_SERVERS_MAX]; /* of the sockets; -1 once one has failed in this round */
	uint16_t ids[NAME_SERVERS_MAX];
	bool alive[NAME_SERVERS_MAX];
	bool validating[NAME_SERVERS_MAX];
	size_t count;
	size_t alive_count;
};

static void round_ask(struct question_round *round, const struct limits *limits)
{
	uint8_t query[QUERY_BYTES];
	struct dns_query_flags flags = {.dnssec_ok = true};

	for (size_t i = 0; i < round->count; i++) {
		size_t len;

		if (round->alive[i] || round->fds[i].fd < 0)
			continue;
		if (getrandom(&round->ids[i], sizeof(round->ids[i]), 0) < 0)
			round->ids[i] = (uint16_t)i;
		len = dns_query_build(query, sizeof(query), round->ids[i], preflight_question(),
				      (uint16_t)limits->dns_udp_bytes, flags);
		/* A failed send is a silent server: the outcome is the same line. */
		(void)!send(round->fds[i].fd, query, len, 0);
	}
}

static void round_note(struct question_round *round, size_t server, struct span message)
{
	const struct dns_caps caps = {.records_count = RECORDS_MAX, .cname_depth_count = 1};
	struct dns_answer answer;
	struct arena arena;

	if (round->alive[server] ||
	    !dns_message_answers(message, round->ids[server], preflight_question()))
		return;
	round->alive[server] = true;
	round->alive_count++;
	arena_init(&arena, ARENA_BYTES);
	round->validating[server] =
		dns_answer_parse(&arena, message, preflight_question(), &caps, &answer) &&
		answer.authentic;
	arena_free(&arena);
}

static void round_listen(struct question_round *round, int64_t deadline_ms)
{
	uint8_t answer[ANSWER_BYTES];
	int64_t left = deadline_ms - clock_ms();

	while (round->alive_count < round->count && left > 0) {
		if (poll(round->fds, (nfds_t)round->count, (int)left) <= 0)
			return;
		for (size_t i = 0; i < round->count; i++) {
			ssize_t got;

			if (round->fds[i].revents == 0)
				continue;
			got = recv(round->fds[i].fd, answer, sizeof(answer), 0);
			if (got > 0)
				round_note(round, i, span_of(answer, (size_t)got));
			/* An ICMP error: asking again is the next round's. */
			else if (errno != EAGAIN)
				round->fds[i].fd = -1;
		}
		left = deadline_ms - clock_ms();
	}
}

/* A line a silent server; one line when all are. */
static void tell_silent(const struct network *network, const struct question_round *round)
{
	size_t silent = round->count - round->alive_count;
	struct arena arena;

	arena_init(&arena, ARENA_BYTES);
	for (size_t i = 0; i < round->count; i++) {
		struct span text = address_to_text(&arena, network->name_servers[i].address);
		unsigned port = network->name_servers[i].port;

		if (round->alive[i])
			continue;
		if (silent == round->count) {
			fprintf(stderr,
				"stsweep: no name server answers (%.*s port %u and %zu more): "
				"nothing can be looked up\n",
				(int)text.len, (const char *)text.data, port, silent - 1);
			break;
		}
		fprintf(stderr, "stsweep: name server %.*s port %u does not answer\n",
			(int)text.len, (const char *)text.data, port);
	}
	arena_free(&arena);
}

bool preflight_name_servers(struct network *network)
{
	struct question_round *round = calloc(1, sizeof(*round));
	bool some;

	if (round == NULL)
		return false;
	round->count = network->engine.name_servers_count;
	for (size_t i = 0; i < round->count; i++)
		round->sockets[i] = open_query_socket(&network->name_servers[i]);
	for (int i = 0; i < ROUNDS && round->alive_count < round->count; i++) {
		for (size_t k = 0; k < round->count; k++)
			round->fds[k] = (struct pollfd){.fd = round->sockets[k], .events = POLLIN};
		round_ask(round, &network->limits);
		round_listen(round, clock_ms() + network->limits.dns_timeout_ms);
	}
	tell_silent(network, round);
	for (size_t i = 0; i < round->count; i++)
		network->name_servers[i].validating = round->validating[i];
	some = round->alive_count > 0;
	for (size_t i = 0; i < round->count; i++) {
		if (round->sockets[i] >= 0)
			close(round->sockets[i]);
	}
	free(round);
	return some;
}

/* 0 or the errno of a connection with a deadline. */
static int connect_fault(const struct addrinfo *address, int64_t timeout_ms)
{
	int fd = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct pollfd wait = {.fd = fd, .events = POLLOUT};
	int fault = 0;
	socklen_t len = sizeof(fault);

	if (fd < 0)
		return errno;
	bool failed =
		connect(fd, address->ai_addr, address->ai_addrlen) != 0 && errno != EINPROGRESS;

	if (!failed && poll(&wait, 1, (int)timeout_ms) <= 0)
		fault = ETIMEDOUT;
	else if (failed || getsockopt(fd, SOL_SOCKET, SO_ERROR, &fault, &len) != 0)
		fault = errno;
	close(fd);
	return fault;
}

void preflight_smtp(const struct network *network, const char *host)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
	struct addrinfo *found;
	char port[8];
	int fault = 0;

	if (host == NULL)
		return;
	snprintf(port, sizeof(port), "%u", network->engine.smtp_port);
	fault = getaddrinfo(host, port, &hints, &found);
	if (fault != 0) {
		fprintf(stderr, "stsweep: --preflight-host %s: %s\n", host, gai_strerror(fault));
		return;
	}
	for (const struct addrinfo *at = found; at != NULL; at = at->ai_next) {
		fault = connect_fault(at, network->limits.connect_timeout_ms);
		if (fault == 0)
			break;
	}
	freeaddrinfo(found);
	if (fault != 0)
		fprintf(stderr,
			"stsweep: port %s of %s cannot be reached from here (%s): SMTP facts will "
			"be "
			"unknown\n",
			port, host, strerror(fault));
}

static uint64_t probes_ended(const struct metrics_totals *totals)
{
	uint64_t ended = 0;

	for (int stage = 0; stage < METRICS_STAGES; stage++) {
		for (int outcome = 0; outcome < METRICS_OUTCOMES; outcome++)
			ended += totals->probes[stage][outcome];
	}
	return ended;
}

bool preflight_all_lost(const struct metrics_totals *totals, bool ended)
{
	const uint64_t *tcp = totals->probes[STAGE_TCP];
	uint64_t probes = probes_ended(totals);
	uint64_t lost = tcp[OUTCOME_TIMEOUT] + tcp[OUTCOME_UNREACHABLE] + tcp[OUTCOME_REFUSED];

	return probes >= (ended ? ENOUGH_AT_THE_END_COUNT : ENOUGH_PROBES_COUNT) && lost == probes;
}

void preflight_tell_lost(const struct network *network, const struct metrics_totals *totals)
{
	fprintf(stderr,
		"stsweep: none of %llu connections to port %u came about: it seems closed on the "
		"way "
		"out; SMTP facts are unknown\n",
		(unsigned long long)probes_ended(totals), network->engine.smtp_port);
}
