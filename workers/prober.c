/*
 * See prober.h.
 */
#include "workers/prober.h"

#include "steps/smtp.h"
#include "workers/engine.h"
#include "workers/metrics.h"

struct probe {
	struct visit visit; /* first, so that one is the other */
	struct request request;
	struct smtp_step *step;
	int64_t began_ms;
};

static struct transport on_connected(void *context)
{
	return smtp_step_on_connected(context);
}

static struct transport on_bytes(void *context, struct span bytes)
{
	return smtp_step_on_bytes(context, bytes);
}

static struct transport on_tls(void *context, const struct tls_facts *tls)
{
	return smtp_step_on_tls(context, tls);
}

static const struct machine machine = {
	.on_connected = on_connected,
	.on_bytes = on_bytes,
	.on_tls = on_tls,
};

static bool make_step(struct probe *probe)
{
	struct request *request = &probe->request;

	if (probe->step == NULL)
		probe->step = smtp_step_new(probe->visit.arena, probe->visit.desk->engine->steps,
					    request->probe.sni, request->probe.probe);
	return probe->step != NULL;
}

static bool prepare(struct visit *visit, struct connection_plan *plan, int64_t now_ms)
{
	struct probe *probe = (struct probe *)visit;

	probe->began_ms = now_ms;
	probe->request.probe.probe->started = now_ms;
	if (!make_step(probe))
		return false;
	plan->port = visit->desk->engine->smtp_port;
	plan->sni = probe->request.probe.sni;
	plan->use = TLS_USE_SMTP;
	plan->life_ms = visit->desk->engine->limits->target_timeout_ms;
	plan->machine = &machine;
	plan->machine_context = probe->step;
	return true;
}

void prober_refuse(const struct request *request)
{
	request->probe.probe->stage = STAGE_TCP;
	request->probe.probe->outcome = OUTCOME_LOCAL_LIMIT;
}

static bool ended(struct visit *visit, const struct connection_end *end, int64_t now_ms)
{
	struct probe *probe = (struct probe *)visit;
	struct host_address *record = probe->request.probe.probe;

	if (!make_step(probe))
		prober_refuse(&probe->request);
	else if (!end->by_machine)
		smtp_step_on_end(probe->step, end->end, end->detail);
	if (probe->began_ms != NUMBER_NULL)
		record->duration_ms = now_ms - probe->began_ms;
	metrics_probe(visit->desk->metrics, visit->desk->block, record->stage, record->outcome);
	return false;
}

static void dropped(struct visit *visit)
{
	(void)visit; /* all of it is in the arena */
}

static const struct visit_kind kind = {
	.prepare = prepare,
	.ended = ended,
	.dropped = dropped,
};

struct visit *prober_new(const struct visit_order *order)
{
	struct probe *probe = arena_alloc(order->arena, sizeof(*probe));

	if (probe == NULL)
		return NULL;
	probe->request = *order->request;
	probe->began_ms = NUMBER_NULL;
	probe->visit = (struct visit){
		.kind = &kind,
		.desk = order->desk,
		.owner = order->owner,
		.arena = order->arena,
		.provider = order->provider,
		.address = order->request->probe.address,
	};
	metrics_add(order->desk->metrics, order->desk->block, METRIC(probes_begun), 1);
	return &probe->visit;
}
