/*
 * The states of one MX host. Called by whoever drives a host; opens nothing and judges nothing:
 * whether the records and certificates that it gathers are any good is the judge's business.
 */
#include "steps/host.h"

#include "facts/tlsa.h"

enum { TAG_PROBES = HOST_LOOKUPS };

static struct lookup_context context_of(struct host_step *step, struct requests *out)
{
	return (struct lookup_context){
		.settings = step->settings,
		.arena = step->arena,
		.lookups = &step->record->lookups,
		.open = &step->open,
		.out = out,
	};
}

static void ask(struct host_step *step, enum host_lookup lookup, struct span name,
		enum dns_type type, struct requests *out)
{
	struct lookup_context context = context_of(step, out);

	lookup_slot_ask(&step->lookups[lookup], &context, lookup, name, type);
}

static bool is_settled(const struct host_step *step, enum host_lookup lookup)
{
	return lookup_slot_is_settled(&step->lookups[lookup]);
}

static const struct lookup_result *result_of(const struct host_step *step, enum host_lookup lookup)
{
	return &step->lookups[lookup].result;
}

/* --- probes --- */

static void request_probe(struct host_step *step, size_t i, struct span sni,
			  struct host_address *probe, int64_t now_ms, struct requests *out)
{
	struct request *request = requests_add(out, REQUEST_PROBE, TAG_PROBES + (uint32_t)i);

	request->probe.host = step->record->host;
	request->probe.sni = sni;
	request->probe.address = step->probes[i].address;
	request->probe.probe = probe;
	probe->tries = probe->tries == NUMBER_NULL ? 1 : probe->tries + 1;
	probe->started = now_ms;
	probe->duration_ms = NUMBER_NULL;
	probe->outcome = OUTCOME_NULL;
	step->open++;
}

static void request_first(struct host_step *step, size_t i, int64_t now_ms, struct requests *out)
{
	request_probe(step, i, step->record->host, &step->record->addresses.items[i], now_ms, out);
}

static void request_base(struct host_step *step, size_t i, int64_t now_ms, struct requests *out)
{
	request_probe(step, i, step->record->tlsa.base, step->probes[i].base, now_ms, out);
}

static void request_pause(struct host_step *step, size_t i, struct requests *out)
{
	struct request *request = requests_add(out, REQUEST_DELAY, TAG_PROBES + (uint32_t)i);

	request->delay_ms = step->settings->limits->retry_delay_ms;
	step->open++;
}

/* MEASURES 1 and 2: what may be otherwise a little later. */
static bool probe_failed_for_now(const struct host_address *probe)
{
	switch (probe->outcome) {
	case OUTCOME_RESET:
	case OUTCOME_TIMEOUT:
	case OUTCOME_UNREACHABLE:
	case OUTCOME_CLOSED:
	case OUTCOME_DEFERRED:
	case OUTCOME_LOCAL_LIMIT:
		return true;
	case OUTCOME_NULL:
	case OUTCOME_SUCCESS:
	case OUTCOME_REFUSED:
	case OUTCOME_ALERT:
	case OUTCOME_PROTOCOL_ERROR:
	case OUTCOME_TOO_LARGE:
	case OUTCOME_NO_SERVICE:
	case OUTCOME_BLOCKED:
	case OUTCOME_EXCLUDED:
	case OUTCOME_LIMIT:
	case OUTCOME_NOT_ATTEMPTED:
		break;
	}
	return false;
}

/*
 * MEASURES 6: another name to indicate, records that rest on it, and a server that speaks TLS, also
 * one that broke off the handshake: it may have minded the name.
 */
static bool base_is_wanted(const struct host_step *step, size_t i)
{
	const struct tlsa_map *tlsa = &step->record->tlsa;
	const struct host_address *address = &step->record->addresses.items[i];

	return tlsa->status == DNS_STATUS_NOERROR && tlsa->secure == TRISTATE_YES &&
	       !span_equal_nocase(tlsa->base, step->record->host) &&
	       (!span_is_null(address->tls.version) || address->stage == STAGE_TLS);
}

static enum host_probe_state after_mx_name(struct host_step *step, size_t i, int64_t now_ms,
					   struct requests *out)
{
	struct host_probe *probe = &step->probes[i];

	if (!base_is_wanted(step, i))
		return HOST_PROBE_SETTLED;
	probe->base = record_new(step->arena, &schema_host_address);
	if (probe->base == NULL)
		return HOST_PROBE_SETTLED;
	request_base(step, i, now_ms, out);
	return HOST_PROBE_BASE_FIRST;
}

static enum host_probe_state after_base(struct host_step *step, size_t i)
{
	step->record->addresses.items[i].tls_base = step->probes[i].base->tls;
	return HOST_PROBE_SETTLED;
}

static enum host_probe_state on_probe_ended(struct host_step *step, size_t i, int64_t now_ms,
					    struct requests *out)
{
	struct host_probe *probe = &step->probes[i];

	switch (probe->state) {
	case HOST_PROBE_FIRST:
		if (!probe_failed_for_now(&step->record->addresses.items[i]))
			return after_mx_name(step, i, now_ms, out);
		request_pause(step, i, out);
		return HOST_PROBE_PAUSED;
	case HOST_PROBE_SECOND:
		return after_mx_name(step, i, now_ms, out);
	case HOST_PROBE_BASE_FIRST:
		if (!probe_failed_for_now(probe->base))
			return after_base(step, i);
		request_pause(step, i, out);
		return HOST_PROBE_BASE_PAUSED;
	case HOST_PROBE_BASE_SECOND:
		return after_base(step, i);
	case HOST_PROBE_WAITING:
	case HOST_PROBE_PAUSED:
	case HOST_PROBE_BASE_PAUSED:
	case HOST_PROBE_SETTLED:
		break; /* nothing was asked for */
	}
	return probe->state;
}

static enum host_probe_state on_pause_ended(struct host_step *step, size_t i, int64_t now_ms,
					    struct requests *out)
{
	struct host_probe *probe = &step->probes[i];

	switch (probe->state) {
	case HOST_PROBE_PAUSED:
		request_first(step, i, now_ms, out);
		return HOST_PROBE_SECOND;
	case HOST_PROBE_BASE_PAUSED:
		request_base(step, i, now_ms, out);
		return HOST_PROBE_BASE_SECOND;
	case HOST_PROBE_WAITING:
	case HOST_PROBE_FIRST:
	case HOST_PROBE_SECOND:
	case HOST_PROBE_BASE_FIRST:
	case HOST_PROBE_BASE_SECOND:
	case HOST_PROBE_SETTLED:
		break;
	}
	return probe->state;
}

/* Leave to connect is the driver's to give, so all addresses are asked for at once. */
static void start_waiting(struct host_step *step, int64_t now_ms, struct requests *out)
{
	for (size_t i = 0; i < step->probes_count && out->count < REQUESTS_MAX; i++) {
		if (step->probes[i].state != HOST_PROBE_WAITING)
			continue;
		request_first(step, i, now_ms, out);
		step->probes[i].state = HOST_PROBE_FIRST;
	}
}

/* --- addresses --- */

/* Recorded and not contacted; OUTCOME_NULL for one that is to be probed. */
static enum outcome why_left_out(const struct host_step *step, struct address address)
{
	size_t max = (size_t)step->settings->limits->host_addresses_count;

	if (step->record->addresses.count > max)
		return OUTCOME_LIMIT;
	if (address_is_reserved(address) && !step->settings->allow_reserved)
		return OUTCOME_EXCLUDED;
	return step->settings->stage_smtp && step_connects_to(step->settings, address)
		       ? OUTCOME_NULL
		       : OUTCOME_NOT_ATTEMPTED;
}

static bool list_address(struct host_step *step, struct address address)
{
	void *items = step->probes;
	struct host_address *listed =
		record_append(step->arena, &schema_host_address, &step->record->addresses);

	if (listed == NULL)
		return false;
	struct host_probe *probe =
		arena_grow(step->arena, &items, &step->probes_count, sizeof(*probe));

	if (probe == NULL) {
		step->record->addresses.count--;
		return false;
	}
	step->probes = items;
	listed->address = address_to_text(step->arena, address);
	listed->family = address.family;
	listed->starttls = STARTTLS_UNKNOWN;
	listed->outcome = why_left_out(step, address);
	probe->address = address;
	if (listed->outcome == OUTCOME_NULL)
		return true;
	listed->stage = STAGE_TCP;
	probe->state = HOST_PROBE_SETTLED;
	return true;
}

/*
 * As many again over the cap are listed as `limit`, to tell that there are more. The status to
 * record.
 */
static enum dns_status gather_addresses(struct host_step *step, const struct dns_answer *answer)
{
	size_t listed_max = 2 * (size_t)step->settings->limits->host_addresses_count;

	for (size_t i = 0; i < answer->addresses_count; i++) {
		if (step->record->addresses.count >= listed_max)
			break;
		if (!list_address(step, answer->addresses[i]))
			return DNS_STATUS_LOCAL_LIMIT;
	}
	return answer->status;
}

static enum tristate worse(enum tristate a, enum tristate b)
{
	if (a == TRISTATE_NO || b == TRISTATE_NO)
		return TRISTATE_NO;
	return a == TRISTATE_YES && b == TRISTATE_YES ? TRISTATE_YES : TRISTATE_UNKNOWN;
}

/* The addresses that will be connected to decide; of an absence only where there are none. */
static enum tristate addresses_secure(const struct lookup_result *a,
				      const struct lookup_result *aaaa)
{
	bool a_found = a->answer.status == DNS_STATUS_NOERROR;
	bool aaaa_found = aaaa->answer.status == DNS_STATUS_NOERROR;

	if (a_found != aaaa_found)
		return a_found ? a->secure : aaaa->secure;
	if (a->answer.status == DNS_STATUS_NOT_ASKED)
		return aaaa->secure;
	if (aaaa->answer.status == DNS_STATUS_NOT_ASKED)
		return a->secure;
	return worse(a->secure, aaaa->secure);
}

/* The answer that tells of the CNAME chain. */
static const struct dns_answer *chain_answer(const struct host_step *step)
{
	const struct dns_answer *a = &result_of(step, HOST_LOOKUP_A)->answer;

	return a->cnames.count > 0 ? a : &result_of(step, HOST_LOOKUP_AAAA)->answer;
}

/* --- TLSA: RFC 7672 2.2.2, MEASURES 7 --- */

static bool lookup_failed(enum dns_status status)
{
	return status != DNS_STATUS_NOERROR && status != DNS_STATUS_NODATA &&
	       status != DNS_STATUS_NXDOMAIN;
}

static enum host_state begin_probing(struct host_step *step, int64_t now_ms, struct requests *out)
{
	start_waiting(step, now_ms, out);
	return HOST_PROBING;
}

static enum host_state probe_without_tlsa(struct host_step *step, enum dns_status status,
					  int64_t now_ms, struct requests *out)
{
	step->record->tlsa.status = status;
	step->record->tlsa.secure = TRISTATE_UNKNOWN;
	return begin_probing(step, now_ms, out);
}

static enum host_state ask_tlsa(struct host_step *step, enum host_lookup lookup, struct span base,
				int64_t now_ms, struct requests *out)
{
	struct span name =
		arena_printf(step->arena, "_25._tcp.%.*s", (int)base.len, (const char *)base.data);

	if (span_is_null(name))
		return probe_without_tlsa(step, DNS_STATUS_LOCAL_LIMIT, now_ms, out);
	step->record->tlsa.base = base;
	ask(step, lookup, name, DNS_TYPE_TLSA, out);
	return lookup == HOST_LOOKUP_TLSA_EXPANDED ? HOST_TLSA_EXPANDED_ASKED
						   : HOST_TLSA_ORIGINAL_ASKED;
}

static void record_tlsa(struct host_step *step, const struct lookup_result *result)
{
	struct tlsa_map *tlsa = &step->record->tlsa;
	size_t max = (size_t)step->settings->limits->tlsa_records_count;

	tlsa->status = result->answer.status;
	tlsa->secure = result->secure;
	tlsa->records = (struct span_list){0};
	for (size_t i = 0; i < result->answer.tlsa_count; i++) {
		struct span text = tlsa_to_text(step->arena, &result->answer.tlsa[i]);

		/* One left out may be the one that matches: nothing certain is known then. */
		if (i >= max || span_is_null(text) ||
		    !arena_append(step->arena, &tlsa->records, text)) {
			tlsa->status = DNS_STATUS_LIMIT;
			return;
		}
	}
}

static enum host_state on_addresses_asked(struct host_step *step, int64_t now_ms,
					  struct requests *out)
{
	struct host_record *record = step->record;
	const struct lookup_result *a = result_of(step, HOST_LOOKUP_A);
	const struct lookup_result *aaaa = result_of(step, HOST_LOOKUP_AAAA);

	if (!is_settled(step, HOST_LOOKUP_A) || !is_settled(step, HOST_LOOKUP_AAAA))
		return HOST_ADDRESSES_ASKED;
	record->lookup_a = gather_addresses(step, &a->answer);
	record->lookup_aaaa = gather_addresses(step, &aaaa->answer);
	record->secure = addresses_secure(a, aaaa);
	record->cname = chain_answer(step)->cnames;
	if (record->addresses.count == 0)
		return probe_without_tlsa(step, DNS_STATUS_NOT_ASKED, now_ms, out);
	if (record->secure == TRISTATE_NO && record->cname.count == 0)
		return probe_without_tlsa(step, DNS_STATUS_NOT_ASKED, now_ms, out);
	if (record->secure == TRISTATE_NO) {
		ask(step, HOST_LOOKUP_ALIAS, record->host, DNS_TYPE_CNAME, out);
		return HOST_ALIAS_ASKED;
	}
	if (record->cname.count > 0)
		return ask_tlsa(step, HOST_LOOKUP_TLSA_EXPANDED, chain_answer(step)->canonical,
				now_ms, out);
	return ask_tlsa(step, HOST_LOOKUP_TLSA_ORIGINAL, record->host, now_ms, out);
}

/* An insecure target under a secure alias: TLSA may still stand at the alias. */
static enum host_state on_alias_asked(struct host_step *step, int64_t now_ms, struct requests *out)
{
	const struct lookup_result *alias = result_of(step, HOST_LOOKUP_ALIAS);
	enum dns_status status = alias->answer.status;

	if (!is_settled(step, HOST_LOOKUP_ALIAS))
		return HOST_ALIAS_ASKED;
	step->record->name_secure = alias->secure;
	if (lookup_failed(status))
		return probe_without_tlsa(step, status, now_ms, out);
	if (status != DNS_STATUS_NOERROR || alias->secure != TRISTATE_YES)
		return probe_without_tlsa(step, DNS_STATUS_NOT_ASKED, now_ms, out);
	return ask_tlsa(step, HOST_LOOKUP_TLSA_ORIGINAL, step->record->host, now_ms, out);
}

/*
 * RFC 7672 2.2.2: secure records, or a failure, at the expanded name decide; else the original name
 * is asked.
 */
static enum host_state on_tlsa_expanded_asked(struct host_step *step, int64_t now_ms,
					      struct requests *out)
{
	const struct lookup_result *result = result_of(step, HOST_LOOKUP_TLSA_EXPANDED);
	enum dns_status status = result->answer.status;

	if (!is_settled(step, HOST_LOOKUP_TLSA_EXPANDED))
		return HOST_TLSA_EXPANDED_ASKED;
	record_tlsa(step, result);
	if (lookup_failed(status) ||
	    (status == DNS_STATUS_NOERROR && result->secure != TRISTATE_NO))
		return begin_probing(step, now_ms, out);
	return ask_tlsa(step, HOST_LOOKUP_TLSA_ORIGINAL, step->record->host, now_ms, out);
}

static enum host_state on_tlsa_original_asked(struct host_step *step, int64_t now_ms,
					      struct requests *out)
{
	if (!is_settled(step, HOST_LOOKUP_TLSA_ORIGINAL))
		return HOST_TLSA_ORIGINAL_ASKED;
	record_tlsa(step, result_of(step, HOST_LOOKUP_TLSA_ORIGINAL));
	return begin_probing(step, now_ms, out);
}

static enum host_state on_probing(struct host_step *step, int64_t now_ms, struct requests *out)
{
	start_waiting(step, now_ms, out);
	for (size_t i = 0; i < step->probes_count; i++) {
		if (step->probes[i].state != HOST_PROBE_SETTLED)
			return HOST_PROBING;
	}
	return HOST_SETTLED;
}

static enum host_state next_state(struct host_step *step, int64_t now_ms, struct requests *out)
{
	switch (step->state) {
	case HOST_ADDRESSES_ASKED:
		return on_addresses_asked(step, now_ms, out);
	case HOST_ALIAS_ASKED:
		return on_alias_asked(step, now_ms, out);
	case HOST_TLSA_EXPANDED_ASKED:
		return on_tlsa_expanded_asked(step, now_ms, out);
	case HOST_TLSA_ORIGINAL_ASKED:
		return on_tlsa_original_asked(step, now_ms, out);
	case HOST_PROBING:
		return on_probing(step, now_ms, out);
	case HOST_SETTLED:
		break;
	}
	return HOST_SETTLED;
}

/* --- events --- */

static void end_step(struct host_step *step, int64_t now_ms)
{
	step->record->duration_ms = now_ms - step->record->started;
	step->done = true;
}

static void advance(struct host_step *step, int64_t now_ms, struct requests *out)
{
	enum host_state state;

	do {
		state = step->state;
		step->state = next_state(step, now_ms, out);
	} while (step->state != state);
	if (step->state == HOST_SETTLED)
		end_step(step, now_ms);
}

void host_step_start(struct host_step *step, const struct step_settings *settings,
		     struct arena *arena, struct host_record *record, int64_t now_ms,
		     struct requests *out)
{
	*step = (struct host_step){.settings = settings, .arena = arena, .record = record};
	record->schema = RECORD_SCHEMA_VERSION;
	record->started = now_ms;
	record->vantage = settings->vantage;
	if (settings->ipv4 || settings->list_ipv4)
		ask(step, HOST_LOOKUP_A, record->host, DNS_TYPE_A, out);
	else
		lookup_slot_leave_out(&step->lookups[HOST_LOOKUP_A]);
	if (settings->ipv6 || settings->list_ipv6)
		ask(step, HOST_LOOKUP_AAAA, record->host, DNS_TYPE_AAAA, out);
	else
		lookup_slot_leave_out(&step->lookups[HOST_LOOKUP_AAAA]);
	advance(step, now_ms, out);
}

void host_step_on_lookup(struct host_step *step, uint32_t tag, const struct lookup_result *result,
			 int64_t now_ms, struct requests *out)
{
	struct lookup_context context = context_of(step, out);

	if (step->done || tag >= HOST_LOOKUPS)
		return;
	step->open--;
	lookup_slot_on_result(&step->lookups[tag], &context, result);
	advance(step, now_ms, out);
}

void host_step_on_probed(struct host_step *step, uint32_t tag, int64_t now_ms, struct requests *out)
{
	size_t i = tag - TAG_PROBES;

	if (step->done || tag < TAG_PROBES || i >= step->probes_count)
		return;
	struct host_address *probe = &step->record->addresses.items[i];

	if (probe->duration_ms == NUMBER_NULL)
		probe->duration_ms = now_ms - probe->started;
	step->open--;
	step->probes[i].state = on_probe_ended(step, i, now_ms, out);
	advance(step, now_ms, out);
}

void host_step_on_delay(struct host_step *step, uint32_t tag, int64_t now_ms, struct requests *out)
{
	struct lookup_context context = context_of(step, out);
	size_t i = tag - TAG_PROBES;

	if (step->done)
		return;
	if (tag < HOST_LOOKUPS) {
		step->open--;
		lookup_slot_on_delay(&step->lookups[tag], &context);
	} else if (i < step->probes_count) {
		step->open--;
		step->probes[i].state = on_pause_ended(step, i, now_ms, out);
	}
}

static void stop_lookups(struct host_step *step)
{
	struct host_record *record = step->record;

	if (step->state == HOST_ADDRESSES_ASKED) {
		for (unsigned i = HOST_LOOKUP_A; i <= HOST_LOOKUP_AAAA; i++) {
			if (step->lookups[i].state != LOOKUP_SLOT_SETTLED &&
			    step->lookups[i].state != LOOKUP_SLOT_PAUSED)
				lookup_slot_leave_out(&step->lookups[i]);
		}
		record->lookup_a = lookup_slot_status(&step->lookups[HOST_LOOKUP_A]);
		record->lookup_aaaa = lookup_slot_status(&step->lookups[HOST_LOOKUP_AAAA]);
		record->secure = TRISTATE_UNKNOWN;
	}
	/* NOT-ASKED would say that DANE does not apply, which is not known. */
	if (step->state != HOST_PROBING) {
		record->tlsa.status = DNS_STATUS_LOCAL_LIMIT;
		record->tlsa.secure = TRISTATE_UNKNOWN;
	}
}

void host_step_stop(struct host_step *step, int64_t now_ms)
{
	if (step->done)
		return;
	stop_lookups(step);
	for (size_t i = 0; i < step->probes_count; i++) {
		struct host_address *probe = &step->record->addresses.items[i];

		/* What was found out before a pause stands. */
		if (probe->outcome == OUTCOME_NULL) {
			probe->stage = STAGE_TCP;
			probe->outcome = OUTCOME_NOT_ATTEMPTED;
		}
		step->probes[i].state = HOST_PROBE_SETTLED;
	}
	step->state = HOST_SETTLED;
	step->open = 0;
	end_step(step, now_ms);
}
