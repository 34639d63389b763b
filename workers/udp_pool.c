/*
 * See udp_pool.h.
 */
#include "workers/udp_pool.h"

#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "workers/engine.h"
#include "workers/random.h"
#include "workers/socket.h"

enum {
	SOCKET_QUERIES_COUNT = 256, /* after so many the port has served its time */
	MESSAGE_BYTES = 4096,       /* the most that limits->dns_udp_bytes can offer */
	RECEIVE_ROUNDS = 8,         /* batches read before others have their turn */
	RECEIVE_BUFFER_BYTES = 1048576,
};

struct udp_socket {
	struct udp_pool *pool;
	unsigned server;
	uint32_t number;
	int descriptor; /* -1 until it is needed */
	struct event *readable;
	unsigned sent;
	int awaited;
};

struct udp_pool {
	struct udp_pool_settings settings;
	unsigned per_server;
	struct udp_socket *sockets; /* per_server for each server */
	size_t next_local;
	size_t open_count;
	size_t hand; /* where the next idle one is looked for */
	struct mmsghdr headers[UDP_BATCH_COUNT];
	struct iovec places[UDP_BATCH_COUNT];
	uint8_t buffers[UDP_BATCH_COUNT][MESSAGE_BYTES];
};

static size_t sockets_count(const struct udp_pool *pool)
{
	return pool->settings.servers_count * pool->per_server;
}

static bool report_error(struct udp_socket *socket, int error)
{
	const struct udp_pool_settings *settings = &socket->pool->settings;

	if (error == EAGAIN || error == EINTR)
		return false;
	settings->on_error(settings->context, socket, error);
	return true;
}

static void on_readable(evutil_socket_t descriptor, short what, void *context)
{
	struct udp_socket *socket = context;
	struct udp_pool *pool = socket->pool;
	const struct udp_pool_settings *settings = &pool->settings;

	(void)what;
	for (unsigned round = 0; round < RECEIVE_ROUNDS; round++) {
		int got = recvmmsg(descriptor, pool->headers, UDP_BATCH_COUNT, 0, NULL);

		if (got < 0 && !report_error(socket, errno))
			return;
		for (int i = 0; i < got; i++)
			settings->on_message(settings->context, socket,
					     span_of(pool->buffers[i], pool->headers[i].msg_len));
		if (got < UDP_BATCH_COUNT)
			return;
	}
}

static void socket_close(struct udp_socket *socket)
{
	if (socket->descriptor < 0)
		return;
	if (socket->readable != NULL)
		event_free(socket->readable);
	close(socket->descriptor);
	socket->readable = NULL;
	socket->descriptor = -1;
	socket->pool->open_count--;
}

/* Closes one that awaits nothing when as many are open as may be. False and EBUSY where there is none. */
static bool make_room(struct udp_pool *pool)
{
	size_t count = sockets_count(pool);

	for (size_t i = 0; pool->open_count >= pool->settings.sockets_count && i < count; i++) {
		struct udp_socket *socket = &pool->sockets[pool->hand++ % count];

		if (socket->awaited == 0)
			socket_close(socket);
	}
	errno = EBUSY;
	return pool->open_count < pool->settings.sockets_count;
}

static bool socket_prepare(struct udp_socket *socket)
{
	struct udp_pool *pool = socket->pool;
	const struct name_server *server = &pool->settings.servers[socket->server];
	struct address local =
		socket_local(pool->settings.local_addresses, pool->settings.local_addresses_count,
			     server->address.family, pool->next_local++);
	int bytes = RECEIVE_BUFFER_BYTES;

	if (!make_room(pool))
		return false;
	socket->descriptor = socket_open(server->address.family, SOCK_DGRAM);
	if (socket->descriptor < 0)
		return false;
	pool->open_count++;
	socket->sent = 0;
	setsockopt(socket->descriptor, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes));
	if (socket_bind(socket->descriptor, local) &&
	    socket_connect(socket->descriptor, server->address, server->port))
		socket->readable = event_new(pool->settings.base, socket->descriptor,
					     EV_READ | EV_PERSIST, on_readable, socket);
	if (socket->readable != NULL && event_add(socket->readable, NULL) == 0)
		return true;
	int error = errno;

	socket_close(socket);
	errno = error;
	return false;
}

/* Short of descriptors, ports are used longer; NULL and errno as it was. */
static struct udp_socket *any_open(struct udp_pool *pool, unsigned server)
{
	for (unsigned i = 0; i < pool->per_server; i++) {
		struct udp_socket *socket = &pool->sockets[server * pool->per_server + i];

		if (socket->descriptor >= 0)
			return socket;
	}
	return NULL;
}

struct udp_socket *udp_pool_pick(struct udp_pool *pool, unsigned server)
{
	uint32_t at = random_below(pool->settings.random, pool->per_server);
	struct udp_socket *socket = &pool->sockets[server * pool->per_server + at];

	if (socket->sent >= SOCKET_QUERIES_COUNT && socket->awaited == 0)
		socket_close(socket);
	if (socket->descriptor < 0 && !socket_prepare(socket))
		return any_open(pool, server);
	return socket;
}

size_t udp_socket_send(struct udp_socket *socket, const struct iovec *messages, size_t count)
{
	struct mmsghdr headers[UDP_BATCH_COUNT];
	struct iovec places[UDP_BATCH_COUNT];

	memset(headers, 0, sizeof(headers));
	for (size_t i = 0; i < count; i++) {
		places[i] = messages[i];
		headers[i].msg_hdr.msg_iov = &places[i];
		headers[i].msg_hdr.msg_iovlen = 1;
	}
	int sent = sendmmsg(socket->descriptor, headers, (unsigned)count, MSG_NOSIGNAL);

	if (sent <= 0)
		return 0;
	socket->sent += (unsigned)sent;
	return (size_t)sent;
}

void udp_socket_await(struct udp_socket *socket, int difference)
{
	socket->awaited += difference;
}

uint32_t udp_socket_number(const struct udp_socket *socket)
{
	return socket->number;
}

static void prepare_headers(struct udp_pool *pool)
{
	for (unsigned i = 0; i < UDP_BATCH_COUNT; i++) {
		pool->places[i] = (struct iovec){
			.iov_base = pool->buffers[i],
			.iov_len = MESSAGE_BYTES,
		};
		pool->headers[i].msg_hdr.msg_iov = &pool->places[i];
		pool->headers[i].msg_hdr.msg_iovlen = 1;
	}
}

struct udp_pool *udp_pool_new(const struct udp_pool_settings *settings)
{
	struct udp_pool *pool = calloc(1, sizeof(*pool));
	size_t servers = settings->servers_count;

	if (pool == NULL)
		return NULL;
	pool->settings = *settings;
	pool->per_server = servers < settings->sockets_count
				   ? (unsigned)(settings->sockets_count / servers)
				   : 1;
	pool->sockets = calloc(sockets_count(pool), sizeof(struct udp_socket));
	if (pool->sockets == NULL) {
		free(pool);
		return NULL;
	}
	for (uint32_t i = 0; i < sockets_count(pool); i++)
		pool->sockets[i] = (struct udp_socket){
			.pool = pool,
			.server = i / pool->per_server,
			.number = i,
			.descriptor = -1,
		};
	prepare_headers(pool);
	return pool;
}

void udp_pool_free(struct udp_pool *pool)
{
	if (pool == NULL)
		return;
	for (size_t i = 0; i < sockets_count(pool); i++)
		socket_close(&pool->sockets[i]);
	free(pool->sockets);
	free(pool);
}
