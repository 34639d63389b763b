/*
 * `stsweep judge`: finishes a scan again from its evidence, offline. With the CA bundle kept in the
 * scan unless another is named, so that the same rules and tables give the same records.
 */
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "commands/commands.h"
#include "commands/fields.h"
#include "commands/finish.h"
#include "commands/folder.h"
#include "commands/scan_metadata.h"
#include "workers/clock.h"

enum { PATH_BYTES = 4096 };

static int64_t wall_ms(void)
{
	return clock_read_us(CLOCK_REALTIME) / US_PER_MS;
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
		if (folder_write_metadata(metadata, options->output_dir, options->metadata_file))
			status = EXIT_COMPLETE;
		if (!options->quiet)
			finish_print(stdout, tally);
	}
	free(tally);
	return status;
}

static int run(struct options *options, int argc, char **argv)
{
	struct knowledge knowledge;
	struct metadata *metadata = metadata_new();
	const struct selection *selection;
	char bundle[PATH_BYTES];
	int status = EXIT_USAGE_OR_IO;

	snprintf(bundle, sizeof(bundle), "%s/ca-bundle.pem", options->operands.items[0]);
	if (knowledge_load(&knowledge, options, access(bundle, R_OK) == 0 ? bundle : NULL) &&
	    fields_select(options, &selection) && metadata != NULL &&
	    folder_take(options->output_dir, false)) {
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
