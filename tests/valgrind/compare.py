#!/usr/bin/env python3
"""compare.py: what memcheck says of a program, on two allocators.

compare.py PROGRAM FUNCTIONS GLIBC.xml LIBKMA.xml
compare.py PROGRAM FUNCTIONS LIBKMA.xml

Compares memcheck's XML of one program with glibc's malloc and with libkma's,
function by function (those named fault_... and clean_...), and writes TAP.
The file FUNCTIONS lists them. The two must say the same: kinds of errors, texts
with sizes and distances, counts, the program's own frames, in the same order;
and the same leaks by kind, bytes and blocks. A fault_ must have something said
of it, a clean_ nothing. With one file, the last word of a fault_ is the kind of
error that must be, and the only one.
"""
import re
import sys
import xml.etree.ElementTree as ElementTree

OWN = re.compile(r'^(fault|clean)_\w+')


def functions_of(stack):
    """The program's own frames, innermost first."""
    names = []
    for frame in stack.iter('frame'):
        name = frame.findtext('fn') or '???'
        name = re.sub(r'\(.*', '', name)
        if frame.findtext('obj', '').rsplit('/', 1)[-1] == sys.argv[1]:
            names.append(name)
    return names


def masked(text):
    """Without addresses and numbers of threads and records."""
    text = re.sub(r'0x[0-9a-fA-F]+', 'ADDR', text or '')
    text = re.sub(r'thread #?\d+', 'thread', text)
    return re.sub(r' in loss record .*', '', text)


def read(path):
    """{function: [what is said]}, in the order in which it is said."""
    root = ElementTree.parse(path).getroot()
    counts = {}
    for pair in root.iter('pair'):
        counts[pair.findtext('unique')] = pair.findtext('count')
    said = {}
    for error in root.iter('error'):
        leak = error.find('xwhat')
        words = [error.findtext('kind')]
        owner = None
        for part in error:
            if part.tag in ('what', 'auxwhat'):
                words.append(masked(part.text))
            elif part.tag == 'xwhat':
                words.append(masked(part.findtext('text')))
            elif part.tag == 'stack':
                names = functions_of(part)
                words.append(' < '.join(names))
                for name in names:
                    if owner is None and OWN.match(name):
                        owner = name
        if leak is None:
            words.append('%s times' %
                         counts.get(error.findtext('unique'), '1'))
        said.setdefault(owner, []).append(words)
    for function in said:
        # Loss records are sorted by bytes, and then as it happens.
        errors = [w for w in said[function] if not w[0].startswith('Leak_')]
        leaks = [w for w in said[function] if w[0].startswith('Leak_')]
        said[function] = errors + sorted(leaks)
    return said


def show(words):
    for word in words:
        print('# ' + word)


def alone(functions, said):
    """Whether what is said is what a function's name says."""
    for function in functions:
        kinds = {words[0] for words in said.get(function, [])}
        wanted = re.findall(r'^fault_[a-z_]*_([A-Z]\w*)$', function)
        good = kinds == set(wanted)
        print('%sok - %s: %s' % ('' if good else 'not ', function,
                                 ', '.join(sorted(kinds)) or 'nothing'))
        if not good:
            for words in said.get(function, []):
                show(words)


def main():
    with open(sys.argv[2], encoding='ascii') as file:
        functions = file.read().split()
    if len(sys.argv) == 4:
        alone(functions, read(sys.argv[3]))
        return
    glibc, kma = read(sys.argv[3]), read(sys.argv[4])
    others = (set(glibc) | set(kma)) - set(functions)
    for function in functions:
        theirs, ours = glibc.get(function, []), kma.get(function, [])
        good = ours == theirs
        if function.startswith('clean_') == bool(theirs):
            print('# on glibc %s is said of %s' %
                  ('something' if theirs else 'nothing', function))
            good = False
        what = ', '.join(sorted({w[0] for w in theirs})) or 'nothing'
        print('%sok - %s: %s, as on glibc' %
              ('' if good else 'not ', function, what))
        for words in theirs:
            if words not in ours:
                show(['on glibc only:'] + words)
        for words in ours:
            if words not in theirs:
                show(['on libkma only:'] + words)
    good = all(glibc.get(f) == kma.get(f) for f in others)
    print('%sok - what is said of no such function is the same' %
          ('' if good else 'not '))
    if not good:
        for f in others:
            for words in glibc.get(f, []) + kma.get(f, []):
                show([str(f)] + words)


main()
