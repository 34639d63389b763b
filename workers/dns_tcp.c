/*
 * See dns_tcp.h.
 */
#include "workers/dns_tcp.h"

#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "workers/engine.h"
#include "workers/socket.h"

enum { LENGTH_BYTES = 2, LENGTH_MOST = 65535 };

struct dns_tcp {
	struct dns_tcp_plan plan;
	int descriptor;
	struct event *io;
	uint8_t *outgoing; /* length and message */
	size_t outgoing_len;
	size_t sent;
	uint8_t *incoming; /* length and message, grown as they come */
	size_t incoming_len;
	size_t incoming_size;
};

static size_t length_of(const uint8_t *prefix)
{
	return (size_t)prefix[0] << 8 | prefix[1];
}

static void fail(struct dns_tcp *tcp, int error)
{
	tcp->plan.on_error(tcp->plan.context, error);
}

/* Watches for writing until all is sent, then for reading. */
static bool watch(struct dns_tcp *tcp, short what)
{
	if (tcp->io != NULL && event_get_events(tcp->io) == (what | EV_PERSIST))
		return true;
	if (tcp->io != NULL)
		event_del(tcp->io);
	return event_assign(tcp->io, tcp->plan.base, tcp->descriptor, (short)(what | EV_PERSIST),
			    event_get_callback(tcp->io), tcp) == 0 &&
	       event_add(tcp->io, NULL) == 0;
}

static void send_some(struct dns_tcp *tcp)
{
	ssize_t sent = send(tcp->descriptor, tcp->outgoing + tcp->sent,
			    tcp->outgoing_len - tcp->sent, MSG_NOSIGNAL);

	if (sent < 0 && errno != EAGAIN && errno != EINTR) {
		fail(tcp, errno);
		return;
	}
	tcp->sent += sent > 0 ? (size_t)sent : 0;
	if (tcp->sent == tcp->outgoing_len && !watch(tcp, EV_READ))
		fail(tcp, ENOMEM);
}

/* Room for what is awaited: the length, or the message behind it. */
static bool make_room(struct dns_tcp *tcp)
{
	size_t wanted = LENGTH_BYTES;

	if (tcp->incoming_len >= LENGTH_BYTES)
		wanted += length_of(tcp->incoming);
	if (wanted > tcp->plan.most_bytes + LENGTH_BYTES) {
		errno = EMSGSIZE;
		return false;
	}
	if (wanted <= tcp->incoming_size)
		return true;
	uint8_t *incoming = realloc(tcp->incoming, wanted);

	if (incoming == NULL)
		return false;
	tcp->incoming = incoming;
	tcp->incoming_size = wanted;
	return true;
}

static size_t awaited(const struct dns_tcp *tcp)
{
	if (tcp->incoming_len < LENGTH_BYTES)
		return LENGTH_BYTES - tcp->incoming_len;
	return LENGTH_BYTES + length_of(tcp->incoming) - tcp->incoming_len;
}

/* One read an event: the rest comes with the next, and the caller may have closed this one meanwhile. */
static void read_some(struct dns_tcp *tcp)
{
	if (!make_room(tcp)) {
		fail(tcp, errno);
		return;
	}
	ssize_t got = recv(tcp->descriptor, tcp->incoming + tcp->incoming_len, awaited(tcp), 0);

	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (got <= 0) {
		fail(tcp, got < 0 ? errno : ECONNRESET);
		return;
	}
	tcp->incoming_len += (size_t)got;
	if (tcp->incoming_len < LENGTH_BYTES || awaited(tcp) > 0)
		return;
	struct span message =
		span_of(tcp->incoming + LENGTH_BYTES, tcp->incoming_len - LENGTH_BYTES);

	tcp->incoming_len = 0;
	tcp->plan.on_message(tcp->plan.context, message);
}

static void on_io(evutil_socket_t descriptor, short what, void *context)
{
	struct dns_tcp *tcp = context;

	(void)descriptor;
	if ((what & EV_WRITE) != 0)
		send_some(tcp);
	else
		read_some(tcp);
}

static bool prepare_message(struct dns_tcp *tcp)
{
	struct span message = tcp->plan.message;

	if (message.len > LENGTH_MOST)
		return false;
	tcp->outgoing_len = LENGTH_BYTES + message.len;
	tcp->outgoing = malloc(tcp->outgoing_len);
	if (tcp->outgoing == NULL)
		return false;
	tcp->outgoing[0] = (uint8_t)(message.len >> 8);
	tcp->outgoing[1] = (uint8_t)message.len;
	memcpy(tcp->outgoing + LENGTH_BYTES, message.data, message.len);
	return true;
}

static bool begin(struct dns_tcp *tcp)
{
	const struct name_server *server = tcp->plan.server;

	tcp->descriptor = socket_open(server->address.family, SOCK_STREAM);
	if (tcp->descriptor < 0 || !prepare_message(tcp) ||
	    !socket_bind(tcp->descriptor, tcp->plan.local) ||
	    !socket_connect(tcp->descriptor, server->address, server->port))
		return false;
	tcp->io = event_new(tcp->plan.base, tcp->descriptor, EV_WRITE | EV_PERSIST, on_io, tcp);
	return tcp->io != NULL && event_add(tcp->io, NULL) == 0;
}

struct dns_tcp *dns_tcp_open(const struct dns_tcp_plan *plan)
{
	struct dns_tcp *tcp = calloc(1, sizeof(*tcp));

	if (tcp == NULL)
		return NULL;
	tcp->plan = *plan;
	tcp->descriptor = -1;
	if (!begin(tcp)) {
		int error = errno;

		dns_tcp_close(tcp);
		errno = error;
		return NULL;
	}
	tcp->plan.message = (struct span){0};
	return tcp;
}

void dns_tcp_close(struct dns_tcp *tcp)
{
	if (tcp->io != NULL)
		event_free(tcp->io);
	if (tcp->descriptor >= 0)
		close(tcp->descriptor);
	free(tcp->outgoing);
	free(tcp->incoming);
	free(tcp);
}
