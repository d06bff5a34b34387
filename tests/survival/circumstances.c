/*
 * circumstances.c - allocation where programs have to live:
 *
 *	circumstances NAME		one of those below; exits with 0
 *	circumstances list		names them
 *	circumstances without PROGRAM ARGS	runs it where the calls of
 *					`without' below are not there
 *
 * It runs under libkma, which it checks; circumstances.sh runs it in each
 * mode.
 */
#include "conform/tap.h"

#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>

#include "churn.h"

#define NTHREAD		4
#define MB		((size_t)1 << 20)
#define ROUNDS		800
#define LARGE		22	/* blocks up to 4 MB */
#define SMALL		15

/*
 * Filters of system calls.
 */

/* Calls that are answered otherwise than the rest. */
struct filter {
	const short	*f_calls;
	size_t		 f_ncalls;
	unsigned	 f_these;	/* what they get */
	unsigned	 f_others;	/* and all others */
};
#define FILTER(calls, these, others) \
	{ (calls), sizeof(calls) / sizeof((calls)[0]), (these), (others) }

static void
install(const struct filter *f)
{
	struct sock_filter code[200];
	struct sock_fprog program = { .filter = code };
	size_t n = 0;

	code[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
	    offsetof(struct seccomp_data, nr));
	for (size_t i = 0; i < f->f_ncalls; i++) {
		code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ |
		    BPF_K, (unsigned)f->f_calls[i], 0, 1);
		code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K,
		    f->f_these);
	}
	code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, f->f_others);
	program.len = (unsigned short)n;
	must(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
	must(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0);
}

#define ERRNO(e)	(SECCOMP_RET_ERRNO | (e))

/* What OpenSSH's child may do before its user is known; else it is killed. */
static const short sshd_calls[] = {
	SYS_brk, SYS_clock_gettime, SYS_close, SYS_exit, SYS_exit_group,
	SYS_futex, SYS_geteuid, SYS_getpid, SYS_getrandom, SYS_gettimeofday,
	SYS_getuid, SYS_madvise, SYS_mmap, SYS_mprotect, SYS_mremap,
	SYS_munmap, SYS_nanosleep, SYS_clock_nanosleep, SYS_pselect6, SYS_read,
	SYS_rt_sigprocmask, SYS_shutdown, SYS_write, SYS_writev,
};

/* A service of systemd's with a list like @system-service; else EPERM. */
static const short systemd_calls[] = {
	SYS_brk, SYS_clock_gettime, SYS_clone, SYS_clone3, SYS_close, SYS_exit,
	SYS_exit_group, SYS_fcntl, SYS_fstat, SYS_futex, SYS_getpid,
	SYS_getrandom, SYS_gettid, SYS_kill, SYS_lseek, SYS_madvise, SYS_mmap,
	SYS_mprotect, SYS_mremap, SYS_munmap, SYS_nanosleep, SYS_newfstatat,
	SYS_openat, SYS_prlimit64, SYS_pread64, SYS_read, SYS_rseq,
	SYS_rt_sigaction, SYS_rt_sigprocmask, SYS_rt_sigreturn,
	SYS_set_robust_list, SYS_sched_yield, SYS_sysinfo, SYS_tgkill,
	SYS_wait4, SYS_write, SYS_writev,
};

/* Calls that the allocator can do without. */
static const short spare_calls[] = {
	SYS_madvise, SYS_mremap, SYS_sysinfo, SYS_sched_yield,
	SYS_pread64, SYS_fcntl, SYS_munmap, SYS_prlimit64, SYS_openat,
};

/* The same, of those that the loader and libc can do without too. */
static const short without[] = {
	SYS_madvise, SYS_mremap, SYS_sysinfo, SYS_sched_yield,
};

/*
 * What is done there.
 */

static void *
churn_thread(void *arg)
{
	churn((uintptr_t)arg, ROUNDS, SMALL, false);
	churn((uintptr_t)arg + 10, 50, LARGE, false);
	return (NULL);
}

/* In so many threads at once, with stacks of so many bytes. */
static void
in_threads(size_t stack)
{
	pthread_attr_t attr;
	pthread_t thread[NTHREAD];

	must(pthread_attr_init(&attr) == 0);
	must(pthread_attr_setstacksize(&attr, stack) == 0);
	for (uintptr_t i = 0; i < NTHREAD; i++)
		must(pthread_create(&thread[i], &attr, churn_thread,
		    (void *)(i + 1)) == 0);
	for (int i = 0; i < NTHREAD; i++)
		must(pthread_join(thread[i], NULL) == 0);
}

static void
in_child(void)
{
	pid_t pid = fork();

	must(pid >= 0);
	if (pid == 0) {
		churn(77, ROUNDS, SMALL, false);
		_exit(0);
	}
	must(tap_wait(pid) == 0);
}

static void
everything(void)
{
	churn(1, ROUNDS, SMALL, false);
	churn(2, 50, LARGE, false);
	in_threads((size_t)256 * 1024);
	in_child();
	(void)malloc_trim(0);
	churn(3, ROUNDS, SMALL, false);
}

/*
 * The circumstances.
 */

static void
plain(void)
{
	everything();
}

/* calloc of pages that were in use. */
static void
clear_again(void)
{
	for (size_t len = 128 * 1024; len < 16 * MB; len *= 2)
		for (int i = 0; i < 4; i++) {
			char *p = calloc(1, len);

			must(p != NULL && zeroed(p, len));
			memset(p, i, i % 2 == 0 ? len : len / 2);
			free(p);
		}
}

static void
sshd(void)
{
	static const struct filter filter = FILTER(sshd_calls,
	    SECCOMP_RET_ALLOW, SECCOMP_RET_KILL_PROCESS);

	churn(1, ROUNDS, SMALL, false);
	install(&filter);
	churn(1, ROUNDS, SMALL, false);
	for (size_t len = 1; len < 100 * MB; len *= 3)
		free(malloc(len));
	clear_again();
	must(malloc(SIZE_MAX / 4) == NULL);
	(void)malloc_trim(0);
	churn(2, ROUNDS, SMALL, false);
}

static void
systemd(void)
{
	static const struct filter filter = FILTER(systemd_calls,
	    SECCOMP_RET_ALLOW, ERRNO(EPERM));

	install(&filter);
	everything();
}

/* Each spare call is not there, in turn; and all of them. */
static void
spare(void)
{
	const size_t n = sizeof(spare_calls) / sizeof(spare_calls[0]);

	for (size_t i = 0; i <= n; i++) {
		const struct filter filter = { &spare_calls[i % n],
			i < n ? 1 : n, ERRNO(ENOSYS), SECCOMP_RET_ALLOW };
		pid_t pid = fork();

		if (pid == 0) {
			install(&filter);
			everything();
			_exit(0);
		}
		if (tap_wait(pid) != 0) {
			diag("without the spare call %zu", i);
			must(false);
		}
	}
}

/* Streams are closed: what the program opens gets their numbers. */
static void
closed(void)
{
	char path[] = "/tmp/circumstances.XXXXXX";
	char *p = malloc(100), word[8];

	for (int fd = 0; fd < 3; fd++)
		must(fcntl(fd, F_GETFD) < 0);
	everything();
	must(open("/dev/null", O_RDONLY) == 0);
	must(open("/dev/null", O_RDONLY) == 1);
	must(mkstemp(path) == 2);
	unlink(path);
	/* A message, under abort=no; and "kept" is all that is in the file. */
	free(p + 1);
	must(write(2, "kept", 4) == 4);
	must(pread(2, word, sizeof(word), 0) == 4);
	must(memcmp(word, "kept", 4) == 0);
}

static void
locked(void)
{
	must(mlockall(MCL_CURRENT | MCL_FUTURE) == 0 || errno == ENOMEM ||
	    errno == EPERM);
	churn(1, ROUNDS, SMALL, true);
	churn(2, 100, LARGE, true);
	churn(3, ROUNDS, SMALL, true);
}

static void
small_stacks(void)
{
	long least = sysconf(_SC_THREAD_STACK_MIN);

	in_threads(16384 > least ? 16384 : (size_t)least);
}

static volatile sig_atomic_t handled;

static void
handler(int signo)
{
	(void)signo;
	churn(4, 100, SMALL, false);
	churn(5, 20, LARGE, false);
	handled++;
}

/* On a stack that is as small as the system says it may be. */
static void
signal_stack(void)
{
	size_t size = (size_t)sysconf(_SC_SIGSTKSZ);
	stack_t stack = { .ss_size = size };
	struct sigaction sa = { .sa_handler = handler,
		.sa_flags = SA_ONSTACK };
	char *memory = mmap(NULL, size + 4096, PROT_NONE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	must(memory != MAP_FAILED);
	size &= ~(size_t)4095;
	must(mprotect(memory + 4096, size, PROT_READ | PROT_WRITE) == 0);
	stack.ss_sp = memory + 4096;
	stack.ss_size = size;
	must(sigaltstack(&stack, NULL) == 0);
	must(sigaction(SIGUSR1, &sa, NULL) == 0);
	for (int i = 0; i < 8; i++) {
		must(raise(SIGUSR1) == 0);
		churn(6, 500, SMALL, false);
	}
	must(handled == 8);
}

static size_t
address_space(void)
{
	char text[32] = "";
	int fd = open("/proc/self/statm", O_RDONLY);

	must(fd >= 0 && read(fd, text, sizeof(text) - 1) > 0);
	close(fd);
	return (strtoul(text, NULL, 10) * (size_t)sysconf(_SC_PAGESIZE));
}

static void *
fill_thread(void *arg)
{
	struct held held[400] = { { NULL, 0, 0 } };
	struct churn ch = { .ch_state = (uintptr_t)arg, .ch_slots = 400,
	    .ch_held = held, .ch_shift = 20, .ch_short = true };

	for (int i = 0; i < ROUNDS; i++)
		churn_step(&ch);
	churn_end(&ch);
	return ((void *)(uintptr_t)(ch.ch_failed > 0));
}

/* Threads, here and in children, fill what there is, and let it go. */
static int
fill_all(void)
{
	pthread_t thread[NTHREAD];
	uintptr_t failed = 0;
	int n = 0;

	for (uintptr_t i = 0; i < NTHREAD; i++)
		n += pthread_create(&thread[n], NULL, fill_thread,
		    (void *)(i + 1)) == 0;
	for (int i = 0; i < n; i++) {
		void *result;

		must(pthread_join(thread[i], &result) == 0);
		failed += (uintptr_t)result;
	}
	churn(8, ROUNDS, SMALL, false);
	return (failed > 0);
}

static void
under_limit(int resource, size_t bytes)
{
	struct rlimit limit = { bytes, bytes };

	must(setrlimit(resource, &limit) == 0);
	for (int i = 0; i < 2; i++) {
		pid_t pid = fork();

		must(pid >= 0);
		if (pid == 0)
			_exit(!fill_all());
		must(fill_all());
		must(tap_wait(pid) == 0);
	}
}

static void
limited(void)
{
	under_limit(RLIMIT_AS, address_space() + 40 * MB);
}

/* Of data alone: what is written counts, and stacks of threads do too. */
static void
limited_data(void)
{
	under_limit(RLIMIT_DATA, 80 * MB);
}

/* One that nobody tells: most of it is there all the same. */
static void
untold_limit(void)
{
	static const short call = SYS_prlimit64;
	const struct filter filter = { &call, 1, ERRNO(ENOSYS),
		SECCOMP_RET_ALLOW };
	const struct rlimit limit = { 2048 * MB, 2048 * MB };
	int got = 0;

	must(setrlimit(RLIMIT_AS, &limit) == 0);
	install(&filter);
	while (malloc(MB) != NULL)
		got++;
	must(got > 1800);
}

/* As a user of its own, if need be, who may do that. */
static void
without_proc(void)
{
	char path[] = "/tmp/circumstances.XXXXXX";

	must(mkdtemp(path) != NULL);
	must(chroot(path) == 0 ||
	    (unshare(CLONE_NEWUSER) == 0 && chroot(path) == 0));
	must(chdir("/") == 0 && access("/proc", F_OK) < 0);
	everything();
}

static const struct {
	const char	*name;
	void		(*run)(void);
} all[] = {
	{ "plain", plain },
	{ "sshd", sshd },
	{ "systemd", systemd },
	{ "spare", spare },
	{ "closed", closed },
	{ "locked", locked },
	{ "small_stacks", small_stacks },
	{ "signal_stack", signal_stack },
	{ "limited", limited },
	{ "limited_data", limited_data },
	{ "untold_limit", untold_limit },
	{ "without_proc", without_proc },
};

static int
run_without(char **argv)
{
	static const struct filter filter = FILTER(without, ERRNO(ENOSYS),
	    SECCOMP_RET_ALLOW);

	install(&filter);
	execvp(argv[0], argv);
	return (127);
}

int
main(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : "";

	if (strcmp(name, "without") == 0 && argc > 2)
		return (run_without(argv + 2));
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		if (strcmp(name, "list") == 0)
			puts(all[i].name);
		else if (strcmp(name, all[i].name) == 0) {
			must(tap_is_kma());
			alarm(120);
			all[i].run();
			return (0);
		}
	}
	return (strcmp(name, "list") == 0 ? 0 : 2);
}
