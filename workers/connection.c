/*
 * See connection.h. Events are edge-triggered, for reading and writing from the beginning to the end, so that a connection
 * costs one registration; every handler therefore goes on until the kernel or OpenSSL says to wait. A handler returns the
 * next state. Only
 * `finish`, the end of lingering and connection_abort free a connection.
 */
#include "workers/connection.h"

#include <errno.h>
#include <event2/event.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utlist.h>

#include "workers/clock.h"
#include "workers/metrics.h"
#include "workers/outgoing.h"
#include "workers/socket.h"

enum { READ_BYTES = 16384 }; /* a TLS record's worth */

enum state {
	STATE_CONNECTING,
	STATE_OPEN, /* sending and reading, with TLS or without */
	STATE_HANDSHAKE,
	STATE_ENDED,     /* `end` says how */
	STATE_LINGERING, /* reported; waits for the other side to close */
};

struct connection {
	struct connector *connector;
	struct connection_plan plan;
	enum state state;
	enum transport_action action; /* the machine's last word */
	struct outgoing outgoing;
	int descriptor;
	SSL *session;
	struct event *io;      /* its time-out is that of connecting, then of silence */
	struct event *life;    /* the end of the whole life, then of lingering */
	size_t received_bytes; /* without TLS */
	size_t sent_bytes;
	struct connection_end end;
	struct tls_end tls_end;      /* holds end.detail */
	struct connection *previous; /* of those that linger */
	struct connection *next;
};

struct connector {
	struct connector_settings settings;
	SSL_CTX *contexts[2]; /* by enum tls_use */
	size_t next_local;
	const struct timeval *connect_timeout;
	const struct timeval *silence_timeout;
	const struct timeval *life_timeout; /* the usual one */
	const struct timeval *linger_timeout;
	struct connection *lingering;
	struct tls_summary summary; /* of the session that just came up */
	uint8_t buffer[READ_BYTES];
};

/* --- ends --------------------------------------------------------------------------------- */

static enum state end_with(struct connection *connection, enum transport_end end)
{
	connection->end.end = end;
	return STATE_ENDED;
}

static enum state end_by_machine(struct connection *connection)
{
	connection->end.by_machine = true;
	return STATE_ENDED;
}

static enum state end_with_tls(struct connection *connection)
{
	connection->end.detail = span_text(connection->tls_end.detail);
	return end_with(connection, connection->tls_end.end);
}

static void count(struct connection *connection, size_t metric, uint64_t amount)
{
	const struct connector_settings *settings = &connection->connector->settings;

	metrics_add(settings->metrics, settings->block, metric, amount);
}

static size_t total_received(struct connection *connection)
{
	size_t bytes = connection->received_bytes;

	if (connection->session != NULL)
		bytes += (size_t)BIO_number_read(SSL_get_rbio(connection->session));
	return bytes;
}

static void count_bytes(struct connection *connection)
{
	size_t sent = connection->sent_bytes;

	if (connection->session != NULL)
		sent += (size_t)BIO_number_written(SSL_get_wbio(connection->session));
	count(connection, METRIC(bytes_sent), sent);
	count(connection, METRIC(bytes_received), total_received(connection));
}

static void connection_free(struct connection *connection)
{
	struct connection_plan plan = connection->plan;

	if (connection->descriptor >= 0)
		count_bytes(connection);
	if (connection->io != NULL)
		event_free(connection->io);
	if (connection->life != NULL)
		event_free(connection->life);
	if (connection->session != NULL)
		tls_session_free(connection->session);
	if (connection->descriptor >= 0) {
		close(connection->descriptor);
		count(connection, METRIC(connections_closed), 1);
	}
	outgoing_free(&connection->outgoing);
	free(connection);
	if (plan.closed != NULL)
		plan.closed(plan.closed_context, plan.closed_token);
}

static void report(struct connection *connection)
{
	struct connection_end end = connection->end;

	if (end.detail.data != NULL)
		end.detail = span_text(connection->tls_end.detail);
	connection->plan.ended(connection->plan.context, &end);
}

/*
 * Says that nothing more will come, and waits for the other side to close: a server that is still busy with this
 * connection must not see the next one, and what it may still say must not be answered with a reset.
 */
static void begin_to_linger(struct connection *connection)
{
	struct connector *connector = connection->connector;

	if (connection->session != NULL) {
		ERR_clear_error();
		SSL_shutdown(connection->session);
		ERR_clear_error();
	}
	shutdown(connection->descriptor, SHUT_WR);
	/* The whole of it is limited, not a silence: bytes that trickle in must not hold the leave. */
	event_remove_timer(connection->io);
	event_add(connection->life, connector->linger_timeout);
	DL_APPEND2(connector->lingering, connection, previous, next);
	connection->state = STATE_LINGERING;
}

static void end_lingering(struct connection *connection)
{
	DL_DELETE2(connection->connector->lingering, connection, previous, next);
	connection_free(connection);
}

/* Drops what still comes, up to the cap. */
static void linger(struct connection *connection)
{
	struct connector *connector = connection->connector;
	size_t most = (size_t)connector->settings.limits->tls_read_bytes;
	ssize_t got;

	do {
		got = recv(connection->descriptor, connector->buffer, READ_BYTES, 0);
		connection->received_bytes += got > 0 ? (size_t)got : 0;
	} while (got > 0 && connection->received_bytes <= most);
	if (got >= 0 || (errno != EAGAIN && errno != EINTR))
		end_lingering(connection);
}

static void finish(struct connection *connection)
{
	report(connection);
	if (!connection->end.by_machine) {
		connection_free(connection);
		return;
	}
	begin_to_linger(connection);
	linger(connection);
}

/* --- sending ------------------------------------------------------------------------------ */

/* Takes a machine's answer over: `send` is the machine's again at its next event. False without memory. */
static bool take_answer(struct connection *connection, struct transport answer)
{
	connection->action = answer.action;
	return outgoing_add(&connection->outgoing, answer.send);
}

enum progress {
	PROGRESS_DONE,
	PROGRESS_WAIT,
	PROGRESS_ENDED, /* `end` is set */
};

static enum progress wait_or_end(struct connection *connection)
{
	if (errno == EAGAIN || errno == EINTR)
		return PROGRESS_WAIT;
	end_with(connection, socket_end(errno));
	return PROGRESS_ENDED;
}

static enum progress tls_wait_or_end(struct connection *connection, int result)
{
	switch (tls_result(connection->session, result, false, &connection->tls_end)) {
	case TLS_WANT_READ:
	case TLS_WANT_WRITE:
		return PROGRESS_WAIT;
	case TLS_ENDED:
		break;
	}
	end_with_tls(connection);
	return PROGRESS_ENDED;
}

static enum progress send_some(struct connection *connection, struct span bytes)
{
	size_t sent = 0;

	if (connection->session != NULL) {
		ERR_clear_error();
		int result = SSL_write_ex(connection->session, bytes.data, bytes.len, &sent);

		if (result != 1)
			return tls_wait_or_end(connection, result);
	} else {
		ssize_t done = send(connection->descriptor, bytes.data, bytes.len, MSG_NOSIGNAL);

		if (done < 0)
			return wait_or_end(connection);
		sent = (size_t)done;
		connection->sent_bytes += sent;
	}
	outgoing_sent(&connection->outgoing, sent);
	return PROGRESS_DONE;
}

static enum progress send_all(struct connection *connection)
{
	struct span left = outgoing_left(&connection->outgoing);

	while (left.len > 0) {
		enum progress progress = send_some(connection, left);

		if (progress != PROGRESS_DONE)
			return progress;
		left = outgoing_left(&connection->outgoing);
	}
	return PROGRESS_DONE;
}

/* --- reading ------------------------------------------------------------------------------ */

static enum progress read_some(struct connection *connection, size_t *len)
{
	uint8_t *buffer = connection->connector->buffer;
	ssize_t got;

	if (connection->session != NULL) {
		ERR_clear_error();
		int result = SSL_read_ex(connection->session, buffer, READ_BYTES, len);

		return result == 1 ? PROGRESS_DONE : tls_wait_or_end(connection, result);
	}
	got = recv(connection->descriptor, buffer, READ_BYTES, 0);
	if (got < 0)
		return wait_or_end(connection);
	if (got == 0) {
		end_with(connection, TRANSPORT_END_CLOSED);
		return PROGRESS_ENDED;
	}
	*len = (size_t)got;
	connection->received_bytes += *len;
	return PROGRESS_DONE;
}

static bool is_too_large(struct connection *connection)
{
	return total_received(connection) >
	       (size_t)connection->connector->settings.limits->tls_read_bytes;
}

/* Reads once and lets the machine answer. */
static enum progress read_and_answer(struct connection *connection)
{
	size_t len = 0;
	enum progress progress = read_some(connection, &len);
	struct span bytes = span_of(connection->connector->buffer, len);

	if (progress != PROGRESS_DONE)
		return progress;
	if (is_too_large(connection)) {
		end_with(connection, TRANSPORT_END_TOO_LARGE);
		return PROGRESS_ENDED;
	}
	if (take_answer(connection, connection->plan.machine->on_bytes(
					    connection->plan.machine_context, bytes)))
		return PROGRESS_DONE;
	end_with(connection, TRANSPORT_END_LOCAL);
	return PROGRESS_ENDED;
}

/* --- states ------------------------------------------------------------------------------- */

static enum state on_open(struct connection *connection)
{
	for (;;) {
		enum progress progress = send_all(connection);

		if (progress == PROGRESS_DONE) {
			switch (connection->action) {
			case TRANSPORT_READ:
				progress = read_and_answer(connection);
				break;
			case TRANSPORT_START_TLS:
				return STATE_HANDSHAKE;
			case TRANSPORT_CLOSE:
				return end_by_machine(connection);
			}
		}
		if (progress == PROGRESS_WAIT)
			return STATE_OPEN;
		if (progress == PROGRESS_ENDED)
			return STATE_ENDED;
	}
}

static enum state on_connecting(struct connection *connection)
{
	const struct connector *connector = connection->connector;
	int error = 0;
	socklen_t len = sizeof(error);

	if (getsockopt(connection->descriptor, SOL_SOCKET, SO_ERROR, &error, &len) != 0)
		error = errno;
	if (error != 0 && error != ECONNRESET)
		return end_with(connection, socket_end(error));
	connection->end.connected = true;
	/*
	 * A reset in answer to the SYN is ECONNREFUSED: this one came after the handshake, before
	 * this thread looked. The machine must not depend on who was faster.
	 */
	if (error == ECONNRESET) {
		(void)connection->plan.machine->on_connected(connection->plan.machine_context);
		return end_with(connection, TRANSPORT_END_RESET);
	}
	event_add(connection->io, connector->silence_timeout);
	if (!take_answer(connection,
			 connection->plan.machine->on_connected(connection->plan.machine_context)))
		return end_with(connection, TRANSPORT_END_LOCAL);
	return STATE_OPEN;
}

static enum state on_tls_up(struct connection *connection)
{
	struct connector *connector = connection->connector;
	struct tls_summary *summary = &connector->summary;
	const struct connection_plan *plan = &connection->plan;
	struct transport answer;

	switch (tls_summarize(connection->session, connector->settings.limits, summary,
			      plan->certificate, plan->context)) {
	case TLS_SUMMARY_WHOLE:
		break;
	case TLS_SUMMARY_NO_CERTIFICATE:
		return end_with(connection, TRANSPORT_END_NO_CERTIFICATE);
	case TLS_SUMMARY_TOO_LARGE:
		return end_with(connection, TRANSPORT_END_TOO_LARGE);
	case TLS_SUMMARY_LOCAL:
		return end_with(connection, TRANSPORT_END_LOCAL);
	}
	answer = plan->machine->on_tls(plan->machine_context, &summary->facts);
	if (!take_answer(connection, answer))
		return end_with(connection, TRANSPORT_END_LOCAL);
	return STATE_OPEN;
}

static enum state on_handshake(struct connection *connection)
{
	struct connector *connector = connection->connector;
	int result;

	if (connection->session == NULL)
		connection->session = tls_session_new(connector->contexts[connection->plan.use],
						      connection->descriptor, connection->plan.sni);
	if (connection->session == NULL)
		return end_with(connection, TRANSPORT_END_LOCAL);
	ERR_clear_error();
	result = SSL_do_handshake(connection->session);
	if (is_too_large(connection))
		return end_with(connection, TRANSPORT_END_TOO_LARGE);
	if (result == 1)
		return on_tls_up(connection);
	switch (tls_result(connection->session, result, true, &connection->tls_end)) {
	case TLS_WANT_READ:
	case TLS_WANT_WRITE:
		return STATE_HANDSHAKE;
	case TLS_ENDED:
		break;
	}
	return end_with_tls(connection);
}

static enum state on_state(struct connection *connection)
{
	switch (connection->state) {
	case STATE_CONNECTING:
		return on_connecting(connection);
	case STATE_OPEN:
		return on_open(connection);
	case STATE_HANDSHAKE:
		return on_handshake(connection);
	case STATE_ENDED:
	case STATE_LINGERING: /* not run */
		return connection->state;
	}
	abort();
}

/* A state that is entered is begun at once: its event may have come already. */
static void run(struct connection *connection)
{
	enum state before;

	do {
		before = connection->state;
		connection->state = on_state(connection);
	} while (connection->state != before && connection->state != STATE_ENDED);
	if (connection->state == STATE_ENDED)
		finish(connection);
}

static void on_io(evutil_socket_t descriptor, short what, void *context)
{
	struct connection *connection = context;

	(void)descriptor;
	if (connection->state == STATE_LINGERING) {
		linger(connection);
		return;
	}
	if (connection->state != STATE_ENDED && (what & (EV_READ | EV_WRITE)) == 0)
		connection->state = end_with(connection, TRANSPORT_END_TIMEOUT);
	run(connection);
}

static void on_life(evutil_socket_t descriptor, short what, void *context)
{
	struct connection *connection = context;

	(void)descriptor;
	(void)what;
	if (connection->state == STATE_LINGERING) {
		end_lingering(connection);
		return;
	}
	if (connection->state != STATE_ENDED)
		connection->state = end_with(connection, TRANSPORT_END_TIMEOUT);
	run(connection);
}

/* --- opening ------------------------------------------------------------------------------ */

/* The descriptor of a connection that has begun, or -1 and errno. */
static int begin(struct connection *connection)
{
	const struct connection_plan *plan = &connection->plan;
	int one = 1, descriptor = socket_open(plan->address.family, SOCK_STREAM);
	struct connector *connector = connection->connector;
	struct address local = socket_local(connector->settings.local_addresses,
					    connector->settings.local_addresses_count,
					    plan->address.family, connector->next_local++);

	if (descriptor < 0)
		return -1;
	setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (socket_bind(descriptor, local) && socket_connect(descriptor, plan->address, plan->port))
		return descriptor;
	int error = errno;

	close(descriptor);
	errno = error;
	return -1;
}

/* The report of what failed at once comes from the loop, as every other. */
static void end_later(struct connection *connection, enum transport_end end)
{
	connection->state = end_with(connection, end);
	event_active(connection->life, EV_TIMEOUT, 0);
}

static bool add_events(struct connection *connection)
{
	struct connector *connector = connection->connector;
	const struct connector_settings *settings = &connector->settings;
	int64_t life_ms = connection->plan.life_ms;
	struct timeval own = {
		.tv_sec = life_ms / MS_PER_S,
		.tv_usec = life_ms % MS_PER_S * US_PER_MS,
	};

	connection->io = event_new(settings->base, connection->descriptor,
				   EV_READ | EV_WRITE | EV_ET | EV_PERSIST, on_io, connection);
	if (connection->io == NULL || event_add(connection->io, connector->connect_timeout) != 0)
		return false;
	return event_add(connection->life, life_ms == settings->limits->target_timeout_ms
						   ? connector->life_timeout
						   : &own) == 0;
}

struct connection *connection_open(struct connector *connector, const struct connection_plan *plan)
{
	struct connection *connection = calloc(1, sizeof(*connection));

	if (connection == NULL)
		return NULL;
	connection->connector = connector;
	connection->plan = *plan;
	connection->descriptor = -1;
	connection->life = evtimer_new(connector->settings.base, on_life, connection);
	if (connection->life == NULL) {
		free(connection);
		return NULL;
	}
	connection->descriptor = begin(connection);
	if (connection->descriptor < 0) {
		end_later(connection, socket_end(errno));
		return connection;
	}
	count(connection, METRIC(connections_opened), 1);
	if (!add_events(connection))
		end_later(connection, TRANSPORT_END_LOCAL);
	return connection;
}

void connection_abort(struct connection *connection)
{
	connection_free(connection);
}

struct connector *connector_new(const struct connector_settings *settings)
{
	struct connector *connector = calloc(1, sizeof(*connector));
	const struct limits *limits = settings->limits;

	if (connector == NULL)
		return NULL;
	connector->settings = *settings;
	connector->contexts[TLS_USE_SMTP] = tls_context_new(TLS_USE_SMTP);
	connector->contexts[TLS_USE_HTTPS] = tls_context_new(TLS_USE_HTTPS);
	connector->connect_timeout = timer_common(settings->base, limits->connect_timeout_ms);
	connector->silence_timeout = timer_common(settings->base, limits->network_timeout_ms);
	connector->linger_timeout = timer_common(settings->base, CONNECTION_LINGER_MS);
	connector->life_timeout = timer_common(settings->base, limits->target_timeout_ms);
	if (connector->contexts[TLS_USE_SMTP] == NULL ||
	    connector->contexts[TLS_USE_HTTPS] == NULL || connector->connect_timeout == NULL ||
	    connector->silence_timeout == NULL || connector->life_timeout == NULL ||
	    connector->linger_timeout == NULL) {
		connector_free(connector);
		return NULL;
	}
	return connector;
}

void connector_free(struct connector *connector)
{
	if (connector == NULL)
		return;
	while (connector->lingering != NULL)
		end_lingering(connector->lingering);
	SSL_CTX_free(connector->contexts[TLS_USE_SMTP]);
	SSL_CTX_free(connector->contexts[TLS_USE_HTTPS]);
	free(connector);
}
