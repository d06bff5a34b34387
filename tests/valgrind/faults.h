/*
 * faults.h - how a fault is written: a function of its own, which memcheck
 * names in what it reports.
 */
#ifndef FAULTS_H
#define FAULTS_H

#include <stddef.h>

/* FAULT(name) { ... } must be reported; CLEAN(name) { ... } must not. */
#define FAULT(name)	FUNCTION(fault_##name)
#define CLEAN(name)	FUNCTION(clean_##name)
#define FUNCTION(name)	static __attribute__((noipa)) void name(void)

/* The compiler does not know which block it is, nor if it was freed. */
typedef char *volatile block;

/* Uses a value so that memcheck sees it used. */
extern volatile int sink;
#define LOOK(value)	do {						\
	if (value)							\
		sink++;							\
} while (0)

#endif /* FAULTS_H */
