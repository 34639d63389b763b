/*
 * Sorts and names what the MX records say. Called once per domain by the domain step; looks nothing
 * up.
 */
#include "steps/mx_hosts.h"

#include <stdlib.h>

#include "facts/name.h"
#include "steps/name_order.h"

static bool is_root(struct span host)
{
	return span_equal(host, span_text("."));
}

static int compare_hosts(const void *left, const void *right)
{
	const struct mx_host *a = left, *b = right;

	if (a->preference != b->preference)
		return a->preference < b->preference ? -1 : 1;
	return name_order(a->host, b->host);
}

static bool is_listed(const struct mx_host_list *hosts, struct span host)
{
	for (size_t i = 0; i < hosts->count; i++) {
		if (span_equal(hosts->items[i].host, host))
			return true;
	}
	return false;
}

static bool list_host(struct arena *arena, struct mx *mx, struct span host, int64_t preference)
{
	struct mx_host *place = record_append(arena, &schema_mx_host, &mx->hosts);

	if (place == NULL)
		return false;
	place->host = host;
	place->preference = preference;
	return true;
}

/* RFC 7505 3: a null MX is the only MX record; "." beside others is neither that nor a host. */
static enum mx_kind kind_of(const struct dns_answer *answer)
{
	for (size_t i = 0; i < answer->mx_count; i++) {
		if (is_root(answer->mx[i].host))
			return answer->mx_count == 1 ? MX_KIND_NULL_MX : MX_KIND_INVALID_NULL;
	}
	return MX_KIND_EXPLICIT;
}

bool mx_hosts_fill(struct arena *arena, const struct dns_answer *answer, size_t hosts_max,
		   struct mx *mx)
{
	size_t count = 0;
	struct mx_host *sorted = arena_calloc(arena, answer->mx_count, sizeof(*sorted));

	mx->kind = kind_of(answer);
	if (sorted == NULL)
		return false;
	for (size_t i = 0; i < answer->mx_count; i++) {
		struct span host = name_fold(arena, answer->mx[i].host);

		if (span_is_null(host))
			return false;
		sorted[count].host = host;
		sorted[count++].preference = answer->mx[i].preference;
	}
	qsort(sorted, count, sizeof(*sorted), compare_hosts);
	for (size_t i = 0; i < count; i++) {
		if (is_listed(&mx->hosts, sorted[i].host))
			continue;
		if (mx->hosts.count >= hosts_max ||
		    !list_host(arena, mx, sorted[i].host, sorted[i].preference))
			return false;
	}
	return true;
}

bool mx_hosts_fill_implicit(struct arena *arena, struct span domain, struct mx *mx)
{
	mx->kind = MX_KIND_IMPLICIT;
	return list_host(arena, mx, domain, 0);
}
