/*
 * kma.c - the kma command: its subcommands, by name.
 */
#include "command.h"

#include <stdio.h>
#include <string.h>

static const struct command {
	const char	*name;
	int		(*main)(int argc, char **argv);
	const char	*text;
} commands[] = {
	{ "run", run_main, "run a program under libkma" },
	{ "stat", stat_main, "the figures of a running process or core file" },
	{ "trace", trace_main, "what a trace holds" },
	{ "replay", replay_main, "a trace through the classic allocators" },
	{ "compare", compare_main,
	    "a program on glibc and on libkma, side by side" },
};
#define NCOMMAND	(sizeof(commands) / sizeof(commands[0]))

static int
help(FILE *fp)
{
	fputs("usage: kma COMMAND [OPTIONS] ...\n", fp);
	for (size_t i = 0; i < NCOMMAND; i++)
		fprintf(fp, "  %-10s%s\n", commands[i].name, commands[i].text);
	fputs("kma COMMAND --help tells more, and so does kma(1).\n", fp);
	return (fp == stdout ? STATUS_OK : STATUS_USAGE);
}

int
main(int argc, char **argv)
{
	if (argc < 2)
		return (help(stderr));
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
	    strcmp(argv[1], "help") == 0)
		return (help(stdout));
	if (strcmp(argv[1], "--version") == 0) {
		puts("kma (libkma) " PACKAGE_VERSION);
		return (STATUS_OK);
	}
	for (size_t i = 0; i < NCOMMAND; i++)
		if (strcmp(argv[1], commands[i].name) == 0)
			return (commands[i].main(argc - 1, argv + 1));
	complain("no such command: %s", argv[1]);
	return (help(stderr));
}
