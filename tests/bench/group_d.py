"""group_d.py: what programs hold for what they asked for.

memory.c has what each of them does. Times are of no interest here, but they
are measured all the same.
"""

from case import Case

SIZES = (17, 40, 65, 129, 520, 1030, 2050, 5000)
RATIO = 'resident/requested'

MIX = 'seventeen sizes, 17 24 33 40 ... 5000, 200 MB; '
FREED = 'resident 2 s later, nothing called'


def measure(name, unit, which, note='', **more):
    return Case('d', name, ['{bin}/memory'] + which.split(), unit, note=note,
                rounds=3, **more)


CASES = [
    measure('mix', RATIO, 'mix', MIX + 'as many blocks of each', quick=True),
    measure('mix by bytes', RATIO, 'mix-bytes', MIX + 'as many bytes of each'),
] + [
    measure('size %d' % size, RATIO, 'single %d' % size) for size in SIZES
] + [
    measure('500 MB of 64 freed', 'MB', 'freed', FREED),
    measure('500 MB of 64 freed, shuffled', 'MB', 'freed-shuffled', FREED),
    measure('then 500 MB of 200', 'MB', 'again', 'peak'),
    measure('then 500 MB of 200, shuffled', 'MB', 'again-shuffled',
            'peak of the second 500 MB'),
    measure('ten phases, worst', RATIO, 'phases',
            'a favourite size after the other, 100 MB alive'),
    measure('long run, worst', RATIO, 'long-run-worst',
            'six million blocks, sizes and lives far apart'),
    measure('long run, end', RATIO, 'long-run-end'),
    measure('threads freed all', 'MB', 'threads-living',
            '8 threads that live on had 25 MB each; ' + FREED),
    measure('threads ended', 'MB', 'threads-ended',
            'the same, when they have ended; ' + FREED),
    measure('start', 'KB', 'start-resident', 'hello-world, resident'),
    measure('start, private', 'KB', 'start-dirty',
            'hello-world, what no other process shares', quick=True),
]
