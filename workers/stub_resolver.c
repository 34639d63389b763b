/*
 * See stub_resolver.h. A query stands in its server's line until the rates let it go, then in flight, in order of its
 * deadline, and after a time-out or failure at the head of another line. Lines are served once after each pass of the event
 * loop, so that what came together goes out together.
 */
#include "workers/stub_resolver.h"

#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <utlist.h>

#include "workers/dns_tcp.h"
#include "workers/engine.h"
#include "workers/metrics.h"
#include "workers/socket.h"
#include "workers/stub_query.h"
#include "workers/udp_pool.h"

enum {
	BUSY_WAIT_US = 1000, /* when the kernel's buffer is full, or no socket free */
	ID_TRIES_COUNT = 64,
	MASKED_SERVERS_COUNT = 64, /* of the masks of struct dns_query_settings */
	NAMES_ARENA_BYTES = 16777216,
};

/* --- UDP ------------------------------------------------------------------------------------ */

static struct query *find_sent(struct stub *stub, struct query_match match)
{
	struct query *query;

	HASH_FIND(hh, stub->sent, &match, sizeof(match), query);
	return query;
}

static void on_message(void *context, struct udp_socket *socket, struct span message)
{
	struct stub *stub = context;
	struct query_match match = {.socket = udp_socket_number(socket)};
	struct query *query;

	if (message.len < 2)
		return;
	match.id = (uint32_t)message.data[0] << 8 | message.data[1];
	query = find_sent(stub, match);
	if (query != NULL)
		query_on_message(query, message);
}

/* Which query the kernel means is not known: all that this socket awaits are asked elsewhere. */
static void on_error(void *context, struct udp_socket *socket, int error)
{
	struct stub *stub = context;
	struct query *query, *next;

	HASH_ITER (hh, stub->sent, query, next) {
		if (query->socket == socket)
			query_fail(query, error);
	}
}

/* An id that no other query on this socket awaits; false when chance finds none. */
static bool choose_id(struct stub *stub, struct query *query, struct udp_socket *socket)
{
	struct query_match match = {.socket = udp_socket_number(socket)};

	for (unsigned i = 0; i < ID_TRIES_COUNT; i++) {
		match.id = i == 0 ? query->dns.id : random_u16(&stub->random);
		if (find_sent(stub, match) != NULL)
			continue;
		query->dns.id = (uint16_t)match.id;
		query->match = match;
		return true;
	}
	return false;
}

/* Queries that go out in one system call, all to one server. */
struct flight {
	struct udp_socket *socket;
	struct query *queries[UDP_BATCH_COUNT];
	struct iovec messages[UDP_BATCH_COUNT];
	uint8_t buffers[UDP_BATCH_COUNT][DNS_QUERY_BYTES];
	size_t count;
};

static void flight_add(struct flight *flight, struct query *query)
{
	struct stub *stub = query->stub;
	size_t at = flight->count++;
	size_t len = dns_query_message(&query->dns, flight->buffers[at], DNS_QUERY_BYTES);

	flight->queries[at] = query;
	flight->messages[at] = (struct iovec){.iov_base = flight->buffers[at], .iov_len = len};
	query->socket = flight->socket;
	HASH_ADD(hh, stub->sent, match, sizeof(query->match), query);
	udp_socket_await(flight->socket, 1);
	query_join_flight(query, PLACE_UDP);
}

/* The rest of a batch goes back to where it came from. */
static void flight_return(struct flight *flight, size_t from)
{
	for (size_t i = flight->count; i-- > from;) {
		query_leave(flight->queries[i]);
		query_join_line(flight->queries[i], true);
	}
}

/* False when the kernel's buffer is full. */
static bool flight_send(struct stub *stub, struct flight *flight)
{
	size_t done = 0;

	while (done < flight->count) {
		size_t sent = udp_socket_send(flight->socket, flight->messages + done,
					      flight->count - done);
		int error = errno;

		for (size_t i = 0; i < sent; i++)
			stub_count(stub, METRIC(queries_sent));
		done += sent;
		if (sent > 0)
			continue;
		if (error == EAGAIN) {
			flight_return(flight, done);
			return false;
		}
		/* Either an older query's error, told now, or this one's own. */
		query_fail(flight->queries[done++], error);
	}
	return true;
}

/* --- TCP ------------------------------------------------------------------------------------ */

static void on_tcp_message(void *context, struct span message)
{
	query_on_message(context, message);
}

static void on_tcp_error(void *context, int error)
{
	query_fail(context, error);
}

static void send_tcp(struct query *query)
{
	struct stub *stub = query->stub;
	uint8_t message[DNS_QUERY_BYTES];
	struct dns_tcp_plan plan = {
		.base = stub->base,
		.server = &stub->settings->name_servers[query->dns.server],
		.message =
			span_of(message, dns_query_message(&query->dns, message, sizeof(message))),
		.most_bytes = (size_t)stub->settings->limits->dns_message_bytes,
		.context = query,
		.on_message = on_tcp_message,
		.on_error = on_tcp_error,
	};

	plan.local =
		socket_local(stub->settings->local_addresses, stub->settings->local_addresses_count,
			     plan.server->address.family, query->dns.id);
	query->tcp = dns_tcp_open(&plan);
	if (query->tcp == NULL) {
		query_fail(query, errno);
		return;
	}
	stub->tcp_count++;
	stub_count(stub, METRIC(queries_sent));
	stub_count(stub, METRIC(queries_tcp));
	query_join_flight(query, PLACE_TCP);
}

/* --- serving the lines ---------------------------------------------------------------------- */

/* Both rates at once, or neither. */
static bool take_rates(struct stub *stub, struct stub_server *server, int64_t at_us)
{
	return rate_wait_us(&stub->rate, at_us) == 0 && rate_wait_us(&server->rate, at_us) == 0 &&
	       rate_take(&stub->rate, at_us) && rate_take(&server->rate, at_us);
}

/* The time from which a query counts is that of its first sending. False when that ended it. */
static bool start(struct query *query)
{
	struct stub *stub = query->stub;
	enum dns_query_action action;

	if (query->started)
		return true;
	query->started = true;
	action = dns_query_start(&query->dns, &stub->query_settings, query->lookup->arena,
				 query->lookup->question, query->dns.server,
				 random_u16(&stub->random), stub_now_ms(stub));
	if (action == DNS_QUERY_SEND_UDP) {
		query->wait_ms = query->dns.deadline_ms - stub_now_ms(stub);
		return true;
	}
	query_handle(query, action);
	return false;
}

static bool has_room(const struct stub *stub)
{
	return stub->in_flight_count < stub->in_flight_most;
}

/* A server without a socket fails its whole line, one query after the other. */
static bool fail_first(struct stub_server *server, int error)
{
	struct query *query = server->line;

	query_leave(query);
	if (start(query))
		query_fail(query, error);
	return true;
}

/* One batch from the line of a server. Gives whether something was done, and clears `writable` when nothing can be sent. */
static bool serve_server(struct stub *stub, unsigned number, bool *writable)
{
	struct stub_server *server = &stub->servers[number];
	struct flight flight = {.count = 0};
	int64_t at_us = stub_now_us(stub);

	if (server->line == NULL || !has_room(stub) || rate_wait_us(&stub->rate, at_us) > 0 ||
	    rate_wait_us(&server->rate, at_us) > 0)
		return false;
	flight.socket = udp_pool_pick(stub->pool, number);
	if (flight.socket == NULL && errno == EBUSY) {
		stub->sockets_busy = true;
		return false;
	}
	if (flight.socket == NULL)
		return fail_first(server, errno);
	while (server->line != NULL && flight.count < UDP_BATCH_COUNT && has_room(stub)) {
		struct query *query = server->line;

		if (!take_rates(stub, server, at_us))
			break;
		query_leave(query);
		if (!start(query))
			continue;
		if (choose_id(stub, query, flight.socket))
			flight_add(&flight, query);
		else
			query_fail(query, EAGAIN);
	}
	*writable = flight_send(stub, &flight);
	return *writable;
}

static void serve_tcp(struct stub *stub)
{
	int64_t at_us = stub_now_us(stub);

	while (stub->tcp_line != NULL && stub->tcp_count < stub->settings->tcp_count &&
	       has_room(stub)) {
		struct query *query = stub->tcp_line;

		if (!take_rates(stub, &stub->servers[query->dns.server], at_us))
			break;
		query_leave(query);
		send_tcp(query);
	}
}

/* Wakes when a rate lets the next query go; what waits for room is served when something comes back. */
static void arm_rates(struct stub *stub, bool writable)
{
	int64_t at_us = stub_now_us(stub), least_us = INT64_MAX;
	int64_t total_us = rate_wait_us(&stub->rate, at_us);

	if (!has_room(stub))
		return;
	for (size_t i = 0; i < stub->settings->name_servers_count; i++) {
		struct stub_server *server = &stub->servers[i];
		bool wanted = server->line != NULL ||
			      (stub->tcp_line != NULL && stub->tcp_line->dns.server == i &&
			       stub->tcp_count < stub->settings->tcp_count);
		int64_t wait_us = rate_wait_us(&server->rate, at_us);

		wait_us = wait_us > total_us ? wait_us : total_us;
		if (wanted && wait_us < least_us)
			least_us = wait_us;
	}
	if ((!writable || stub->sockets_busy) && least_us < BUSY_WAIT_US)
		least_us = BUSY_WAIT_US;
	if (least_us != INT64_MAX)
		stub_arm(stub->rate_timer, least_us);
}

static void stub_flush(struct resolver *resolver)
{
	struct stub *stub = (struct stub *)resolver;
	unsigned servers = (unsigned)stub->settings->name_servers_count;
	bool progress = true, writable = true;

	stub->sockets_busy = false;
	while (progress && writable) {
		progress = false;
		for (unsigned i = 0; i < servers && writable; i++)
			progress |= serve_server(stub, (stub->turn + i) % servers, &writable);
		stub->turn++;
	}
	serve_tcp(stub);
	arm_rates(stub, writable);
}

/* --- the interface -------------------------------------------------------------------------- */

static void stub_lookup(struct resolver *resolver, struct resolution *lookup)
{
	struct stub *stub = (struct stub *)resolver;
	struct query *query = calloc(1, sizeof(*query));

	if (query == NULL)
		abort();
	stub_count(stub, METRIC(lookups_begun));
	query->stub = stub;
	query->lookup = lookup;
	query->dns.server =
		random_below(&stub->random, (uint32_t)stub->settings->name_servers_count);
	lookup->resolvers_own = query;
	query_join_line(query, false);
}

static void stub_cancel(struct resolver *resolver, struct resolution *lookup)
{
	struct query *query = lookup->resolvers_own;

	(void)resolver;
	if (query == NULL)
		return;
	query_leave(query);
	free(query);
	lookup->resolvers_own = NULL;
}

static void free_first(struct query *query)
{
	query_leave(query);
	free(query);
}

static void stub_free(struct resolver *resolver)
{
	struct stub *stub = (struct stub *)resolver;
	size_t servers = stub->settings->name_servers_count;

	while (stub->in_flight != NULL)
		free_first(stub->in_flight);
	while (stub->tcp_line != NULL)
		free_first(stub->tcp_line);
	for (size_t i = 0; stub->servers != NULL && i < servers; i++) {
		while (stub->servers[i].line != NULL)
			free_first(stub->servers[i].line);
	}
	udp_pool_free(stub->pool);
	if (stub->deadline_timer != NULL)
		event_free(stub->deadline_timer);
	if (stub->rate_timer != NULL)
		event_free(stub->rate_timer);
	arena_free(&stub->names_arena);
	free(stub->servers);
	free(stub->names);
	free(stub);
}

static void on_deadline(evutil_socket_t descriptor, short what, void *context)
{
	struct stub *stub = context;
	int64_t at_ms = stub_now_ms(stub);

	(void)descriptor;
	(void)what;
	while (stub->in_flight != NULL && stub->in_flight->deadline_ms <= at_ms) {
		struct query *query = stub->in_flight;

		query_leave(query);
		query_handle(query,
			     dns_query_on_timeout(&query->dns, random_u16(&stub->random), at_ms));
	}
	if (stub->in_flight != NULL)
		stub_arm(stub->deadline_timer, (stub->in_flight->deadline_ms - at_ms) * US_PER_MS);
}

/* Nothing to do but to end the pass of the loop: stub_flush follows. */
static void on_rate(evutil_socket_t descriptor, short what, void *context)
{
	(void)descriptor;
	(void)what;
	(void)context;
}

static bool prepare_servers(struct stub *stub)
{
	const struct resolver_settings *settings = stub->settings;
	const struct limits *limits = settings->limits;
	size_t servers = settings->name_servers_count;
	struct dns_query_settings *query = &stub->query_settings;
	double share = settings->share;

	arena_init(&stub->names_arena, NAMES_ARENA_BYTES);
	stub->names = calloc(servers, sizeof(struct span));
	stub->servers = calloc(servers, sizeof(struct stub_server));
	if (stub->names == NULL || stub->servers == NULL)
		return false;
	rate_init(&stub->rate, (double)limits->dns_rate_per_second / share, stub_now_us(stub));
	for (unsigned i = 0; i < servers; i++) {
		const struct name_server *server = &settings->name_servers[i];
		uint64_t bit = i < MASKED_SERVERS_COUNT ? UINT64_C(1) << i : 0;

		rate_init(&stub->servers[i].rate, (double)limits->dns_rate_per_server / share,
			  stub_now_us(stub));
		stub->names[i] = address_to_text(&stub->names_arena, server->address);
		query->trusted_servers |= server->trusted ? bit : 0;
		query->validating_servers |= server->validating ? bit : 0;
	}
	query->limits = limits;
	query->servers_count = (unsigned)servers;
	query->server_names = stub->names;
	return true;
}

static bool prepare(struct stub *stub)
{
	const struct resolver_settings *settings = stub->settings;
	struct udp_pool_settings pool = {
		.base = stub->base,
		.servers = settings->name_servers,
		.servers_count = settings->name_servers_count,
		.local_addresses = settings->local_addresses,
		.local_addresses_count = settings->local_addresses_count,
		.sockets_count = settings->udp_sockets_count,
		.random = &stub->random,
		.context = stub,
		.on_message = on_message,
		.on_error = on_error,
	};

	if (settings->name_servers_count == 0 || !prepare_servers(stub))
		return false;
	stub->in_flight_most = (size_t)settings->limits->dns_in_flight / settings->share;
	if (stub->in_flight_most == 0)
		stub->in_flight_most = 1;
	stub->pool = udp_pool_new(&pool);
	stub->deadline_timer = evtimer_new(stub->base, on_deadline, stub);
	stub->rate_timer = evtimer_new(stub->base, on_rate, stub);
	return stub->pool != NULL && stub->deadline_timer != NULL && stub->rate_timer != NULL;
}

struct resolver *stub_resolver_new(struct event_base *base,
				   const struct resolver_settings *settings)
{
	struct stub *stub = calloc(1, sizeof(*stub));

	if (stub == NULL)
		return NULL;
	stub->resolver = (struct resolver){
		.lookup = stub_lookup,
		.cancel = stub_cancel,
		.flush = stub_flush,
		.free = stub_free,
	};
	stub->base = base;
	stub->settings = settings;
	if (!prepare(stub)) {
		stub_free(&stub->resolver);
		return NULL;
	}
	return &stub->resolver;
}
