/*
 * Owns the table of flags and turns command lines and config files into a struct options. Called by
 * each command before anything else; opens nothing but the config files.
 */
#include "commands/options.h"

#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <ini.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "output/encode.h"

enum option_kind {
	OPTION_FLAG,     /* bool */
	OPTION_TEXT,     /* const char * */
	OPTION_TEXTS,    /* struct text_list; repeatable, commas separate */
	OPTION_NUMBER,   /* int64_t within lowest..highest */
	OPTION_DURATION, /* int64_t of milliseconds; seconds unless a unit (ms, s, m, h) follows */
	OPTION_RATE,     /* int64_t a minute, given a second, decimals allowed */
	OPTION_WORDS,    /* unsigned, bits of the words in `words`; commas separate */
	OPTION_WORD,     /* an enum, the index of the word in `words` */
};

struct option_info {
	const char *name;
	char letter; /* 0: no short form */
	enum option_kind kind;
	unsigned commands;
	size_t offset;
	int64_t lowest;
	int64_t highest;
	const char *argument; /* as --help shows it */
	const char *group;
	const char *meaning;
	const char *const *words; /* NULL-terminated */
};

static const char *const format_words[] = {"msgpack", "csv", "jsonl", NULL};
static const char *const stage_words[] = {"dns", "policy", "smtp", NULL};
static const char *const status_words[] = {"text", "json", NULL};
static const char *const resolver_words[] = {"system", "name-servers", NULL};

enum { NET = COMMAND_SCAN | COMMAND_CHECK, JUDGING = COMMAND_SCAN | COMMAND_CHECK | COMMAND_JUDGE };
enum { HOUR_MS = 3600 * 1000, PORT_MAX = 65535, COUNT_MAX = INT32_MAX };

#define AT(field) offsetof(struct options, field)

static const struct option_info option_infos[] = {
	{"input-file", 'f', OPTION_TEXTS, COMMAND_SCAN, AT(input_files), 0, 0, "FILE", "input",
	 "list of domains, plain or CSV, .gz, .zst; - for standard input", NULL},
	{"input-column", 0, OPTION_TEXT, COMMAND_SCAN, AT(input_column), 0, 0, "NAME", "input",
	 "CSV column that holds the domain: its header or its number from 1", NULL},
	{"metadata-passthrough", 0, OPTION_FLAG, COMMAND_SCAN, AT(metadata_passthrough), 0, 0, NULL,
	 "input", "keep the rest of each input line in the record", NULL},
	{"max-targets", 0, OPTION_NUMBER, COMMAND_SCAN, AT(max_targets), 0, INT64_MAX, "N", "input",
	 "stop reading after N targets; 0 reads all", NULL},
	{"seed", 0, OPTION_NUMBER, COMMAND_SCAN, AT(seed), 0, INT64_MAX, "N", "input",
	 "order of the shuffle", NULL},
	{"shuffle-window", 0, OPTION_NUMBER, COMMAND_SCAN, AT(shuffle_window), 0, 10000000, "N",
	 "input", "shuffle within N targets; 0 keeps the order of the list", NULL},
	{"shards", 0, OPTION_NUMBER, COMMAND_SCAN, AT(shards), 1, 100000, "N", "input",
	 "number of machines that share the list; each takes 1/N of every rate", NULL},
	{"shard", 0, OPTION_NUMBER, COMMAND_SCAN, AT(shard), 0, 99999, "K", "input",
	 "which of them this is, from 0", NULL},

	{"output-dir", 'o', OPTION_TEXT, COMMAND_SCAN | COMMAND_JUDGE, AT(output_dir), 0, 0, "DIR",
	 "output", "folder for records, evidence and metadata; - for records on standard output",
	 NULL},
	{"output-module", 'O', OPTION_WORDS, COMMAND_SCAN | COMMAND_JUDGE, AT(formats), 0, 0,
	 "LIST", "output", "msgpack, csv, jsonl; several separated by commas", format_words},
	{"include-fields", 0, OPTION_TEXTS, COMMAND_SCAN | COMMAND_JUDGE, AT(include_fields), 0, 0,
	 "LIST", "output", "write only these fields of a domain (dotted paths)", NULL},
	{"list-output-fields", 0, OPTION_FLAG, COMMAND_SCAN, AT(list_output_fields), 0, 0, NULL,
	 "output", "print the fields of a domain and end", NULL},
	{"metadata-file", 'm', OPTION_TEXT, COMMAND_SCAN | COMMAND_JUDGE, AT(metadata_file), 0, 0,
	 "FILE", "output", "write the metadata here too", NULL},
	{"status-updates-file", 'u', OPTION_TEXT, COMMAND_SCAN, AT(status_file), 0, 0, "FILE",
	 "output", "write the progress here instead of standard error", NULL},
	{"status-format", 0, OPTION_WORD, COMMAND_SCAN, AT(status_format), 0, 0, "FORMAT", "output",
	 "text or json", status_words},
	{"log-file", 'l', OPTION_TEXT, COMMAND_SCAN, AT(log_file), 0, 0, "FILE", "output",
	 "write messages here instead of standard error", NULL},
	{"quiet", 'q', OPTION_FLAG, COMMAND_SCAN | COMMAND_JUDGE, AT(quiet), 0, 0, NULL, "output",
	 "no progress, no closing table; errors are still told", NULL},
	{"notes", 0, OPTION_TEXT, COMMAND_SCAN, AT(notes), 0, 0, "TEXT", "output",
	 "kept in the metadata", NULL},
	{"user-metadata", 0, OPTION_TEXT, COMMAND_SCAN, AT(user_metadata), 0, 0, "JSON", "output",
	 "a JSON value kept in the metadata", NULL},
	{"vantage", 0, OPTION_TEXT, NET, AT(vantage), 0, 0, "NAME", "output",
	 "where this is measured from, in each record", NULL},
	{"json", 0, OPTION_FLAG, COMMAND_CHECK, AT(json), 0, 0, NULL, "output",
	 "print the record instead of the explanation", NULL},
	{"tlsrpt", 0, OPTION_FLAG, COMMAND_CHECK, AT(tlsrpt), 0, 0, NULL, "output",
	 "print the TLS-RPT report (RFC 8460) a sender would send", NULL},
	{"format", 0, OPTION_TEXT, COMMAND_SCHEMA, AT(format), 0, 0, "FORMAT", "output",
	 "json-schema, csv or markdown", NULL},

	{"threads", 't', OPTION_NUMBER, NET, AT(limits.threads), 0, 256, "N", "engine",
	 "worker threads; 0 takes one per processor", NULL},
	{"concurrency", 'c', OPTION_NUMBER, COMMAND_SCAN, AT(limits.domains_in_flight), 1, 1000000,
	 "N", "engine", "domains in flight, over all threads", NULL},
	{"config", 'C', OPTION_TEXT, JUDGING, 0, 0, 0, "FILE", "engine",
	 "read flags from here first, a line each: name = value", NULL},
	{"resume", 0, OPTION_FLAG, COMMAND_SCAN, AT(resume), 0, 0, NULL, "engine",
	 "go on with the scan that the output folder holds", NULL},
	{"stages", 0, OPTION_WORDS, NET, AT(stages), 0, 0, "LIST", "engine",
	 "what to do: dns, policy, smtp", stage_words},
	{"max-runtime", 0, OPTION_DURATION, COMMAND_SCAN, AT(max_runtime_ms), 0,
	 INT64_C(10000) * HOUR_MS, "TIME", "engine", "stop, resumable, after this long; 0 never",
	 NULL},
	{"always-fetch", 0, OPTION_FLAG, NET, AT(always_fetch), 0, 0, NULL, "engine",
	 "fetch the policy even where no record asks for it", NULL},

	{"resolver", 0, OPTION_WORD, NET, AT(resolver), 0, 0, "KIND", "DNS",
	 "system (/etc/resolv.conf) or name-servers", resolver_words},
	{"name-servers", 0, OPTION_TEXTS, NET, AT(name_servers), 0, 0, "LIST", "DNS",
	 "recursive resolvers, a,b or @file; an address, or address:port ([v6]:port)", NULL},
	{"dns-rate-limit", 0, OPTION_NUMBER, NET, AT(limits.dns_rate_per_second), 1, 10000000, "N",
	 "DNS", "queries a second, all together", NULL},
	{"per-ns-rate-limit", 0, OPTION_NUMBER, NET, AT(limits.dns_rate_per_server), 1, 10000000,
	 "N", "DNS", "queries a second to one name server", NULL},
	{"retries", 0, OPTION_NUMBER, NET, AT(limits.dns_retries), 0, 10, "N", "DNS",
	 "further queries after a time-out or a failure", NULL},
	{"timeout", 0, OPTION_DURATION, NET, AT(limits.dns_timeout_ms), 10, 60000, "TIME", "DNS",
	 "wait for one answer", NULL},
	{"trust-ad", 0, OPTION_FLAG, NET, AT(trust_ad), 0, 0, NULL, "DNS",
	 "believe the AD bit of resolvers that are not on this machine", NULL},

	{"connect-timeout", 0, OPTION_DURATION, NET, AT(limits.connect_timeout_ms), 10, 120000,
	 "TIME", "net", "wait for a TCP connection", NULL},
	{"network-timeout", 0, OPTION_DURATION, NET, AT(limits.network_timeout_ms), 10, 600000,
	 "TIME", "net", "longest silence on an open connection", NULL},
	{"target-timeout", 0, OPTION_DURATION, NET, AT(limits.target_timeout_ms), 10, HOUR_MS,
	 "TIME", "net", "whole life of one connection", NULL},
	{"read-limit-per-host", 0, OPTION_NUMBER, NET, AT(limits.tls_read_bytes), 16384, 16777216,
	 "BYTES", "net", "bytes read from one connection", NULL},
	{"local-addr", 0, OPTION_TEXTS, NET, AT(local_addresses), 0, 0, "LIST", "net",
	 "addresses to connect from, used in turn", NULL},
	{"4", '4', OPTION_FLAG, NET, AT(ipv4_only), 0, 0, NULL, "net", "IPv4 only", NULL},
	{"6", '6', OPTION_FLAG, NET, AT(ipv6_only), 0, 0, NULL, "net", "IPv6 only", NULL},
	{"smtp-port", 0, OPTION_NUMBER, NET, AT(smtp_port), 1, PORT_MAX, "PORT", "net",
	 "port of the MX hosts", NULL},
	{"https-port", 0, OPTION_NUMBER, NET, AT(https_port), 1, PORT_MAX, "PORT", "net",
	 "port of the policy hosts", NULL},
	{"ca-file", 0, OPTION_TEXT, JUDGING, AT(ca_file), 0, 0, "FILE", "net",
	 "trusted roots, PEM; default is the system's bundle", NULL},

	{"provider-rate-limit", 0, OPTION_RATE, COMMAND_SCAN, AT(limits.provider_rate_per_minute),
	 1, 6000000, "N", "manners", "new connections a second to one provider's MX hosts", NULL},
	{"provider-concurrency", 0, OPTION_NUMBER, COMMAND_SCAN,
	 AT(limits.provider_connections_count), 1, 10000, "N", "manners",
	 "open connections to one provider's MX hosts", NULL},
	{"per-ip-rate-limit", 0, OPTION_RATE, COMMAND_SCAN, AT(limits.address_rate_per_minute), 1,
	 6000000, "N", "manners", "new connections a second to one address", NULL},
	{"per-ip-concurrency", 0, OPTION_NUMBER, COMMAND_SCAN, AT(limits.address_connections_count),
	 1, 1000, "N", "manners", "open connections to one address", NULL},
	{"allow-reserved", 0, OPTION_FLAG, NET, AT(allow_reserved), 0, 0, NULL, "manners",
	 "connect to private and reserved addresses too", NULL},
	{"ehlo-domain", 0, OPTION_TEXT, NET, AT(ehlo_domain), 0, 0, "NAME", "manners",
	 "name to give in EHLO; default is this machine's", NULL},
	{"user-agent", 0, OPTION_TEXT, NET, AT(user_agent), 0, 0, "TEXT", "manners",
	 "User-Agent of policy fetches; say who you are", NULL},
	{"preflight-host", 0, OPTION_TEXT, COMMAND_SCAN, AT(preflight_host), 0, 0, "HOST",
	 "manners", "MX host to try at the start: can port 25 be reached from here", NULL},
	{"no-preflight", 0, OPTION_FLAG, COMMAND_SCAN, AT(no_preflight), 0, 0, NULL, "manners",
	 "do not try port 25 at the start, say nothing if it seems closed", NULL},
	{"dryrun", 0, OPTION_FLAG, COMMAND_SCAN, AT(dryrun), 0, 0, NULL, "manners",
	 "read the list and the settings, say what would be done, send nothing", NULL},

	{"third-party-min", 0, OPTION_NUMBER, JUDGING, AT(third_party_min), 2, COUNT_MAX, "N",
	 "judge", "domains that must share a provider to make it a third party", NULL},
	{"self-policy-max", 0, OPTION_NUMBER, JUDGING, AT(self_policy_max), 1, COUNT_MAX, "N",
	 "judge", "domains that a self-managed policy host serves at most", NULL},
	{"providers-file", 0, OPTION_TEXT, JUDGING, AT(providers_file), 0, 0, "FILE", "judge",
	 "provider table; default is the one installed", NULL},
	{"psl-file", 0, OPTION_TEXT, JUDGING, AT(psl_file), 0, 0, "FILE", "judge",
	 "Public Suffix List; default is the system's", NULL},

	{"help", 'h', OPTION_FLAG, JUDGING | COMMAND_SCHEMA, AT(help), 0, 0, NULL, "other",
	 "this text", NULL},
};

/* Where a value comes from, for messages: "--name" or "file". */
struct origin {
	const char *file; /* NULL: the command line */
	char reason[256]; /* of the first fault in a file */
	struct options *options;
	enum command_bit command;
};

static bool fault(struct origin *origin, const char *name, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static bool fault(struct origin *origin, const char *name, const char *format, ...)
{
	char text[192];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	if (origin->file == NULL)
		fprintf(stderr, "stsweep: --%s: %s\n", name, text);
	else if (origin->reason[0] == '\0')
		snprintf(origin->reason, sizeof(origin->reason), "%s: %s", name, text);
	return false;
}

static void *field_of(struct options *options, const struct option_info *info)
{
	return (char *)options + info->offset;
}

static const char *keep(struct options *options, const char *text, size_t len)
{
	return (const char *)arena_copy(&options->arena, span_of(text, len)).data;
}

static bool add_text(struct options *options, struct text_list *list, const char *text, size_t len)
{
	const char **items = arena_calloc(&options->arena, list->count + 1, sizeof(*items));
	const char *kept = keep(options, text, len);

	if (items == NULL || kept == NULL)
		return false;
	if (list->count > 0)
		memcpy(items, list->items, list->count * sizeof(*items));
	items[list->count] = kept;
	list->items = items;
	list->count++;
	return true;
}

static bool set_texts(struct origin *origin, const struct option_info *info, const char *value)
{
	struct text_list *list = field_of(origin->options, info);

	if (list->source != origin)
		*list = (struct text_list){.source = origin};
	while (*value != '\0') {
		size_t len = strcspn(value, ",");

		if (len > 0 && !add_text(origin->options, list, value, len))
			return fault(origin, info->name, "too much text");
		value += len;
		value += *value == ',';
	}
	return true;
}

static bool set_number(struct origin *origin, const struct option_info *info, const char *value,
		       double scale, const char *rest_allowed)
{
	char *end;
	double number;
	int64_t whole;

	errno = 0;
	number = strtod(value, &end);
	if (end == value || !isdigit((unsigned char)value[0]) || strcmp(end, rest_allowed) != 0 ||
	    errno != 0)
		return fault(origin, info->name, "'%s' is no number that fits", value);
	if (number * scale > 9e18)
		return fault(origin, info->name, "%s is too large", value);
	whole = (int64_t)(number * scale + 0.5);
	if (info->kind == OPTION_NUMBER && (double)whole != number)
		return fault(origin, info->name, "'%s' is no whole number", value);
	if (whole < info->lowest || whole > info->highest) {
		return fault(origin, info->name, "%s is out of range (%g to %g)", value,
			     (double)info->lowest / scale, (double)info->highest / scale);
	}
	memcpy(field_of(origin->options, info), &whole, sizeof(whole));
	return true;
}

static bool set_duration(struct origin *origin, const struct option_info *info, const char *value)
{
	static const struct {
		const char *unit;
		double ms;
	} units[] = {{"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", HOUR_MS}, {"", 1000}};
	const char *unit = value + strspn(value, "0123456789.");

	for (size_t i = 0; i < ARRAY_LENGTH(units); i++) {
		if (strcmp(unit, units[i].unit) == 0)
			return set_number(origin, info, value, units[i].ms, unit);
	}
	return fault(origin, info->name, "'%s' is no time (5, 5s, 500ms, 2m, 1h)", value);
}

static int word_index(const struct option_info *info, const char *text, size_t len)
{
	for (int i = 0; info->words[i] != NULL; i++) {
		if (strlen(info->words[i]) == len && strncmp(info->words[i], text, len) == 0)
			return i;
	}
	return -1;
}

static bool set_words(struct origin *origin, const struct option_info *info, const char *value)
{
	unsigned bits = 0;

	for (const char *at = value; *at != '\0'; at += *at == ',') {
		size_t len = strcspn(at, ",");
		int index = word_index(info, at, len);

		if (index < 0)
			return fault(origin, info->name, "'%.*s' is none of: %s", (int)len, at,
				     info->meaning);
		bits |= 1u << index;
		at += len;
	}
	if (bits == 0)
		return fault(origin, info->name, "is empty");
	memcpy(field_of(origin->options, info), &bits, sizeof(bits));
	return true;
}

static bool set_word(struct origin *origin, const struct option_info *info, const char *value)
{
	int index = word_index(info, value, strlen(value));
	unsigned word;

	if (index < 0)
		return fault(origin, info->name, "'%s' is none of: %s", value, info->meaning);
	word = (unsigned)index;
	memcpy(field_of(origin->options, info), &word, sizeof(word));
	return true;
}

static bool set_flag(struct origin *origin, const struct option_info *info, const char *value)
{
	bool on = value == NULL || strcmp(value, "true") == 0 || strcmp(value, "yes") == 0 ||
		  strcmp(value, "1") == 0;

	if (!on && strcmp(value, "false") != 0 && strcmp(value, "no") != 0 &&
	    strcmp(value, "0") != 0)
		return fault(origin, info->name, "'%s' is neither true nor false", value);
	memcpy(field_of(origin->options, info), &on, sizeof(on));
	return true;
}

static bool set_option(struct origin *origin, const struct option_info *info, const char *value)
{
	const char *kept;

	switch (info->kind) {
	case OPTION_FLAG:
		return set_flag(origin, info, value);
	case OPTION_TEXT:
		kept = keep(origin->options, value, strlen(value));
		if (kept == NULL)
			return fault(origin, info->name, "too much text");
		memcpy(field_of(origin->options, info), &kept, sizeof(kept));
		return true;
	case OPTION_TEXTS:
		return set_texts(origin, info, value);
	case OPTION_NUMBER:
		return set_number(origin, info, value, 1, "");
	case OPTION_DURATION:
		return set_duration(origin, info, value);
	case OPTION_RATE:
		return set_number(origin, info, value, 60, "");
	case OPTION_WORDS:
		return set_words(origin, info, value);
	case OPTION_WORD:
		return set_word(origin, info, value);
	}
	abort();
}

/* Every limit is a flag too, under its field's name with dashes. */
static bool set_limit(struct origin *origin, const struct limit_info *limit, const char *value)
{
	struct option_info info = {.name = limit->name,
				   .kind = OPTION_NUMBER,
				   .offset = offsetof(struct options, limits) + limit->offset,
				   .lowest = limit->lowest,
				   .highest = limit->highest};

	return set_number(origin, &info, value, 1, "");
}

static bool same_name(const char *flag, const char *field)
{
	for (; *flag != '\0' && *field != '\0'; flag++, field++) {
		if (*flag != *field && !(*flag == '-' && *field == '_'))
			return false;
	}
	return *flag == *field;
}

static bool set_from_file(struct origin *origin, const char *name, const char *value)
{
	for (size_t i = 0; i < ARRAY_LENGTH(option_infos); i++) {
		if (strcmp(option_infos[i].name, name) != 0)
			continue;
		/* One file serves all commands: what this one does not know of is another's. */
		if ((option_infos[i].commands & origin->command) == 0)
			return true;
		if (strcmp(name, "config") == 0 || strcmp(name, "help") == 0)
			return fault(origin, name, "is for the command line");
		return set_option(origin, &option_infos[i], value);
	}
	for (unsigned i = 0; i < limit_infos_count; i++) {
		if (same_name(name, limit_infos[i].name))
			return set_limit(origin, &limit_infos[i], value);
	}
	return fault(origin, name, "no such flag");
}

static int on_config_line(void *user, const char *section, const char *name, const char *value)
{
	struct origin *origin = user;

	if (section[0] != '\0')
		return fault(origin, section, "sections are not known here");
	return set_from_file(origin, name, value == NULL ? "" : value);
}

static bool read_config(struct options *options, enum command_bit command, const char *path)
{
	struct origin origin = {.file = path, .options = options, .command = command};
	int line = ini_parse(path, on_config_line, &origin);

	if (line == 0)
		return true;
	if (line == -1)
		fprintf(stderr, "stsweep: %s: %s\n", path, strerror(errno));
	else if (line > 0)
		fprintf(stderr, "stsweep: %s:%d: %s\n", path, line,
			origin.reason[0] != '\0' ? origin.reason : "not of the form name = value");
	else
		fprintf(stderr, "stsweep: %s: out of memory\n", path);
	return false;
}

/* getopt's view of the table; values from OPTION_FIRST on are rows, from LIMIT_FIRST on limits. */
enum { OPTION_FIRST = 256, LIMIT_FIRST = 1024, LONG_MAX_COUNT = 256, SHORT_MAX_BYTES = 256 };

struct getopt_view {
	struct option longs[LONG_MAX_COUNT];
	char limit_names[LONG_MAX_COUNT][64];
	char shorts[SHORT_MAX_BYTES];
};

static void view_of_table(struct getopt_view *view, enum command_bit command)
{
	size_t count = 0;
	size_t letters = 0;

	memset(view, 0, sizeof(*view));
	view->shorts[letters++] = ':';
	for (size_t i = 0; i < ARRAY_LENGTH(option_infos); i++) {
		const struct option_info *info = &option_infos[i];
		int wants = info->kind == OPTION_FLAG ? no_argument : required_argument;

		if ((info->commands & command) == 0)
			continue;
		view->longs[count++] =
			(struct option){info->name, wants, NULL, OPTION_FIRST + (int)i};
		if (info->letter == 0)
			continue;
		view->shorts[letters++] = info->letter;
		if (wants == required_argument)
			view->shorts[letters++] = ':';
	}
	if ((command & NET) == 0)
		return;
	for (unsigned i = 0; i < limit_infos_count && count < LONG_MAX_COUNT - 1; i++) {
		char *name = view->limit_names[i];

		snprintf(name, sizeof(view->limit_names[i]), "%s", limit_infos[i].name);
		for (char *at = name; *at != '\0'; at++)
			*at = *at == '_' ? '-' : *at;
		view->longs[count++] =
			(struct option){name, required_argument, NULL, LIMIT_FIRST + (int)i};
	}
}

static const struct option_info *info_of_letter(int letter)
{
	for (size_t i = 0; i < ARRAY_LENGTH(option_infos); i++) {
		if (option_infos[i].letter == letter)
			return &option_infos[i];
	}
	return NULL;
}

/* What getopt_long gave, as a row; NULL after telling what is wrong with it. */
static const struct option_info *info_of_choice(int choice, char **argv)
{
	if (choice == '?') {
		if (optopt > 0 && optopt < OPTION_FIRST)
			fprintf(stderr, "stsweep %s: unknown flag -%c\n", argv[0], optopt);
		else
			fprintf(stderr, "stsweep %s: unknown or ambiguous flag %s\n", argv[0],
				argv[optind - 1]);
		return NULL;
	}
	if (choice == ':') {
		fprintf(stderr, "stsweep %s: %s needs a value\n", argv[0], argv[optind - 1]);
		return NULL;
	}
	return choice >= OPTION_FIRST ? &option_infos[choice - OPTION_FIRST]
				      : info_of_letter(choice);
}

/*
 * One pass over the command line: first only --config (which comes before all flags), then the
 * rest.
 */
static bool read_command_line(struct options *options, enum command_bit command, int argc,
			      char **argv, bool config_only)
{
	struct getopt_view view;
	struct origin origin = {.options = options, .command = command};
	int choice;

	view_of_table(&view, command);
	optind = 0;
	while ((choice = getopt_long(argc, argv, view.shorts, view.longs, NULL)) != -1) {
		const struct option_info *info;

		if (choice >= LIMIT_FIRST) {
			if (!config_only &&
			    !set_limit(&origin, &limit_infos[choice - LIMIT_FIRST], optarg))
				return false;
			continue;
		}
		info = info_of_choice(choice, argv);
		if (info == NULL)
			return false;
		if (strcmp(info->name, "config") == 0) {
			if (config_only && !read_config(options, command, optarg))
				return false;
		} else if (!config_only && !set_option(&origin, info, optarg)) {
			return false;
		}
	}
	for (int i = optind; !config_only && i < argc; i++) {
		if (!add_text(options, &options->operands, argv[i], strlen(argv[i])))
			return fault(&origin, argv[i], "too many operands");
	}
	return true;
}

enum { OPTIONS_ARENA_BYTES = 64 << 20, DEFAULT_SMTP_PORT = 25, DEFAULT_HTTPS_PORT = 443 };

void options_init(struct options *options)
{
	memset(options, 0, sizeof(*options));
	arena_init(&options->arena, OPTIONS_ARENA_BYTES);
	options->limits = limits_defaults();
	options->shards = 1;
	options->formats = 1u << OUTPUT_MSGPACK;
	options->stages = STAGE_BIT_DNS | STAGE_BIT_POLICY | STAGE_BIT_SMTP;
	options->smtp_port = DEFAULT_SMTP_PORT;
	options->https_port = DEFAULT_HTTPS_PORT;
	options->third_party_min = 50;
	options->self_policy_max = 5;
	options->user_agent = "stsweep/" STSWEEP_VERSION;
}

void options_free(struct options *options)
{
	arena_free(&options->arena);
}

bool options_parse(struct options *options, enum command_bit command, int argc, char **argv)
{
	const char *config = getenv("STSWEEP_CONFIG");

	if (config != NULL && config[0] != '\0' && !read_config(options, command, config))
		return false;
	return read_command_line(options, command, argc, argv, true) &&
	       read_command_line(options, command, argc, argv, false);
}

static void help_row(FILE *out, const struct option_info *info)
{
	char left[64];

	snprintf(left, sizeof(left), "%c%c%s --%s%s%s", info->letter != 0 ? '-' : ' ',
		 info->letter != 0 ? info->letter : ' ', info->letter != 0 ? "," : " ", info->name,
		 info->argument != NULL ? " " : "", info->argument != NULL ? info->argument : "");
	fprintf(out, "  %-34s %s\n", left, info->meaning);
}

void options_help(FILE *out, enum command_bit command)
{
	const char *group = "";

	for (size_t i = 0; i < ARRAY_LENGTH(option_infos); i++) {
		if ((option_infos[i].commands & command) == 0)
			continue;
		if (strcmp(group, option_infos[i].group) != 0)
			fprintf(out, "\n%s\n", group = option_infos[i].group);
		help_row(out, &option_infos[i]);
	}
	if ((command & NET) == 0)
		return;
	fprintf(out, "\nlimits (also in a config file)\n");
	for (unsigned i = 0; i < limit_infos_count; i++) {
		char name[64];

		snprintf(name, sizeof(name), "%s", limit_infos[i].name);
		for (char *at = name; *at != '\0'; at++)
			*at = *at == '_' ? '-' : *at;
		fprintf(out, "      --%-28s %s (%lld)\n", name, limit_infos[i].meaning,
			(long long)limit_infos[i].initial);
	}
}
