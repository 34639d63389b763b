/*
 * The progress line of scan. Called by the main thread.
 */
#include "commands/status.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { LINE_BYTES = 512, TIME_BYTES = 32, SECOND_MS = 1000 };

bool status_open(struct status *status, const struct options *options, int64_t now_ms)
{
	memset(status, 0, sizeof(*status));
	status->format = options->status_format;
	status->targets = -1;
	status->started_ms = now_ms;
	status->last_ms = now_ms;
	if (options->status_file != NULL) {
		status->out = fopen(options->status_file, "w");
		status->own_file = true;
		if (status->out == NULL) {
			fprintf(stderr, "stsweep: %s: %s\n", options->status_file, strerror(errno));
			return false;
		}
	} else if (!options->quiet) {
		/* Of its own, because --log-file may take standard error elsewhere. */
		int fd = dup(STDERR_FILENO);

		status->out = fd < 0 ? NULL : fdopen(fd, "w");
		status->own_file = true;
		status->redraw = status->format == STATUS_TEXT && isatty(STDERR_FILENO);
	}
	return true;
}

/* One view of the counters: what all formats show. */
struct progress {
	struct metrics_totals totals;
	uint64_t done;
	double rate;      /* targets a second, over the last interval */
	int64_t left_ms;  /* -1: not known */
	uint64_t waiting; /* hosts */
	int64_t elapsed_ms;
};

static struct progress progress_now(struct status *status, const struct metrics *metrics,
				    int64_t now_ms)
{
	struct progress progress = {.left_ms = -1};
	int64_t interval_ms = now_ms - status->last_ms;
	double mean;

	metrics_read(metrics, &progress.totals);
	progress.done = progress.totals.targets_done + (uint64_t)status->done_before;
	progress.elapsed_ms = now_ms - status->started_ms;
	progress.waiting = progress.totals.hosts_wanted - progress.totals.hosts_begun;
	if (interval_ms > 0)
		progress.rate = (double)(progress.done - status->last_done) * SECOND_MS /
				(double)interval_ms;
	mean = progress.elapsed_ms > 0
		       ? (double)progress.totals.targets_done / (double)progress.elapsed_ms
		       : 0;
	if (status->targets >= 0 && mean > 0)
		progress.left_ms =
			(int64_t)((double)(status->targets - (int64_t)progress.done) / mean);
	/* Hosts behind their providers' limits outlast the list: the slower of both counts. */
	if (progress.totals.hosts_done > 0 && progress.waiting > 0) {
		int64_t hosts_ms =
			(int64_t)((double)progress.waiting * (double)progress.elapsed_ms /
				  (double)progress.totals.hosts_done);

		if (status->targets >= 0 && hosts_ms > progress.left_ms)
			progress.left_ms = hosts_ms;
	}
	/* What is left waits for second tries or time-outs: the rate so far says nothing of it. */
	if (progress.rate == 0 && progress.waiting == 0)
		progress.left_ms = -1;
	status->last_ms = now_ms;
	status->last_done = progress.done;
	return progress;
}

static void time_text(char *text, size_t size, int64_t ms)
{
	int64_t seconds = ms / SECOND_MS;

	if (ms < 0)
		snprintf(text, size, "?");
	else if (seconds >= 3600)
		snprintf(text, size, "%" PRId64 "h%02" PRId64 "m", seconds / 3600,
			 seconds / 60 % 60);
	else
		snprintf(text, size, "%" PRId64 "m%02" PRId64 "s", seconds / 60, seconds % 60);
}

static double percent(uint64_t part, uint64_t whole)
{
	return whole == 0 ? 0 : 100.0 * (double)part / (double)whole;
}

/* Cut to the terminal's width, so that redrawing stays on one line. */
static size_t shorten(char *line, size_t len)
{
	struct winsize window;

	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &window) == 0 && window.ws_col > 1 &&
	    len >= window.ws_col) {
		len = (size_t)window.ws_col - 1;
		line[len] = '\0';
	}
	return len;
}

static void show_text(struct status *status, const struct progress *progress)
{
	const struct metrics_totals *totals = &progress->totals;
	char line[LINE_BYTES];
	char of[TIME_BYTES] = "";
	char elapsed[TIME_BYTES];
	char left[TIME_BYTES];
	int len;

	time_text(elapsed, sizeof(elapsed), progress->elapsed_ms);
	time_text(left, sizeof(left), progress->left_ms);
	if (status->targets >= 0)
		snprintf(of, sizeof(of), "/%" PRId64, status->targets);
	len = snprintf(line, sizeof(line),
		       "%s  %" PRIu64 "%s done  %.0f/s  in flight %" PRIu64 "  hosts %" PRIu64
		       " done %" PRIu64 " in work %" PRIu64 " waiting  hits: mx %.1f%% sts %.2f%% "
		       "policy %.2f%% tlsrpt %.2f%% tls %.0f%%  left %s",
		       elapsed, progress->done, of, progress->rate,
		       totals->targets_taken - totals->targets_done - totals->targets_dropped,
		       totals->hosts_done,
		       totals->hosts_begun - totals->hosts_done - totals->hosts_dropped,
		       progress->waiting, percent(totals->targets_mx, totals->targets_done),
		       percent(totals->targets_sts, totals->targets_done),
		       percent(totals->targets_policy, totals->targets_done),
		       percent(totals->targets_tlsrpt, totals->targets_done),
		       percent(totals->hosts_tls, totals->hosts_done), left);
	if (len < 0)
		return;
	if (status->redraw) {
		size_t width =
			shorten(line, (size_t)len < sizeof(line) ? (size_t)len : sizeof(line) - 1);
		int blank = status->width > width ? (int)(status->width - width) : 0;

		fprintf(status->out, "\r%s%*s", line, blank, "");
		status->width = width;
	} else {
		fprintf(status->out, "%s\n", line);
	}
}

static json_t *backlog_json(struct engine *engine)
{
	enum { SHOWN_COUNT = 10 };
	struct backlog items[SHOWN_COUNT];
	size_t count = engine_backlog(engine, items, SHOWN_COUNT);
	json_t *list = json_array();

	for (size_t i = 0; i < count; i++)
		json_array_append_new(list,
				      json_pack("{s:s, s:I, s:I}", "provider", items[i].provider,
						"waiting", (json_int_t)items[i].waiting, "in_work",
						(json_int_t)items[i].in_work));
	return list;
}

static void show_json(struct status *status, struct engine *engine, const struct progress *progress)
{
	const struct metrics_totals *totals = &progress->totals;
	json_t *line = json_pack(
		"{s:I, s:I, s:f, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "elapsed_ms",
		(json_int_t)progress->elapsed_ms, "done", (json_int_t)progress->done, "rate",
		progress->rate, "in_flight",
		(json_int_t)(totals->targets_taken - totals->targets_done -
			     totals->targets_dropped),
		"hosts_done", (json_int_t)totals->hosts_done, "hosts_waiting",
		(json_int_t)progress->waiting, "with_mx", (json_int_t)totals->targets_mx,
		"with_sts", (json_int_t)totals->targets_sts, "with_policy",
		(json_int_t)totals->targets_policy, "with_tlsrpt",
		(json_int_t)totals->targets_tlsrpt, "hosts_tls", (json_int_t)totals->hosts_tls,
		"queries", (json_int_t)totals->queries_sent, "connections",
		(json_int_t)totals->connections_opened);

	if (line == NULL)
		return;
	json_object_set_new(line, "targets",
			    status->targets >= 0 ? json_integer(status->targets) : json_null());
	json_object_set_new(line, "left_ms",
			    progress->left_ms >= 0 ? json_integer(progress->left_ms) : json_null());
	json_object_set_new(line, "backlog", backlog_json(engine));
	json_dumpf(line, status->out, JSON_COMPACT);
	fputc('\n', status->out);
	json_decref(line);
}

void status_show(struct status *status, struct engine *engine, const struct metrics *metrics,
		 int64_t now_ms)
{
	struct progress progress;

	if (status->out == NULL)
		return;
	progress = progress_now(status, metrics, now_ms);
	switch (status->format) {
	case STATUS_TEXT:
		show_text(status, &progress);
		break;
	case STATUS_JSON:
		show_json(status, engine, &progress);
		break;
	}
	fflush(status->out);
}

void status_show_finish(struct status *status, const char *what, uint64_t done)
{
	if (status->out == NULL)
		return;
	if (status->redraw)
		status->width = (size_t)fprintf(status->out, "\r%-*s\rfinishing: %s %" PRIu64,
						(int)status->width, "", what, done);
	else if (status->format == STATUS_JSON)
		fprintf(status->out, "{\"finishing\":\"%s\",\"done\":%" PRIu64 "}\n", what, done);
	else
		fprintf(status->out, "finishing: %s %" PRIu64 "\n", what, done);
	fflush(status->out);
}

void status_break(struct status *status)
{
	if (status->redraw && status->width > 0)
		fputc('\n', status->out);
	status->width = 0;
}

void status_close(struct status *status)
{
	status_break(status);
	if (status->own_file && status->out != NULL && fclose(status->out) != 0)
		perror("stsweep: status updates");
	status->out = NULL;
}
