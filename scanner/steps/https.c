/*
 * The states of one policy fetch. Called by the connection that carries it. HTTP/1.1 and HTTP/2 are
 * read by http1.c and http2.c; here is what comes before and after, and what each way of ending
 * means (MEASURES 4).
 */
#include "steps/https.h"

#include "steps/http1.h"
#include "steps/http2.h"

static const char policy_path[] = "/.well-known/mta-sts.txt";

enum https_state {
	HTTPS_CONNECTING,
	HTTPS_HANDSHAKE,
	HTTPS_HTTP1,
	HTTPS_HTTP2,
	HTTPS_ENDED,
};

struct https_step {
	struct arena *arena;
	const struct step_settings *settings;
	struct span host;
	struct sts_policy *policy;
	enum https_state state;
	struct http_response response;
	struct http1 http1;
	struct http2 http2;
	struct bytes send; /* of the last event */
};

static void forget_last_try(struct sts_policy *policy)
{
	record_init(&schema_policy_fetch, &policy->fetch);
	record_init(&schema_policy_tls, &policy->tls);
	policy->body = (struct span){0};
	policy->protocol = HTTP_PROTOCOL_NULL;
	policy->http_status = NUMBER_NULL;
	policy->content_type = (struct span){0};
	policy->location = (struct span){0};
	policy->server = (struct span){0};
}

struct https_step *https_step_new(struct arena *arena, const struct step_settings *settings,
				  struct span host, struct sts_policy *policy)
{
	struct https_step *step = arena_alloc(arena, sizeof(*step));

	forget_last_try(policy);
	if (step == NULL)
		return NULL;
	*step = (struct https_step){
		.arena = arena,
		.settings = settings,
		.host = host,
		.policy = policy,
		.response = http_response_start(arena, settings->limits, policy),
		.send = bytes_over(arena, (size_t)settings->limits->tls_read_bytes),
	};
	return step;
}

static void end_fetch(struct https_step *step, enum stage stage, enum policy_error error,
		      struct span detail)
{
	step->policy->fetch.stage = stage;
	step->policy->fetch.error = error;
	step->policy->fetch.detail = arena_copy(step->arena, detail);
	step->state = HTTPS_ENDED;
}

static struct transport next_move(struct https_step *step)
{
	struct transport move = {.action = TRANSPORT_READ, .send = bytes_span(&step->send)};

	if (step->state == HTTPS_HANDSHAKE)
		move.action = TRANSPORT_START_TLS;
	else if (step->state == HTTPS_ENDED)
		move.action = TRANSPORT_CLOSE;
	return move;
}

struct transport https_step_on_connected(struct https_step *step)
{
	if (step->state == HTTPS_CONNECTING)
		step->state = HTTPS_HANDSHAKE;
	return next_move(step);
}

/* --- the request --- */

static void keep_tls(struct https_step *step, const struct tls_facts *tls)
{
	struct policy_tls *kept = &step->policy->tls;

	kept->version = arena_copy(step->arena, tls->version);
	kept->cipher = arena_copy(step->arena, tls->cipher);
	kept->group = arena_copy(step->arena, tls->group);
	for (size_t i = 0; i < tls->chain.count; i++) {
		if (!arena_append(step->arena, &kept->chain,
				  arena_copy(step->arena, tls->chain.items[i])))
			break;
	}
}

static enum https_state begin_http1(struct https_step *step)
{
	struct span request = http1_request(step->arena, step->host, span_text(policy_path),
					    step->settings->user_agent);

	step->policy->protocol = HTTP_PROTOCOL_HTTP_1_1;
	step->http1 = http1_start(&step->response);
	if (span_is_null(request) || bytes_add(&step->send, request) != BYTES_ADDED) {
		end_fetch(step, STAGE_HTTP, POLICY_ERROR_LOCAL_LIMIT, (struct span){0});
		return HTTPS_ENDED;
	}
	return HTTPS_HTTP1;
}

static enum https_state begin_http2(struct https_step *step)
{
	if (http2_start(&step->http2, &step->response, &step->send, step->host,
			span_text(policy_path), step->settings->user_agent))
		return HTTPS_HTTP2;
	end_fetch(step, STAGE_HTTP, POLICY_ERROR_LOCAL_LIMIT, (struct span){0});
	return HTTPS_ENDED;
}

struct transport https_step_on_tls(struct https_step *step, const struct tls_facts *tls)
{
	step->send.len = 0;
	if (step->state != HTTPS_HANDSHAKE)
		return next_move(step);
	keep_tls(step, tls);
	if (step->arena->exhausted) /* a chain with a gap would be judged as one */
		end_fetch(step, STAGE_TLS, POLICY_ERROR_LOCAL_LIMIT, (struct span){0});
	else if (span_equal(tls->alpn, span_text("h2")))
		step->state = begin_http2(step);
	else
		step->state = begin_http1(step);
	return next_move(step);
}

/* --- the response --- */

static enum https_state after_response(struct https_step *step)
{
	const struct http_response *response = &step->response;

	switch (response->progress) {
	case HTTP_READING:
		return step->state;
	case HTTP_WHOLE:
		return HTTPS_ENDED;
	case HTTP_FAILED:
		end_fetch(step, STAGE_HTTP, response->error, response->detail);
		return HTTPS_ENDED;
	}
	return step->state;
}

struct transport https_step_on_bytes(struct https_step *step, struct span bytes)
{
	step->send.len = 0;
	switch (step->state) {
	case HTTPS_HTTP1:
		http1_on_bytes(&step->http1, bytes);
		step->state = after_response(step);
		break;
	case HTTPS_HTTP2:
		http2_on_bytes(&step->http2, bytes);
		step->state = after_response(step);
		if (step->state == HTTPS_ENDED)
			http2_finish(&step->http2);
		break;
	case HTTPS_CONNECTING:
	case HTTPS_HANDSHAKE:
	case HTTPS_ENDED:
		break; /* no bytes are awaited */
	}
	return next_move(step);
}

/* --- the end of the connection --- */

/*
 * Stage tcp knows `refused reset timeout unreachable` only: a connection that closes while it is
 * made is reset.
 */
static enum policy_error connecting_error(enum transport_end end)
{
	switch (end) {
	case TRANSPORT_END_REFUSED:
		return POLICY_ERROR_REFUSED;
	case TRANSPORT_END_UNREACHABLE:
		return POLICY_ERROR_UNREACHABLE;
	case TRANSPORT_END_TIMEOUT:
		return POLICY_ERROR_TIMEOUT;
	case TRANSPORT_END_EXCLUDED:
		return POLICY_ERROR_EXCLUDED;
	case TRANSPORT_END_LOCAL:
	case TRANSPORT_END_STOPPED:
		return POLICY_ERROR_LOCAL_LIMIT;
	case TRANSPORT_END_RESET:
	case TRANSPORT_END_CUT:
	case TRANSPORT_END_CLOSED:
	case TRANSPORT_END_TLS_ALERT: /* no TLS yet */
	case TRANSPORT_END_TLS_VERSION:
	case TRANSPORT_END_TLS_ERROR:
	case TRANSPORT_END_NO_CERTIFICATE:
	case TRANSPORT_END_TOO_LARGE:
		break;
	}
	return POLICY_ERROR_RESET;
}

/* Of a connection that was up, in the handshake or after it. */
static enum policy_error connected_error(enum transport_end end)
{
	switch (end) {
	case TRANSPORT_END_REFUSED:
	case TRANSPORT_END_UNREACHABLE:
	case TRANSPORT_END_RESET:
		return POLICY_ERROR_RESET;
	case TRANSPORT_END_CUT:
	case TRANSPORT_END_CLOSED:
		return POLICY_ERROR_CLOSED;
	case TRANSPORT_END_TIMEOUT:
		return POLICY_ERROR_TIMEOUT;
	case TRANSPORT_END_TLS_ALERT:
		return POLICY_ERROR_ALERT;
	case TRANSPORT_END_TLS_VERSION:
		return POLICY_ERROR_PROTOCOL_VERSION;
	case TRANSPORT_END_TLS_ERROR:
		return POLICY_ERROR_PROTOCOL_ERROR;
	case TRANSPORT_END_NO_CERTIFICATE:
		return POLICY_ERROR_NO_CERTIFICATE;
	case TRANSPORT_END_TOO_LARGE:
		return POLICY_ERROR_TOO_LARGE;
	case TRANSPORT_END_EXCLUDED:
		return POLICY_ERROR_EXCLUDED;
	case TRANSPORT_END_LOCAL:
	case TRANSPORT_END_STOPPED:
		break;
	}
	return POLICY_ERROR_LOCAL_LIMIT;
}

/*
 * A client certificate asked for in TLS 1.3 is refused by an alert behind the handshake: that is
 * still of TLS.
 */
static bool is_of_tls(enum transport_end end)
{
	return end == TRANSPORT_END_TLS_ALERT || end == TRANSPORT_END_TLS_VERSION ||
	       end == TRANSPORT_END_TLS_ERROR || end == TRANSPORT_END_NO_CERTIFICATE;
}

static void end_http(struct https_step *step, enum transport_end end, struct span detail)
{
	if (end != TRANSPORT_END_CLOSED && end != TRANSPORT_END_CUT) {
		end_fetch(step, is_of_tls(end) ? STAGE_TLS : STAGE_HTTP, connected_error(end),
			  detail);
		return;
	}
	if (step->state == HTTPS_HTTP1)
		http1_on_closed(&step->http1, end == TRANSPORT_END_CUT);
	else
		http2_on_closed(&step->http2);
	step->state = after_response(step);
}

void https_step_on_end(struct https_step *step, enum transport_end end, struct span detail)
{
	switch (step->state) {
	case HTTPS_CONNECTING:
		end_fetch(step, STAGE_TCP, connecting_error(end), detail);
		break;
	case HTTPS_HANDSHAKE:
		end_fetch(step, STAGE_TLS, connected_error(end), detail);
		break;
	case HTTPS_HTTP1:
	case HTTPS_HTTP2:
		end_http(step, end, detail);
		break;
	case HTTPS_ENDED:
		break; /* the result stands */
	}
}

enum transport_end https_end_of_both(enum transport_end before, enum transport_end last)
{
	return last == TRANSPORT_END_REFUSED ? before : last;
}

void https_step_close(struct https_step *step)
{
	http2_close(&step->http2);
}
