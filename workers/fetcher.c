/*
 * See fetcher.h.
 */
#include "workers/fetcher.h"

#include "steps/https.h"
#include "workers/engine.h"
#include "workers/metrics.h"

struct fetch {
	struct visit visit; /* first, so that one is the other */
	struct request request;
	struct https_step *step;
	size_t address_at;         /* of request.fetch.addresses */
	enum transport_end before; /* of the addresses before it */
	int64_t began_ms;          /* this connection */
	int64_t spent_ms;          /* connecting before it */
	int64_t first_ms;          /* the first connection */
};

static struct transport on_connected(void *context)
{
	return https_step_on_connected(context);
}

static struct transport on_bytes(void *context, struct span bytes)
{
	return https_step_on_bytes(context, bytes);
}

static struct transport on_tls(void *context, const struct tls_facts *tls)
{
	return https_step_on_tls(context, tls);
}

static const struct machine machine = {
	.on_connected = on_connected,
	.on_bytes = on_bytes,
	.on_tls = on_tls,
};

static bool make_step(struct fetch *fetch)
{
	struct request *request = &fetch->request;

	if (fetch->step == NULL)
		fetch->step = https_step_new(fetch->visit.arena, fetch->visit.desk->engine->steps,
					     request->fetch.host, request->fetch.policy);
	return fetch->step != NULL;
}

static bool prepare(struct visit *visit, struct connection_plan *plan, int64_t now_ms)
{
	struct fetch *fetch = (struct fetch *)visit;
	struct sts_policy *policy = fetch->request.fetch.policy;
	const struct limits *limits = visit->desk->engine->limits;
	int64_t left_ms = limits->policy_timeout_ms - fetch->spent_ms;

	fetch->began_ms = now_ms;
	if (fetch->first_ms == NUMBER_NULL)
		fetch->first_ms = now_ms;
	policy->started = now_ms;
	policy->address = address_to_text(visit->arena, visit->address);
	if (!make_step(fetch))
		return false;
	plan->port = visit->desk->engine->https_port;
	plan->sni = fetch->request.fetch.host;
	plan->use = TLS_USE_HTTPS;
	plan->life_ms = left_ms < limits->target_timeout_ms ? left_ms : limits->target_timeout_ms;
	plan->machine = &machine;
	plan->machine_context = fetch->step;
	return true;
}

void fetcher_refuse(const struct request *request)
{
	request->fetch.policy->fetch.stage = STAGE_TCP;
	request->fetch.policy->fetch.error = POLICY_ERROR_LOCAL_LIMIT;
}

/* MEASURES 4, one connection: another address only where none came, and there is time. */
static bool goes_on(struct fetch *fetch, const struct connection_end *end, int64_t now_ms)
{
	const struct limits *limits = fetch->visit.desk->engine->limits;

	if (end->by_machine || end->connected)
		return false;
	if (fetch->began_ms != NUMBER_NULL)
		fetch->spent_ms += now_ms - fetch->began_ms;
	fetch->began_ms = NUMBER_NULL;
	if (fetch->spent_ms >= limits->policy_timeout_ms)
		return false;
	if (fetch->address_at + 1 >= fetch->request.fetch.addresses_count)
		return false;
	fetch->visit.address = fetch->request.fetch.addresses[++fetch->address_at];
	return true;
}

static bool ended(struct visit *visit, const struct connection_end *end, int64_t now_ms)
{
	struct fetch *fetch = (struct fetch *)visit;
	struct sts_policy *policy = fetch->request.fetch.policy;
	enum transport_end how =
		end->connected ? end->end : https_end_of_both(fetch->before, end->end);

	if (goes_on(fetch, end, now_ms)) {
		fetch->before = how;
		return true;
	}
	if (!make_step(fetch))
		fetcher_refuse(&fetch->request);
	else if (!end->by_machine)
		https_step_on_end(fetch->step, how, end->detail);
	if (fetch->first_ms != NUMBER_NULL)
		policy->time_ms = now_ms - fetch->first_ms;
	metrics_fetch(visit->desk->metrics, visit->desk->block, policy->fetch.stage,
		      policy->fetch.error);
	return false;
}

static void dropped(struct visit *visit)
{
	struct fetch *fetch = (struct fetch *)visit;

	if (fetch->step != NULL)
		https_step_close(fetch->step);
	fetch->step = NULL;
}

static const struct visit_kind kind = {
	.prepare = prepare,
	.ended = ended,
	.dropped = dropped,
};

struct visit *fetcher_new(const struct visit_order *order)
{
	struct fetch *fetch = arena_alloc(order->arena, sizeof(*fetch));

	if (fetch == NULL || order->request->fetch.addresses_count == 0)
		return NULL;
	fetch->request = *order->request;
	fetch->before = TRANSPORT_END_REFUSED;
	fetch->began_ms = NUMBER_NULL;
	fetch->first_ms = NUMBER_NULL;
	fetch->visit = (struct visit){
		.kind = &kind,
		.desk = order->desk,
		.owner = order->owner,
		.arena = order->arena,
		.provider = order->provider,
		.address = order->request->fetch.addresses[0],
	};
	metrics_add(order->desk->metrics, order->desk->block, METRIC(fetches_begun), 1);
	return &fetch->visit;
}
