/*
 * start-audit - a program under LD_AUDIT: the loader starts differently, and
 * a second libc allocates in a namespace of its own.
 */
#include "tap.h"

#include <pthread.h>

#include "measure.h"
#include "pattern.h"

static __thread char *mine;

static void *
worker(void *arg)
{
	mine = (char *)malloc(1000);
	must(mine != NULL);
	fill(mine, 1000, 2);
	free(malloc(1000000));
	must(intact(mine, 1000, 2));
	free(mine);
	return (arg);
}

static int
child(void)
{
	pthread_t t;
	void *lib, *p[100];
	int i;

	must(!tap_kma || tap_is_kma());
	for (i = 0; i < 100; i++)
		must((p[i] = malloc((size_t)i * i * i + 1)) != NULL);
	for (i = 0; i < 100; i++)
		free(p[i]);
	must(pthread_create(&t, NULL, worker, NULL) == 0);
	pthread_join(t, NULL);
	lib = dlopen(tap_module("lib-ctor"), RTLD_NOW);
	must(lib != NULL);
	must(dlclose(lib) == 0);
	return (0);
}

static void
audited(const char *bind_now)
{
	char text[16], mark;
	pid_t pid;
	int fds[2];

	must(pipe(fds) == 0);
	snprintf(text, sizeof(text), "%d", fds[1]);
	setenv("KMA_TEST_AUDIT_FD", text, 1);
	setenv("LD_AUDIT", tap_module("lib-audit"), 1);
	if (bind_now != NULL)
		setenv("LD_BIND_NOW", bind_now, 1);
	pid = tap_spawn_self("child", NULL);
	unsetenv("LD_AUDIT");
	unsetenv("LD_BIND_NOW");
	close(fds[1]);
	ok(tap_wait(pid) == 0, "a program under LD_AUDIT%s",
	    bind_now ? ", bound at once" : "");
	ok(read(fds[0], &mark, 1) == 1 && mark == 'A', "really was audited");
	close(fds[0]);
}

int
main(int argc, char **argv)
{
	tap_begin(argv, 60);
	if (argc > 1)
		return (child());
	audited(NULL);
	audited("1");
	return (tap_end());
}
