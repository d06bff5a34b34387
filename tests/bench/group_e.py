"""group_e.py: what becomes of time and memory as threads are added.

scale.c has what the threads do.
"""

from case import Case

TIMED = (1, 2, 4, 16, 64, 1000)
IDLE = (16, 100, 1000)


def threads(count):
    return '%d thread%s' % (count, '' if count == 1 else 's')


CASES = [
    Case('e', threads(count), ['{bin}/scale', 'time', str(count)], 'ns',
         quick=count in (4, 64), timeout=180,
         rounds=3 if count == 1000 else None,
         note='the same work, together; random 16..1023, one in 8 handed over')
    for count in TIMED
] + [
    Case('e', 'idle, of %d' % count, ['{bin}/scale', 'idle', str(count)],
         'KB a thread', rounds=3, note='its stack included')
    for count in IDLE
]
