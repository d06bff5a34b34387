"""allocators.py: which allocators the bench compares."""

import os
import re
import subprocess

# Name, files to look for (the first that exists is taken), Debian's package.
PACKAGED = (
    ('jemalloc', ('libjemalloc.so.2',), 'libjemalloc2'),
    ('mimalloc', ('libmimalloc.so.2.0', 'libmimalloc.so.2'),
     'libmimalloc2.0'),
    ('tcmalloc', ('libtcmalloc_minimal.so.4',), 'libtcmalloc-minimal4'),
)
DIRECTORIES = (
    '/usr/lib/x86_64-linux-gnu',
    '/usr/lib/aarch64-linux-gnu',
    '/usr/lib64',
    '/usr/lib',
    '/usr/local/lib',
)
ALL_GROUPS = 'abcde'


class BadOption(Exception):
    """What the user asked for makes no sense; the text names the variable."""


class Allocator:
    """A column. Without a path it is the C library's own malloc.

    kind: 'glibc', 'kma' (ours, with options), 'packaged' or 'extra'.
    groups: the groups in which it has a column.
    """

    def __init__(self, name, path=None, env=None, kind='extra',
                 groups=ALL_GROUPS):
        self.name = name
        self.path = path
        self.env = dict(env or {})
        self.kind = kind
        self.groups = groups

    def fault(self):
        """Why it cannot be preloaded, as (mark, line), or None."""
        if self.path is None:
            return None
        if not os.path.exists(self.path):
            return ('missing', '%s is not there' % self.path)
        try:
            with open(self.path, 'rb') as file:
                magic = file.read(4)
        except OSError as error:
            return ('missing', '%s: %s' % (self.path, error.strerror))
        if magic != b'\x7fELF':
            return ('not ELF', '%s is not a shared library' % self.path)
        return None

    def version(self):
        """What is known of its version, for the head of the CSV."""
        if self.kind == 'glibc':
            return os.confstr('CS_GNU_LIBC_VERSION') or 'unknown'
        package = package_of(os.path.realpath(self.path))
        return package or 'unknown'


def package_of(path):
    """Debian's "package version" of an installed file, or None."""
    try:
        owner = subprocess.run(
            ['dpkg-query', '-S', path], capture_output=True, text=True,
            check=True).stdout.split(':')[0]
        return subprocess.run(
            ['dpkg-query', '-W', '-f', '${Package} ${Version}', owner],
            capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return None


def parse_extra(text):
    """BENCH_ALLOCATORS: name=path,... into a list of pairs."""
    pairs = []
    for item in text.split(','):
        name, equals, path = item.strip().partition('=')
        if not (equals and path and re.fullmatch(r'[\w.+-]+', name)):
            raise BadOption(
                'BENCH_ALLOCATORS: %r is not of the form name=path' % item)
        if name in [pair[0] for pair in pairs]:
            raise BadOption('BENCH_ALLOCATORS: %s stands there twice' % name)
        pairs.append((name, os.path.abspath(path)))
    return pairs


def find(libkma, extra=''):
    """The allocators of this machine, and lines about those left out.

    An allocator of BENCH_ALLOCATORS replaces one of the same name.
    """
    own = parse_extra(extra) if extra else []
    taken = [name for name, path in own]
    found = [
        Allocator('glibc', kind='glibc'),
        Allocator('kma', libkma, kind='kma'),
        Allocator('kma-1', libkma, {'KMA_OPTIONS': 'spacing=1'}, 'kma', 'cd'),
        Allocator('kma-2', libkma, {'KMA_OPTIONS': 'spacing=2'}, 'kma', 'cd'),
        Allocator('kma-4', libkma, {'KMA_OPTIONS': 'spacing=4'}, 'kma', 'cd'),
        Allocator('kma-diagnostic', libkma, {'KMA_OPTIONS': 'diagnostic'},
                  'kma', 'c'),
        Allocator('kma-hardened', libkma, {'KMA_OPTIONS': 'hardened'},
                  'kma', 'c'),
    ]
    for allocator in found:
        if allocator.name in taken:
            raise BadOption('BENCH_ALLOCATORS: the name %s is taken'
                            % allocator.name)
    lines = []
    for name, files, package in PACKAGED:
        if name in taken:
            continue
        paths = [os.path.join(directory, file)
                 for file in files for directory in DIRECTORIES]
        path = next(filter(os.path.exists, paths), None)
        if path:
            found.append(Allocator(name, path, kind='packaged'))
        else:
            lines.append('%s: not installed (Debian: %s)' % (name, package))
    found += [Allocator(name, path) for name, path in own]
    return found, lines
