/*
 * quarantine.h - freed blocks that wait before they are used again.
 *
 * Layer 6.  What is freed goes in; what has waited long enough comes out, and
 * is given to the caller's function, which frees it for good.  So whoever
 * still uses a block after its free meets nobody else's data for a while.
 *
 * A queue of a thread's shard: the oldest comes out first, when the blocks of
 * the shard have more bytes than its part of the bound, or are too many for
 * its ring.  In random order, a block goes somewhere among the newer half, so
 * that it still waits for half as many frees as the queue is long, at least.
 *
 * Nothing here looks at the blocks or writes to them.  All functions are safe
 * in any thread; no lock is held while the caller's function runs.
 */
#ifndef KMA_QUARANTINE_H
#define KMA_QUARANTINE_H

#include <stdbool.h>
#include <stddef.h>

/* Frees a block that has waited; what size it had in the quarantine. */
typedef void quarantine_release(void *p, size_t size);

/*
 * At most bytes bytes wait from now on, all shards together; 0: none.  Once,
 * before there is a second thread.
 */
void	quarantine_init(size_t bytes, bool random);

/*
 * Takes a block in, and releases those that are due.  A block of more than
 * a shard's bytes is released at once, and so is any when there is no memory
 * to keep it in the books.
 */
void	quarantine_put(void *p, size_t size, quarantine_release *release);

/* Releases all: at memory shortage, say.  True if there was any. */
bool	quarantine_drain(quarantine_release *release);

/* Bytes that wait, and the count of the blocks; a moment ago. */
size_t	quarantine_held(size_t *count);

/* Walks and checks all invariants. */
void	quarantine_check(void);

#endif /* KMA_QUARANTINE_H */
