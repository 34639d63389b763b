/*
 * Any course of events for the domain step or, by the first byte, the host step: answers of every
 * kind in any order, any end of fetches and probes, a stop at any moment. It always comes to its
 * end, with nothing open and nothing left unsaid.
 */
#include <stdlib.h>

#include "base/cursor.h"
#include "steps/domain.h"
#include "steps/host.h"

enum { ARENA_CAP_BYTES = 1 << 17, OPEN_MOST = 256, EVENTS_MOST = 2000, RECORDS_MOST = 5 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct course {
	struct cursor input;
	struct arena arena;
	struct step_settings settings;
	struct request open[OPEN_MOST];
	size_t open_count;
	int64_t now_ms;
	bool is_host;
	struct domain_step domain;
	struct host_step host;
};

static void check(bool holds)
{
	if (!holds)
		abort();
}

static bool is_done(const struct course *course)
{
	return course->is_host ? course->host.done : course->domain.done;
}

static void take(struct course *course, const struct requests *out)
{
	for (size_t i = 0; i < out->count; i++) {
		check(course->open_count < OPEN_MOST);
		course->open[course->open_count++] = out->items[i];
	}
	check((course->is_host ? course->host.open : course->domain.open) == course->open_count);
	check(!is_done(course) || course->open_count == 0);
}

/* --- answers --- */

static struct span name_of(uint8_t choice)
{
	static const char *const names[] = {
		".", "mx.example.com", "MX.example.com.", "host.example.net", "\\000odd", ""};

	return span_text(names[choice % ARRAY_LENGTH(names)]);
}

static struct span txt_of(uint8_t choice)
{
	static const char *const texts[] = {"v=STSv1; id=1;", "v=STSv1 ; id=1", "v=spf1 -all", "",
					    "v=TLSRPTv1; rua=mailto:a@example.com"};

	return span_text(texts[choice % ARRAY_LENGTH(texts)]);
}

static void add_record(struct course *course, struct dns_answer *answer, uint16_t type)
{
	uint8_t choice = cursor_u8(&course->input);
	void *items = NULL;

	if (type == DNS_TYPE_MX) {
		items = answer->mx;
		struct dns_mx *mx =
			arena_grow(&course->arena, &items, &answer->mx_count, sizeof(*mx));

		answer->mx = items;
		if (mx != NULL)
			*mx = (struct dns_mx){.host = name_of(choice), .preference = choice};
	} else if (type == DNS_TYPE_TLSA) {
		items = answer->tlsa;
		struct dns_tlsa *tlsa =
			arena_grow(&course->arena, &items, &answer->tlsa_count, sizeof(*tlsa));

		answer->tlsa = items;
		if (tlsa != NULL)
			*tlsa = (struct dns_tlsa){.usage = choice, .data = span_text("x")};
	} else if (type == DNS_TYPE_A || type == DNS_TYPE_AAAA) {
		uint8_t bytes[16] = {choice, 0, 0, choice};

		items = answer->addresses;
		struct address *address = arena_grow(&course->arena, &items,
						     &answer->addresses_count, sizeof(*address));

		answer->addresses = items;
		if (address != NULL)
			*address = address_from_bytes(span_of(bytes, type == DNS_TYPE_A ? 4 : 16));
	} else if (type == DNS_TYPE_TXT) {
		arena_append(&course->arena, &answer->txt, txt_of(choice));
	} else {
		arena_append(&course->arena, &answer->names, name_of(choice));
	}
}

/* Records stand under NOERROR, as the parser sees to. */
static struct lookup_result some_result(struct course *course, struct dns_question question)
{
	uint8_t kind = cursor_u8(&course->input), count = cursor_u8(&course->input);
	struct lookup_result result = {
		.answer = {.status = 1 + kind % DNS_STATUS_NOT_ASKED,
			   .extended_error = -1,
			   .canonical = question.name,
			   .cname_loop = (count & 0x80) != 0},
		.secure = 1 + count / 8 % TRISTATE_UNKNOWN,
	};

	if ((count & 0x40) != 0) {
		result.answer.canonical = name_of(kind / 16);
		arena_append(&course->arena, &result.answer.cnames, result.answer.canonical);
	}
	if (result.answer.status != DNS_STATUS_NOERROR)
		return result;
	for (int i = count % (RECORDS_MOST + 1); i >= 0; i--)
		add_record(course, &result.answer, question.type);
	return result;
}

static void end_probe(struct course *course, struct host_address *probe)
{
	uint8_t kind = cursor_u8(&course->input);

	probe->outcome = 1 + kind % OUTCOME_NOT_ATTEMPTED;
	probe->stage = kind % (STAGE_TLS + 1);
	probe->tls.version = (kind & 0x80) != 0 ? span_text("TLSv1.3") : (struct span){0};
}

static void end_fetch(struct course *course, struct sts_policy *policy)
{
	uint8_t kind = cursor_u8(&course->input);

	policy->fetch.stage = kind % (STAGE_HTTP + 1);
	policy->fetch.error = policy->fetch.stage == STAGE_NULL
				      ? POLICY_ERROR_NULL
				      : 1 + cursor_u8(&course->input) % POLICY_ERROR_LOCAL_LIMIT;
	policy->http_status = 200 + kind;
}

static void answer(struct course *course, const struct request *request, struct requests *out)
{
	struct lookup_result result;

	switch (request->kind) {
	case REQUEST_RESOLVE:
		check(!span_is_null(request->question.name));
		result = some_result(course, request->question);
		if (course->is_host)
			host_step_on_lookup(&course->host, request->tag, &result, course->now_ms,
					    out);
		else
			domain_step_on_lookup(&course->domain, request->tag, &result,
					      course->now_ms, out);
		return;
	case REQUEST_FETCH:
		check(request->fetch.addresses_count > 0);
		end_fetch(course, request->fetch.policy);
		domain_step_on_fetched(&course->domain, request->tag, course->now_ms, out);
		return;
	case REQUEST_PROBE:
		check(!address_is_reserved(request->probe.address));
		end_probe(course, request->probe.probe);
		host_step_on_probed(&course->host, request->tag, course->now_ms, out);
		return;
	case REQUEST_DELAY:
		course->now_ms += request->delay_ms;
		if (course->is_host)
			host_step_on_delay(&course->host, request->tag, course->now_ms, out);
		else
			domain_step_on_delay(&course->domain, request->tag, course->now_ms, out);
		return;
	}
}

static void stop(struct course *course)
{
	if (course->is_host)
		host_step_stop(&course->host, course->now_ms);
	else
		domain_step_stop(&course->domain, course->now_ms);
	course->open_count = 0;
	check(is_done(course));
}

/* --- what must hold in the end --- */

static void check_domain(const struct domain_record *record)
{
	check(record->status == RECORD_STATUS_COMPLETE || record->status == RECORD_STATUS_PARTIAL);
	check(record->mx.kind != MX_KIND_NULL && record->mx.status != DNS_STATUS_NULL);
	check(record->ns.status != DNS_STATUS_NULL);
	check(record->sts.record.lookup != DNS_STATUS_NULL);
	check(record->tlsrpt.lookup != DNS_STATUS_NULL);
	check((record->sts.policy.fetch.stage == STAGE_NULL) ==
	      (record->sts.policy.fetch.error == POLICY_ERROR_NULL));
	check(record->duration_ms >= 0);
}

static void check_host(const struct host_record *record)
{
	check(record->lookup_a != DNS_STATUS_NULL && record->lookup_aaaa != DNS_STATUS_NULL);
	check(record->secure != TRISTATE_NULL && record->tlsa.status != DNS_STATUS_NULL);
	for (size_t i = 0; i < record->addresses.count; i++) {
		check(record->addresses.items[i].outcome != OUTCOME_NULL);
		check(record->addresses.items[i].tries <= 2);
	}
}

static void run(struct course *course)
{
	struct domain_record domain;
	struct host_record host;
	struct requests out = {0};

	record_init(&schema_domain_record, &domain);
	record_init(&schema_host_record, &host);
	domain.domain = span_text("example.com");
	host.host = span_text("mx.example.com");
	if (course->is_host)
		host_step_start(&course->host, &course->settings, &course->arena, &host, 0, &out);
	else
		domain_step_start(&course->domain, &course->settings, &course->arena, &domain, 0,
				  &out);
	take(course, &out);
	for (int i = 0; !is_done(course); i++) {
		uint8_t choice = cursor_u8(&course->input);

		check(i < EVENTS_MOST && course->open_count > 0);
		if (choice == 0xff) {
			stop(course);
			break;
		}
		size_t chosen = choice % course->open_count;
		struct request request = course->open[chosen];

		out.count = 0;
		course->open[chosen] = course->open[--course->open_count];
		answer(course, &request, &out);
		take(course, &out);
	}
	if (course->is_host)
		check_host(&host);
	else
		check_domain(&domain);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct course course;
	struct limits limits = limits_defaults();

	memset(&course, 0, sizeof(course));
	course.input = cursor_over(span_of(data, size));
	uint8_t choice = cursor_u8(&course.input);

	limits.host_addresses_count = 4;
	limits.mx_hosts_count = 3;
	limits.txt_records_count = 2;
	limits.tlsa_records_count = 2;
	course.is_host = (choice & 1) != 0;
	course.settings = (struct step_settings){
		.limits = &limits,
		.stage_policy = (choice & 2) == 0,
		.stage_smtp = (choice & 4) == 0,
		.always_fetch = (choice & 8) != 0,
		.ipv4 = (choice & 16) == 0,
		.ipv6 = (choice & 32) == 0,
	};
	/* Small enough now and then that it runs out. */
	arena_init(&course.arena, (choice & 64) != 0 ? ARENA_CAP_BYTES / 16 : ARENA_CAP_BYTES);
	run(&course);
	arena_free(&course.arena);
	return 0;
}
