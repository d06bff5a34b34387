/*
 * spoil.c - what may happen to kma stat while it reads another process: a
 * library for LD_PRELOAD in whose view the process
 *
 *	SPOIL=after:N:ERRNO	fails with that from the N-th read on
 *	SPOIL=bytes:N		has other bytes than it has, in one read of N
 */
#define _GNU_SOURCE
#include <sys/syscall.h>
#include <sys/uio.h>

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

ssize_t
process_vm_readv(pid_t pid, const struct iovec *here, unsigned long nhere,
    const struct iovec *there, unsigned long nthere, unsigned long flags)
{
	static unsigned long count, n;
	static uint64_t seed;
	const char *how = getenv("SPOIL");
	int error;
	ssize_t got;

	count++;
	if (how != NULL && sscanf(how, "after:%lu:%d", &n, &error) == 2 &&
	    count >= n) {
		errno = error;
		return (-1);
	}
	got = (ssize_t)syscall(SYS_process_vm_readv, pid, here, nhere, there,
	    nthere, flags);
	if (how == NULL || sscanf(how, "bytes:%lu", &n) != 1)
		return (got);
	seed = (seed + count + n) * 6364136223846793005u + 1;
	if ((seed >> 33) % n == 0)
		for (ssize_t i = 0; i < got; i++) {
			seed = seed * 6364136223846793005u + 1;
			((uint8_t *)here->iov_base)[i] = (uint8_t)(seed >> 56);
		}
	return (got);
}
