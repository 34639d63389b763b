/*
 * The program's entry: picks the command and nothing else.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/span.h"
#include "commands/commands.h"

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *meaning;
} commands[] = {
	{"scan", command_scan, "scan a list of domains into a folder of records"},
	{"check", command_check, "look at one domain, the whole chain, explained"},
	{"judge", command_judge, "judge a scan again from its evidence, offline"},
	{"schema", command_schema, "print the record's fields, types and meanings"},
};

static void usage(FILE *out)
{
	fprintf(out, "usage: stsweep COMMAND [flags] ...\n\n");
	for (size_t i = 0; i < ARRAY_LENGTH(commands); i++)
		fprintf(out, "  %-8s %s\n", commands[i].name, commands[i].meaning);
	fprintf(out, "\nstsweep COMMAND --help lists the flags of a command.\n"
		     "Exit: 0 complete; 1 usage or I/O; 2 interrupted, resumable; 3 stopped by a "
		     "health gate.\n");
}

int main(int argc, char **argv)
{
	/* A reader that went away is told by the write that fails. */
	signal(SIGPIPE, SIG_IGN);
	if (argc < 2) {
		usage(stderr);
		return EXIT_USAGE_OR_IO;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
	    strcmp(argv[1], "help") == 0) {
		usage(stdout);
		return EXIT_COMPLETE;
	}
	if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0) {
		printf("stsweep %s\n", STSWEEP_VERSION);
		return EXIT_COMPLETE;
	}
	for (size_t i = 0; i < ARRAY_LENGTH(commands); i++) {
		if (strcmp(argv[1], commands[i].name) == 0)
			return commands[i].run(argc - 1, argv + 1);
	}
	fprintf(stderr, "stsweep: unknown command '%s'; stsweep --help lists them\n", argv[1]);
	return EXIT_USAGE_OR_IO;
}
