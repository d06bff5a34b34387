/*
 * gnuplot.h - pictures, drawn by gnuplot as a program.
 */
#ifndef KMA_GNUPLOT_H
#define KMA_GNUPLOT_H

#include <sys/types.h>

#include <stdbool.h>
#include <stdio.h>

struct gnuplot {
	const char	*gp_command;	/* kma's, for messages */
	const char	*gp_file;	/* the picture */
	FILE		*gp_script;	/* to be written to */
	pid_t		 gp_pid;
};

/* False, after a message: there is no gnuplot. */
bool	gnuplot_there(const char *command);
/* False, after a message.  The script says `set terminal', not the output. */
bool	gnuplot_begin(struct gnuplot *gp, const char *command,
	    const char *file);
/* False, after a message: there is no picture. */
bool	gnuplot_end(struct gnuplot *gp);

/* Writes text as gnuplot's string, with its quotes. */
void	gnuplot_quote(FILE *fp, const char *text);

#endif /* KMA_GNUPLOT_H */
