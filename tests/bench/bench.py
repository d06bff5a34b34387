#!/usr/bin/env python3
"""bench.py: libkma against glibc and every allocator that is installed.

All allocators run interleaved: a round runs each case once on each allocator,
and the order of the allocators turns by one from round to round, so that what
the machine does beside hits all alike. What fails is a marked cell and a line
below the table; the bench goes on.

The results lie in BENCH_OUT: bench.csv (quick.csv), written anew after each
round, the tables in bench.txt, the pictures in bench-GROUP.png.
"""

import argparse
import importlib.util
import os
import platform
import re
import resource
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from datetime import date

sys.dont_write_bytecode = True

import allocators as allocators_module  # noqa: E402
import plot  # noqa: E402
import result  # noqa: E402
import run  # noqa: E402
import table  # noqa: E402
from allocators import BadOption  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
GROUPS = 'abcde'
ROUNDS, QUICK_ROUNDS = 5, 3
QUICK_LIMIT = 165           # seconds; after the first round, none goes beyond
HANGS = 3                   # after so many an allocator is given up
PATIENCE = 20               # seconds between lines of progress in a log

EPILOGUE = """\
environment:
  BENCH_GROUPS=a,c              these groups only:
                                a patterns, b classic workloads,
                                c real programs, d memory, e scale
  BENCH_CASES=REGEX             only cases whose name matches
  BENCH_ROUNDS=N                rounds (5; 3 with --quick)
  BENCH_ALLOCATORS=NAME=PATH,...  more allocators
  BENCH_OUT=DIR                 where the results go (bench, in the build)
"""


# --- what to do -------------------------------------------------------------

class Options:
    """The environment's BENCH_ variables, checked."""

    def __init__(self, env, quick):
        self.quick = quick
        self.groups = self.parse_groups(env.get('BENCH_GROUPS', ''))
        self.pattern = self.parse_cases(env.get('BENCH_CASES', ''))
        self.rounds = self.parse_rounds(env.get('BENCH_ROUNDS', ''))
        self.extra = env.get('BENCH_ALLOCATORS', '')
        self.build = os.path.abspath(env.get('KMA_BUILDDIR') or '.')
        self.libkma = os.path.abspath(
            env.get('LIBKMA') or self.build + '/lib/.libs/libkma.so')
        self.out = os.path.abspath(
            env.get('BENCH_OUT') or os.path.join(self.build, 'bench'))

    @staticmethod
    def parse_groups(text):
        groups = [word.strip() for word in text.split(',')] if text else []
        for group in groups:
            if group not in GROUPS or len(group) != 1:
                raise BadOption('BENCH_GROUPS: no group %r; there are %s'
                                % (group, ', '.join(GROUPS)))
        return ''.join(sorted(set(groups))) or GROUPS

    @staticmethod
    def parse_cases(text):
        try:
            return re.compile(text)
        except re.error as error:
            raise BadOption('BENCH_CASES: %r: %s' % (text, error))

    def parse_rounds(self, text):
        if not text:
            return QUICK_ROUNDS if self.quick else ROUNDS
        if not re.fullmatch(r'[0-9]{1,4}', text) or int(text) == 0:
            raise BadOption('BENCH_ROUNDS: %r is not a number from 1 on'
                            % text)
        return int(text)

    def command(self):
        """How this run was asked for, without paths of this machine."""
        words = ['make', 'bench-quick' if self.quick else 'bench']
        for name in ('BENCH_GROUPS', 'BENCH_CASES', 'BENCH_ROUNDS'):
            if os.environ.get(name):
                words.append('%s=%s' % (name, os.environ[name]))
        if self.extra:
            words.append('BENCH_ALLOCATORS=' + ','.join(
                '%s=%s' % (name, os.path.basename(path)) for name, path
                in allocators_module.parse_extra(self.extra)))
        return ' '.join(shlex.quote(word) for word in words)


def load_cases(options, file):
    """The cases that were asked for, and lines about what is not there."""
    files = [file] if file else [
        os.path.join(HERE, 'group_%s.py' % group) for group in options.groups]
    cases, lines = [], []
    for path in files:
        if not os.path.exists(path):
            lines.append('%s is not there' % os.path.basename(path))
            continue
        name = os.path.splitext(os.path.basename(path))[0]
        spec = importlib.util.spec_from_file_location(name, path)
        module = importlib.util.module_from_spec(spec)
        try:
            spec.loader.exec_module(module)
            cases += module.CASES
        except Exception as error:  # the other groups can do without it
            lines.append('%s cannot be read: %s: %s' % (
                os.path.basename(path), type(error).__name__, error))
    cases = [case for case in cases
             if case.group in options.groups
             and (case.quick or not options.quick)]
    chosen = [case for case in cases if options.pattern.search(case.name)]
    if cases and not chosen:
        raise BadOption('BENCH_CASES: no case matches %r'
                        % options.pattern.pattern)
    if not chosen:
        raise BadOption('BENCH_GROUPS: no cases in %s'
                        % ','.join(options.groups))
    keys = [case.key for case in chosen]
    if len(set(keys)) < len(keys):
        raise ValueError('two cases of one name: %s' % max(
            keys, key=keys.count)[1])
    return chosen, lines


# --- the machine ------------------------------------------------------------

def processor():
    for line in run.read('/proc/cpuinfo').split('\n'):
        if line.startswith('model name'):
            return line.partition(':')[2].strip()
    return platform.machine()


def memory_size():
    match = re.search(r'MemTotal: *(\d+)', run.read('/proc/meminfo'))
    return '%.0f GB' % (int(match.group(1)) / 2**20) if match else ''


def revision():
    """What of libkma this is."""
    try:
        words = subprocess.run(
            ['git', '-C', HERE, 'describe', '--always', '--dirty'],
            capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return 'unknown'
    return words


def describe(results, options, allocators):
    """The head of the CSV. No host name and no path."""
    results.set_head('date', date.today().isoformat())
    results.set_head('processor', '%s, %d cores' % (
        processor(), len(os.sched_getaffinity(0))))
    results.set_head('memory', memory_size())
    results.set_head('kernel', '%s %s' % (
        platform.system(), platform.release()))
    results.set_head('command', options.command())
    results.set_head('load', '%.1f when it began' % os.getloadavg()[0])
    for allocator in allocators:
        if allocator.kind == 'kma':
            version = ' '.join([revision()] + [
                '%s=%s' % pair for pair in allocator.env.items()])
        else:
            version = allocator.version()
        results.set_head(allocator.name, version)


# --- progress ---------------------------------------------------------------

class Progress:
    """One line that changes on a terminal, a line now and then in a log."""

    def __init__(self, total):
        self.total = total
        self.done = 0
        self.times = {}         # of each case: seconds of its runs
        self.terminal = sys.stderr.isatty()
        self.begun = self.said = time.monotonic()

    def step(self, case, seconds):
        self.done += 1
        self.times.setdefault(case.key, []).append(seconds)

    def drop(self, runs):
        """So many runs will not be made."""
        self.total -= runs

    def left(self, pending):
        """Seconds that the pending (case, runs) will take."""
        known = [sum(times) / len(times) for times in self.times.values()]
        usual = sum(known) / len(known) if known else 1
        seconds = 0
        for case, runs in pending:
            times = self.times.get(case.key)
            seconds += runs * (sum(times) / len(times) if times else usual)
        return seconds

    def show(self, what, pending, always=False):
        now = time.monotonic()
        if not self.terminal and not always and now - self.said < PATIENCE:
            return
        self.said = now
        left = int(self.left(pending))
        line = '%4d/%d  %s; about %d:%02d left' % (
            self.done, self.total, what, left // 60, left % 60)
        if self.terminal:
            sys.stderr.write('\r' + line[:100] + '\033[K')
        else:
            sys.stderr.write(line + '\n')
        sys.stderr.flush()

    def say(self, line):
        """A line that stays."""
        if self.terminal:
            sys.stderr.write('\r\033[K')
        sys.stderr.write(line + '\n')
        sys.stderr.flush()


# --- the loop ---------------------------------------------------------------

class Bench:
    def __init__(self, options, cases, allocators, runner, results, path):
        self.options = options
        self.cases = cases
        self.allocators = allocators
        self.runner = runner
        self.results = results
        self.path = path
        self.hangs = {allocator.name: 0 for allocator in allocators}
        self.progress = Progress(0)
        for case in cases:
            results.add_row(case, allocators)

    def cell(self, case, allocator):
        return self.results.rows[case.key].get(allocator.name)

    def rounds(self, case):
        return min(self.options.rounds, case.rounds or self.options.rounds)

    def live(self, case):
        """The allocators that the case still has to run on."""
        return [allocator for allocator in self.allocators
                if self.cell(case, allocator)
                and not self.cell(case, allocator).mark]

    def pending(self, number, index=0, here=0):
        """What is left from case `index' of a round on, as (case, runs)."""
        for i, case in enumerate(self.cases):
            rounds = max(0, self.rounds(case) - number)
            runs = len(self.live(case)) * rounds
            if i < index and rounds:
                runs -= len(self.live(case))
            elif i == index and rounds:
                runs -= here
            yield case, max(0, runs)

    def measure(self):
        """Everything. After a KeyboardInterrupt the results are whole."""
        self.progress.say('%d cases, %d allocators: %s' % (
            len(self.cases), len(self.allocators),
            ', '.join(allocator.name for allocator in self.allocators)))
        self.prepare()
        self.progress.total = sum(
            runs for case, runs in self.pending(0))
        last = max(map(self.rounds, self.cases))
        for number in range(last):
            whole = self.round(number)
            done = '%d of %d' % (number + 1, last)
            if not whole:
                done += ', the last cut short'
            self.results.set_head('rounds', done)
            self.results.write(self.path)
            self.progress.show('round %s done' % done,
                               self.pending(number + 1), always=True)
            if not whole:
                break
        if not self.options.quick:
            self.count()

    def prepare(self):
        """Skips what cannot run; writes the inputs of what can."""
        for allocator in self.allocators:
            fault = allocator.fault()
            if not fault:
                try:
                    self.runner.preflight(allocator)
                except run.Failure as failure:
                    fault = (failure.mark, failure.line)
            if fault:
                self.progress.say('%s: %s: %s' % ((allocator.name,) + fault))
                for case in self.cases:
                    if self.cell(case, allocator):
                        self.cell(case, allocator).fail(*fault)
        setups = {}
        for case in self.cases:
            missing = case.missing()
            if not missing and case.setup:
                if case.setup not in setups:
                    self.progress.show('preparing %s' % case.name, ())
                    setups[case.setup] = self.set_up(case)
                missing = setups[case.setup]
            if missing:
                self.progress.say('%s: skipped: %s' % (case.name, missing))
                for cell in self.results.rows[case.key].values():
                    cell.fail('skipped', missing)

    def set_up(self, case):
        """Why it failed, or None."""
        try:
            case.setup(self.runner.work)
        except Exception as error:  # the case is skipped, the bench goes on
            return 'its preparation failed: %s' % error
        return None

    def late(self, case):
        """Is there no time left for one more turn of the case?"""
        elapsed = time.monotonic() - self.progress.begun
        turn = self.progress.left([(case, len(self.live(case)))])
        return self.options.quick and elapsed + turn > QUICK_LIMIT

    def round(self, number):
        """Each case once; False if time was too short for the last."""
        turn = number % len(self.allocators)
        order = self.allocators[turn:] + self.allocators[:turn]
        for index, case in enumerate(self.cases):
            if number >= self.rounds(case):
                continue
            if number and self.late(case):
                return False
            here = 0
            for allocator in order:
                if allocator not in self.live(case):
                    continue
                self.progress.show(
                    'round %d: %s, %s, %s' % (
                        number + 1, case.group, case.name, allocator.name),
                    self.pending(number, index, here))
                self.one(number, case, allocator)
                here += 1
        return True

    def one(self, number, case, allocator):
        begun = time.monotonic()
        cell = self.cell(case, allocator)
        try:
            cell.add(self.runner.run(case, allocator))
        except run.Failure as failure:
            line = failure.line
            if number:
                line += ' (round %d)' % (number + 1)
            cell.fail(failure.mark, line)
            self.progress.say('%s: %s: %s: %s' % (
                allocator.name, case.name, failure.mark, line))
            self.progress.drop(self.rounds(case) - number - 1)
            if failure.mark == 'hang':
                self.give_up(number, allocator)
        self.progress.step(case, time.monotonic() - begun)

    def give_up(self, number, allocator):
        """Three hangs are enough."""
        self.hangs[allocator.name] += 1
        if self.hangs[allocator.name] != HANGS:
            return
        self.progress.say('%s: given up after %d hangs' % (
            allocator.name, HANGS))
        for case in self.cases:
            cell = self.cell(case, allocator)
            if cell and cell.value is None and not cell.mark:
                cell.fail('hang', 'not tried after %d hangs' % HANGS)
                self.progress.drop(self.rounds(case))

    def count(self):
        """Instructions, once for each cell: they are the same each time."""
        cases = [case for case in self.cases if case.count]
        if not cases:
            return
        if not shutil.which('valgrind'):
            self.progress.say('no instructions: valgrind is not installed')
            return
        total = sum(len(self.live(case)) for case in cases)
        done = 0
        for case in cases:
            for allocator in self.live(case):
                done += 1
                self.progress.show('instructions %d of %d: %s, %s' % (
                    done, total, case.name, allocator.name), ())
                cell = self.cell(case, allocator)
                try:
                    cell.instructions = self.runner.count(case, allocator)
                except run.Failure as failure:
                    self.progress.say('%s: %s: not counted: %s: %s' % (
                        allocator.name, case.name, failure.mark,
                        failure.line))
                    cell.explanation = ('instructions not counted: %s: %s'
                                        % (failure.mark, failure.line))
            self.results.write(self.path)


# --- telling ----------------------------------------------------------------

def finish(results, groups, stem):
    """Tables on standard output and in STEM.txt, pictures beside it."""
    head = '\n'.join('%s: %s' % pair for pair in results.head)
    text = head + '\n\n' + table.text(results, groups)
    print(text, end='', flush=True)
    with open(stem + '.txt', 'w', encoding='utf-8') as file:
        file.write(text)
    print()
    try:
        paths = plot.draw(results, groups, stem)
    except ImportError:
        print('no pictures: matplotlib is not installed '
              '(Debian: python3-matplotlib)')
        paths = []
    for path in [stem + '.txt'] + paths:
        print('written: ' + path)


def again(path, options):
    """--from: tables and pictures of an older run."""
    try:
        results = result.read(path)
    except (OSError, ValueError) as error:
        raise BadOption('--from: %s: %s' % (path, error))
    stem = os.path.join(options.out,
                        os.path.splitext(os.path.basename(path))[0])
    finish(results, [group for group in results.groups()
                     if group in options.groups], stem)


def bench(options, file):
    binaries = os.path.join(options.build, 'tests', 'bench')
    if not os.path.exists(os.path.join(binaries, 'launch')):
        raise BadOption('KMA_BUILDDIR: %s: not built; `make bench-programs\''
                        % options.build)
    found, lines = allocators_module.find(options.libkma, options.extra)
    cases, more = load_cases(options, file)
    used = {case.group for case in cases}
    found = [allocator for allocator in found
             if used & set(allocator.groups)]
    stem = os.path.join(options.out, 'quick' if options.quick else 'bench')
    results = result.Results()
    describe(results, options, found)
    if lines + more:
        results.set_head('left out', '; '.join(lines + more))
        print('left out: ' + '; '.join(lines + more), file=sys.stderr)
    work = tempfile.mkdtemp(prefix='work.', dir=options.out)
    interrupted = False
    try:
        runner = run.Runner(binaries, HERE, work)
        Bench(options, cases, found, runner, results,
              stem + '.csv').measure()
    except KeyboardInterrupt:
        interrupted = True
        results.set_head('interrupted', 'yes')
    finally:
        shutil.rmtree(work, ignore_errors=True)
    sys.stderr.write('\n')
    results.write(stem + '.csv')
    finish(results, sorted(used), stem)
    print('written: ' + stem + '.csv')
    return 130 if interrupted else 0


def interrupt(*_):
    raise KeyboardInterrupt


def main():
    parser = argparse.ArgumentParser(
        description='Compares allocators.', epilog=EPILOGUE,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--quick', action='store_true',
                        help='the quick cases, in less than three minutes')
    parser.add_argument('--from', dest='csv', metavar='CSV',
                        help='tables and pictures of an older run')
    parser.add_argument('--cases', metavar='FILE',
                        help='a Python file with CASES, for all groups')
    args = parser.parse_args()
    signal.signal(signal.SIGTERM, interrupt)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        options = Options(os.environ, args.quick)
        try:
            os.makedirs(options.out, exist_ok=True)
        except OSError as error:
            raise BadOption('BENCH_OUT: %s: %s' % (options.out,
                                                   error.strerror))
        if args.csv:
            again(args.csv, options)
            return 0
        return bench(options, args.cases)
    except BadOption as error:
        print('bench: %s' % error, file=sys.stderr)
        return 2


if __name__ == '__main__':
    sys.exit(main())
