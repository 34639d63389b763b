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

#include "commands/option_table.h"
#include "output/encode.h"

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
	} units[] = {{"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}, {"", 1000}};
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

static bool word_fault(struct origin *origin, const struct option_info *info, const char *text,
		       size_t len)
{
	char words[128] = "";
	size_t used = 0;

	for (size_t i = 0; info->words[i] != NULL && used < sizeof(words); i++)
		used += (size_t)snprintf(words + used, sizeof(words) - used, " %s", info->words[i]);
	return fault(origin, info->name, "'%.*s' is none of:%s", (int)len, text, words);
}

static bool set_words(struct origin *origin, const struct option_info *info, const char *value)
{
	unsigned bits = 0;

	for (const char *at = value; *at != '\0'; at += *at == ',') {
		size_t len = strcspn(at, ",");
		int index = word_index(info, at, len);

		if (index < 0)
			return word_fault(origin, info, at, len);
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
		return word_fault(origin, info, value, strlen(value));
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
	for (size_t i = 0; i < option_infos_count; i++) {
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
	for (size_t i = 0; i < option_infos_count; i++) {
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
	if ((command & COMMANDS_NET) == 0)
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
	for (size_t i = 0; i < option_infos_count; i++) {
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

	for (size_t i = 0; i < option_infos_count; i++) {
		if ((option_infos[i].commands & command) == 0)
			continue;
		if (strcmp(group, option_infos[i].group) != 0)
			fprintf(out, "\n%s\n", group = option_infos[i].group);
		help_row(out, &option_infos[i]);
	}
	if ((command & COMMANDS_NET) == 0)
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
