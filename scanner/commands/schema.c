/*
 * `stsweep schema`: the record as data.
 */
#include <stdio.h>

#include "commands/commands.h"
#include "commands/options.h"
#include "output/schema.h"

static int print_schema(const struct options *options)
{
	enum schema_format format = SCHEMA_JSON_SCHEMA;
	struct buffer text = {0};
	int status = EXIT_COMPLETE;

	if (options->format != NULL && !schema_format_named(span_text(options->format), &format)) {
		fprintf(stderr,
			"stsweep schema: --format: '%s' is none of json-schema, csv, markdown\n",
			options->format);
		return EXIT_USAGE_OR_IO;
	}
	schema_write(&text, format);
	if (text.failed || fwrite(text.data, 1, text.len, stdout) != text.len ||
	    fflush(stdout) != 0) {
		perror("stsweep: standard output");
		status = EXIT_USAGE_OR_IO;
	}
	buffer_free(&text);
	return status;
}

int command_schema(int argc, char **argv)
{
	struct options options;
	int status = EXIT_USAGE_OR_IO;

	options_init(&options);
	if (options_parse(&options, COMMAND_SCHEMA, argc, argv)) {
		if (options.help) {
			printf("usage: stsweep schema [--format FORMAT]\n");
			options_help(stdout, COMMAND_SCHEMA);
			status = EXIT_COMPLETE;
		} else if (options.operands.count > 0) {
			fprintf(stderr, "stsweep schema: takes no '%s'\n",
				options.operands.items[0]);
		} else {
			status = print_schema(&options);
		}
	}
	options_free(&options);
	return status;
}
