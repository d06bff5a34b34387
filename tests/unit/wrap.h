/*
 * wrap.h - for tests that are linked with --wrap=os_syscall.
 */
#ifndef KMA_TEST_WRAP_H
#define KMA_TEST_WRAP_H

long	__real_os_syscall(long nr, long a, long b, long c, long d, long e,
	    long f);
long	__wrap_os_syscall(long nr, long a, long b, long c, long d, long e,
	    long f);

#endif /* KMA_TEST_WRAP_H */
