/*
 * Reading scenarios: lines into words, words into calls; settings, limits, time and fields, which
 * all machines share.
 */
#include "helper_replay.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "helper_field.h"

enum { ARENA_BYTES = 16 << 20, LINE_BYTES = 65536, EPOCH_MS = 1000000 };

bool replay_fail(const struct replay *replay, const char *format, ...)
{
	va_list arguments;

	fprintf(stderr, "%s:%u%s: ", replay->path, replay->line,
		replay->split ? " (byte by byte)" : "");
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
	return false;
}

const char *replay_word(struct replay *replay, const struct replay_words *words, size_t n)
{
	if (n >= words->count)
		return "";
	return (const char *)arena_copy(&replay->arena, words->items[n]).data;
}

struct span replay_option(const struct replay_words *words, size_t from, const char *key)
{
	size_t len = strlen(key);

	for (size_t i = from; i < words->count; i++) {
		struct span word = words->items[i];

		if (span_starts_with(word, span_text(key)) && word.len > len &&
		    word.data[len] == '=')
			return span_skip(word, len + 1);
	}
	return (struct span){0};
}

int64_t replay_number(struct span text)
{
	char copy[32] = "";

	text = span_first(text, sizeof(copy) - 1);
	if (text.len > 0)
		memcpy(copy, text.data, text.len);
	return strtoll(copy, NULL, 0);
}

uint16_t replay_dns_type(struct span text)
{
	static const struct {
		const char *name;
		uint16_t type;
	} types[] = {
		{"A", DNS_TYPE_A},     {"AAAA", DNS_TYPE_AAAA},   {"MX", DNS_TYPE_MX},
		{"NS", DNS_TYPE_NS},   {"CNAME", DNS_TYPE_CNAME}, {"TXT", DNS_TYPE_TXT},
		{"SOA", DNS_TYPE_SOA}, {"TLSA", DNS_TYPE_TLSA},
	};

	for (size_t i = 0; i < ARRAY_LENGTH(types); i++) {
		if (span_equal(text, span_text(types[i].name)))
			return types[i].type;
	}
	return 0;
}

/* --- words --- */

static bool is_blank(int byte)
{
	return byte == ' ' || byte == '\t' || byte == '\n' || byte == '\0';
}

static char unescape(const char **at)
{
	char byte = *(*at)++;
	char digits[3] = "";

	switch (byte) {
	case 'r':
		return '\r';
	case 'n':
		return '\n';
	case 't':
		return '\t';
	case 'x':
		memcpy(digits, *at, 2);
		*at += 2;
		return (char)strtoul(digits, NULL, 16);
	default:
		return byte;
	}
}

/* "..." with escapes, or "..."*N. */
static size_t read_quoted(const char **at, char *to)
{
	size_t len = 0;

	for (++*at; **at != '"' && **at != '\0';) {
		char byte = *(*at)++;

		to[len++] = byte == '\\' ? unescape(at) : byte;
	}
	*at += **at == '"';
	if (**at != '*')
		return len;
	char *end = NULL;
	unsigned long times = strtoul(*at + 1, &end, 10);

	*at = end;
	for (unsigned long i = 1; i < times; i++)
		memcpy(to + i * len, to, len);
	return times * len;
}

/* Pieces joined by what stands between them; a + between quoted pieces is dropped. */
static struct span read_word(struct arena *arena, const char **at)
{
	static char text[1 << 20];
	size_t len = 0;

	while (!is_blank(**at)) {
		if (**at == '"') {
			len += read_quoted(at, text + len);
			*at += **at == '+';
		} else {
			text[len++] = *(*at)++;
		}
	}
	return arena_copy(arena, span_of(text, len));
}

static void read_words(struct replay *replay, const char *line, struct replay_words *words)
{
	words->count = 0;
	while (words->count < REPLAY_WORDS_MAX) {
		while (*line != '\0' && is_blank(*line))
			line++;
		if (*line == '\0' || *line == '#')
			return;
		words->items[words->count++] = read_word(&replay->arena, &line);
	}
}

/* --- what all machines share --- */

static bool set_limit(struct replay *replay, const struct replay_words *words)
{
	for (unsigned i = 0; i < limit_infos_count; i++) {
		if (!span_equal(words->items[1], span_text(limit_infos[i].name)))
			continue;
		*limits_field(&replay->limits, &limit_infos[i]) = replay_number(words->items[2]);
		return true;
	}
	return replay_fail(replay, "no such limit");
}

static bool set_setting(struct replay *replay, const struct replay_words *words)
{
	struct step_settings *settings = &replay->settings;
	struct span name = words->items[1], value = words->items[2];
	const struct {
		const char *name;
		bool *flag;
	} flags[] = {
		{"stage_policy", &settings->stage_policy},
		{"stage_smtp", &settings->stage_smtp},
		{"always_fetch", &settings->always_fetch},
		{"ipv4", &settings->ipv4},
		{"ipv6", &settings->ipv6},
		{"list_ipv4", &settings->list_ipv4},
		{"list_ipv6", &settings->list_ipv6},
		{"allow_reserved", &settings->allow_reserved},
	};

	if (span_equal(name, span_text("own_address")))
		return arena_append(&replay->arena, &settings->own_addresses, value);
	for (size_t i = 0; i < ARRAY_LENGTH(flags); i++) {
		if (!span_equal(name, span_text(flags[i].name)))
			continue;
		*flags[i].flag = span_equal(value, span_text("on"));
		return true;
	}
	return replay_fail(replay, "no such setting");
}

bool replay_set_fields(struct replay *replay, const struct schema *schema, void *record,
		       const struct replay_words *words, size_t from)
{
	for (size_t i = from; i < words->count; i++) {
		struct span word = words->items[i];
		struct span name = span_first(word, span_find(word, '='));

		if (!field_set(&replay->arena, schema, record, name, span_skip(word, name.len + 1)))
			return replay_fail(replay, "cannot set %s", replay_word(replay, words, i));
	}
	return true;
}

static bool expect_field(struct replay *replay, const struct replay_words *words)
{
	if (words->count != 4 || replay->record == NULL)
		return replay_fail(replay, "expect field PATH VALUE, after a start");
	struct span value =
		field_get(&replay->arena, replay->schema, replay->record, words->items[2]);

	if (span_is_null(value))
		return replay_fail(replay, "no such field");
	if (span_equal(value, words->items[3]))
		return true;
	return replay_fail(replay, "%s is '%.*s', not '%s'", replay_word(replay, words, 2),
			   (int)value.len, (const char *)value.data, replay_word(replay, words, 3));
}

static bool common_line(struct replay *replay, const struct replay_words *words, bool *known)
{
	const char *verb = replay_word(replay, words, 0);

	*known = true;
	if (strcmp(verb, "limit") == 0)
		return set_limit(replay, words);
	if (strcmp(verb, "set") == 0)
		return set_setting(replay, words);
	if (strcmp(verb, "whole") == 0)
		return replay->whole_only = true;
	if (strcmp(verb, "time") == 0) {
		replay->now_ms += replay_number(words->items[1]);
		return true;
	}
	if (strcmp(verb, "expect") == 0 && strcmp(replay_word(replay, words, 1), "field") == 0)
		return expect_field(replay, words);
	*known = false;
	return true;
}

static bool run_line(struct replay *replay, const char *line)
{
	static bool (*const machines[])(struct replay *, const struct replay_words *, bool *) = {
		common_line, replay_step_line, replay_wire_line, replay_query_line};
	struct replay_words words;

	read_words(replay, line, &words);
	if (words.count == 0)
		return true;
	for (size_t i = 0; i < ARRAY_LENGTH(machines); i++) {
		bool known = false;
		bool right = machines[i](replay, &words, &known);

		if (known)
			return right;
	}
	return replay_fail(replay, "not understood: %s", line);
}

static void prepare(struct replay *replay, const char *path, bool split)
{
	memset(replay, 0, sizeof(*replay));
	replay->path = path;
	replay->split = split;
	arena_init(&replay->arena, ARENA_BYTES);
	replay->now_ms = EPOCH_MS;
	replay->limits = limits_defaults();
	replay->settings = (struct step_settings){
		.limits = &replay->limits,
		.vantage = span_text("replay"),
		.stage_policy = true,
		.stage_smtp = true,
		.allow_reserved = true, /* scenarios live in the documentation ranges */
		.ipv4 = true,
		.ipv6 = true,
		.ehlo_domain = span_text("scanner.example"),
		.user_agent = span_text("stsweep/test"),
	};
	replay->next_id = 1;
}

static bool run_file(struct replay *replay, FILE *file)
{
	static char line[LINE_BYTES];

	while (fgets(line, sizeof(line), file) != NULL) {
		replay->line++;
		if (!run_line(replay, line))
			return false;
	}
	if (replay->machine == REPLAY_NONE)
		return replay_fail(replay, "nothing was started");
	return replay_step_end(replay);
}

bool replay_run(const char *path, bool split, bool *whole_only)
{
	struct replay *replay = malloc(sizeof(*replay));
	FILE *file = fopen(path, "r");
	bool right = replay != NULL && file != NULL;

	if (right) {
		prepare(replay, path, split);
		right = run_file(replay, file);
		*whole_only = replay->whole_only ||
			      (replay->machine != REPLAY_SMTP && replay->machine != REPLAY_HTTPS);
		replay_wire_close(replay);
		arena_free(&replay->arena);
	}
	if (file != NULL)
		fclose(file);
	free(replay);
	return right;
}
