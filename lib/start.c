/*
 * start.c - what happens at the program's start and end, and at fork.
 *
 * Layer 9.  Owns what is known of the exit.  The allocator does not wait for
 * this: it makes itself ready at the first call, which may come before any
 * constructor has run, or never.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>

#include "cdefs.h"
#include "kmem.h"
#include "leaks.h"
#include "mode.h"
#include "objcache.h"
#include "options.h"
#include "os.h"
#include "report.h"
#include "start.h"
#include "stats.h"
#include "valgrind.h"

static void
postfork_child(void)
{
	objcache_postfork_child();
	mode_postfork_child();
}

/*
 * The library's flag "initfirst" has the loader call this before all other
 * constructors, so that these fork handlers are the first: they run last
 * before a fork, when no other handler waits any more for a thread that may be
 * in malloc; and first after it.  glibc has not set its own environment then,
 * but hands it over; musl does not, and takes no notice of the flag.
 */
__attribute__((constructor)) void
kma_start(int argc, char **argv, char **envp)
{
	(void)argc;
	(void)argv;
	(void)envp;
#ifdef __GLIBC__
	os_start(argc, argv, envp);
#endif
	report_start();
	(void)valgrind_decide();	/* some options do not count then */
	options_read();
	mode_start();
	objcache_init();
	pthread_atfork(kmem_prefork, kmem_postfork_parent, postfork_child);
	stats_start();
	leaks_start();
}

#define WATCHES_MAX	8

static bool watching, exiting;

static void
note_exit(void *arg)
{
	(void)arg;
	exiting = true;
}

/*
 * Handlers run in reverse: this one before all destructors if it was
 * registered after the program's start, so the first few calls do so.  libc's
 * name is looked up, since an import would cost each program more.
 */
void
start_watch_exit(void)
{
	static unsigned watches;
	int (*at_exit_do)(void (*)(void *), void *, void *);

	if (relaxed_load(&watches) >= WATCHES_MAX ||
	    __atomic_fetch_add(&watches, 1, __ATOMIC_RELAXED) >= WATCHES_MAX)
		return;
	at_exit_do = (int (*)(void (*)(void *), void *, void *))
	    dlsym(RTLD_NEXT, "__cxa_atexit");
	if (at_exit_do != NULL && at_exit_do(note_exit, NULL, NULL) == 0)
		relaxed_store(&watching, true);
}

bool
start_still_running(void)
{
	return (relaxed_load(&watching) && !exiting);
}

static __attribute__((destructor)) void
at_exit(void)
{
	mode_exit();
	stats_exit();
	leaks_exit();
}
