/*
 * probe.h - places where a tracer may look in: USDT probes.
 *
 * Layer 0.  No state.  A probe is a nop in the code and an ELF note that says
 * where it is and in which registers its arguments are; gdb, bpftrace and
 * systemtap put a breakpoint there.  Nobody asks whether one is there, so a
 * probe costs a nop, and its arguments where they were not at hand.  None is
 * on a fast path.  Built without <sys/sdt.h>, there are none.
 *
 * What each tells is in kma_debug(7); sizes are in bytes.
 *
 *	refill		size of a block, blocks, 0: of a depot, 1: of clusters
 *	flush		the same, where they went
 *	cluster_new	address, size of a block, size of the cluster
 *	cluster_free	the same
 *	run_alloc	address, size
 *	run_free	address, size
 *	limit		type's name or "", size that was asked for, limit
 *	misuse		function, address, reason
 *	sample		address, size that was asked for, what it stands for
 */
#ifndef KMA_PROBE_H
#define KMA_PROBE_H

#ifdef HAVE_SYS_SDT_H
#include <sys/sdt.h>
#define PROBE2(name, a, b)	DTRACE_PROBE2(libkma, name, a, b)
#define PROBE3(name, a, b, c)	DTRACE_PROBE3(libkma, name, a, b, c)
#else
#define PROBE2(name, a, b)	((void)(a), (void)(b))
#define PROBE3(name, a, b, c)	((void)(a), (void)(b), (void)(c))
#endif

#endif /* KMA_PROBE_H */
