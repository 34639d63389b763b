/*
 * From TXT records and a fetched body to what is said of them. Called by judge.c. A lookup or fetch
 * that failed for now says nothing about the domain: unknown, never absent (MEASURES 1 and 12).
 */
#include "judge/publication.h"

#include "facts/policy.h"
#include "facts/sts_record.h"
#include "facts/tlsrpt_record.h"
#include "judge/judge_private.h"

enum { HTTP_TOO_MANY_REQUESTS = 429, HTTP_SERVICE_UNAVAILABLE = 503 };

static void add_note(struct arena *arena, struct word_list *notes, unsigned note)
{
	(void)record_add_word(arena, notes, (int)note);
}

/* What a lookup leaves open of a record: PRESENCE_PRESENT stands for "the TXT records tell". */
static enum presence presence_of_lookup(enum dns_status status)
{
	switch (status) {
	case DNS_STATUS_NULL:
		return PRESENCE_NULL;
	case DNS_STATUS_NOERROR:
		return PRESENCE_PRESENT;
	case DNS_STATUS_NODATA:
	case DNS_STATUS_NXDOMAIN:
		return PRESENCE_ABSENT;
	case DNS_STATUS_SERVFAIL:
	case DNS_STATUS_REFUSED:
	case DNS_STATUS_FORMERR:
	case DNS_STATUS_NOTIMP:
	case DNS_STATUS_TIMEOUT:
	case DNS_STATUS_NETWORK_ERROR:
	case DNS_STATUS_BOGUS:
	case DNS_STATUS_LIMIT:
	case DNS_STATUS_LOCAL_LIMIT:
	case DNS_STATUS_NOT_ASKED:
		break;
	}
	return PRESENCE_UNKNOWN;
}

void publication_judge_record(struct arena *arena, struct sts_record_map *record)
{
	enum presence presence = presence_of_lookup(record->lookup);
	struct sts_record read = {0};

	if (presence == PRESENCE_PRESENT) {
		read = sts_record_read(record->txt);
		presence = read.present ? PRESENCE_PRESENT : PRESENCE_ABSENT;
	}
	record->state = presence;
	record->error = read.error;
	record->strict = read.strict;
	record->lenient = read.lenient;
	record->id = read.id;
	record->notes = (struct word_list){0};
	if (read.duplicate_id)
		add_note(arena, &record->notes, STS_RECORD_NOTE_DUPLICATE_ID);
}

void publication_judge_tlsrpt(struct arena *arena, struct tlsrpt *tlsrpt)
{
	enum presence presence = presence_of_lookup(tlsrpt->lookup);
	struct tlsrpt_record read = {0};

	if (presence == PRESENCE_PRESENT) {
		read = tlsrpt_record_read(arena, tlsrpt->txt);
		presence = read.present ? PRESENCE_PRESENT : PRESENCE_ABSENT;
	}
	tlsrpt->state = presence;
	tlsrpt->error = read.error;
	tlsrpt->strict = read.strict;
	tlsrpt->lenient = read.lenient;
	tlsrpt->rua = read.rua;
	tlsrpt->notes = (struct word_list){0};
	if (read.duplicate_rua)
		add_note(arena, &tlsrpt->notes, TLSRPT_RECORD_NOTE_DUPLICATE_RUA);
	if (read.other_scheme)
		add_note(arena, &tlsrpt->notes, TLSRPT_RECORD_NOTE_OTHER_SCHEME);
}

/* --- the policy --- */

#define SYNTAX_CASE(P, code, text, meaning) \
	case POLICY_SYNTAX_ERROR_##code: \
		return POLICY_ERROR_##code;
#define FAULT_CASE(P, code, text, meaning) \
	case PKIX_FAULT_##code: \
		return POLICY_ERROR_##code;

static enum policy_error error_of_syntax(enum policy_syntax_error error)
{
	switch (error) {
		POLICY_SYNTAX_ERRORS(SYNTAX_CASE, )
	case POLICY_SYNTAX_ERROR_NULL:
		break;
	}
	return POLICY_ERROR_NULL;
}

static enum policy_error error_of_fault(enum pkix_fault fault)
{
	switch (fault) {
		PKIX_FAULTS(FAULT_CASE, )
	case PKIX_FAULT_NULL:
		break;
	}
	return POLICY_ERROR_NULL;
}

/* An answer over our own cap says nothing of the name either. */
static bool is_unknown_dns(enum policy_error error)
{
	return error == POLICY_ERROR_TIMEOUT || error == POLICY_ERROR_SERVFAIL ||
	       error == POLICY_ERROR_REFUSED || error == POLICY_ERROR_NETWORK_ERROR ||
	       error == POLICY_ERROR_TOO_LARGE;
}

static bool is_unknown_tcp(enum policy_error error)
{
	return error == POLICY_ERROR_TIMEOUT || error == POLICY_ERROR_RESET ||
	       error == POLICY_ERROR_UNREACHABLE;
}

/*
 * A handshake has no size of its own: what was too large was so for us (limits of a connection and
 * of a certificate).
 */
static bool is_unknown_tls(enum policy_error error)
{
	return error == POLICY_ERROR_TIMEOUT || error == POLICY_ERROR_CLOSED ||
	       error == POLICY_ERROR_RESET || error == POLICY_ERROR_TOO_LARGE;
}

static bool is_unknown_http(enum policy_error error, int64_t status)
{
	return error == POLICY_ERROR_TIMEOUT || error == POLICY_ERROR_CLOSED ||
	       error == POLICY_ERROR_RESET || error == POLICY_ERROR_GOAWAY ||
	       error == POLICY_ERROR_TRUNCATED ||
	       (error == POLICY_ERROR_STATUS &&
		(status == HTTP_TOO_MANY_REQUESTS || status == HTTP_SERVICE_UNAVAILABLE));
}

/*
 * MEASURES 12, "Unknown after the second try"; our own limits and manners are nobody's fault
 * either.
 */
static bool is_unknown(enum stage stage, enum policy_error error, int64_t http_status)
{
	if (error == POLICY_ERROR_EXCLUDED || error == POLICY_ERROR_LOCAL_LIMIT)
		return true;
	switch (stage) {
	case STAGE_DNS:
		return is_unknown_dns(error);
	case STAGE_TCP:
		return is_unknown_tcp(error);
	case STAGE_TLS:
		return is_unknown_tls(error);
	case STAGE_HTTP:
		return is_unknown_http(error, http_status);
	case STAGE_NULL:
	case STAGE_BANNER:
	case STAGE_EHLO:
	case STAGE_STARTTLS:
	case STAGE_SYNTAX:
		break;
	}
	return false;
}

static void set_error(struct sts_policy *policy, enum stage stage, enum policy_error error,
		      struct span detail)
{
	policy->stage = stage;
	policy->error = error;
	policy->detail = detail;
	policy->state =
		is_unknown(stage, error, policy->http_status) ? PRESENCE_UNKNOWN : PRESENCE_ABSENT;
}

/* Null in all that is judged, so that judging again starts from the evidence alone. */
static void forget_judgement(struct sts_policy *policy)
{
	policy->state = PRESENCE_NULL;
	policy->stage = STAGE_NULL;
	policy->error = POLICY_ERROR_NULL;
	policy->detail = (struct span){0};
	policy->strict = policy->lenient = VALIDITY_NULL;
	policy->mode = POLICY_MODE_NULL;
	policy->max_age = NUMBER_NULL;
	policy->mx = (struct span_list){0};
	policy->notes = (struct word_list){0};
	policy->tls.result = PKIX_FAULT_NULL;
	policy->tls.all = (struct word_list){0};
	policy->tls.not_after = NUMBER_NULL;
	policy->tls.issuer = (struct span){0};
}

/*
 * Certificate and version of the connection; true when they stand. A sender would have got no
 * further, so what HTTP said behind a bad certificate does not count.
 */
static bool judge_tls(struct chain_memory *memory, const struct certificate_source *certificates,
		      struct arena *arena, struct sts_policy *policy)
{
	const struct chain_verdict *verdict =
		chain_memory_judge(memory, certificates, policy->tls.chain, policy->started);
	unsigned faults = chain_faults(verdict, policy->host);
	enum pkix_fault first = pkix_first(faults);
	bool up = !span_is_null(policy->tls.version);

	policy->tls.result = first;
	judge_add_faults(arena, &policy->tls.all, faults);
	if (verdict->state == CHAIN_LOADED) {
		policy->tls.not_after = verdict->leaf.not_after_ms;
		policy->tls.issuer = arena_copy(arena, verdict->leaf.issuer);
	}
	if (!up)
		return true;
	if (judge_tls_version_is_old(policy->tls.version))
		set_error(policy, STAGE_TLS, POLICY_ERROR_PROTOCOL_VERSION, policy->tls.version);
	else if (verdict->state == CHAIN_NONE)
		set_error(policy, STAGE_TLS, POLICY_ERROR_NO_CERTIFICATE, (struct span){0});
	else if (verdict->state == CHAIN_MISSING)
		set_error(policy, STAGE_TLS, POLICY_ERROR_LOCAL_LIMIT, span_text("no-evidence"));
	else if (first != PKIX_FAULT_NULL)
		set_error(policy, STAGE_TLS, error_of_fault(first),
			  first == PKIX_FAULT_UNTRUSTED ? span_text(verdict->pkix.detail)
							: (struct span){0});
	return policy->stage == STAGE_NULL;
}

/* RFC 8461 3.2: the media type should be text/plain; its parameters do not matter. */
static bool is_text_plain(struct span content_type)
{
	struct span type = span_first(content_type, span_find(content_type, ';'));

	return span_equal_nocase(span_trim(type), span_text("text/plain"));
}

static struct span syntax_detail(struct arena *arena, const struct policy *read)
{
	struct span value = read->mx_fault_value;
	const char *fault = vocabulary_text(&vocabulary_policy_mx_fault, (int)read->mx_fault);

	if (read->error != POLICY_SYNTAX_ERROR_BAD_MX)
		return (struct span){0};
	/* The value is the server's: only what can stand in a text is quoted. */
	if (value.len == 0 || !span_is_utf8(value) || span_find(value, '\0') < value.len)
		return span_text(fault);
	return arena_printf(arena, "%s: %.*s", fault, (int)value.len, (const char *)value.data);
}

static void judge_body(struct arena *arena, struct sts_policy *policy)
{
	struct policy read = policy_read(arena, policy->body);

	if (!is_text_plain(policy->content_type))
		policy_add_note(&read, POLICY_NOTE_CONTENT_TYPE);
	policy->state = PRESENCE_PRESENT;
	policy->strict = read.strict;
	policy->lenient = read.lenient;
	policy->mode = read.mode;
	policy->max_age = read.max_age_s;
	policy->mx = read.mx;
	for (size_t i = 0; i < read.notes_count; i++)
		add_note(arena, &policy->notes, read.notes[i]);
	if (read.error == POLICY_SYNTAX_ERROR_NULL)
		return;
	policy->stage = STAGE_SYNTAX;
	policy->error = error_of_syntax(read.error);
	policy->detail = syntax_detail(arena, &read);
}

void publication_judge_policy(struct chain_memory *memory,
			      const struct certificate_source *certificates, struct arena *arena,
			      struct sts_policy *policy)
{
	forget_judgement(policy);
	if (span_is_null(policy->host) && policy->fetch.stage == STAGE_NULL)
		return;
	if (!judge_tls(memory, certificates, arena, policy))
		return;
	if (policy->fetch.stage != STAGE_NULL)
		set_error(policy, policy->fetch.stage, policy->fetch.error, policy->fetch.detail);
	else
		judge_body(arena, policy);
}

enum sts_verdict publication_verdict(const struct sts *sts)
{
	const struct sts_policy *policy = &sts->policy;

	if (sts->record.state == PRESENCE_NULL)
		return STS_VERDICT_NULL;
	if (sts->record.state == PRESENCE_ABSENT)
		return STS_VERDICT_NONE;
	if (sts->record.state == PRESENCE_UNKNOWN)
		return STS_VERDICT_UNKNOWN;
	if (sts->record.strict != VALIDITY_VALID)
		return STS_VERDICT_BROKEN;
	if (policy->state == PRESENCE_NULL || policy->state == PRESENCE_UNKNOWN)
		return STS_VERDICT_UNKNOWN;
	if (policy->state == PRESENCE_ABSENT || policy->strict != VALIDITY_VALID)
		return STS_VERDICT_BROKEN;
	switch (policy->mode) {
	case POLICY_MODE_ENFORCE:
		return STS_VERDICT_ENFORCE;
	case POLICY_MODE_TESTING:
		return STS_VERDICT_TESTING;
	case POLICY_MODE_NONE:
		return STS_VERDICT_OFF;
	case POLICY_MODE_NULL:
		break;
	}
	return STS_VERDICT_BROKEN;
}
