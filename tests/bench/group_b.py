"""group_b.py: the classic workloads of allocators, in our own words.

Each program's first comment says what it does and which well-known benchmark
has that pattern. One thread: processor time. Several: time on the wall, since
waiting for a lock is part of what they cost. Peak resident memory is in the
table beside it, and as much a result.
"""

from case import Case

CASES = []


def add(name, threads, program, *args, quick=False):
    CASES.append(Case('b', name, ['{bin}/classic-' + program, *args], 's',
                      metric='cpu' if threads == 1 else 'wall',
                      quick=quick))


# Threads that hand objects to each other, or to their successors.
add('server, 1 thread', 1, 'server', 1, 3000, 20000)
add('server, 2 threads', 2, 'server', 2, 1200, 20000, quick=True)
add('server, 8 threads', 8, 'server', 8, 700, 20000)
add('handoff 16 to 256, 2 threads', 2, 'handoff', 1, 50000, 16, 256,
    quick=True)
add('handoff 16 to 256, 8 threads', 8, 'handoff', 4, 25000, 16, 256)
add('handoff 16 to 1040, 2 threads', 2, 'handoff', 1, 60000, 16, 1040)
add('handoff 16K, 2 threads', 2, 'handoff', 1, 16000, 16384, 16384)
add('exchange, 1 thread', 1, 'exchange', 1, 600, 50000)
add('exchange, 2 threads', 2, 'exchange', 2, 150, 50000, quick=True)
add('exchange, 8 threads', 8, 'exchange', 8, 80, 50000)
add('carousel, 2 threads', 2, 'carousel', 2, 800)
add('carousel, 8 threads', 8, 'carousel', 8, 200)
add('short-lived threads, 1 at a time', 2, 'threads', 1, 30000, 200)
add('short-lived threads, 8 at a time', 8, 'threads', 8, 20000, 200,
    quick=True)

# Programs with one thread that compute with small objects.
add('bignum', 1, 'bignum', 40000)
add('covers', 1, 'covers', 500000)
add('bodies', 1, 'bodies', 20000, 40)
add('compiler', 1, 'compiler', 20, 500000, quick=True)
add('strings', 1, 'strings', 300, quick=True)

# Objects of many sizes that come and go.
add('mixed, 1 thread', 1, 'mixed', 1, 20000, 30000000)
add('mixed, 8 threads', 8, 'mixed', 8, 20000, 6000000)
add('bursts, 1 thread', 1, 'bursts', 1, 30000)
add('bursts, 8 threads', 8, 'bursts', 8, 8000)
add('waves to 32K, 1 thread', 1, 'waves', 1, 100, quick=True)
add('waves to 32K, 8 threads', 8, 'waves', 8, 40)
add('arrays 32K to 512K', 1, 'large', 20000, 32, 512)
add('arrays 2M to 16M', 1, 'large', 400, 2048, 16384, quick=True)
add('cache with changing sizes', 1, 'lru', 150000, 1500000,
    quick=True)

# Do two threads get blocks in one line? The time is that of their writes.
add('shared lines, active', 2, 'sharing', 'active', 2, 300000)
add('shared lines, passive', 2, 'sharing', 'passive', 2, 300000,
    quick=True)
