/*
 * ops.h - a fuzz target that plays byte strings as operations on the
 * allocator.
 */
#ifndef KMA_TEST_OPS_H
#define KMA_TEST_OPS_H

#include <stddef.h>
#include <stdint.h>

/* libFuzzer's shape; aborts when the allocator and the model disagree. */
int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Operations played so far. */
uint64_t ops_played(void);

#endif /* KMA_TEST_OPS_H */
