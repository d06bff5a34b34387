/*
 * gnuplot.c - pictures, drawn by gnuplot as a program: it reads the script from
 * a pipe and writes the picture to its standard output, which is the file.
 */
#include "gnuplot.h"

#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command.h"

bool
gnuplot_there(const char *command)
{
	const char *dirs = getenv("PATH"), *end;
	char path[PATH_MAX];

	if (dirs == NULL)
		dirs = "/bin:/usr/bin";
	for (;; dirs = end + 1) {
		end = strchrnul(dirs, ':');
		snprintf(path, sizeof(path), "%.*s/gnuplot",
		    (int)(end - dirs), dirs);
		if (access(path, X_OK) == 0)
			return (true);
		if (*end == '\0')
			break;
	}
	complain("%s: no gnuplot: Debian has it in the package gnuplot-nox",
	    command);
	return (false);
}

/* In the child. */
static void
become(int in, int out)
{
	/* Its own start-up files would say what the picture is like. */
	char name[] = "gnuplot", option[] = "-d", from[] = "-";
	char *argv[] = { name, option, from, NULL };

	signal(SIGPIPE, SIG_DFL);
	if (dup2(in, STDIN_FILENO) >= 0 && dup2(out, STDOUT_FILENO) >= 0)
		execvp(name, argv);
	_exit(127);
}

bool
gnuplot_begin(struct gnuplot *gp, const char *command, const char *file)
{
	int out = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	int ends[2] = { -1, -1 };

	*gp = (struct gnuplot){ command, file, NULL, -1 };
	if (out >= 0 && pipe2(ends, O_CLOEXEC) == 0)
		gp->gp_script = fdopen(ends[1], "w");
	if (gp->gp_script != NULL) {
		fflush(NULL);
		gp->gp_pid = fork();
	}
	if (gp->gp_pid == 0)
		become(ends[0], out);
	if (gp->gp_pid < 0)
		complain("%s: %s: %s", command, file, strerror(errno));
	if (out >= 0)
		close(out);
	if (ends[0] >= 0)
		close(ends[0]);
	if (gp->gp_pid < 0 && gp->gp_script != NULL)
		fclose(gp->gp_script);
	/* That it died is told when it is waited for. */
	signal(SIGPIPE, SIG_IGN);
	return (gp->gp_pid > 0);
}

bool
gnuplot_end(struct gnuplot *gp)
{
	bool written = fclose(gp->gp_script) == 0;
	int status = -1;

	while (waitpid(gp->gp_pid, &status, 0) < 0 && errno == EINTR)
		continue;
	signal(SIGPIPE, SIG_DFL);
	if (written && WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return (true);
	complain("%s: gnuplot failed: %s is no picture", gp->gp_command,
	    gp->gp_file);
	return (false);
}

/* Between single quotes only a quote is special: it is doubled. */
void
gnuplot_quote(FILE *fp, const char *text)
{
	fputc('\'', fp);
	for (; *text != '\0'; text++) {
		if (*text == '\'')
			fputc('\'', fp);
		fputc((unsigned char)*text < ' ' ? ' ' : *text, fp);
	}
	fputc('\'', fp);
}
