"""table.py: results as text, one table a group."""

import re
from math import exp, log
from textwrap import fill

GROUPS = {
    'a': 'patterns',
    'b': 'classic workloads',
    'c': 'real programs',
    'd': 'memory',
    'e': 'scale',
}
WIDTH = 118                 # of the lines below a table
NOISY = 0.05                # spread, relative, that gets a mark
SLOWER, MUCH_SLOWER = 1.00, 1.10
LEGEND = ('kma/best: kma beside the best of glibc and Debian\'s allocators; '
          '* above %.2f, ** above %.2f.' % (SLOWER, MUCH_SLOWER))
LEGEND_ALL = 'kma/all: beside the best of all.'
LEGEND_NOISY = '~: a spread of more than %d %%.' % (NOISY * 100)
LEGEND_MEAN = '(n): without n cases that one of the two has no figure for.'


def value(cell):
    return cell.value


def memory(cell):
    return cell.rss


def instructions(cell):
    return cell.instructions


def number(x):
    """Three figures."""
    if x is None:
        return '-'
    if abs(x) >= 99.95:
        return '{:,.0f}'.format(x)
    if abs(x) >= 9.995:
        return '%.1f' % x
    if abs(x) >= 0.9995:
        return '%.2f' % x
    return '%.3f' % x if abs(x) >= 0.0995 or x == 0 else '%.3g' % x


def ratio(cell, base, measure):
    """cell / base, or None."""
    if not (cell and base and cell.good and base.good):
        return None
    if not measure(cell) or not measure(base):
        return None
    return measure(cell) / measure(base)


def mean(ratios):
    """The geometric mean, or None."""
    ratios = [x for x in ratios if x]
    return exp(sum(map(log, ratios)) / len(ratios)) if ratios else None


def columns(rows):
    """The allocators of a group's rows: name to kind, in order."""
    return {name: cell.kind for row in rows for name, cell in row.items()}


def best(row, kinds, measure):
    """The cell with the lowest figure among allocators of these kinds."""
    cells = [cell for cell in row.values()
             if cell.kind in kinds and cell.good and measure(cell)]
    return min(cells, key=measure, default=None)


def mark_slow(x):
    if x is None:
        return '-  '
    text = '%.2f' % x
    slow = float(text)
    return text + ('**' if slow > MUCH_SLOWER else
                   '* ' if slow > SLOWER else '  ')


class Table:
    """Lines of cells; the first `left' columns stand to the left."""

    def __init__(self, title, head, left):
        self.title = title
        self.lines = [head]
        self.left = left
        self.rules = []

    def add(self, line):
        self.lines.append(line)

    def rule(self):
        self.rules.append(len(self.lines))

    def text(self):
        widths = [max(len(line[i]) for line in self.lines)
                  for i in range(len(self.lines[0]))]
        out = [self.title]
        for i, line in enumerate(self.lines):
            if i == 1 or i in self.rules:
                out.append('-' * (sum(widths) + 2 * len(widths) - 2))
            out.append('  '.join(
                cell.ljust(width) if j < self.left else cell.rjust(width)
                for j, (cell, width) in enumerate(zip(line, widths))
            ).rstrip())
        return '\n'.join(out)


class Versus:
    """The columns that compare kma with the best."""

    def __init__(self, names):
        self.kinds = []
        if 'kma' in names:
            self.kinds.append(('kma/best  ', ('glibc', 'packaged')))
            if 'extra' in names.values():
                self.kinds.append(
                    ('kma/all  ', ('glibc', 'packaged', 'extra')))

    def head(self):
        return [title for title, kinds in self.kinds]

    def cells(self, row, measure):
        return [mark_slow(ratio(row.get('kma'), best(row, kinds, measure),
                                measure)) for title, kinds in self.kinds]

    def means(self, rows, measure):
        return [mark_slow(mean(
            ratio(row.get('kma'), best(row, kinds, measure), measure)
            for row in rows)) for title, kinds in self.kinds]


def figure(cell):
    if cell is None:
        return '  '
    if cell.mark:
        return cell.mark + ' '
    noisy = cell.value and (cell.value_mad or 0) / cell.value > NOISY
    return number(cell.value) + ('~' if noisy else ' ')


def mean_line(title, rows, names, measure):
    """Geometric means of the ratios to glibc."""
    cells = []
    skipped = sum(all(cell.mark == 'skipped' for cell in row.values())
                  for row in rows)
    for name in names:
        ratios = [ratio(row.get(name), row.get('glibc'), measure)
                  for row in rows]
        lacking = ratios.count(None) - skipped
        average = mean(ratios)
        cells.append('- ' if average is None else '%.3f%s ' % (
            average, '(%d)' % lacking if lacking else ''))
    return [title, ''] + cells


def figures(group, rows):
    """Groups a, b, d, e: the figures as they are."""
    names = columns(rows)
    versus = Versus(names)
    table = Table('(%s) %s' % (group, GROUPS[group]),
                  ['case', 'unit'] + [name + ' ' for name in names]
                  + versus.head(), 2)
    for row in rows:
        any_cell = next(iter(row.values()))
        table.add([any_cell.case, any_cell.unit]
                  + [figure(row.get(name)) for name in names]
                  + versus.cells(row, value))
    if group != 'd' and 'glibc' in names:
        timed = [row for row in rows
                 if next(iter(row.values())).metric != 'rss']
        table.rule()
        table.add(mean_line('time, mean ratio to glibc', timed, names, value)
                  + versus.means(timed, value))
        table.add(mean_line('peak memory, the same', rows, names, memory)
                  + versus.means(rows, memory))
    return [table]


def counts(group, rows):
    """The instructions, of the cases that they were counted for."""
    rows = [row for row in rows
            if any(cell.instructions for cell in row.values())]
    if not rows:
        return []
    names = columns(rows)
    versus = Versus(names)
    table = Table('(%s) %s: instructions' % (group, GROUPS[group]),
                  ['case'] + list(names) + versus.head(), 1)
    for row in rows:
        table.add([next(iter(row.values())).case]
                  + [number(row[name].instructions) if name in row else ''
                     for name in names]
                  + versus.cells(row, instructions))
    return [table]


def ratios(group, rows):
    """Group c: ratios to glibc, time and memory apart."""
    names = columns(rows)
    others = [name for name in names if name != 'glibc']
    versus = Versus(names)
    tables = []
    for what, unit, measure, scale in (
            ('time', 's', value, 1), ('peak memory', 'MB', memory, 1024)):
        table = Table('(%s) %s: %s as a ratio to glibc\'s'
                      % (group, GROUPS[group], what),
                      ['program', '', 'glibc, ' + unit + ' ']
                      + [name + ' ' for name in others] + versus.head(), 1)
        for row in rows:
            base = row.get('glibc')
            if base is None or base.mark:
                cells = [base.mark + ' ' if base else '  ']
            else:
                amount = measure(base)
                cells = [number(amount and amount / scale) + ' ']
            for name in others:
                cell = row.get(name)
                if cell is None or cell.mark:
                    cells.append(cell.mark + ' ' if cell else '  ')
                else:
                    x = ratio(cell, base, measure)
                    noisy = (measure is value and cell.value and
                             (cell.value_mad or 0) / cell.value > NOISY)
                    cells.append(('%.2f' % x if x else '-')
                                 + ('~' if noisy else ' '))
            any_cell = next(iter(row.values()))
            unit_shown = any_cell.unit if measure is value else ''
            table.add([any_cell.case,
                       '' if unit_shown == unit else unit_shown]
                      + cells + versus.cells(row, measure))
        table.rule()
        line = mean_line('geometric mean', rows, others, measure)
        table.add(line[:2] + [''] + line[2:] + versus.means(rows, measure))
        tables.append(table)
    return tables


def explanations(rows):
    """A line for each mark; what many cells share is said once."""
    said = {}
    for row in rows:
        for cell in row.values():
            if cell.mark or cell.explanation:
                names, cases = said.setdefault(
                    (cell.mark, cell.explanation), ([], []))
                names.append(cell.allocator)
                cases.append(cell.case)
    for (mark, line), (names, cases) in said.items():
        names, cases = list(dict.fromkeys(names)), list(dict.fromkeys(cases))
        who = '' if mark == 'skipped' else ', '.join(names)
        where = ', '.join(cases[:3])
        if len(cases) == len(rows) > 1:
            where = 'all cases'
        elif len(cases) > 3:
            where += ' and %d more' % (len(cases) - 3)
        yield ': '.join(part for part in (who, where, mark, line) if part)


def notes(rows):
    """The cases' notes; one that several cases share is said once."""
    said = {}
    for row in rows:
        cell = next(iter(row.values()))
        if cell.note:
            said.setdefault(cell.note, []).append(cell.case)
    for note, cases in said.items():
        yield '%s: %s' % (', '.join(cases), note)


def text(results, groups=None):
    """All tables, with what there is to say below each."""
    parts = []
    for group in groups or results.groups():
        rows = results.group(group)
        if not rows:
            continue
        tables = (ratios if group == 'c' else figures)(group, rows)
        tables += counts(group, rows)
        body = '\n\n'.join(table.text() for table in tables)
        legend = LEGEND
        if 'kma/all' in body:
            legend += ' ' + LEGEND_ALL
        if '~' in body:
            legend += ' ' + LEGEND_NOISY
        if re.search(r'\d\(\d+\) ', body):
            legend += ' ' + LEGEND_MEAN
        lines = [legend] + list(explanations(rows)) + list(notes(rows))
        parts.append(body + '\n\n' + '\n'.join(
            fill(line, WIDTH, subsequent_indent='    ') for line in lines))
    return '\n\n\n'.join(parts) + '\n'
