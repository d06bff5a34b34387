"""group_a.py: the patterns that allocators are known by, one case each.

patterns.c has what each of them does, and how often.
"""

from case import Case

# In each: the name, the unit, how many operations callgrind shall see (0: it
# cannot say anything of threads that take turns), and whether it is quick.
PATTERNS = [
    ('pair 64', 'ns', 20000, True),
    ('pair 4096', 'ns', 20000, True),
    ('pair 16K', 'ns', 20000, False),
    ('pair 256K', 'ns', 5000, False),
    ('pair 1M', 'ns', 5000, False),
    ('1000 then freed, 64', 'ns', 20000, True),
    ('1000 then freed, 1024', 'ns', 20000, False),
    ('1000 then freed, 4096', 'ns', 20000, True),
    ('1000 then freed, 64K', 'ns', 5000, False),
    ('random 16..255', 'ns', 50000, True),
    ('random 1K..64K', 'ns', 50000, True),
    ('realloc doubling to 16M', 'us', 4, False),
    ('realloc doubling, two in turn', 'us', 4, False),
    ('realloc by 16 to 64K', 'ns', 20000, True),
    ('calloc 16M', 'us', 5, False),
    ('calloc 16M, touched', 'us', 3, False),
    ('thread of 10 mallocs', 'us', 200, False),
    ('producer consumer 64', 'ns', 0, True),
    ('producer consumer 16..1039', 'ns', 0, False),
    ('producer consumer 16K', 'ns', 0, False),
    ('2 threads 1K..64K', 'ns', 0, False),
    ('8 threads 16..4095', 'ns', 0, True),
]

NOTES = {
    'realloc doubling to 16M': 'time of one chain, 20 calls',
    'realloc doubling, two in turn': 'time of one chain of the two',
    'thread of 10 mallocs': 'created, joined; all 10 freed',
    '2 threads 1K..64K': 'wall time by all that the threads did together',
    '8 threads 16..4095': 'wall time by all that the threads did together',
}


def pattern(name, unit, operations, quick):
    """A case; operations of instructions are 2N less N."""
    program = '{bin}/patterns'
    counting = {}
    if operations > 0:
        counting = {
            'count': [program, '--short', str(2 * operations), name],
            'count_base': [program, '--short', str(operations), name],
            'count_ops': operations,
        }
    return Case('a', name, [program, name], unit, quick=quick,
                note=NOTES.get(name, ''), **counting)


CASES = [pattern(*line) for line in PATTERNS]
