"""run.py: one run of one case on one allocator, checked."""

import os
import re
import signal
import subprocess

PREFLIGHT_LIMIT = 5
COUNT_FACTOR = 5            # callgrind's limit, in timeouts of the case
PRINTED = re.compile(r'(figure|cpu|wall|rss|faults) ([0-9.eE+-]+)$')
DROPPED = re.compile(r'(LD_|BENCH_|KMA_|MALLOC_|MIMALLOC_|TCMALLOC_|MAKE|'
                     r'GLIBC_TUNABLES|MFLAGS|PYTHONMALLOC)')


class Failure(Exception):
    """A run that gives no figure: the mark of its cell, and why."""

    def __init__(self, mark, line):
        super().__init__(line)
        self.mark = mark
        self.line = line


class Measure:
    """What a run took: seconds, KB, page faults, and the case's figure."""

    def __init__(self, wall, user, system, rss, minor, major):
        self.wall = float(wall)
        self.cpu = float(user) + float(system)
        self.rss = float(rss)
        self.faults = float(minor) + float(major)
        self.major = float(major)
        self.figure = None
        self.value = None


class Runner:
    """Starts programs; knows where everything is."""

    def __init__(self, binaries, source, work):
        self.work = work
        self.places = {'{bin}': binaries, '{src}': source, '{work}': work}
        self.launcher = os.path.join(binaries, 'launch')
        self.probe = os.path.join(binaries, '.libs', 'probe.so')
        self.seen = os.path.join(work, 'run.probe')
        self.line = os.path.join(work, 'run.line')
        self.stdout = os.path.join(work, 'run.stdout')
        self.stderr = os.path.join(work, 'run.stderr')
        self.counts = os.path.join(work, 'run.callgrind')
        self.env = {name: value for name, value in os.environ.items()
                    if not DROPPED.match(name)}
        self.env.update(LC_ALL='C', BENCH_PROBE=self.seen,
                        BENCH_LAUNCH=self.launcher)

    def preflight(self, allocator):
        """Raises Failure if not even `true' runs on the allocator."""
        self.launch(['true'], allocator, {}, True, PREFLIGHT_LIMIT)

    def run(self, case, allocator):
        """One run: a Measure, or Failure."""
        measure = self.launch(self.argv(case.argv), allocator, case.env,
                              case.preload, case.timeout)
        for name, value in self.printed():
            setattr(measure, name, value)
        measure.value = getattr(measure, case.metric)
        if measure.value is None:
            raise Failure('no figure', 'it printed no figure')
        return measure

    def count(self, case, allocator):
        """The instructions of the case's short form, or Failure."""
        count = self.callgrind(case, case.count, allocator)
        if case.count_base:
            count -= self.callgrind(case, case.count_base, allocator)
        return count / case.count_ops

    def callgrind(self, case, argv, allocator):
        self.remove(self.counts)
        self.launch(['valgrind', '-q', '--tool=callgrind',
                     '--callgrind-out-file=' + self.counts] + self.argv(argv),
                    allocator, case.env, True, case.timeout * COUNT_FACTOR)
        with open(self.counts, encoding='utf-8', errors='replace') as file:
            for line in file:
                if line.startswith('totals:'):
                    return float(line.split()[1])
        raise Failure('no count', 'callgrind wrote no count')

    def argv(self, argv):
        return [self.fill(str(arg)) for arg in argv]

    def fill(self, text):
        for place, path in self.places.items():
            text = text.replace(place, path)
        return text

    def launch(self, argv, allocator, env, preloaded, limit):
        for path in (self.seen, self.line):
            self.remove(path)
        preload = self.probe
        if allocator.path:
            preload += ':' + allocator.path
        command = [self.launcher, '-t', str(limit), '-o', self.line]
        if preloaded:
            command += ['-e', 'LD_PRELOAD=' + preload]
        full = dict(self.env, BENCH_PRELOAD=preload)
        full.update({name: self.fill(str(value))
                     for name, value in env.items()})
        full.update(allocator.env)
        with open(self.stdout, 'wb') as out, open(self.stderr, 'wb') as err:
            process = subprocess.Popen(
                command + ['--'] + argv, stdin=subprocess.DEVNULL, stdout=out,
                stderr=err, cwd=self.work, env=full)
            try:
                process.wait()
            except BaseException:
                stop(process)
                raise
        return self.judge(allocator, limit)

    def judge(self, allocator, limit):
        """A Measure from the launcher's line, or Failure."""
        words = read(self.line).split()
        if len(words) != 8:
            raise Failure('no start', self.complaint() or 'it did not start')
        how, number = words[6], int(words[7])
        if how == 'timeout':
            raise Failure('hang', 'not done after %g s, killed' % limit)
        if how == 'signal':
            name = signal_name(number)
            raise Failure('crash: ' + name,
                          self.complaint() or 'killed by ' + name)
        if number != 0:
            raise Failure('exit %d' % number,
                          self.complaint() or 'exit status %d' % number)
        self.check_probe(allocator)
        return Measure(*words[:6])

    def check_probe(self, allocator):
        """Every process must have had the allocator's malloc."""
        paths = [line[len('malloc '):] for line in read(self.seen).split('\n')
                 if line]
        if not paths:
            raise Failure('not loaded', self.complaint()
                          or 'no process said where its malloc is')
        for path in paths:
            real = os.path.realpath(path)
            if allocator.path is None:
                good = re.match(r'(libc[.-]|ld-musl)', os.path.basename(real))
            else:
                good = real == os.path.realpath(allocator.path)
            if not good:
                raise Failure('not loaded', self.complaint()
                              or 'its malloc is that of ' + path)

    def printed(self):
        """The figures that stand at the end of the output."""
        with open(self.stdout, 'rb') as file:
            file.seek(max(0, os.path.getsize(self.stdout) - 1024))
            lines = file.read().decode(errors='replace').splitlines()
        for line in reversed(lines):
            match = PRINTED.match(line)
            if not match:
                return
            try:
                yield match.group(1), float(match.group(2))
            except ValueError:
                return

    def complaint(self):
        """What was last said on standard error."""
        lines = [line.strip() for line in read(self.stderr).split('\n')]
        lines = [line for line in lines if line]
        return lines[-1][:160] if lines else ''

    @staticmethod
    def remove(path):
        if os.path.exists(path):
            os.remove(path)


def read(path):
    try:
        with open(path, encoding='utf-8', errors='replace') as file:
            return file.read()
    except FileNotFoundError:
        return ''


def signal_name(number):
    try:
        return signal.Signals(number).name
    except ValueError:
        return 'signal %d' % number


def stop(process):
    """The launcher passes SIGTERM on, and kills what does not heed it."""
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
