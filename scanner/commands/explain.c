/*
 * The text of `stsweep check`. Reads a judged record and prints; decides nothing by itself:
 * sentences and advice come from the findings table.
 */
#include "commands/explain.h"

#include <inttypes.h>
#include <stdarg.h>

#include "record/findings.h"

enum colour { COLOUR_NONE, COLOUR_GOOD, COLOUR_BAD, COLOUR_DOUBT, COLOUR_HEAD };

struct page {
	FILE *out;
	bool colours;
	const struct host_source *hosts;
};

static const char *const colour_codes[] = {
	[COLOUR_NONE] = "",          [COLOUR_GOOD] = "\033[32m", [COLOUR_BAD] = "\033[31m",
	[COLOUR_DOUBT] = "\033[33m", [COLOUR_HEAD] = "\033[1m",
};

static void paint(const struct page *page, enum colour colour, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static void paint(const struct page *page, enum colour colour, const char *format, ...)
{
	bool painted = page->colours && colour != COLOUR_NONE;
	va_list arguments;

	if (painted)
		fputs(colour_codes[colour], page->out);
	va_start(arguments, format);
	vfprintf(page->out, format, arguments);
	va_end(arguments);
	if (painted)
		fputs("\033[0m", page->out);
}

/* Text from the network: printable UTF-8 as it is, everything else as \xNN. */
static void print_bytes(const struct page *page, struct span text)
{
	bool utf8 = span_is_utf8(text);

	for (size_t i = 0; i < text.len; i++) {
		uint8_t byte = text.data[i];
		/* C1 controls are two bytes, C2 80 to C2 9F, in UTF-8. */
		bool c1 = byte == 0xc2 && i + 1 < text.len && text.data[i + 1] < 0xa0;

		if (byte < 0x20 || byte == 0x7f || c1 || (!utf8 && byte >= 0x80))
			fprintf(page->out, "\\x%02x", byte);
		else
			fputc(byte, page->out);
	}
}

static void print_list(const struct page *page, struct span_list list, const char *separator)
{
	for (size_t i = 0; i < list.count; i++) {
		if (i > 0)
			fputs(separator, page->out);
		print_bytes(page, list.items[i]);
	}
}

static const char *word(const struct vocabulary *vocabulary, int value)
{
	const char *text = vocabulary_text(vocabulary, value);

	return text == NULL ? "-" : text;
}

/* A label that has its line for itself. */
static void heading(const struct page *page, const char *text)
{
	fputs("  ", page->out);
	paint(page, COLOUR_HEAD, "%s", text);
	fputc('\n', page->out);
}

/* The left column: a label on the first line of its part, blank on the others. */
static void label(const struct page *page, const char *text)
{
	fputs("  ", page->out);
	paint(page, COLOUR_HEAD, "%-9s", text);
}

static enum colour presence_colour(enum presence state)
{
	switch (state) {
	case PRESENCE_PRESENT:
		return COLOUR_GOOD;
	case PRESENCE_UNKNOWN:
		return COLOUR_DOUBT;
	case PRESENCE_ABSENT:
	case PRESENCE_NULL:
		return COLOUR_NONE;
	}
	return COLOUR_NONE;
}

static const char *dnssec_text(enum tristate secure)
{
	switch (secure) {
	case TRISTATE_YES:
		return "DNSSEC secure";
	case TRISTATE_NO:
		return "no DNSSEC";
	case TRISTATE_UNKNOWN:
	case TRISTATE_NULL:
		return "DNSSEC unknown";
	}
	return "";
}

static void explain_mx(const struct page *page, const struct domain_record *domain)
{
	const struct mx *mx = &domain->mx;

	label(page, "MX");
	fprintf(page->out, "%s, lookup %s, %s\n", word(&vocabulary_mx_kind, (int)mx->kind),
		word(&vocabulary_dns_status, (int)mx->status), dnssec_text(mx->secure));
	for (size_t i = 0; i < mx->hosts.count; i++) {
		fprintf(page->out, "           %5" PRId64 " ", mx->hosts.items[i].preference);
		print_bytes(page, mx->hosts.items[i].host);
		fputc('\n', page->out);
	}
}

static void print_txt(const struct page *page, struct span_list txt)
{
	for (size_t i = 0; i < txt.count; i++) {
		fputs("           \"", page->out);
		print_bytes(page, txt.items[i]);
		fputs("\"\n", page->out);
	}
}

static void print_readings(const struct page *page, enum validity strict, enum validity lenient)
{
	if (strict == VALIDITY_NULL)
		return;
	paint(page, strict == VALIDITY_VALID ? COLOUR_GOOD : COLOUR_BAD, ", %s",
	      word(&vocabulary_validity, (int)strict));
	if (strict != lenient)
		paint(page, COLOUR_DOUBT, " by the standard, %s to lenient senders",
		      word(&vocabulary_validity, (int)lenient));
}

static void explain_record(const struct page *page, const struct sts_record_map *record)
{
	label(page, "MTA-STS");
	fputs("record ", page->out);
	paint(page, presence_colour(record->state), "%s",
	      word(&vocabulary_presence, (int)record->state));
	fprintf(page->out, ", lookup %s", word(&vocabulary_dns_status, (int)record->lookup));
	print_readings(page, record->strict, record->lenient);
	if (record->error != STS_RECORD_ERROR_NULL)
		paint(page, COLOUR_BAD, " (%s)",
		      word(&vocabulary_sts_record_error, (int)record->error));
	fputc('\n', page->out);
	print_txt(page, record->txt);
}

static void explain_policy_transport(const struct page *page, const struct sts_policy *policy)
{
	if (policy->tls.version.len > 0) {
		fputs("           ", page->out);
		print_bytes(page, policy->address);
		fputs(", ", page->out);
		print_bytes(page, policy->tls.version);
		fprintf(page->out, ", %s", word(&vocabulary_http_protocol, (int)policy->protocol));
		if (policy->http_status != NUMBER_NULL)
			fprintf(page->out, " status %" PRId64, policy->http_status);
		if (policy->tls.result != PKIX_FAULT_NULL)
			paint(page, COLOUR_BAD, ", certificate: %s",
			      word(&vocabulary_pkix_fault, (int)policy->tls.result));
		fputc('\n', page->out);
	}
	if (policy->location.len > 0) {
		fputs("           redirect to ", page->out);
		print_bytes(page, policy->location);
		fputs(" (never followed)\n", page->out);
	}
}

static void explain_policy(const struct page *page, const struct sts_policy *policy)
{
	enum { DAY_S = 86400 };

	if (policy->state == PRESENCE_NULL)
		return;
	fputs("           policy ", page->out);
	paint(page, presence_colour(policy->state), "%s",
	      word(&vocabulary_presence, (int)policy->state));
	print_readings(page, policy->strict, policy->lenient);
	if (policy->error != POLICY_ERROR_NULL) {
		paint(page, COLOUR_BAD, " (%s: %s", word(&vocabulary_stage, (int)policy->stage),
		      word(&vocabulary_policy_error, (int)policy->error));
		if (policy->detail.len > 0) {
			fputs(", ", page->out);
			print_bytes(page, policy->detail);
		}
		fputc(')', page->out);
	}
	fputc('\n', page->out);
	explain_policy_transport(page, policy);
	if (policy->mode == POLICY_MODE_NULL)
		return;
	fprintf(page->out, "           mode %s, max_age %" PRId64 " (%" PRId64 " days), mx ",
		word(&vocabulary_policy_mode, (int)policy->mode), policy->max_age,
		policy->max_age / DAY_S);
	print_list(page, policy->mx, " ");
	fputc('\n', page->out);
}

static void explain_tlsrpt(const struct page *page, const struct tlsrpt *tlsrpt)
{
	label(page, "TLS-RPT");
	fputs("record ", page->out);
	paint(page, presence_colour(tlsrpt->state), "%s",
	      word(&vocabulary_presence, (int)tlsrpt->state));
	fprintf(page->out, ", lookup %s", word(&vocabulary_dns_status, (int)tlsrpt->lookup));
	print_readings(page, tlsrpt->strict, tlsrpt->lenient);
	if (tlsrpt->error != TLSRPT_RECORD_ERROR_NULL)
		paint(page, COLOUR_BAD, " (%s)",
		      word(&vocabulary_tlsrpt_record_error, (int)tlsrpt->error));
	fputc('\n', page->out);
	print_txt(page, tlsrpt->txt);
}

static enum colour result_colour(enum host_result result)
{
	if (result == HOST_RESULT_SUCCESS)
		return COLOUR_GOOD;
	return result == HOST_RESULT_UNKNOWN ? COLOUR_DOUBT : COLOUR_BAD;
}

static void explain_address(const struct page *page, const struct host_address *address)
{
	fputs("               ", page->out);
	print_bytes(page, address->address);
	fputs("  ", page->out);
	if (address->outcome != OUTCOME_SUCCESS) {
		paint(page, COLOUR_DOUBT, "%s at %s",
		      word(&vocabulary_outcome, (int)address->outcome),
		      word(&vocabulary_stage, (int)address->stage));
		if (address->reply.len > 0) {
			fputs(": ", page->out);
			print_bytes(page, address->reply);
		}
	}
	if (address->tls.version.len > 0) {
		print_bytes(page, address->tls.version);
		fputs(" ", page->out);
		print_bytes(page, address->tls.cipher);
		if (address->pkix.result == PKIX_FAULT_NULL)
			paint(page, COLOUR_GOOD, ", certificate accepted");
		else
			paint(page, COLOUR_BAD, ", certificate: %s",
			      word(&vocabulary_pkix_fault, (int)address->pkix.result));
	} else if (address->starttls != STARTTLS_NULL) {
		fprintf(page->out, " STARTTLS %s",
			word(&vocabulary_starttls, (int)address->starttls));
	}
	if (address->software.len > 0) {
		fputs(", ", page->out);
		print_bytes(page, address->software);
	}
	fputc('\n', page->out);
}

static void explain_host(const struct page *page, const struct domain_host *seen)
{
	const struct host_record *host = page->hosts->find(page->hosts->context, seen->host);

	fputs("           ", page->out);
	print_bytes(page, seen->host);
	if (!span_is_null(seen->provider)) {
		fputs(" (", page->out);
		print_bytes(page, seen->provider);
		fputs(")", page->out);
	}
	fputs(": ", page->out);
	paint(page, result_colour(seen->result), "%s",
	      word(&vocabulary_host_result, (int)seen->result));
	if (seen->detail.len > 0) {
		fputs(" (", page->out);
		print_bytes(page, seen->detail);
		fputs(")", page->out);
	}
	fprintf(page->out, ", DANE %s", word(&vocabulary_dane, (int)seen->dane));
	if (seen->policy_match == FLAG_FALSE)
		paint(page, COLOUR_BAD, ", not in the policy");
	fputc('\n', page->out);
	if (host == NULL)
		return;
	for (size_t i = 0; i < host->addresses.count; i++)
		explain_address(page, &host->addresses.items[i]);
	for (size_t i = 0; i < host->tlsa.records.count; i++) {
		fputs("               TLSA ", page->out);
		print_bytes(page, host->tlsa.records.items[i]);
		fputc('\n', page->out);
	}
}

static enum colour delivery_colour(enum delivery delivery)
{
	switch (delivery) {
	case DELIVERY_PROTECTED:
	case DELIVERY_NO_MAIL:
		return COLOUR_GOOD;
	case DELIVERY_REFUSED:
	case DELIVERY_UNDELIVERABLE:
	case DELIVERY_CLEARTEXT:
		return COLOUR_BAD;
	case DELIVERY_PROTECTED_IN_PART:
	case DELIVERY_REPORTED:
	case DELIVERY_OPPORTUNISTIC:
	case DELIVERY_UNKNOWN:
	case DELIVERY_NULL:
		return COLOUR_DOUBT;
	}
	return COLOUR_NONE;
}

static void explain_verdict(const struct page *page, const struct verdict *verdict)
{
	int delivery = (int)verdict->delivery;

	label(page, "Verdict");
	paint(page, delivery_colour(verdict->delivery), "%s", word(&vocabulary_delivery, delivery));
	if (delivery != DELIVERY_NULL)
		fprintf(page->out, ": %s", vocabulary_delivery.words[delivery].meaning);
	fprintf(page->out, "\n           MTA-STS %s, DANE %s",
		word(&vocabulary_sts_verdict, (int)verdict->sts),
		word(&vocabulary_dane, (int)verdict->dane));
	if (verdict->ready_for_enforce != TRISTATE_NULL)
		fprintf(page->out, ", ready for mode enforce: %s",
			word(&vocabulary_tristate, (int)verdict->ready_for_enforce));
	fputc('\n', page->out);
}

static enum colour severity_colour(enum severity severity)
{
	switch (severity) {
	case SEVERITY_ERROR:
		return COLOUR_BAD;
	case SEVERITY_WARNING:
		return COLOUR_DOUBT;
	case SEVERITY_NOTICE:
	case SEVERITY_NULL:
		return COLOUR_NONE;
	}
	return COLOUR_NONE;
}

static void explain_findings(const struct page *page, const struct word_list *findings)
{
	static const char *const severities[] = {"", "error", "warning", "notice"};

	if (findings->count == 0) {
		label(page, "Findings");
		fputs("none\n", page->out);
		return;
	}
	heading(page, "Findings");
	for (size_t i = 0; i < findings->count; i++) {
		const struct finding_info *info = &finding_infos[findings->items[i]];

		fputs("    ", page->out);
		paint(page, severity_colour(info->severity), "%-8s", severities[info->severity]);
		fprintf(page->out, "%s\n           %s\n           To do: %s (%s)\n", info->code,
			info->sentence, info->advice, info->section);
	}
}

void explain_domain(FILE *out, const struct explain_settings *settings,
		    const struct domain_record *domain)
{
	struct page page = {.out = out, .colours = settings->colours, .hosts = settings->hosts};

	print_bytes(&page, span_is_null(domain->domain) ? domain->input : domain->domain);
	fputc('\n', out);
	if (domain->status == RECORD_STATUS_INVALID_INPUT) {
		fputs("  is no domain name: ", out);
		print_bytes(&page, domain->reason);
		fputc('\n', out);
		return;
	}
	explain_mx(&page, domain);
	explain_record(&page, &domain->sts.record);
	explain_policy(&page, &domain->sts.policy);
	explain_tlsrpt(&page, &domain->tlsrpt);
	if (domain->hosts.count > 0)
		heading(&page, "Hosts");
	for (size_t i = 0; i < domain->hosts.count; i++)
		explain_host(&page, &domain->hosts.items[i]);
	explain_verdict(&page, &domain->verdict);
	explain_findings(&page, &domain->findings);
}
