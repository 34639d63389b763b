/*
 * Scenarios of the domain and the host step: requests wait in a list until the scenario expects and
 * answers them, in whatever order it likes.
 */
#include "helper_replay.h"

#include "facts/tlsa.h"

static bool is_step(const struct replay *replay)
{
	return replay->machine == REPLAY_DOMAIN || replay->machine == REPLAY_HOST;
}

static bool step_is_done(const struct replay *replay)
{
	return replay->machine == REPLAY_DOMAIN ? replay->domain.done : replay->host.done;
}

static bool take_requests(struct replay *replay, const struct requests *requests)
{
	for (size_t i = 0; i < requests->count; i++) {
		if (replay->pending_count == REPLAY_PENDING_MAX)
			return replay_fail(replay, "too many requests");
		replay->pending[replay->pending_count++] = (struct replay_pending){
			.request = requests->items[i], .asked_ms = replay->now_ms};
	}
	if (step_is_done(replay) && requests->count > 0)
		return replay_fail(replay, "done, and still asking");
	return true;
}

static bool start(struct replay *replay, const struct replay_words *words)
{
	struct requests out = {0};

	if (replay->machine == REPLAY_DOMAIN) {
		struct domain_record *record = record_new(&replay->arena, &schema_domain_record);

		record->domain = words->items[2];
		replay->schema = &schema_domain_record;
		replay->record = record;
		domain_step_start(&replay->domain, &replay->settings, &replay->arena, record,
				  replay->now_ms, &out);
	} else {
		struct host_record *record = record_new(&replay->arena, &schema_host_record);

		record->host = words->items[2];
		replay->schema = &schema_host_record;
		replay->record = record;
		host_step_start(&replay->host, &replay->settings, &replay->arena, record,
				replay->now_ms, &out);
	}
	return take_requests(replay, &out);
}

/* --- requests by what they ask --- */

static bool is_resolve(const struct request *request, const struct replay_words *words, size_t from)
{
	return request->kind == REQUEST_RESOLVE &&
	       request->question.type == replay_dns_type(words->items[from]) &&
	       span_equal(request->question.name, words->items[from + 1]);
}

static bool is_probe(struct replay *replay, const struct request *request,
		     const struct replay_words *words, size_t from)
{
	struct address address = address_from_text(words->items[from]);
	struct span sni = replay_option(words, from, "sni");

	(void)replay;
	return request->kind == REQUEST_PROBE && address_equal(request->probe.address, address) &&
	       (span_is_null(sni) || span_equal(request->probe.sni, sni));
}

static bool is_fetch(struct replay *replay, const struct request *request,
		     const struct replay_words *words, size_t from)
{
	if (request->kind != REQUEST_FETCH)
		return false;
	if (words->count <= from)
		return true;
	if (!span_equal(request->fetch.host, words->items[from]) ||
	    words->count - from - 1 != request->fetch.addresses_count)
		return false;
	for (size_t i = 0; i < request->fetch.addresses_count; i++) {
		struct span text = address_to_text(&replay->arena, request->fetch.addresses[i]);

		if (!span_equal(text, words->items[from + 1 + i]))
			return false;
	}
	return true;
}

static bool is_meant(struct replay *replay, const struct request *request, const char *kind,
		     const struct replay_words *words, size_t from)
{
	if (strcmp(kind, "resolve") == 0)
		return is_resolve(request, words, from);
	if (strcmp(kind, "probe") == 0)
		return is_probe(replay, request, words, from);
	if (strcmp(kind, "fetch") == 0)
		return is_fetch(replay, request, words, from);
	return request->kind == REQUEST_DELAY &&
	       (words->count <= from || request->delay_ms == replay_number(words->items[from]));
}

static struct replay_pending *find(struct replay *replay, const char *kind, bool skip_expected,
				   const struct replay_words *words, size_t from)
{
	for (size_t i = 0; i < replay->pending_count; i++) {
		struct replay_pending *pending = &replay->pending[i];

		if (!pending->answered && !(skip_expected && pending->expected) &&
		    is_meant(replay, &pending->request, kind, words, from))
			return pending;
	}
	return NULL;
}

static void describe(struct replay *replay)
{
	static const char *const kinds[] = {"resolve", "fetch", "probe", "delay"};

	for (size_t i = 0; i < replay->pending_count; i++) {
		const struct replay_pending *pending = &replay->pending[i];
		const struct request *request = &pending->request;
		struct span name = request->question.name;

		if (pending->answered)
			continue;
		if (request->kind == REQUEST_PROBE)
			name = address_to_text(&replay->arena, request->probe.address);
		if (request->kind == REQUEST_FETCH)
			name = request->fetch.host;
		replay_fail(replay, "  open: %s %.*s type %u%s", kinds[request->kind],
			    (int)name.len, (const char *)name.data, request->question.type,
			    pending->expected ? "" : " (unexpected)");
	}
}

static bool expect_request(struct replay *replay, const struct replay_words *words)
{
	const char *kind = replay_word(replay, words, 1);
	struct replay_pending *pending = find(replay, kind, true, words, 2);

	if (pending == NULL) {
		describe(replay);
		return replay_fail(replay, "no such request is open");
	}
	pending->expected = true;
	return true;
}

static bool expect_nothing(struct replay *replay)
{
	for (size_t i = 0; i < replay->pending_count; i++) {
		if (replay->pending[i].answered || replay->pending[i].expected)
			continue;
		describe(replay);
		return replay_fail(replay, "a request that nobody expects");
	}
	return true;
}

/* --- answers --- */

static void add_mx(struct replay *replay, struct dns_answer *answer, struct span word)
{
	void *items = answer->mx;
	struct dns_mx *place =
		arena_grow(&replay->arena, &items, &answer->mx_count, sizeof(*place));
	size_t colon = span_find(word, ':');

	answer->mx = items;
	place->preference = (uint16_t)replay_number(span_first(word, colon));
	place->host = span_skip(word, colon + 1);
}

static void add_address(struct replay *replay, struct dns_answer *answer, struct span word)
{
	void *items = answer->addresses;
	struct address *place =
		arena_grow(&replay->arena, &items, &answer->addresses_count, sizeof(*place));

	answer->addresses = items;
	*place = address_from_text(word);
}

static bool add_tlsa(struct replay *replay, struct dns_answer *answer, struct span word)
{
	void *items = answer->tlsa;
	struct dns_tlsa *place =
		arena_grow(&replay->arena, &items, &answer->tlsa_count, sizeof(*place));

	answer->tlsa = items;
	return tlsa_from_text(&replay->arena, word, place);
}

static bool add_record(struct replay *replay, struct dns_answer *answer, uint16_t type,
		       struct span word)
{
	switch (type) {
	case DNS_TYPE_MX:
		add_mx(replay, answer, word);
		return true;
	case DNS_TYPE_A:
	case DNS_TYPE_AAAA:
		add_address(replay, answer, word);
		return true;
	case DNS_TYPE_TXT:
		return arena_append(&replay->arena, &answer->txt, word);
	case DNS_TYPE_NS:
		return arena_append(&replay->arena, &answer->names, word);
	case DNS_TYPE_CNAME:
		return arena_append(&replay->arena, &answer->cnames, word);
	case DNS_TYPE_TLSA:
		return add_tlsa(replay, answer, word);
	default:
		return false;
	}
}

/* answer TYPE NAME STATUS [secure=W] [cname=TARGET ...] [loop] RECORD... */
static bool read_answer(struct replay *replay, const struct replay_words *words,
			struct lookup_result *result)
{
	struct dns_answer *answer = &result->answer;
	uint16_t type = replay_dns_type(words->items[1]);

	*result = (struct lookup_result){
		.answer = {.extended_error = -1, .canonical = words->items[2], .ttl_s = 300},
		.secure = TRISTATE_UNKNOWN,
		.server = span_text("192.0.2.53"),
		.tries = 1,
		.time_ms = 10,
	};
	answer->status = (enum dns_status)vocabulary_value(&vocabulary_dns_status, words->items[3]);
	if (answer->status == DNS_STATUS_NULL)
		return replay_fail(replay, "no such status");
	for (size_t i = 4; i < words->count; i++) {
		struct span word = words->items[i];

		if (span_starts_with(word, span_text("secure="))) {
			result->secure = (enum tristate)vocabulary_value(&vocabulary_tristate,
									 span_skip(word, 7));
		} else if (span_starts_with(word, span_text("cname="))) {
			answer->canonical = span_skip(word, 6);
			arena_append(&replay->arena, &answer->cnames, answer->canonical);
		} else if (span_equal(word, span_text("loop"))) {
			answer->cname_loop = true;
		} else if (!add_record(replay, answer, type, word)) {
			return replay_fail(replay, "no such record");
		}
	}
	return true;
}

static bool answer(struct replay *replay, const struct replay_words *words)
{
	struct replay_pending *pending = find(replay, "resolve", false, words, 1);
	struct lookup_result result;
	struct requests out = {0};

	if (pending == NULL) {
		describe(replay);
		return replay_fail(replay, "no such lookup is open");
	}
	if (!read_answer(replay, words, &result))
		return false;
	pending->expected = pending->answered = true;
	if (replay->machine == REPLAY_DOMAIN)
		domain_step_on_lookup(&replay->domain, pending->request.tag, &result,
				      replay->now_ms, &out);
	else
		host_step_on_lookup(&replay->host, pending->request.tag, &result, replay->now_ms,
				    &out);
	return take_requests(replay, &out);
}

/* The oldest open delay ends; time goes on to its end. */
static bool elapse(struct replay *replay, const struct replay_words *words)
{
	struct replay_pending *pending = find(replay, "delay", false, words, words->count);
	struct requests out = {0};

	if (pending == NULL)
		return replay_fail(replay, "no delay is open");
	int64_t due_ms = pending->asked_ms + pending->request.delay_ms;

	pending->expected = pending->answered = true;
	replay->now_ms = replay->now_ms > due_ms ? replay->now_ms : due_ms;
	if (replay->machine == REPLAY_DOMAIN)
		domain_step_on_delay(&replay->domain, pending->request.tag, replay->now_ms, &out);
	else
		host_step_on_delay(&replay->host, pending->request.tag, replay->now_ms, &out);
	return take_requests(replay, &out);
}

/* fetched FIELD=VALUE... of the policy */
static bool fetched(struct replay *replay, const struct replay_words *words)
{
	struct replay_words none = {.count = 0};
	struct replay_pending *pending = find(replay, "fetch", false, &none, 0);
	struct requests out = {0};

	if (pending == NULL)
		return replay_fail(replay, "no fetch is open");
	/* As https_step_new does, of what the scenarios set. */
	struct sts_policy *policy = pending->request.fetch.policy;

	record_init(&schema_policy_fetch, &policy->fetch);
	policy->http_status = NUMBER_NULL;
	if (!replay_set_fields(replay, &schema_sts_policy, policy, words, 1))
		return false;
	pending->expected = pending->answered = true;
	domain_step_on_fetched(&replay->domain, pending->request.tag, replay->now_ms, &out);
	return take_requests(replay, &out);
}

/* probed ADDRESS [sni=NAME] FIELD=VALUE... of the address */
static bool probed(struct replay *replay, const struct replay_words *words)
{
	struct replay_pending *pending = find(replay, "probe", false, words, 1);
	size_t from = span_is_null(replay_option(words, 2, "sni")) ? 2 : 3;
	struct requests out = {0};

	if (pending == NULL) {
		describe(replay);
		return replay_fail(replay, "no such probe is open");
	}
	struct host_address *probe = pending->request.probe.probe;

	probe->stage = STAGE_NULL; /* as smtp_step_new does */
	if (!replay_set_fields(replay, &schema_host_address, probe, words, from))
		return false;
	pending->expected = pending->answered = true;
	host_step_on_probed(&replay->host, pending->request.tag, replay->now_ms, &out);
	return take_requests(replay, &out);
}

static bool stop(struct replay *replay)
{
	if (replay->machine == REPLAY_DOMAIN)
		domain_step_stop(&replay->domain, replay->now_ms);
	else
		host_step_stop(&replay->host, replay->now_ms);
	for (size_t i = 0; i < replay->pending_count; i++)
		replay->pending[i].answered = true;
	return true;
}

static bool expect(struct replay *replay, const struct replay_words *words, bool *known)
{
	const char *what = replay_word(replay, words, 1);

	if (strcmp(what, "done") == 0)
		return step_is_done(replay) || replay_fail(replay, "not done");
	if (strcmp(what, "nothing") == 0)
		return expect_nothing(replay);
	if (strcmp(what, "resolve") == 0 || strcmp(what, "delay") == 0 ||
	    strcmp(what, "fetch") == 0 || strcmp(what, "probe") == 0)
		return expect_request(replay, words);
	*known = false;
	return true;
}

bool replay_step_line(struct replay *replay, const struct replay_words *words, bool *known)
{
	const char *verb = replay_word(replay, words, 0);
	const char *what = replay_word(replay, words, 1);

	*known = true;
	if (strcmp(verb, "start") == 0 && strcmp(what, "domain") == 0) {
		replay->machine = REPLAY_DOMAIN;
		return start(replay, words);
	}
	if (strcmp(verb, "start") == 0 && strcmp(what, "host") == 0) {
		replay->machine = REPLAY_HOST;
		return start(replay, words);
	}
	*known = is_step(replay);
	if (!*known)
		return true;
	if (strcmp(verb, "expect") == 0)
		return expect(replay, words, known);
	if (strcmp(verb, "answer") == 0)
		return answer(replay, words);
	if (strcmp(verb, "elapse") == 0)
		return elapse(replay, words);
	if (strcmp(verb, "fetched") == 0)
		return fetched(replay, words);
	if (strcmp(verb, "probed") == 0)
		return probed(replay, words);
	if (strcmp(verb, "stop") == 0)
		return stop(replay);
	*known = false;
	return true;
}

bool replay_step_end(struct replay *replay)
{
	if (!is_step(replay))
		return true;
	for (size_t i = 0; i < replay->pending_count; i++) {
		if (replay->pending[i].answered)
			continue;
		describe(replay);
		return replay_fail(replay, "the scenario ends before its requests are answered");
	}
	unsigned open = replay->machine == REPLAY_DOMAIN ? replay->domain.open : replay->host.open;

	return open == 0 || replay_fail(replay, "%u requests counted as open", open);
}
