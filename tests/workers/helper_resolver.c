/*
 * See helper_resolver.h.
 */
#include "helper_resolver.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STS_EVERY = 10, NAME_BYTES = 256 };

struct waiting {
	struct resolution *resolution;
	struct waiting *next;
};

struct fake {
	struct resolver resolver;
	const struct fake_world *world;
	struct waiting *waiting;
};

static void answer_mx(const struct fake *fake, struct arena *arena, unsigned number,
		      struct dns_answer *answer)
{
	unsigned host = number % fake->world->hosts;

	answer->mx = arena_alloc(arena, sizeof(struct dns_mx));
	if (answer->mx == NULL)
		return;
	answer->mx->host =
		arena_printf(arena, "mx%u.p%u.test", host, host % fake->world->providers);
	answer->mx->preference = 10;
	answer->mx_count = 1;
	answer->status = DNS_STATUS_NOERROR;
}

static void answer_txt(struct arena *arena, const char *text, struct dns_answer *answer)
{
	arena_append(arena, &answer->txt, arena_copy(arena, span_text(text)));
	answer->status = DNS_STATUS_NOERROR;
}

static void answer_loopback(const struct fake *fake, struct arena *arena, struct dns_answer *answer)
{
	static const char *const addresses[] = {"127.0.0.2", "127.0.0.1"};
	size_t first = fake->world->dead_first ? 0 : 1;

	answer->addresses = arena_calloc(arena, 2, sizeof(struct address));
	for (size_t i = first; answer->addresses != NULL && i < 2; i++)
		answer->addresses[answer->addresses_count++] =
			address_from_text(span_text(addresses[i]));
	if (answer->addresses_count > 0)
		answer->status = DNS_STATUS_NOERROR;
}

static struct dns_answer answer_of(const struct fake *fake, const struct resolution *resolution)
{
	struct dns_answer answer = {.status = DNS_STATUS_NODATA, .extended_error = -1};
	struct span asked = resolution->question.name;
	char name[NAME_BYTES];
	unsigned number;

	snprintf(name, sizeof(name), "%.*s", (int)asked.len, (const char *)asked.data);
	answer.canonical = asked;
	switch ((enum dns_type)resolution->question.type) {
	case DNS_TYPE_MX:
		if (sscanf(name, "d%u.test", &number) == 1)
			answer_mx(fake, resolution->arena, number, &answer);
		break;
	case DNS_TYPE_TXT:
		if (sscanf(name, "_mta-sts.d%u.test", &number) == 1 && number % STS_EVERY == 0)
			answer_txt(resolution->arena, "v=STSv1; id=1;", &answer);
		break;
	case DNS_TYPE_A:
		answer_loopback(fake, resolution->arena, &answer);
		break;
	case DNS_TYPE_AAAA:
	case DNS_TYPE_NS:
	case DNS_TYPE_CNAME:
	case DNS_TYPE_SOA:
	case DNS_TYPE_PTR:
	case DNS_TYPE_DNAME:
	case DNS_TYPE_TLSA:
		break;
	}
	return answer;
}

static void fake_lookup(struct resolver *resolver, struct resolution *resolution)
{
	struct fake *fake = (struct fake *)resolver;
	struct waiting *waiting = calloc(1, sizeof(*waiting));

	waiting->resolution = resolution;
	waiting->next = fake->waiting;
	fake->waiting = waiting;
	resolution->resolvers_own = waiting;
}

static void fake_cancel(struct resolver *resolver, struct resolution *resolution)
{
	struct fake *fake = (struct fake *)resolver;
	struct waiting **at = &fake->waiting;

	while (*at != resolution->resolvers_own)
		at = &(*at)->next;
	*at = (*at)->next;
	free(resolution->resolvers_own);
	resolution->resolvers_own = NULL;
}

static bool is_slow(const struct resolution *resolution)
{
	return span_starts_with(resolution->question.name, span_text("slow")) ||
	       span_starts_with(resolution->question.name, span_text("_mta-sts.slow")) ||
	       span_starts_with(resolution->question.name, span_text("_smtp._tls.slow"));
}

static void fake_flush(struct resolver *resolver)
{
	struct fake *fake = (struct fake *)resolver;
	struct waiting *all = fake->waiting;

	fake->waiting = NULL;
	while (all != NULL) {
		struct waiting *waiting = all;
		struct resolution *resolution = waiting->resolution;
		struct lookup_result result = {
			.secure = TRISTATE_NO,
			.server = span_text("127.0.0.53"),
			.tries = 1,
		};

		all = waiting->next;
		if (is_slow(resolution)) {
			waiting->next = fake->waiting;
			fake->waiting = waiting;
			continue;
		}
		result.answer = answer_of(fake, resolution);
		resolution->resolvers_own = NULL;
		free(waiting);
		resolution->done(resolution, &result);
	}
}

static void fake_free(struct resolver *resolver)
{
	struct fake *fake = (struct fake *)resolver;

	while (fake->waiting != NULL) {
		struct waiting *waiting = fake->waiting;

		fake->waiting = waiting->next;
		free(waiting);
	}
	free(fake);
}

struct resolver *fake_resolver_new(void *context, struct event_base *base,
				   const struct resolver_settings *settings)
{
	struct fake *fake = calloc(1, sizeof(*fake));

	(void)base;
	(void)settings;
	fake->world = context;
	fake->resolver = (struct resolver){
		.lookup = fake_lookup,
		.cancel = fake_cancel,
		.flush = fake_flush,
		.free = fake_free,
	};
	return &fake->resolver;
}
