/*
 * command.c - what the subcommands share: messages, and how options are read.
 */
#include "command.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void
complain(const char *fmt, ...)
{
	va_list ap;

	fflush(stdout);
	fputs("kma: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
}

int
bad_usage(const char *who, void (*usage)(FILE *), const char *what,
    const char *value)
{
	complain("%s: %s%s%s", who, what, value != NULL ? ": " : "",
	    value != NULL ? value : "");
	usage(stderr);
	return (STATUS_USAGE);
}

bool
parse_count(const char *text, unsigned long most, unsigned long *count)
{
	char *end;

	errno = 0;
	*count = strtoul(text, &end, 10);
	return (text[0] >= '0' && text[0] <= '9' && *end == '\0' &&
	    errno == 0 && *count > 0 && *count <= most);
}
