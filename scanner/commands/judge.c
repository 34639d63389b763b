/*
 * `stsweep judge`: finishes a scan again from its evidence, offline. With the CA bundle kept in the
 * scan unless another is named, so that the same rules and tables give the same records.
 */
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "commands/commands.h"
#include "commands/finish.h"
#include "commands/scan_metadata.h"
#include "output/scan_dir.h"

enum { PATH_BYTES = 4096, ERROR_TEXT_BYTES = 5120 };

static int64_t wall_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void tell(const struct output_error *error)
{
	char text[ERROR_TEXT_BYTES];

	output_error_text(error, text, sizeof(text));
	fprintf(stderr, "stsweep: %s\n", text);
}

static bool take_folder(const char *dir)
{
	struct output_error error = {0};

	switch (scan_dir_probe(dir, &error)) {
	case SCAN_DIR_MISSING:
		if (scan_dir_make(dir, &error))
			return true;
		tell(&error);
		return false;
	case SCAN_DIR_FREE:
		return true;
	case SCAN_DIR_HOLDS_SCAN:
		fprintf(stderr, "stsweep: %s: holds a scan already\n", dir);
		return false;
	case SCAN_DIR_NOT_WRITABLE:
		tell(&error);
		return false;
	}
	return false;
}

static bool write_results(struct metadata *metadata, const struct options *options)
{
	struct output_error error = {0};
	char path[PATH_BYTES];

	snprintf(path, sizeof(path), "%s/metadata.json", options->output_dir);
	if (!metadata_write(metadata, path, &error) ||
	    (options->metadata_file != NULL &&
	     !metadata_write(metadata, options->metadata_file, &error))) {
		tell(&error);
		return false;
	}
	return true;
}

static int judge_scan(const struct options *options, const struct knowledge *knowledge,
		      const struct selection *selection, struct metadata *metadata)
{
	struct tally *tally = calloc(1, sizeof(*tally));
	struct finish_settings settings = {
		.scan_dir = options->operands.items[0],
		.output_dir = options->output_dir,
		.formats = options->formats,
		.selection = selection,
		.knowledge = knowledge,
		.limits = &options->limits,
	};
	int status = EXIT_USAGE_OR_IO;

	if (tally == NULL)
		return EXIT_USAGE_OR_IO;
	metadata_time(metadata, "started", wall_ms());
	metadata_text(metadata, "judged_from", options->operands.items[0]);
	if (finish_scan(&settings, metadata, tally) == FINISH_COMPLETE) {
		metadata_text(metadata, "status", "complete");
		metadata_time(metadata, "ended", wall_ms());
		if (write_results(metadata, options))
			status = EXIT_COMPLETE;
		if (!options->quiet)
			finish_print(stdout, tally);
	}
	free(tally);
	return status;
}

static const struct selection *select_fields(struct options *options, bool *ok)
{
	struct span unknown;
	const struct selection *selection = NULL;

	*ok = true;
	if (options->include_fields.count == 0)
		return NULL;
	selection =
		selection_new(&options->arena, &schema_domain_record, options->include_fields.items,
			      options->include_fields.count, &unknown);
	if (selection == NULL) {
		fprintf(stderr, "stsweep judge: --include-fields: no field '%.*s'\n",
			(int)unknown.len, (const char *)unknown.data);
		*ok = false;
	}
	return selection;
}

static int run(struct options *options, int argc, char **argv)
{
	struct knowledge knowledge;
	struct metadata *metadata = metadata_new();
	const struct selection *selection;
	char bundle[PATH_BYTES];
	int status = EXIT_USAGE_OR_IO;
	bool ok;

	snprintf(bundle, sizeof(bundle), "%s/ca-bundle.pem", options->operands.items[0]);
	selection = select_fields(options, &ok);
	if (knowledge_load(&knowledge, options, access(bundle, R_OK) == 0 ? bundle : NULL) && ok &&
	    metadata != NULL && take_folder(options->output_dir)) {
		scan_metadata_settings(metadata, options, &knowledge, NULL, argc, argv);
		status = judge_scan(options, &knowledge, selection, metadata);
	}
	metadata_free(metadata);
	knowledge_free(&knowledge);
	return status;
}

int command_judge(int argc, char **argv)
{
	struct options options;
	int status = EXIT_USAGE_OR_IO;

	options_init(&options);
	if (options_parse(&options, COMMAND_JUDGE, argc, argv)) {
		if (options.help) {
			printf("usage: stsweep judge [flags] SCAN -o DIR\n");
			options_help(stdout, COMMAND_JUDGE);
			status = EXIT_COMPLETE;
		} else if (options.operands.count != 1 || options.output_dir == NULL) {
			fprintf(stderr, "stsweep judge: needs one SCAN folder and -o DIR\n");
		} else {
			status = run(&options, argc, argv);
		}
	}
	options_free(&options);
	return status;
}
