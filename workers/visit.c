/*
 * See visit.h.
 */
#include "workers/visit.h"

#include "workers/engine.h"

static void on_ended(void *context, const struct connection_end *end);

static void end_without_connection(struct visit *visit, enum transport_end end)
{
	on_ended(visit, &(struct connection_end){.end = end});
}

static bool on_certificate(void *context, struct span sha256, struct span der)
{
	const struct visit *visit = context;

	return visit->desk->certificate(visit->desk->context, sha256, der);
}

/* Reserved addresses are left to the step; this is the last guard before a packet. */
static bool may_not_go(const struct visit *visit)
{
	const struct engine_settings *engine = visit->desk->engine;

	if (!engine->steps->allow_reserved && address_is_reserved(visit->address))
		return true;
	return engine->address_excluded != NULL &&
	       engine->address_excluded(engine->context, visit->address);
}

void visit_start(struct visit *visit)
{
	if (may_not_go(visit))
		end_without_connection(visit, TRANSPORT_END_EXCLUDED);
	else
		visit->desk->want_leave(visit->desk->context, visit);
}

static void give_leave_back(struct visit *visit)
{
	if (visit->leave != NULL)
		visit->desk->release(visit->desk->context, visit->leave);
	visit->leave = NULL;
}

/* The connection gives the leave back when it is closed, which may be after the visit. */
static void on_closed(const void *context, void *leave)
{
	const struct visit_desk *desk = context;

	desk->release(desk->context, leave);
}

static void on_ended(void *context, const struct connection_end *end)
{
	struct visit *visit = context;
	const struct visit_desk *desk = visit->desk;

	visit->connection = NULL;
	give_leave_back(visit);
	if (visit->kind->ended(visit, end, clock_now_ms(&desk->clock)))
		visit_start(visit);
	else
		desk->done(desk->context, visit);
}

void visit_on_leave(struct visit *visit, struct leave *leave)
{
	const struct visit_desk *desk = visit->desk;
	int64_t now_us = clock_now_us(&desk->clock);
	struct connection_plan plan = {
		.address = visit->address,
		.context = visit,
		.certificate = on_certificate,
		.ended = on_ended,
		.closed_context = desk,
		.closed_token = leave,
		.closed = on_closed,
	};

	visit->leave = leave;
	if (!visit->kind->prepare(visit, &plan, now_us / US_PER_MS)) {
		end_without_connection(visit, TRANSPORT_END_LOCAL);
		return;
	}
	if (plan.life_ms <= 0) {
		end_without_connection(visit, TRANSPORT_END_TIMEOUT);
		return;
	}
	visit->connection = connection_open(desk->connector, &plan);
	if (visit->connection == NULL) {
		end_without_connection(visit, TRANSPORT_END_LOCAL);
		return;
	}
	visit->leave = NULL; /* the connection's now */
	desk->begun(desk->context, leave, clock_now_us(&desk->clock));
}

void visit_drop(struct visit *visit)
{
	if (visit->connection != NULL)
		connection_abort(visit->connection);
	visit->connection = NULL;
	give_leave_back(visit);
	visit->kind->dropped(visit);
}

bool visit_is_connected(const struct visit *visit)
{
	return visit->connection != NULL;
}
