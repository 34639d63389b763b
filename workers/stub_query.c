/*
 * See stub_query.h.
 */
#include "workers/stub_query.h"

#include <event2/event.h>
#include <stdlib.h>
#include <utlist.h>

#include "workers/dns_tcp.h"
#include "workers/metrics.h"
#include "workers/socket.h"
#include "workers/udp_pool.h"

int64_t stub_now_us(const struct stub *stub)
{
	return clock_now_us(&stub->settings->clock);
}

int64_t stub_now_ms(const struct stub *stub)
{
	return clock_now_ms(&stub->settings->clock);
}

void stub_count(struct stub *stub, size_t metric)
{
	metrics_add(stub->settings->metrics, stub->settings->block, metric, 1);
}

void stub_arm(struct event *timer, int64_t wait_us)
{
	struct timeval wait = {.tv_sec = wait_us / US_PER_S, .tv_usec = wait_us % US_PER_S};

	event_add(timer, &wait);
}

/* --- places ------------------------------------------------------------------------------- */

void query_join_line(struct query *query, bool in_front)
{
	struct stub *stub = query->stub;
	struct query **line =
		query->dns.tcp ? &stub->tcp_line : &stub->servers[query->dns.server].line;

	query->place = query->dns.tcp ? PLACE_TCP_LINE : PLACE_LINE;
	if (in_front)
		DL_PREPEND2(*line, query, previous, next);
	else
		DL_APPEND2(*line, query, previous, next);
}

/* Time-outs are mostly equal, so a query's place is nearly always the last. */
void query_join_flight(struct query *query, enum query_place place)
{
	struct stub *stub = query->stub;
	struct query *before = stub->in_flight != NULL ? stub->in_flight->previous : NULL;

	query->place = place;
	query->deadline_ms = stub_now_ms(stub) + query->wait_ms;
	stub->in_flight_count++;
	while (before != NULL && before->deadline_ms > query->deadline_ms)
		before = before == stub->in_flight ? NULL : before->previous;
	if (before != NULL)
		DL_APPEND_ELEM2(stub->in_flight, before, query, previous, next);
	else
		DL_PREPEND2(stub->in_flight, query, previous, next);
	if (!event_pending(stub->deadline_timer, EV_TIMEOUT, NULL))
		stub_arm(stub->deadline_timer, query->wait_ms * US_PER_MS);
}

static void leave_flight(struct query *query)
{
	struct stub *stub = query->stub;

	DL_DELETE2(stub->in_flight, query, previous, next);
	stub->in_flight_count--;
	if (query->place == PLACE_UDP) {
		HASH_DELETE(hh, stub->sent, query);
		udp_socket_await(query->socket, -1);
		return;
	}
	dns_tcp_close(query->tcp);
	query->tcp = NULL;
	stub->tcp_count--;
}

/* Out of wherever it stands. */
void query_leave(struct query *query)
{
	struct stub *stub = query->stub;

	switch (query->place) {
	case PLACE_LINE:
		DL_DELETE2(stub->servers[query->dns.server].line, query, previous, next);
		break;
	case PLACE_TCP_LINE:
		DL_DELETE2(stub->tcp_line, query, previous, next);
		break;
	case PLACE_UDP:
	case PLACE_TCP:
		leave_flight(query);
		break;
	case PLACE_NONE:
		break;
	}
	query->place = PLACE_NONE;
}

/* --- the end of a lookup -------------------------------------------------------------------- */

static void finish(struct query *query)
{
	struct stub *stub = query->stub;
	struct resolution *lookup = query->lookup;
	struct lookup_result result = query->dns.result;

	metrics_lookup(stub->settings->metrics, stub->settings->block, result.answer.status);
	free(query);
	lookup->resolvers_own = NULL;
	lookup->done(lookup, &result);
}

/* `query` is in no place. */
void query_handle(struct query *query, enum dns_query_action action)
{
	switch (action) {
	case DNS_QUERY_SEND_UDP:
	case DNS_QUERY_SEND_TCP:
		query->wait_ms = query->dns.deadline_ms - stub_now_ms(query->stub);
		query_join_line(query, true);
		return;
	case DNS_QUERY_DONE:
		finish(query);
		return;
	case DNS_QUERY_WAIT:
		break; /* only messages give this, see on_answer */
	}
	abort();
}

static bool is_local(int error)
{
	return socket_end(error) == TRANSPORT_END_LOCAL;
}

void query_fail(struct query *query, int error)
{
	struct stub *stub = query->stub;

	query_leave(query);
	query_handle(query, dns_query_on_error(&query->dns, is_local(error),
					       random_u16(&stub->random), stub_now_ms(stub)));
}

void query_on_message(struct query *query, struct span message)
{
	struct stub *stub = query->stub;
	enum dns_query_action action = dns_query_on_message(
		&query->dns, message, random_u16(&stub->random), stub_now_ms(stub));

	if (action == DNS_QUERY_WAIT)
		return;
	query_leave(query);
	query_handle(query, action);
}
