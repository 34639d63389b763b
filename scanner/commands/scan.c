/*
 * `stsweep scan`: gathers evidence for every target of the list, then finishes it into records. The
 * main thread sets all up, shows progress, takes signals and waits; it never gathers itself.
 */
#include "commands/commands.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "commands/feed.h"
#include "commands/fields.h"
#include "commands/finish.h"
#include "commands/folder.h"
#include "commands/preflight.h"
#include "commands/scan_metadata.h"
#include "commands/status.h"
#include "commands/stream.h"
#include "output/evidence.h"
#include "workers/clock.h"

enum { TICK_MS = 200, SHOW_EVERY_MS = 1000, PATH_BYTES = 4096 };

struct scan {
	struct options options;
	struct knowledge knowledge;
	struct network network;
	const struct selection *selection;
	struct list *list;
	int64_t targets; /* -1: not known */
	struct resume *resume;
	struct evidence *evidence; /* or, for -o -, a stream */
	struct stream *stream;
	struct final_stream *records; /* what the stream writes to */
	struct sink **sinks;
	struct metrics *metrics;
	struct engine *engine;
	struct feed *feed;
	struct status status;
	struct metadata *metadata;
	int folder;       /* descriptor that holds the output folder; -1: none */
	int stop_pipe[2]; /* readable when the reader thread must end */
	sigset_t signals;
	int64_t deadline_ms; /* of --max-runtime; INT64_MAX: none */
	unsigned interrupts;
	bool warned_of_loss;
};

static int64_t monotonic_ms(void)
{
	return clock_read_us(CLOCK_MONOTONIC) / US_PER_MS;
}

static int64_t wall_ms(void)
{
	return clock_read_us(CLOCK_REALTIME) / US_PER_MS;
}

static bool streams(const struct scan *scan)
{
	return strcmp(scan->options.output_dir, "-") == 0;
}

/* --- what can be wrong before anything is sent ------------------------------------------------ */

static bool check_options(struct scan *scan)
{
	struct options *options = &scan->options;

	if (options->output_dir == NULL && !options->dryrun) {
		fprintf(stderr,
			"stsweep scan: needs -o DIR, or -o - for records on standard output\n");
		return false;
	}
	if (options->operands.count + options->input_files.count == 0) {
		fprintf(stderr, "stsweep scan: needs a LIST: a file, or - for standard input\n");
		return false;
	}
	if (options->shard >= options->shards) {
		fprintf(stderr, "stsweep scan: --shard counts from 0 to --shards less one\n");
		return false;
	}
	if ((options->stages & STAGE_BIT_DNS) == 0) {
		fprintf(stderr, "stsweep scan: --stages: dns cannot be left out\n");
		return false;
	}
	if (!options->dryrun && streams(scan) && (options->formats & (options->formats - 1)) != 0) {
		fprintf(stderr, "stsweep scan: -o - takes one output module\n");
		return false;
	}
	if (!options->dryrun && streams(scan) && options->resume) {
		fprintf(stderr, "stsweep scan: --resume needs an output folder\n");
		return false;
	}
	return true;
}

static bool open_list(struct scan *scan)
{
	struct options *options = &scan->options;
	size_t count = options->input_files.count + options->operands.count;
	const char **paths = arena_calloc(&options->arena, count, sizeof(*paths));
	struct list_settings settings = {
		.paths = paths,
		.paths_count = count,
		.input_column = options->input_column,
		.max_targets = (uint64_t)options->max_targets,
		.shards = (uint64_t)options->shards,
		.shard = (uint64_t)options->shard,
		.with_metadata = options->metadata_passthrough,
		.stop_fd = scan->stop_pipe[0],
	};
	struct dataset_error error;
	size_t at = 0;

	if (paths == NULL)
		return false;
	for (size_t i = 0; i < options->input_files.count; i++)
		paths[at++] = options->input_files.items[i];
	for (size_t i = 0; i < options->operands.count; i++)
		paths[at++] = options->operands.items[i];
	scan->list = list_open(&settings, &error);
	if (scan->list == NULL) {
		fprintf(stderr, "stsweep: %s\n", error.text);
		return false;
	}
	scan->targets = list_count_targets(&settings);
	return true;
}

static bool redirect_log(const struct options *options)
{
	int fd;

	if (options->log_file == NULL)
		return true;
	fd = open(options->log_file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
	if (fd < 0 || dup2(fd, STDERR_FILENO) < 0) {
		fprintf(stderr, "stsweep: %s: %s\n", options->log_file, strerror(errno));
		return false;
	}
	close(fd);
	return true;
}

/*
 * Descriptors for the connections in flight: the soft limit is raised, the hard one is what there
 * is.
 */
static void raise_descriptors(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
		limit.rlim_cur = limit.rlim_max;
		if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
			fprintf(stderr, "stsweep: descriptors stay limited: %s\n", strerror(errno));
	}
}

static bool write_metadata(struct scan *scan, const char *state)
{
	metadata_text(scan->metadata, "status", state);
	return folder_write_metadata(scan->metadata,
				     streams(scan) ? NULL : scan->options.output_dir,
				     scan->options.metadata_file);
}

static bool begin_metadata(struct scan *scan, int argc, char **argv)
{
	char earlier[PATH_BYTES];

	scan->metadata = metadata_new();
	if (scan->metadata == NULL)
		return false;
	metadata_text(scan->metadata, "status", "running");
	metadata_time(scan->metadata, "started", wall_ms());
	metadata_time(scan->metadata, "ended", NUMBER_NULL);
	metadata_flag(scan->metadata, "resumed", scan->options.resume);
	if (scan->options.resume) {
		snprintf(earlier, sizeof(earlier), "%s/metadata.json", scan->options.output_dir);
		scan_metadata_earlier(scan->metadata, earlier);
	}
	scan_metadata_settings(scan->metadata, &scan->options, &scan->knowledge, &scan->network,
			       argc, argv);
	if (scan->options.user_metadata != NULL)
		(void)metadata_json(scan->metadata, "user_metadata", scan->options.user_metadata);
	return write_metadata(scan, "running");
}

/* --- gathering --- */

static bool host_known(void *context, struct span host)
{
	const struct scan *scan = context;

	return scan->resume != NULL && resume_knows_host(scan->resume, host);
}

static bool write_record(void *context, const struct domain_record *domain,
			 const struct host_source *hosts)
{
	(void)hosts;
	if (final_stream_write(context, domain))
		return true;
	fprintf(stderr, "stsweep: cannot write to standard output: %s\n", strerror(errno));
	return false;
}

static bool open_stream(struct scan *scan)
{
	enum output_format format = (enum output_format)__builtin_ctz(scan->options.formats);
	struct stream_settings settings = {
		.knowledge = &scan->knowledge,
		.limits = &scan->network.limits,
		.hosts_follow = scan->network.steps.stage_smtp,
		.record = write_record,
	};

	scan->records = final_stream_new(stdout, format, scan->selection);
	settings.context = scan->records;
	if (scan->records != NULL)
		scan->stream = stream_new(&settings);
	for (unsigned i = 0; scan->stream != NULL && i < scan->network.engine.threads; i++)
		scan->sinks[i] = stream_sink(scan->stream);
	return scan->stream != NULL;
}

static bool open_sinks(struct scan *scan)
{
	unsigned threads = scan->network.engine.threads;
	struct evidence_settings settings = {.dir = scan->options.output_dir};
	struct output_error error = {0};

	scan->sinks = calloc(threads, sizeof(struct sink *));
	if (scan->sinks == NULL)
		return false;
	if (streams(scan))
		return open_stream(scan);
	scan->evidence = evidence_open(&settings, &error);
	if (scan->evidence == NULL) {
		folder_tell(&error);
		return false;
	}
	for (unsigned i = 0; i < threads; i++) {
		scan->sinks[i] = evidence_sink(scan->evidence);
		if (scan->sinks[i] == NULL)
			return false;
	}
	return true;
}

static bool start_engine(struct scan *scan)
{
	scan->metrics = metrics_new(scan->network.engine.threads + 1);
	scan->network.engine.context = scan;
	scan->network.engine.host_known = host_known;
	if (scan->metrics != NULL && open_sinks(scan))
		scan->engine = engine_new(&scan->network.engine, scan->sinks, scan->metrics);
	if (scan->engine == NULL || !engine_start(scan->engine)) {
		fprintf(stderr, "stsweep: the engine cannot start: %s\n", strerror(errno));
		return false;
	}
	return true;
}

static bool start_feed(struct scan *scan)
{
	struct feed_settings settings = {
		.engine = scan->engine,
		.list = scan->list,
		.resume = scan->resume,
		.shuffle_window = scan->options.shuffle_window,
		.seed = scan->options.seed,
		.want_hosts = (scan->options.stages & STAGE_BIT_SMTP) != 0,
	};

	scan->feed = feed_start(&settings);
	if (scan->feed == NULL)
		fprintf(stderr, "stsweep: the reader cannot start: %s\n", strerror(errno));
	return scan->feed != NULL;
}

static void stop(struct scan *scan, bool immediately)
{
	/* A full pipe wakes the reader as well as this byte. */
	(void)!write(scan->stop_pipe[1], "", 1);
	engine_stop(scan->engine, immediately);
}

static void interrupt(struct scan *scan, const char *why)
{
	status_break(&scan->status);
	if (scan->interrupts++ == 0) {
		fprintf(stderr,
			"stsweep: %s: closing what is open (at most %lld s); again stops at once\n",
			why, (long long)(scan->network.limits.target_timeout_ms / 1000));
		stop(scan, false);
	} else {
		fprintf(stderr, "stsweep: stopping at once\n");
		stop(scan, true);
	}
}

/* Our own loss is told once, early: a blocked port 25 looks like an Internet without mail. */
static void warn_of_loss(struct scan *scan, bool ended)
{
	struct metrics_totals totals;

	if (scan->warned_of_loss || scan->options.no_preflight)
		return;
	metrics_read(scan->metrics, &totals);
	if (preflight_all_lost(&totals, ended)) {
		status_break(&scan->status);
		preflight_tell_lost(&scan->network, &totals);
		scan->warned_of_loss = true;
	}
}

static void watch(struct scan *scan)
{
	struct timespec tick = {.tv_nsec = TICK_MS * 1000000L};
	int64_t shown_ms = monotonic_ms();

	while (!engine_wait(scan->engine, 0)) {
		int signal = sigtimedwait(&scan->signals, NULL, &tick);
		int64_t now_ms = monotonic_ms();

		if (signal == SIGINT || signal == SIGTERM)
			interrupt(scan, signal == SIGINT ? "interrupted" : "terminated");
		if (now_ms >= scan->deadline_ms && scan->interrupts == 0)
			interrupt(scan, "--max-runtime is over");
		/* Why is told by what failed, once all is closed. */
		if (engine_failed(scan->engine) && scan->interrupts++ == 0)
			stop(scan, true);
		if (now_ms - shown_ms >= SHOW_EVERY_MS) {
			status_show(&scan->status, scan->engine, scan->metrics, now_ms);
			warn_of_loss(scan, false);
			shown_ms = now_ms;
		}
	}
	status_show(&scan->status, scan->engine, scan->metrics, monotonic_ms());
	status_break(&scan->status);
	warn_of_loss(scan, true);
}

/* Gathers to the end or the interruption. False when something failed, which has been told. */
static bool gather(struct scan *scan)
{
	struct metrics_totals totals;
	struct output_error error = {0};
	bool failed;
	bool kept = true;
	bool told = false;

	if (!start_engine(scan) || !start_feed(scan))
		return false;
	watch(scan);
	(void)!write(scan->stop_pipe[1], "", 1);
	feed_join(scan->feed);
	metrics_read(scan->metrics, &totals);
	scan_metadata_counters(scan->metadata, &totals);
	scan_metadata_inputs(scan->metadata, scan->list);
	failed = engine_failed(scan->engine);
	engine_free(scan->engine);
	scan->engine = NULL;
	if (scan->stream != NULL) {
		kept = stream_finish(scan->stream);
		told = ferror(stdout) != 0;
	} else if (!evidence_finish(scan->evidence, &error)) {
		kept = false;
		told = true;
		folder_tell(&error);
	}
	if (!told && (failed || !kept))
		fprintf(stderr, "stsweep: out of memory\n");
	return kept && !failed && feed_succeeded(scan->feed);
}

/* --- finishing --- */

/* The stop flag of the second half: a signal handler may set nothing but such a flag. */
static atomic_bool finish_stop;

static void on_finish_signal(int signal)
{
	(void)signal;
	atomic_store(&finish_stop, true);
}

static void show_finish(void *context, const char *what, uint64_t done)
{
	status_show_finish(context, what, done);
}

static enum finish_result finish(struct scan *scan, struct tally *tally)
{
	struct finish_settings settings = {
		.scan_dir = scan->options.output_dir,
		.output_dir = scan->options.output_dir,
		.formats = scan->options.formats,
		.selection = scan->selection,
		.knowledge = &scan->knowledge,
		.limits = &scan->network.limits,
		.stop = &finish_stop,
		.progress = show_finish,
		.context = &scan->status,
	};
	struct sigaction action = {.sa_handler = on_finish_signal};

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	sigprocmask(SIG_UNBLOCK, &scan->signals, NULL);
	return finish_scan(&settings, scan->metadata, tally);
}

static int conclude(struct scan *scan, bool gathered)
{
	struct tally *tally = calloc(1, sizeof(*tally));
	enum finish_result result = FINISH_FAILED;
	int status = EXIT_USAGE_OR_IO;

	if (tally == NULL)
		return EXIT_USAGE_OR_IO;
	metadata_time(scan->metadata, "gathered_at", wall_ms());
	if (gathered && scan->interrupts == 0)
		result = finish(scan, tally);
	else if (gathered)
		result = FINISH_STOPPED;
	metadata_time(scan->metadata, "ended", wall_ms());
	status_break(&scan->status);
	switch (result) {
	case FINISH_COMPLETE:
		status = write_metadata(scan, "complete") ? EXIT_COMPLETE : EXIT_USAGE_OR_IO;
		if (!scan->options.quiet)
			finish_print(stdout, tally);
		break;
	case FINISH_STOPPED:
		status = write_metadata(scan, "interrupted") ? EXIT_INTERRUPTED : EXIT_USAGE_OR_IO;
		fprintf(stderr, "stsweep: interrupted; --resume goes on\n");
		break;
	case FINISH_FAILED:
		/* The error has been told; metadata that cannot be written either go on saying "running". */
		metadata_text(scan->metadata, "status", "failed");
		folder_try_metadata(scan->metadata, scan->options.output_dir);
		break;
	}
	free(tally);
	return status;
}

/* With -o - there is no folder to finish: the records have gone out as their hosts came. */
static int conclude_stream(struct scan *scan, bool gathered)
{
	metadata_time(scan->metadata, "ended", wall_ms());
	if (!gathered)
		return EXIT_USAGE_OR_IO;
	if (!write_metadata(scan, scan->interrupts == 0 ? "complete" : "interrupted"))
		return EXIT_USAGE_OR_IO;
	return scan->interrupts == 0 ? EXIT_COMPLETE : EXIT_INTERRUPTED;
}

/* --- the whole --- */

static void print_dryrun(const struct scan *scan)
{
	printf("targets            %lld%s\n", (long long)scan->targets,
	       scan->targets < 0 ? " (not known before the input ends)" : "");
	printf("name servers       %zu\n", scan->network.engine.name_servers_count);
	printf("threads            %u\n", scan->network.engine.threads);
	printf("EHLO name          %.*s\n", (int)scan->network.steps.ehlo_domain.len,
	       (const char *)scan->network.steps.ehlo_domain.data);
	for (unsigned i = 0; i < limit_infos_count; i++) {
		struct limits limits = scan->network.limits;

		printf("%-28s %10lld  %s\n", limit_infos[i].name,
		       (long long)*limits_field(&limits, &limit_infos[i]), limit_infos[i].meaning);
	}
}

/* Everything that can be refused is refused here, before a packet is sent or a file is made. */
static bool prepare(struct scan *scan)
{
	return pipe2(scan->stop_pipe, O_CLOEXEC | O_NONBLOCK) == 0 && check_options(scan) &&
	       fields_select(&scan->options, &scan->selection) &&
	       knowledge_load(&scan->knowledge, &scan->options, NULL) &&
	       network_init(&scan->network, &scan->options, &scan->knowledge) && open_list(scan) &&
	       scan_metadata_check(&scan->options);
}

static bool enter_folder(struct scan *scan)
{
	const char *dir = scan->options.output_dir;

	if (streams(scan))
		return true;
	if (!folder_take(dir, scan->options.resume) || (scan->folder = folder_hold(dir)) < 0 ||
	    (scan->options.resume && !resume_prepare(dir)) ||
	    !folder_keep(dir, "ca-bundle.pem", scan->knowledge.ca.path))
		return false;
	if (!scan->options.resume)
		return true;
	scan->resume = resume_load(dir);
	return scan->resume != NULL;
}

static int run(struct scan *scan, int argc, char **argv)
{
	bool gathered;

	if (!prepare(scan))
		return EXIT_USAGE_OR_IO;
	if (scan->options.dryrun) {
		print_dryrun(scan);
		return EXIT_COMPLETE;
	}
	if (!status_open(&scan->status, &scan->options, monotonic_ms()) ||
	    !redirect_log(&scan->options))
		return EXIT_USAGE_OR_IO;
	if (!preflight_name_servers(&scan->network))
		return EXIT_USAGE_OR_IO;
	if (!scan->options.no_preflight)
		preflight_smtp(&scan->network, scan->options.preflight_host);
	raise_descriptors();
	if (!enter_folder(scan) || !begin_metadata(scan, argc, argv))
		return EXIT_USAGE_OR_IO;
	scan->status.targets = scan->targets;
	scan->status.done_before =
		scan->resume == NULL ? 0 : (int64_t)resume_targets_done(scan->resume);
	gathered = gather(scan);
	return streams(scan) ? conclude_stream(scan, gathered) : conclude(scan, gathered);
}

static void release(struct scan *scan)
{
	if (scan->engine != NULL) {
		stop(scan, true);
		if (scan->feed != NULL)
			feed_join(scan->feed);
		engine_free(scan->engine);
	}
	feed_free(scan->feed);
	stream_free(scan->stream);
	if (scan->records != NULL)
		final_stream_free(scan->records);
	if (scan->evidence != NULL)
		evidence_free(scan->evidence);
	metrics_free(scan->metrics);
	free(scan->sinks);
	resume_free(scan->resume);
	if (scan->list != NULL)
		list_close(scan->list);
	metadata_free(scan->metadata);
	status_close(&scan->status);
	network_free(&scan->network);
	knowledge_free(&scan->knowledge);
	options_free(&scan->options);
	if (scan->folder >= 0)
		close(scan->folder);
}

int command_scan(int argc, char **argv)
{
	struct scan *scan = calloc(1, sizeof(*scan));
	int status = EXIT_USAGE_OR_IO;

	if (scan == NULL)
		return EXIT_USAGE_OR_IO;
	options_init(&scan->options);
	scan->deadline_ms = INT64_MAX;
	scan->folder = -1;
	/* Blocked before any thread is made, so that only the main thread takes them. */
	sigemptyset(&scan->signals);
	sigaddset(&scan->signals, SIGINT);
	sigaddset(&scan->signals, SIGTERM);
	if (!options_parse(&scan->options, COMMAND_SCAN, argc, argv)) {
		status = EXIT_USAGE_OR_IO;
	} else if (scan->options.help) {
		printf("usage: stsweep scan [flags] -o DIR LIST ...\n");
		options_help(stdout, COMMAND_SCAN);
		status = EXIT_COMPLETE;
	} else if (scan->options.list_output_fields) {
		status = fields_list() ? EXIT_COMPLETE : EXIT_USAGE_OR_IO;
	} else {
		sigprocmask(SIG_BLOCK, &scan->signals, NULL);
		if (scan->options.max_runtime_ms > 0)
			scan->deadline_ms = monotonic_ms() + scan->options.max_runtime_ms;
		status = run(scan, argc, argv);
	}
	release(scan);
	free(scan);
	return status;
}
