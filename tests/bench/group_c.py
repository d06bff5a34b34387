"""group_c.py: real programs, each with some work that is typical for it.

The figure is the processor time of the program (of a server: with all its
processes, without its clients). programs/ has the inputs, or what generates
them. Every run's output must be the same as on the C library's allocator.
"""

import os
import shutil
import subprocess

from case import Case
from programs import commands, document, smt, source

PROGRAMS = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'programs')
LIMIT = 120


def compiler(program, driver, package):
    """The path of GCC's compiler proper, and what the case needs."""
    path = ''
    if shutil.which(driver):
        path = subprocess.run(
            [driver, '-print-prog-name=' + program], capture_output=True,
            text=True, check=False).stdout.strip()
    need = path if os.path.isabs(path) else program
    return path or program, ((need, package), driver)


def write(*path, text):
    with open(os.path.join(*path), 'w', encoding='utf-8') as file:
        file.write(text)


def scripted(script, name, arguments=(), *, requires, inputs=None, env=None,
             **more):
    """A case that a script in programs/ runs, in a folder of its own.

    The setup's run, outside the bench, leaves the output to compare with.
    """
    folder = name.replace(' ', '-')

    def setup(work):
        path = os.path.join(work, folder)
        shutil.rmtree(path, ignore_errors=True)
        os.mkdir(path)
        if inputs:
            inputs(path)
        clean = {key: value for key, value in os.environ.items()
                 if not key.startswith(('BENCH_', 'LD_', 'PYTHON'))}
        subprocess.run(
            ['sh', os.path.join(PROGRAMS, script), path, *arguments],
            env=dict(clean, LC_ALL='C', **(env or {})), check=True,
            stdin=subprocess.DEVNULL, timeout=LIMIT)

    argv = ['sh', '{src}/programs/' + script, '{work}/' + folder]
    return Case('c', name, argv + list(arguments), 's', preload=False,
                env=env, requires=requires, setup=setup, timeout=LIMIT,
                **more)


def program(name, *argv, requires=(), **more):
    return scripted('measure.sh', name, argv,
                    requires=requires or (argv[0],), **more)


def file(name):
    return os.path.join(PROGRAMS, name)


def c_input(path):
    write(path, 'input.c', text=source.c_source(90))
    preprocess(path, 'gcc', 'input.c', 'input.i')


def cxx_input(cxx):
    def inputs(path):
        write(path, 'input.cc', text=source.cxx_source(4))
        preprocess(path, cxx, '-std=c++17', 'input.cc', 'input.ii')
    return inputs


def preprocess(path, driver, *names):
    subprocess.run([driver, '-E', *names[:-1], '-o', names[-1]],
                   cwd=path, check=True)


# Not whatever comes first in PATH, which may be a script that looks for one.
PYTHON = '/usr/bin/python3'
PYTHON_ENV = {'PYTHONHASHSEED': '0', 'PYTHONDONTWRITEBYTECODE': '1'}
NEEDS_PYTHON = ((PYTHON, 'python3'),)
CC1, NEEDS_CC1 = compiler('cc1', 'gcc', 'gcc')
CC1PLUS, NEEDS_CC1PLUS = compiler('cc1plus', 'g++', 'g++')

CASES = [
    program('z3', 'z3', '-smt2', 'input.smt2',
            inputs=lambda path: write(path, 'input.smt2', text=smt.script())),
    program('ghostscript', 'gs', '-q', '-dSAFER', '-dBATCH', '-dNOPAUSE',
            '-dPages=16', '-r100', '-sDEVICE=ppmraw',
            '-sOutputFile=/dev/null', file('pages.ps'),
            requires=('gs',)),
    program('ghostscript to PDF', 'gs', '-q', '-dSAFER', '-dBATCH',
            '-dNOPAUSE', '-dPages=20', '-sDEVICE=pdfwrite',
            '-sOutputFile=/dev/null', file('pages.ps'),
            requires=('gs',)),
    program('python', PYTHON, file('work.py'), '2', env=PYTHON_ENV,
            requires=NEEDS_PYTHON, quick=True),
    program('python, malloc', PYTHON, file('work.py'), '3',
            env=dict(PYTHON_ENV, PYTHONMALLOC='malloc'),
            requires=NEEDS_PYTHON,
            note='PYTHONMALLOC=malloc: without its own small-object pools'),
    program('perl', 'perl', file('work.pl'), '3',
            env={'PERL_HASH_SEED': '0'}, quick=True),
    program('lua', 'lua5.4', file('work.lua'), '3', quick=True),
    program('sqlite3', 'sqlite3', '-batch', ':memory:',
            '.read ' + file('work.sql'), quick=True),
    program('jq', 'jq', '-f', file('shop.jq'), 'orders.json',
            inputs=lambda path: write(path, 'orders.json',
                                      text=document.orders(20 << 20))),
    program('cc1', CC1, '-quiet', '-fpreprocessed', '-O2', 'input.i',
            '-o', '-', requires=NEEDS_CC1, inputs=c_input),
    program('cc1plus', CC1PLUS, '-quiet', '-fpreprocessed', '-std=c++17',
            '-O1', 'input.ii', '-o', '-', requires=NEEDS_CC1PLUS,
            inputs=cxx_input('g++')),
    program('clang', 'clang++', '-std=c++17', '-O1', '-x', 'c++-cpp-output',
            '-c', 'input.ii', '-o', '-', requires=(('clang++', 'clang'),),
            inputs=cxx_input('clang++')),
    program('ruby', 'ruby', file('work.rb'), '4'),
    program('node', 'node', file('work.js'), '2', requires=('node',)),
    scripted('redis.sh', 'redis',
             requires=('redis-server', 'redis-cli'),
             inputs=lambda path: write(path, 'commands',
                                       text=commands.commands(800000)),
             note='the server alone'),
    scripted('postgresql.sh', 'postgresql',
             requires=(('/usr/lib/postgresql', 'postgresql'), 'psql',
                       'pgbench', ('setpriv', 'util-linux')),
             note='the server with its processes; memory: of the largest'),
]
