/*
 * fork-spawn - vfork, posix_spawn, popen and system, from threads that
 * allocate meanwhile.
 */
#include "tap.h"

#include <pthread.h>
#include <spawn.h>

#include "measure.h"
#include "pattern.h"

#define THREADS	8

static volatile int stop;
static int failures;

static void *
churner(void *arg)
{
	static __thread void *b[64];
	uint64_t rng;
	int i, n;

	rng = (uint64_t)(uintptr_t)arg;
	for (n = 0; !stop; n++) {
		if (n % 200 == 0)
			usleep(200);
		i = (int)rnd_range(&rng, 0, 63);
		free(b[i]);
		must((b[i] = malloc(rnd_size(&rng, 17))) != NULL);
	}
	for (i = 0; i < 64; i++)
		free(b[i]);
	return (NULL);
}

static void
failed(void)
{
	__atomic_add_fetch(&failures, 1, __ATOMIC_RELAXED);
}

static void *
by_vfork(void *arg)
{
	static char name[] = "true";
	static char *args[] = { name, NULL };
	int i, status;
	pid_t pid;

	for (i = 0; i < 40; i++) {
		if ((pid = vfork()) == 0) {
			execve("/bin/true", args, environ);
			_exit(95);
		}
		if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0)
			failed();
		if ((pid = vfork()) == 0)
			_exit(7);
		if (pid < 0 || waitpid(pid, &status, 0) != pid ||
		    !WIFEXITED(status) || WEXITSTATUS(status) != 7)
			failed();
	}
	return (arg);
}

static void *
by_spawn(void *arg)
{
	static char name[] = "sh", opt[] = "-c", line[] = "exit 3";
	static char *args[] = { name, opt, line, NULL };
	posix_spawn_file_actions_t acts;
	int i, status;
	pid_t pid;

	for (i = 0; i < 40; i++) {
		posix_spawn_file_actions_init(&acts);
		posix_spawn_file_actions_addopen(&acts, 1, "/dev/null", 1, 0);
		if (posix_spawnp(&pid, "sh", &acts, NULL, args, environ) != 0 ||
		    waitpid(pid, &status, 0) != pid ||
		    !WIFEXITED(status) || WEXITSTATUS(status) != 3)
			failed();
		posix_spawn_file_actions_destroy(&acts);
	}
	return (arg);
}

static void *
by_popen(void *arg)
{
	char *line;
	size_t cap;
	FILE *fp;
	int i;

	for (i = 0; i < 40; i++) {
		line = NULL;
		cap = 0;
		if ((fp = popen("echo some words; exit 2", "r")) == NULL) {
			failed();
			continue;
		}
		if (getline(&line, &cap, fp) != 11 ||
		    strcmp(line, "some words\n") != 0)
			failed();
		free(line);
		if (WEXITSTATUS(pclose(fp)) != 2)
			failed();
	}
	return (arg);
}

static void *
by_system(void *arg)
{
	int i;

	for (i = 0; i < 30; i++)
		if (WEXITSTATUS(system("exit 5")) != 5)
			failed();
	return (arg);
}

static void
run(void *(*fn)(void *), const char *what)
{
	pthread_t t[THREADS];
	uintptr_t i;

	stop = failures = 0;
	for (i = 0; i < THREADS; i++)
		must(pthread_create(&t[i], NULL, i < THREADS / 2 ? fn :
		    churner, (void *)(i + 1)) == 0);
	for (i = 0; i < THREADS / 2; i++)
		pthread_join(t[i], NULL);
	stop = 1;
	for (; i < THREADS; i++)
		pthread_join(t[i], NULL);
	ok(failures == 0, "%s in threads", what);
}

int
main(int argc, char **argv)
{
	(void)argc;
	tap_begin(argv, 120);
	run(by_vfork, "vfork");
	run(by_spawn, "posix_spawn");
	run(by_popen, "popen");
	run(by_system, "system");
	return (tap_end());
}
