"""case.py: what a case of the bench is, and what its program may print.

A case is one command that gives one figure; lower is always better. The
modules group_a.py to group_e.py each hold a list CASES.

The command
    argv is a list of strings. In each, {bin} stands for the directory of the
    built bench programs, {src} for tests/bench of the sources and {work} for
    a scratch directory that all runs share, which is also the directory that
    the command starts in. No shell, no terminal, standard input empty. The
    exit status must be 0: a program that gets NULL from malloc, or finds
    something wrong in what it computed, says so on standard error and exits
    with 1.

The figure
    metric says which of the run's measures is the case's figure:
        'figure'    what the program printed (groups a, b, d, e)
        'cpu'       user and system seconds of all its processes (group c)
        'wall'      seconds
        'rss'       peak resident memory in KB
    Lines of this form at the end of standard output give the figure, and
    replace what the launcher measured:
        figure X    in the case's unit
        cpu X       seconds
        wall X      seconds
        rss X       KB
        faults X    page faults
    That is also how a program of several parts leaves out its preparation.

Servers
    With preload=False the command itself runs on the C library's allocator
    and finds in its environment what it needs to start one program on the
    allocator, measured apart:
        BENCH_LAUNCH    the launcher; launch.c has its options
        BENCH_PRELOAD   the value for LD_PRELOAD
    as in
        "$BENCH_LAUNCH" -o server.txt -e LD_PRELOAD="$BENCH_PRELOAD" -- server
    It then prints cpu, wall, rss and faults from the server's line. SIGTERM
    for the launcher is passed on to the server.

Instructions
    With count, a shorter argv that does the same, callgrind counts the
    instructions of one run on each allocator. count_base, if there is one,
    is a run of which the count is taken away first; the rest is divided by
    count_ops.
"""

import os
import shutil

METRICS = ('figure', 'cpu', 'wall', 'rss')

# Debian's names for programs whose package is named otherwise.
PACKAGES = {
    'gs': 'ghostscript',
    'lua': 'lua5.4',
    'node': 'nodejs',
    'pg_ctl': 'postgresql',
    'pgbench': 'postgresql-contrib',
    'postgres': 'postgresql',
    'redis-benchmark': 'redis-tools',
    'redis-cli': 'redis-tools',
    'cc1': 'gcc',
    'cc1plus': 'g++',
}


class Case:
    """One line of a table.

    requires: programs (or absolute paths) without which the case is skipped;
        a pair (program, package) names its Debian package.
    setup: a function of the scratch directory's path that writes the case's
        inputs, the same each time; called once, before anything is timed.
    env: more environment for the command.
    quick: belongs to bench-quick; 0.2 to 0.6 s each run.
    rounds: at most so many rounds, for what is slow and steady.
    timeout: seconds after which a run is taken for a hang.
    note: stands below the table.
    """

    def __init__(self, group, name, argv, unit, *, metric=None, env=None,
                 preload=True, quick=False, timeout=60, rounds=None,
                 requires=(), setup=None, note='', count=None,
                 count_base=None, count_ops=1):
        self.group = group
        self.name = name
        self.argv = [str(arg) for arg in argv]
        self.unit = unit
        self.metric = metric or ('cpu' if group == 'c' else 'figure')
        self.env = dict(env or {})
        self.preload = preload
        self.quick = quick
        self.timeout = timeout
        self.rounds = rounds
        self.requires = tuple(requires)
        self.setup = setup
        self.note = note
        self.count = count
        self.count_base = count_base
        self.count_ops = count_ops
        if self.metric not in METRICS:
            raise ValueError('%s: no metric %r' % (name, self.metric))

    @property
    def key(self):
        return (self.group, self.name)

    def missing(self):
        """What the case lacks on this machine, in words, or None."""
        for need in self.requires:
            program, package = (need if isinstance(need, tuple)
                                else (need, None))
            if os.path.isabs(program):
                there = os.path.exists(program)
            else:
                there = shutil.which(program) is not None
            if not there:
                package = package or PACKAGES.get(
                    program, os.path.basename(program))
                return '%s is not there (Debian: %s)' % (program, package)
        return None
