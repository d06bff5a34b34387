/*
 * replay_real.c - has a trace replayed by allocators of real programs, each in
 * a process of its own, and by none, which is what the replay itself costs.
 */
#include <sys/wait.h>

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "allocators.h"
#include "command.h"
#include "replay.h"
#include "replay_child.h"

bool
replay_find_real(const char *name, struct replay_real *rl)
{
	const char *slash = strrchr(name, '/');

	if (!allocator_find("replay", name, rl->rl_file, sizeof(rl->rl_file)))
		return (false);
	snprintf(rl->rl_name, sizeof(rl->rl_name), "%s",
	    slash != NULL ? slash + 1 : name);
	return (true);
}

/* In the child: becomes kma again, with that library before its malloc. */
static void
become(const struct replay_trace *rt, const char *library, bool full,
    int result)
{
	char number[CHILD_ARGUMENTS][24];
	char name[] = "kma", command[] = "replay", option[] = "--child";
	char *argv[CHILD_ARGUMENTS + 3] = { name, command, option };
	uint64_t value[CHILD_ARGUMENTS] = { 0, full,
		(uint64_t)rt->rt_spool, (uint64_t)result, rt->rt_ops,
		rt->rt_slots, rt->rt_threads };

	for (unsigned i = 1; i < CHILD_ARGUMENTS; i++) {
		snprintf(number[i], sizeof(number[i]), "%llu",
		    (unsigned long long)value[i]);
		argv[2 + i] = number[i];
	}
	if (library[0] != '\0')
		setenv("LD_PRELOAD", library, 1);
	else
		unsetenv("LD_PRELOAD");
	/* The one descriptor of two that exec would close. */
	if (dup2(rt->rt_spool, STDIN_FILENO) < 0)
		_exit(STATUS_FAILED);
	snprintf(number[CHILD_SPOOL], sizeof(number[0]), "%d", STDIN_FILENO);
	execv("/proc/self/exe", argv);
	_exit(STATUS_FAILED);
}

/* True: *cr; false: it ended otherwise, and *status says how. */
static bool
run_child(const struct replay_trace *rt, const char *library, bool full,
    struct child_result *cr, int *status)
{
	int ends[2];
	ssize_t n;
	pid_t pid;

	*status = 0;
	if (pipe(ends) != 0)
		return (false);
	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		close(ends[0]);
		become(rt, library, full, ends[1]);
	}
	close(ends[1]);
	do
		n = pid < 0 ? 0 : read(ends[0], cr, sizeof(*cr));
	while (n < 0 && errno == EINTR);
	close(ends[0]);
	while (pid > 0 && waitpid(pid, status, 0) < 0 && errno == EINTR)
		continue;
	return (n == (ssize_t)sizeof(*cr));
}

static bool
complain_status(const char *name, int status)
{
	if (WIFSIGNALED(status))
		complain("replay: %s: the replay died of signal %d (%s)", name,
		    WTERMSIG(status), strsignal(WTERMSIG(status)));
	else
		complain("replay: %s: the replay ended with status %d", name,
		    WEXITSTATUS(status));
	return (false);
}

static double
least(double a, double b)
{
	return (a < b ? a : b);
}

/*
 * One run; of several the least of each figure counts, since what other
 * processes do only adds.  glibc is the file that has malloc where nothing is
 * preloaded.
 */
static bool
run_once(const struct replay_trace *rt, struct replay_real *rl, bool full,
    const char *glibc)
{
	struct child_result cr;
	int status;

	if (!run_child(rt, rl->rl_file, full, &cr, &status))
		return (complain_status(rl->rl_name, status));
	if (cr.cr_fault != 0) {
		complain("replay: %s: %s: %s", rl->rl_name, cr.cr_what,
		    strerror(cr.cr_fault));
		return (false);
	}
	if (rl->rl_file[0] != '\0' && strcmp(cr.cr_malloc, glibc) == 0) {
		complain("replay: %s: malloc is not its own, but that of %s",
		    rl->rl_name, glibc);
		return (false);
	}
	if (rl->rl_runs++ == 0) {
		rl->rl_cpu = rl->rl_wall = INFINITY;
		rl->rl_peak = UINT64_MAX;
	}
	rl->rl_cpu = least(rl->rl_cpu, cr.cr_cpu);
	rl->rl_wall = least(rl->rl_wall, cr.cr_wall);
	if (cr.cr_peak < rl->rl_peak)
		rl->rl_peak = cr.cr_peak;
	if (cr.cr_failed > rl->rl_failed)
		rl->rl_failed = cr.cr_failed;
	return (true);
}

/* Which file malloc comes from without LD_PRELOAD. */
static bool
find_glibc(const struct replay_trace *rt, struct child_result *cr)
{
	struct replay_trace nothing = *rt;
	int status;

	nothing.rt_ops = 0;
	nothing.rt_threads = 0;
	return (run_child(&nothing, "", false, cr, &status) ||
	    complain_status("glibc", status));
}

static void
subtract(struct replay_real *rl, const struct replay_real *base)
{
	rl->rl_cpu = rl->rl_cpu > base->rl_cpu ? rl->rl_cpu - base->rl_cpu : 0;
	rl->rl_wall = rl->rl_wall > base->rl_wall ?
	    rl->rl_wall - base->rl_wall : 0;
	rl->rl_peak = rl->rl_peak > base->rl_peak ?
	    rl->rl_peak - base->rl_peak : 0;
}

int
replay_for_real(const struct replay_trace *rt, struct replay_request *rq)
{
	uint64_t all = (uint64_t)rq->rq_runs * (rq->rq_nreal + 1), done = 0;
	struct replay_real *base = &rq->rq_base;
	struct child_result glibc;
	bool good = find_glibc(rt, &glibc);

	*base = (struct replay_real){ .rl_name = "the replay itself" };
	if (rq->rq_progress)
		progress_begin("for real", all);
	/* In turns, so that a noisy moment does not strike one of them. */
	for (unsigned run = 0; good && run < rq->rq_runs; run++) {
		good = run_once(rt, base, false, glibc.cr_malloc);
		progress_at(++done);
		for (unsigned i = 0; good && i < rq->rq_nreal; i++) {
			good = run_once(rt, &rq->rq_real[i], true,
			    glibc.cr_malloc);
			progress_at(++done);
		}
	}
	progress_end();
	for (unsigned i = 0; i < rq->rq_nreal; i++)
		subtract(&rq->rq_real[i], base);
	return (good ? STATUS_OK : STATUS_FAILED);
}
