"""result.py: the results, and the CSV that holds them.

The CSV has one line for each case and allocator. Lines in front of it that
begin with "#" say "key: value": the machine, the versions, the command.
"""

import csv
import os
from statistics import median

TEXT = ('group', 'case', 'unit', 'metric', 'allocator', 'kind')
SPREAD = ('value', 'cpu', 'wall')
PLAIN = ('rss', 'faults', 'major')
COLUMNS = (TEXT + ('rounds',)
           + tuple(name + end for name in SPREAD
                   for end in ('', '_min', '_max', '_mad'))
           + PLAIN + ('instructions', 'mark', 'explanation', 'note'))
WORDS = TEXT + ('mark', 'explanation', 'note')


class Cell:
    """One case on one allocator; an attribute for each column of the CSV.

    value is the case's figure, rss in KB; _mad is the median distance from
    the median. A cell with a mark has no figure that counts.
    """

    def __init__(self, **columns):
        self.samples = []
        for name in COLUMNS:
            default = '' if name in WORDS else None
            setattr(self, name, columns.get(name, default))

    def add(self, measure):
        self.samples.append(measure)
        self.rounds = len(self.samples)
        for name in SPREAD:
            values = [getattr(sample, name) for sample in self.samples]
            middle = median(values)
            setattr(self, name, middle)
            setattr(self, name + '_min', min(values))
            setattr(self, name + '_max', max(values))
            setattr(self, name + '_mad',
                    median(abs(value - middle) for value in values))
        for name in PLAIN:
            setattr(self, name, median(getattr(sample, name)
                                       for sample in self.samples))

    def fail(self, mark, explanation):
        self.mark = mark
        self.explanation = explanation

    @property
    def good(self):
        return not self.mark and self.value is not None


class Results:
    """head: (key, value) pairs; rows: the cells of each case, in order."""

    def __init__(self):
        self.head = []
        self.rows = {}

    def add_row(self, case, allocators):
        self.rows[case.key] = {
            allocator.name: Cell(
                group=case.group, case=case.name, unit=case.unit,
                metric=case.metric, allocator=allocator.name,
                kind=allocator.kind, note=case.note)
            for allocator in allocators if case.group in allocator.groups}

    def set_head(self, key, value):
        self.head = [pair for pair in self.head if pair[0] != key]
        self.head.append((key, value))

    def groups(self):
        return sorted({group for group, name in self.rows})

    def group(self, group):
        """The rows of a group."""
        return [row for key, row in self.rows.items() if key[0] == group]

    def write(self, path):
        """Replaces the file at once, so that it is never half written."""
        with open(path + '.new', 'w', encoding='utf-8', newline='') as file:
            for key, value in self.head:
                file.write('# %s: %s\n' % (key, value))
            writer = csv.writer(file, lineterminator='\n')
            writer.writerow(COLUMNS)
            for row in self.rows.values():
                for cell in row.values():
                    writer.writerow([written(getattr(cell, name))
                                     for name in COLUMNS])
        os.replace(path + '.new', path)


def written(value):
    if value is None:
        return ''
    return '%.6g' % value if isinstance(value, float) else value


def read(path):
    """The Results of a CSV; ValueError if it is none of ours."""
    results = Results()
    with open(path, encoding='utf-8', newline='') as file:
        lines = file.readlines()
    while lines and lines[0].startswith('# '):
        key, _, value = lines.pop(0)[2:].rstrip('\n').partition(': ')
        results.head.append((key, value))
    reader = csv.DictReader(lines)
    if tuple(reader.fieldnames or ()) != COLUMNS:
        raise ValueError('not a CSV of this bench')
    for line in reader:
        if None in line or None in line.values():
            raise ValueError('a line that is cut off')
        for name in COLUMNS:
            if name not in WORDS:
                line[name] = float(line[name]) if line[name] else None
        row = results.rows.setdefault((line['group'], line['case']), {})
        row[line['allocator']] = Cell(**line)
    return results
