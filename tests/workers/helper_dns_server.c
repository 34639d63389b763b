/*
 * See helper_dns_server.h. Parses just enough of a query to answer it, without any code of the
 * scanner's.
 */
#include "helper_dns_server.h"

#include <arpa/inet.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { HEADER_BYTES = 12, MESSAGE_BYTES = 600, RCODE_SERVFAIL = 2, RCODE_REFUSED = 5 };

static int64_t now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static bool is_called(const uint8_t *query, const char *label)
{
	size_t len = strlen(label);

	return query[HEADER_BYTES] == len && memcmp(query + HEADER_BYTES + 1, label, len) == 0;
}

static size_t question_end(const uint8_t *query, size_t len)
{
	size_t at = HEADER_BYTES;

	while (at < len && query[at] != 0)
		at += query[at] + 1u;
	return at + 5;
}

/* Header and question as asked, and one address. */
static size_t answer(const uint8_t *query, size_t len, uint8_t *out, int rcode, bool truncated)
{
	static const uint8_t record[] = {0xc0, HEADER_BYTES, 0, 1, 0,   1, 0, 0,
					 1,    44,           0, 4, 192, 0, 2, 1};
	size_t end = question_end(query, len);
	bool empty = rcode != 0 || truncated;

	memcpy(out, query, end);
	out[2] = (uint8_t)(0x81 | (truncated ? 2 : 0));
	out[3] = (uint8_t)(0x80 | rcode);
	memset(out + 6, 0, 6);
	if (empty)
		return end;
	out[7] = 1;
	memcpy(out + end, record, sizeof(record));
	return end + sizeof(record);
}

static void note(struct dns_server *server, uint16_t port)
{
	uint8_t bit = (uint8_t)(1u << port % 8);

	if ((server->ports[port / 8] & bit) == 0)
		atomic_fetch_add(&server->source_ports, 1);
	server->ports[port / 8] |= bit;
	if (atomic_load(&server->first_us) == 0)
		atomic_store(&server->first_us, now_us());
	atomic_store(&server->last_us, now_us());
}

/* What a forger would try, then the answer: other id, other question, other port, no response. */
static void send_forged(struct dns_server *server, const uint8_t *message, size_t len,
			const struct sockaddr_in *from)
{
	uint8_t forged[MESSAGE_BYTES];
	int other = socket(AF_INET, SOCK_DGRAM, 0);

	for (int i = 0; i < 4; i++) {
		memcpy(forged, message, len);
		forged[len - 1] = 66; /* 192.0.2.66 */
		if (i == 0)
			forged[0] ^= 1;
		if (i == 1)
			forged[HEADER_BYTES + 2] ^= 2;
		if (i == 3)
			forged[2] &= 0x7f;
		sendto(i == 2 ? other : server->udp, forged, len, 0, (const struct sockaddr *)from,
		       sizeof(*from));
	}
	close(other);
}

static void serve_udp(struct dns_server *server)
{
	uint8_t query[MESSAGE_BYTES], message[2 * MESSAGE_BYTES];
	struct sockaddr_in from = {0};
	socklen_t from_len = sizeof(from);
	ssize_t len = recvfrom(server->udp, query, sizeof(query), MSG_DONTWAIT,
			       (struct sockaddr *)&from, &from_len);
	int rcode = 0;

	if (len < HEADER_BYTES)
		return;
	atomic_fetch_add(&server->udp_queries, 1);
	note(server, ntohs(from.sin_port));
	if (is_called(query, "silent"))
		return;
	if (atomic_load(&server->refuses) || is_called(query, "refused"))
		rcode = RCODE_REFUSED;
	if (is_called(query, "servfail"))
		rcode = RCODE_SERVFAIL;
	bool truncated =
		is_called(query, "tc") || is_called(query, "close") || is_called(query, "slowtcp");
	size_t out = answer(query, (size_t)len, message, rcode, truncated);

	if (is_called(query, "forged"))
		send_forged(server, message, out, &from);
	sendto(server->udp, message, out, 0, (const struct sockaddr *)&from, from_len);
}

static void read_all(int descriptor, uint8_t *bytes, size_t len)
{
	while (len > 0) {
		ssize_t got = read(descriptor, bytes, len);

		if (got <= 0)
			return;
		bytes += got;
		len -= (size_t)got;
	}
}

static void serve_tcp(struct dns_server *server)
{
	uint8_t query[MESSAGE_BYTES] = {0}, message[MESSAGE_BYTES + 2];
	int connection = accept(server->tcp, NULL, NULL);

	if (connection < 0)
		return;
	atomic_fetch_add(&server->tcp_queries, 1);
	read_all(connection, query, 2);
	size_t len = (size_t)query[0] << 8 | query[1];

	if (len > HEADER_BYTES && len < sizeof(query)) {
		read_all(connection, query, len);
		size_t out = answer(query, len, message + 2, 0, false);

		message[0] = (uint8_t)(out >> 8);
		message[1] = (uint8_t)out;
		for (size_t i = 0; is_called(query, "slowtcp") && i < out + 1; i++) {
			send(connection, message + i, 1, MSG_NOSIGNAL);
			usleep(200);
		}
		if (is_called(query, "slowtcp"))
			send(connection, message + out + 1, 1, MSG_NOSIGNAL);
		else if (!is_called(query, "close"))
			send(connection, message, out + 2, MSG_NOSIGNAL);
	}
	close(connection);
}

static void *serve(void *context)
{
	struct dns_server *server = context;
	struct pollfd watched[] = {
		{.fd = server->udp, .events = POLLIN},
		{.fd = server->tcp, .events = POLLIN},
		{.fd = server->stop[0], .events = POLLIN},
	};

	for (;;) {
		poll(watched, 3, -1);
		if (watched[2].revents != 0)
			return NULL;
		if (watched[0].revents != 0)
			serve_udp(server);
		if (watched[1].revents != 0)
			serve_tcp(server);
	}
}

/* One port for both protocols: tries until chance agrees. */
static bool bind_both(struct dns_server *server)
{
	struct sockaddr_in name = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	socklen_t len = sizeof(name);

	server->udp = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	server->tcp = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(server->udp, (const struct sockaddr *)&name, sizeof(name)) == 0 &&
	    getsockname(server->udp, (struct sockaddr *)&name, &len) == 0 &&
	    bind(server->tcp, (const struct sockaddr *)&name, sizeof(name)) == 0 &&
	    listen(server->tcp, 64) == 0) {
		server->port = ntohs(name.sin_port);
		return true;
	}
	close(server->udp);
	close(server->tcp);
	return false;
}

void dns_server_start(struct dns_server *server)
{
	memset(server, 0, sizeof(*server));
	for (int tries = 0; !bind_both(server); tries++) {
		if (tries == 100)
			abort();
	}
	if (pipe(server->stop) != 0 || pthread_create(&server->thread, NULL, serve, server) != 0)
		abort();
}

void dns_server_stop(struct dns_server *server)
{
	close(server->stop[1]);
	pthread_join(server->thread, NULL);
	close(server->stop[0]);
	close(server->udp);
	close(server->tcp);
}
