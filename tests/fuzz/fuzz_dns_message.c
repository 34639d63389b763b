/*
 * Any bytes as an answer: what is read of it is within its limits, and every name in it is one that
 * can be asked for.
 */
#include <stdlib.h>

#include "facts/dns_message.h"
#include "facts/dns_wire.h"

enum { ARENA_CAP_BYTES = 1 << 20, QUESTION_AT = 12, RECORDS_MOST = 40, CNAMES_MOST = 5 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds)
{
	if (!holds)
		abort();
}

static void check_name(struct span name)
{
	struct dns_wire_name wire;
	char text[DNS_NAME_TEXT_BYTES];
	size_t end = 0;

	dns_wire_from_text(name, &wire);
	check(wire.len > 0);
	size_t len = dns_wire_to_text(span_of(wire.bytes, wire.len), 0, text, &end);

	check(end == wire.len && span_equal(span_of(text, len), name));
}

static void check_names(struct span_list names)
{
	for (size_t i = 0; i < names.count; i++)
		check_name(names.items[i]);
}

static void check_answer(const struct dns_answer *answer)
{
	size_t records = answer->addresses_count + answer->mx_count + answer->txt.count +
			 answer->names.count + answer->tlsa_count;

	check((answer->status == DNS_STATUS_NULL) == answer->truncated);
	check(answer->status <= DNS_STATUS_NOTIMP || answer->status >= DNS_STATUS_LIMIT);
	check(records <= RECORDS_MOST);
	check(records == 0 || answer->status == DNS_STATUS_NOERROR ||
	      answer->status == DNS_STATUS_LIMIT);
	check(answer->cnames.count <= (answer->names.count > 0 ? RECORDS_MOST : CNAMES_MOST));
	check_names(answer->cnames);
	check_names(answer->names);
	for (size_t i = 0; i < answer->mx_count; i++)
		check_name(answer->mx[i].host);
	for (size_t i = 0; i < answer->addresses_count; i++)
		check(answer->addresses[i].family == ADDRESS_IPV4 ||
		      answer->addresses[i].family == ADDRESS_IPV6);
	if (!span_is_null(answer->soa_rname))
		check_name(answer->soa_rname);
}

/* The question as the message itself has it, so that most inputs are answers. */
static bool read_question(struct span message, char text[DNS_NAME_TEXT_BYTES],
			  struct dns_question *question)
{
	size_t end = 0;
	struct cursor cursor = cursor_over(message);

	question->name = span_of(text, dns_wire_to_text(message, QUESTION_AT, text, &end));
	cursor_seek(&cursor, end);
	question->type = cursor_u16(&cursor);
	return question->name.len > 0 && !cursor.failed;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct dns_caps caps = {.records_count = RECORDS_MOST,
				      .cname_depth_count = CNAMES_MOST};
	struct span message = span_of(data, size);
	char text[DNS_NAME_TEXT_BYTES];
	struct dns_question question;
	struct dns_answer answer;
	struct arena arena;

	if (!read_question(message, text, &question))
		return 0;
	arena_init(&arena, ARENA_CAP_BYTES);
	dns_message_answers(message, (uint16_t)(data[0] << 8 | data[1]), question);
	if (dns_answer_parse(&arena, message, question, &caps, &answer))
		check_answer(&answer);
	arena_free(&arena);
	return 0;
}
