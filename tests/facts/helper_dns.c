#include "helper_dns.h"

#include <ldns/ldns.h>
#include <stdlib.h>

static void push_records(ldns_pkt *packet, ldns_pkt_section section, const char *const *records)
{
	for (size_t i = 0; i < HELPER_RECORDS_MOST && records[i] != NULL; i++) {
		ldns_rr *rr = NULL;

		if (ldns_rr_new_frm_str(&rr, records[i], 0, NULL, NULL) != LDNS_STATUS_OK)
			abort();
		ldns_pkt_push_rr(packet, section, rr);
	}
}

struct span helper_message(struct arena *arena, const struct helper_answer *answer)
{
	ldns_pkt *packet = NULL;
	uint8_t *wire = NULL;
	size_t len = 0;

	if (ldns_pkt_query_new_frm_str(&packet, answer->name, (ldns_rr_type)answer->type,
				       LDNS_RR_CLASS_IN, LDNS_RD | LDNS_RA) != LDNS_STATUS_OK)
		abort();
	ldns_pkt_set_id(packet, HELPER_ID);
	ldns_pkt_set_qr(packet, true);
	ldns_pkt_set_ad(packet, answer->authentic);
	ldns_pkt_set_tc(packet, answer->truncated);
	ldns_pkt_set_rcode(packet, answer->rcode & 15);
	push_records(packet, LDNS_SECTION_ANSWER, answer->answers);
	push_records(packet, LDNS_SECTION_AUTHORITY, answer->authorities);
	if (answer->rcode > 15 || answer->options != NULL) {
		ldns_pkt_set_edns_udp_size(packet, 1232);
		ldns_pkt_set_edns_extended_rcode(packet, (uint8_t)(answer->rcode >> 4));
	}
	if (answer->options != NULL && answer->options[0] != '\0') {
		ldns_rdf *options = NULL;

		ldns_str2rdf_hex(&options, answer->options);
		ldns_pkt_set_edns_data(packet, options);
	}
	if (ldns_pkt2wire(&wire, packet, &len) != LDNS_STATUS_OK)
		abort();
	struct span message = arena_copy(arena, span_of(wire, len));

	free(wire);
	ldns_pkt_free(packet);
	return message;
}

struct dns_question helper_question(const struct helper_answer *answer)
{
	return (struct dns_question){.name = span_text(answer->name), .type = answer->type};
}
