/*
 * command.h - what the parts of the kma command share.
 */
#ifndef KMA_COMMAND_H
#define KMA_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* How it ends, where it ends itself; kma(1) has them. */
enum {
	STATUS_OK = 0,
	STATUS_FAILED = 1,	/* no memory, or nowhere to write to */
	STATUS_USAGE = 2,
	STATUS_NO_PROCESS = 3,
	STATUS_NO_PERMISSION = 4,
	STATUS_NO_KMA = 5,	/* no libkma in it */
	STATUS_OTHER_VERSION = 6,
	STATUS_GONE = 7,	/* exited, or became another program */
	STATUS_NO_PAGES = 8,	/* a core file that lacks what is needed */
	STATUS_NO_TRACE = 9,	/* no trace, or a damaged one */
	STATUS_PROGRAM_FAILED = 10,	/* nothing to compare */
	/* kma run: as env(1) and others. */
	STATUS_RUN_FAILED = 125,
	STATUS_NOT_EXECUTABLE = 126,
	STATUS_NOT_FOUND = 127
};

/* "kma: " and the message, on standard error. */
void	complain(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* A message "who: what: value" (or NULL), the usage; STATUS_USAGE. */
int	bad_usage(const char *who, void (*usage)(FILE *), const char *what,
	    const char *value);

/* A whole number from 1 to most. */
bool	parse_count(const char *text, unsigned long most,
	    unsigned long *count);

/* The subcommands: argv[0] is the name, the result the exit status. */
int	run_main(int argc, char **argv);
int	stat_main(int argc, char **argv);
int	trace_main(int argc, char **argv);
int	replay_main(int argc, char **argv);

/*
 * The status for a trace that cannot be read; and, after its last operation,
 * for the whole, with a message where there is something to be said.  got is
 * what tracefile_next() said.
 */
struct trace_error;
struct tracefile;
int	trace_status(const struct trace_error *error);
int	trace_end(struct tracefile *tf, int got);
int	compare_main(int argc, char **argv);

#endif /* KMA_COMMAND_H */
