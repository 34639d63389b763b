/*
 * Scenarios of one DNS lookup: messages are put together here, names uncompressed, so that each way
 * of not answering can be told apart.
 */
#include "helper_replay.h"

enum { MESSAGE_BYTES = 4096, TTL_S = 300, SERVERS_MAX = 128 };

static const char *const action_names[] = {"send-udp", "send-tcp", "wait", "done"};

struct message {
	uint8_t bytes[MESSAGE_BYTES];
	size_t len;
};

static void put_number(struct message *message, uint64_t number, size_t len)
{
	while (len-- > 0)
		message->bytes[message->len++] = (uint8_t)(number >> (8 * len));
}

static void put_name(struct message *message, struct span name)
{
	while (name.len > 0) {
		struct span label = span_first(name, span_find(name, '.'));

		put_number(message, (uint32_t)label.len, 1);
		memcpy(message->bytes + message->len, label.data, label.len);
		message->len += label.len;
		name = span_skip(name, label.len + 1);
	}
	put_number(message, 0, 1);
}

static void set_u16(struct message *message, size_t at, size_t value)
{
	message->bytes[at] = (uint8_t)(value >> 8);
	message->bytes[at + 1] = (uint8_t)value;
}

static void put_rdata(struct message *message, uint16_t type, struct span text)
{
	struct address address = address_from_text(text);
	size_t colon = span_find(text, ':');

	if (type == DNS_TYPE_A || type == DNS_TYPE_AAAA) {
		size_t len = type == DNS_TYPE_A ? 4 : 16;

		memcpy(message->bytes + message->len, address.bytes, len);
		message->len += len;
	} else if (type == DNS_TYPE_MX) {
		put_number(message, (uint32_t)replay_number(span_first(text, colon)), 2);
		put_name(message, span_skip(text, colon + 1));
	} else if (type == DNS_TYPE_TXT) {
		put_number(message, (uint32_t)text.len, 1);
		memcpy(message->bytes + message->len, text.data, text.len);
		message->len += text.len;
	} else {
		put_name(message, text);
	}
}

static void put_record(struct message *message, struct span owner, uint16_t type, struct span text)
{
	put_name(message, owner);
	put_number(message, type, 2);
	put_number(message, 1, 2);
	put_number(message, TTL_S, 4);
	size_t length_at = message->len;

	put_number(message, 0, 2);
	put_rdata(message, type, text);
	set_u16(message, length_at, message->len - length_at - 2);
}

/* An OPT record with an extended error (RFC 8914). */
static void put_extended_error(struct message *message, uint32_t code)
{
	put_number(message, 0, 1);
	put_number(message, 41, 2);
	put_number(message, 1232, 2);
	put_number(message, 0, 4);
	put_number(message, 6, 2);
	put_number(message, 15, 2);
	put_number(message, 2, 2);
	put_number(message, code, 2);
}

static bool has(const struct replay_words *words, const char *flag)
{
	for (size_t i = 2; i < words->count; i++) {
		if (span_equal(words->items[i], span_text(flag)))
			return true;
	}
	return false;
}

static bool is_flag(struct span word)
{
	static const char *const flags[] = {"ad",         "tc",         "wrong-id",
					    "wrong-name", "wrong-type", "no-question"};

	for (size_t i = 0; i < ARRAY_LENGTH(flags); i++) {
		if (span_equal(word, span_text(flags[i])))
			return true;
	}
	return span_starts_with(word, span_text("ede="));
}

static void put_head(struct replay *replay, struct message *message,
		     const struct replay_words *words, uint16_t rcode)
{
	struct dns_question question = replay->query.question;
	uint16_t id = replay->query.id;

	put_number(message, has(words, "wrong-id") ? id + 1U : id, 2);
	put_number(message,
		   0x8180U | (has(words, "ad") ? 0x20U : 0) | (has(words, "tc") ? 0x200U : 0) |
			   rcode,
		   2);
	put_number(message, !has(words, "no-question"), 2);
	put_number(message, 0, 6);
	if (has(words, "no-question"))
		return;
	put_name(message, has(words, "wrong-name") ? span_text("other.example") : question.name);
	put_number(message, has(words, "wrong-type") ? DNS_TYPE_SOA : question.type, 2);
	put_number(message, 1, 2);
}

/* message RCODE [ad] [tc] [wrong-id] [wrong-name] [wrong-type] [no-question] [ede=N] RECORD... */
static bool message(struct replay *replay, const struct replay_words *words)
{
	static const char *const rcodes[] = {"NOERROR",  "FORMERR", "SERVFAIL",
					     "NXDOMAIN", "NOTIMP",  "REFUSED"};
	struct message message = {.len = 0};
	struct span extended_error = replay_option(words, 2, "ede");
	size_t rcode = 0, answers = 0;

	while (rcode < ARRAY_LENGTH(rcodes) &&
	       strcmp(rcodes[rcode], replay_word(replay, words, 1)) != 0)
		rcode++;
	if (rcode == ARRAY_LENGTH(rcodes))
		return replay_fail(replay, "no such RCODE");
	put_head(replay, &message, words, (uint16_t)rcode);
	for (size_t i = 2; i < words->count; i++) {
		if (is_flag(words->items[i]))
			continue;
		put_record(&message, replay->query.question.name, replay->query.question.type,
			   words->items[i]);
		answers++;
	}
	set_u16(&message, 6, answers);
	if (!span_is_null(extended_error)) {
		put_extended_error(&message, (uint32_t)replay_number(extended_error));
		set_u16(&message, 10, 1);
	}
	replay->query_action =
		dns_query_on_message(&replay->query, span_of(message.bytes, message.len),
				     ++replay->next_id, replay->now_ms);
	return true;
}

static void set_servers(struct replay *replay, unsigned count)
{
	struct span *names = arena_calloc(&replay->arena, SERVERS_MAX, sizeof(*names));

	for (unsigned i = 0; i < SERVERS_MAX; i++)
		names[i] = arena_printf(&replay->arena, "192.0.2.%u", i);
	replay->query_settings.servers_count = count;
	replay->query_settings.server_names = names;
}

/* start query TYPE NAME servers=N [first=N] [trusted=MASK] [validating=MASK] */
static bool start(struct replay *replay, const struct replay_words *words)
{
	struct dns_question question = {.name = words->items[3],
					.type = replay_dns_type(words->items[2])};
	struct span first = replay_option(words, 4, "first");
	struct span trusted = replay_option(words, 4, "trusted");
	struct span validating = replay_option(words, 4, "validating");

	replay->machine = REPLAY_QUERY;
	set_servers(replay, (unsigned)replay_number(replay_option(words, 4, "servers")));
	replay->query_settings.limits = &replay->limits;
	replay->query_settings.trusted_servers = (uint64_t)replay_number(trusted);
	replay->query_settings.validating_servers = (uint64_t)replay_number(validating);
	replay->query_action =
		dns_query_start(&replay->query, &replay->query_settings, &replay->arena, question,
				(unsigned)replay_number(first), replay->next_id, replay->now_ms);
	return true;
}

static bool timeout(struct replay *replay)
{
	replay->now_ms = replay->query.deadline_ms;
	replay->query_action =
		dns_query_on_timeout(&replay->query, ++replay->next_id, replay->now_ms);
	return true;
}

/* Bits of the query that would be sent now. */
static bool expect_sent(struct replay *replay, const struct replay_words *words)
{
	uint8_t buffer[DNS_QUERY_BYTES];
	size_t len = dns_query_message(&replay->query, buffer, sizeof(buffer));
	const char *what = replay_word(replay, words, 1);
	bool expected = strcmp(replay_word(replay, words, 2), "yes") == 0;
	bool found;

	if (len == 0)
		return replay_fail(replay, "no message");
	if ((buffer[0] << 8 | buffer[1]) != replay->next_id)
		return replay_fail(replay, "the id is not the fresh one");
	found = strcmp(what, "cd") == 0 ? (buffer[3] & 0x10) != 0 : buffer[11] == 1;
	return found == expected || replay_fail(replay, "%s is otherwise", what);
}

static bool expect_number(struct replay *replay, const struct replay_words *words, int64_t number)
{
	return number == replay_number(words->items[2]) ||
	       replay_fail(replay, "%s is %lld", replay_word(replay, words, 1), (long long)number);
}

static bool expect_word(struct replay *replay, const struct replay_words *words,
			const struct vocabulary *vocabulary, int value)
{
	return vocabulary_value(vocabulary, words->items[2]) == value ||
	       replay_fail(replay, "%s is %s", replay_word(replay, words, 1),
			   vocabulary_text(vocabulary, value));
}

static bool expect(struct replay *replay, const struct replay_words *words, bool *known)
{
	const char *what = replay_word(replay, words, 1);
	const struct lookup_result *result = &replay->query.result;

	if (strcmp(what, "action") == 0)
		return strcmp(action_names[replay->query_action], replay_word(replay, words, 2)) ==
			       0 ||
		       replay_fail(replay, "the action is %s", action_names[replay->query_action]);
	if (strcmp(what, "cd") == 0 || strcmp(what, "edns") == 0)
		return expect_sent(replay, words);
	if (strcmp(what, "server") == 0)
		return expect_number(replay, words, replay->query.server);
	if (strcmp(what, "tries") == 0)
		return expect_number(replay, words, result->tries);
	if (strcmp(what, "time_ms") == 0)
		return expect_number(replay, words, result->time_ms);
	if (strcmp(what, "tcp") == 0)
		return expect_number(replay, words, result->tcp);
	if (strcmp(what, "addresses") == 0)
		return expect_number(replay, words, (int64_t)result->answer.addresses_count);
	if (strcmp(what, "ede") == 0)
		return expect_number(replay, words, result->answer.extended_error);
	if (strcmp(what, "status") == 0)
		return expect_word(replay, words, &vocabulary_dns_status,
				   (int)result->answer.status);
	if (strcmp(what, "secure") == 0)
		return expect_word(replay, words, &vocabulary_tristate, (int)result->secure);
	if (strcmp(what, "from") == 0)
		return span_equal(result->server, words->items[2]) ||
		       replay_fail(replay, "answered by another server");
	*known = false;
	return true;
}

bool replay_query_line(struct replay *replay, const struct replay_words *words, bool *known)
{
	const char *verb = replay_word(replay, words, 0);

	*known = true;
	if (strcmp(verb, "start") == 0 && strcmp(replay_word(replay, words, 1), "query") == 0)
		return start(replay, words);
	*known = replay->machine == REPLAY_QUERY;
	if (!*known)
		return true;
	if (strcmp(verb, "expect") == 0)
		return expect(replay, words, known);
	if (strcmp(verb, "message") == 0)
		return message(replay, words);
	if (strcmp(verb, "timeout") == 0)
		return timeout(replay);
	if (strcmp(verb, "bytes") == 0)
		replay->query_action = dns_query_on_message(&replay->query, words->items[1],
							    ++replay->next_id, replay->now_ms);
	else if (strcmp(verb, "error") == 0)
		replay->query_action = dns_query_on_error(
			&replay->query, strcmp(replay_word(replay, words, 1), "local") == 0,
			++replay->next_id, replay->now_ms);
	else
		*known = false;
	return true;
}
