/*
 * start.h - what happens at the program's start and end, and at fork.
 *
 * Layer 9.
 */
#ifndef KMA_START_H
#define KMA_START_H

/* The constructor, here so that malloc.c takes it along out of an archive. */
void	kma_start(void);

#endif /* KMA_START_H */
