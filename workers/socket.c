/*
 * See socket.h.
 */
#include "workers/socket.h"

#include <errno.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <string.h>

#include "workers/clock.h"

int socket_open(uint8_t family, int type)
{
	return socket(family == ADDRESS_IPV6 ? AF_INET6 : AF_INET,
		      type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

socklen_t socket_name(struct sockaddr_storage *name, struct address address, uint16_t port)
{
	struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(port)};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};

	memset(name, 0, sizeof(*name));
	if (address.family == ADDRESS_IPV6) {
		memcpy(&v6.sin6_addr, address.bytes, sizeof(v6.sin6_addr));
		memcpy(name, &v6, sizeof(v6));
		return sizeof(v6);
	}
	memcpy(&v4.sin_addr, address.bytes, sizeof(v4.sin_addr));
	memcpy(name, &v4, sizeof(v4));
	return sizeof(v4);
}

bool socket_bind(int descriptor, struct address address)
{
	struct sockaddr_storage name;
	int one = 1;

	if (address.family == ADDRESS_NONE)
		return true;
	/* The port is chosen on connecting: a port may then be shared by connections to different servers. */
	setsockopt(descriptor, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof(one));
	socklen_t len = socket_name(&name, address, 0);

	return bind(descriptor, (const struct sockaddr *)&name, len) == 0;
}

bool socket_connect(int descriptor, struct address address, uint16_t port)
{
	struct sockaddr_storage name;
	socklen_t len = socket_name(&name, address, port);

	return connect(descriptor, (const struct sockaddr *)&name, len) == 0 ||
	       errno == EINPROGRESS;
}

struct address socket_local(const struct address *addresses, size_t count, uint8_t family,
			    size_t turn)
{
	for (size_t i = 0; i < count; i++) {
		const struct address *address = &addresses[(turn + i) % count];

		if (address->family == family)
			return *address;
	}
	return (struct address){.family = ADDRESS_NONE};
}

enum transport_end socket_end(int error)
{
	switch (error) {
	case ECONNREFUSED:
		return TRANSPORT_END_REFUSED;
	case ECONNRESET:
	case ECONNABORTED:
	case EPIPE:
		return TRANSPORT_END_RESET;
	case ETIMEDOUT:
		return TRANSPORT_END_TIMEOUT;
	case EMFILE:
	case ENFILE:
	case ENOBUFS:
	case ENOMEM:
	case EAGAIN: /* no local port left */
	case EADDRINUSE:
	case EADDRNOTAVAIL:
	case EPERM: /* a packet filter of this machine */
	case EACCES:
	case EAFNOSUPPORT:
		return TRANSPORT_END_LOCAL;
	default:
		return TRANSPORT_END_UNREACHABLE;
	}
}

const struct timeval *timer_common(struct event_base *base, int64_t timeout_ms)
{
	struct timeval timeout = {
		.tv_sec = timeout_ms / MS_PER_S,
		.tv_usec = timeout_ms % MS_PER_S * US_PER_MS,
	};

	return event_base_init_common_timeout(base, &timeout);
}
