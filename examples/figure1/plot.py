"""plot.py FOLDER: what each FOLDER/*.txt of 06-figure1.sh has in use, by
bucket size and by type, as FOLDER/figure1.png."""

import glob
import os
import sys

import matplotlib
matplotlib.use('Agg')
from matplotlib import pyplot

TYPES_SHOWN = 8


def read(path):
    """The name, and lists of (bucket, kilobytes) and (type, kilobytes)."""
    buckets, types, rows = [], [], None
    with open(path) as file:
        name = file.readline().strip()
        for line in file:
            words = line.split()
            if line.startswith('Memory statistics by bucket size'):
                rows = buckets
            elif line.startswith('Memory statistics by type'):
                rows = types
            elif not words:
                rows = None if rows is types else rows
            elif words[0] in ('Size', 'Type') or rows is None:
                continue
            elif rows is buckets:
                buckets.append((words[0], int(words[4][:-1])))
            else:
                types.append((' '.join(words[:-4]), int(words[-3][:-1])))
    return name, buckets, types


def doublings(buckets):
    """Kilobytes by power of two: sizes between two count to the upper one."""
    sums = {}
    for size, kilobytes in buckets:
        first = int(size.split('-')[0])
        top = 16
        while top < first:
            top *= 2
        sums[top] = sums.get(top, 0) + kilobytes
    return sums


def label(size):
    return '%dK' % (size // 1024) if size >= 1024 else str(size)


def draw(axes, names, values, rows, title):
    axes.barh(range(len(values)), values, color='#c00000', height=0.75)
    axes.set_yticks(range(len(names)), names, fontsize=7)
    axes.tick_params(axis='x', labelsize=7)
    axes.set_ylim(rows - 0.4, -0.6)
    axes.grid(axis='x', alpha=0.3)
    axes.set_title(title, fontsize=9)


def main(folder):
    paths = sorted(glob.glob(os.path.join(folder, '*.txt')))
    if not paths:
        sys.exit('plot.py: no figures in %s' % folder)
    figure, axes = pyplot.subplots(len(paths), 2, squeeze=False,
                                   figsize=(9, 2.4 * len(paths)))
    tops = [16 << n for n in range(11)]
    for (left, right), path in zip(axes, paths):
        name, buckets, types = read(path)
        sums = doublings(buckets)
        draw(left, [label(top) if top < 16384 else 'pages' for top in tops],
             [sums.get(top, 0) / 1024 for top in tops], len(tops),
             '%s: MB in use by bucket size' % name)
        types = types[:TYPES_SHOWN]
        draw(right, [kind for kind, _ in types],
             [kilobytes / 1024 for _, kilobytes in types], TYPES_SHOWN,
             '%s: MB in use by type' % name)
    figure.tight_layout()
    figure.savefig(os.path.join(folder, 'figure1.png'), dpi=90)
    print(os.path.join(folder, 'figure1.png'))


if __name__ == '__main__':
    main(sys.argv[1])
