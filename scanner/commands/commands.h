/*
 * The commands: each takes its own argv (argv[0] is its name) and gives the exit status of the
 * program.
 */
#ifndef STSWEEP_COMMANDS_COMMANDS_H
#define STSWEEP_COMMANDS_COMMANDS_H

/* Exit statuses of every command. */
enum exit_status {
	EXIT_COMPLETE = 0,
	EXIT_USAGE_OR_IO = 1,
	EXIT_INTERRUPTED = 2, /* resumable */
	EXIT_HEALTH = 3,      /* stopped by a health gate */
};

int command_scan(int argc, char **argv);
int command_check(int argc, char **argv);
int command_judge(int argc, char **argv);
int command_schema(int argc, char **argv);

#endif
