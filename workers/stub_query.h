/*
 * One lookup of the stub resolver and the places it can stand in: its server's line, the line for TCP, in flight over UDP or
 * TCP in order of deadline. Moves queries between them and ends them; sending is stub_resolver.c's, the only one to call this.
 */
#ifndef STSWEEP_WORKERS_STUB_QUERY_H
#define STSWEEP_WORKERS_STUB_QUERY_H

#define HASH_FUNCTION HASH_FNV
#include <uthash.h>

#include "steps/dns_query.h"
#include "workers/random.h"
#include "workers/rate.h"
#include "workers/resolver.h"

struct dns_tcp;
struct event;
struct stub;
struct udp_pool;
struct udp_socket;

/* What an answer is known by, besides its question: the socket it came in on and its id. */
struct query_match {
	uint32_t socket;
	uint32_t id;
};

enum query_place {
	PLACE_LINE, /* of its server */
	PLACE_TCP_LINE,
	PLACE_UDP, /* in flight */
	PLACE_TCP,
	PLACE_NONE,
};

struct query {
	struct dns_query dns;
	struct stub *stub;
	struct resolution *lookup;
	enum query_place place;
	bool started;
	int64_t wait_ms; /* from sending to the time-out */
	int64_t deadline_ms;
	struct query *previous; /* in its line, or in flight */
	struct query *next;
	struct query_match match;
	UT_hash_handle hh;
	struct udp_socket *socket;
	struct dns_tcp *tcp;
};

struct stub_server {
	struct rate rate;
	struct query *line;
};

struct stub {
	struct resolver resolver; /* first, so that one is the other */
	struct event_base *base;
	const struct resolver_settings *settings;
	struct dns_query_settings query_settings;
	struct arena names_arena;
	struct span *names; /* addresses of the servers in text form */
	struct stub_server *servers;
	struct rate rate;
	struct query *tcp_line;
	struct query *in_flight; /* by deadline */
	struct query *sent;      /* over UDP, by match */
	size_t in_flight_count;
	size_t in_flight_most;
	size_t tcp_count;
	bool sockets_busy; /* a server waits for one */
	unsigned turn;     /* the server that is served first next time */
	struct udp_pool *pool;
	struct event *deadline_timer;
	struct event *rate_timer;
	struct random_pool random;
};

int64_t stub_now_us(const struct stub *stub);
int64_t stub_now_ms(const struct stub *stub);
void stub_count(struct stub *stub, size_t metric);
/* Sets a timer of the stub's. */
void stub_arm(struct event *timer, int64_t wait_us);

/* Into the line that its last action asks for. */
void query_join_line(struct query *query, bool in_front);
/* In flight from now on; `place` is PLACE_UDP, with socket and match, or PLACE_TCP, with its connection. */
void query_join_flight(struct query *query, enum query_place place);
/* Out of wherever it stands; closes its connection. */
void query_leave(struct query *query);
/* Does what a query in no place has come to: into a line, or to its end. */
void query_handle(struct query *query, enum dns_query_action action);
/* The same for a query in any place that could not be sent, or whose answer cannot come. */
void query_fail(struct query *query, int error);
/* A message for it; one that is no answer leaves it where it is. */
void query_on_message(struct query *query, struct span message);

#endif
