/*
 * `stsweep check`: looks at a few domains with the engine of `scan` and tells a person what it
 * found, or prints the record.
 */
#include "commands/commands.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "commands/explain.h"
#include "commands/preflight.h"
#include "commands/report.h"
#include "commands/stream.h"
#include "output/encode.h"

enum { CHECK_MAX = 1000, WAIT_MS = 100 };

struct check {
	struct options options;
	struct knowledge knowledge;
	struct network network;
	struct arena arena;
	struct stream *stream;
	struct sink **sinks;
	struct metrics *metrics;
	struct engine *engine;
	char **answers; /* by target, made as they come, printed in the order asked for */
	size_t *answer_sizes;
	bool invalid; /* some operand is no domain name: there was nothing to look at */
};

static bool print_record(FILE *out, const struct domain_record *domain)
{
	struct buffer line = {0};
	bool ok;

	encode_record(&line, &schema_domain_record, domain, VIEW_FINAL, OUTPUT_JSONL, NULL);
	ok = !line.failed && fwrite(line.data, 1, line.len, out) == line.len;
	buffer_free(&line);
	return ok;
}

static bool wants_colours(void)
{
	const char *terminal = getenv("TERM");

	return isatty(STDOUT_FILENO) && getenv("NO_COLOR") == NULL && terminal != NULL &&
	       strcmp(terminal, "dumb") != 0;
}

static bool take_record(void *context, const struct domain_record *domain,
			const struct host_source *hosts)
{
	struct check *check = context;
	size_t at = (size_t)domain->index - 1;
	FILE *out = open_memstream(&check->answers[at], &check->answer_sizes[at]);
	struct explain_settings settings = {.colours = wants_colours(), .hosts = hosts};
	bool ok = true;

	if (out == NULL)
		return false;
	if (check->options.json)
		ok = print_record(out, domain);
	else if (check->options.tlsrpt)
		ok = report_print(out, domain);
	else
		explain_domain(out, &settings, domain);
	return fclose(out) == 0 && ok;
}

static bool start(struct check *check)
{
	struct stream_settings settings = {
		.knowledge = &check->knowledge,
		.limits = &check->network.limits,
		.hosts_follow = check->network.steps.stage_smtp,
		.record = take_record,
		.context = check,
	};
	unsigned threads = check->network.engine.threads;

	check->stream = stream_new(&settings);
	check->sinks = calloc(threads, sizeof(struct sink *));
	check->metrics = metrics_new(threads + 1);
	if (check->stream == NULL || check->sinks == NULL || check->metrics == NULL)
		return false;
	for (unsigned i = 0; i < threads; i++)
		check->sinks[i] = stream_sink(check->stream);
	check->engine = engine_new(&check->network.engine, check->sinks, check->metrics);
	return check->engine != NULL && engine_start(check->engine);
}

static void push(struct check *check)
{
	for (size_t i = 0; i < check->options.operands.count; i++) {
		struct target target = {
			.index = (int64_t)i + 1,
			.rank = NUMBER_NULL,
			.input = span_text(check->options.operands.items[i]),
		};

		target.invalid = name_from_input(&check->arena, target.input, &target.name);
		check->invalid |= target.invalid != NAME_FAULT_NULL;
		engine_push(check->engine, &target, 1);
	}
	engine_finish_input(check->engine);
}

/* False after one line on standard error. */
static bool print_answers(const struct check *check)
{
	bool all = true;
	bool written = true;

	for (size_t i = 0; written && i < check->options.operands.count; i++) {
		if (check->answers[i] == NULL) {
			fprintf(stderr, "stsweep check: no answer came of %s\n",
				check->options.operands.items[i]);
			all = false;
			continue;
		}
		if (i > 0 && !check->options.json && !check->options.tlsrpt)
			putchar('\n');
		written = fwrite(check->answers[i], 1, check->answer_sizes[i], stdout) ==
			  check->answer_sizes[i];
	}
	if (!written || fflush(stdout) != 0) {
		fprintf(stderr, "stsweep check: cannot write to standard output: %s\n",
			strerror(errno));
		return false;
	}
	return all;
}

static int run(struct check *check)
{
	size_t count = check->options.operands.count;

	check->answers = calloc(count, sizeof(*check->answers));
	check->answer_sizes = calloc(count, sizeof(*check->answer_sizes));
	if (check->answers == NULL || check->answer_sizes == NULL)
		return EXIT_USAGE_OR_IO;
	if (!knowledge_load(&check->knowledge, &check->options, NULL) ||
	    !network_init(&check->network, &check->options, &check->knowledge) ||
	    !preflight_name_servers(&check->network))
		return EXIT_USAGE_OR_IO;
	if (!start(check)) {
		fprintf(stderr, "stsweep: the engine cannot start: %s\n", strerror(errno));
		return EXIT_USAGE_OR_IO;
	}
	push(check);
	while (!engine_wait(check->engine, WAIT_MS))
		;
	if (engine_failed(check->engine) || !stream_finish(check->stream)) {
		fprintf(stderr, "stsweep check: the check was cut short: out of memory\n");
		return EXIT_USAGE_OR_IO;
	}
	return print_answers(check) && !check->invalid ? EXIT_COMPLETE : EXIT_USAGE_OR_IO;
}

static void release(struct check *check)
{
	if (check->engine != NULL)
		engine_free(check->engine);
	stream_free(check->stream);
	metrics_free(check->metrics);
	free(check->sinks);
	for (size_t i = 0; check->answers != NULL && i < check->options.operands.count; i++)
		free(check->answers[i]);
	free(check->answers);
	free(check->answer_sizes);
	network_free(&check->network);
	knowledge_free(&check->knowledge);
	arena_free(&check->arena);
	options_free(&check->options);
}

int command_check(int argc, char **argv)
{
	struct check *check = calloc(1, sizeof(*check));
	int status = EXIT_USAGE_OR_IO;

	if (check == NULL)
		return EXIT_USAGE_OR_IO;
	options_init(&check->options);
	arena_init(&check->arena, CHECK_MAX * 1024);
	/* One person waits for one domain: a second try need not wait long, one thread will do. */
	check->options.limits.retry_delay_ms = 1000;
	check->options.limits.threads = 1;
	if (!options_parse(&check->options, COMMAND_CHECK, argc, argv)) {
		status = EXIT_USAGE_OR_IO;
	} else if (check->options.help) {
		printf("usage: stsweep check [flags] DOMAIN ...\n");
		options_help(stdout, COMMAND_CHECK);
		status = EXIT_COMPLETE;
	} else if (check->options.operands.count == 0 ||
		   check->options.operands.count > CHECK_MAX) {
		fprintf(stderr, "stsweep check: needs a DOMAIN, and takes %d at most\n", CHECK_MAX);
	} else if (check->options.json && check->options.tlsrpt) {
		fprintf(stderr, "stsweep check: --json and --tlsrpt exclude each other\n");
	} else {
		status = run(check);
	}
	release(check);
	free(check);
	return status;
}
