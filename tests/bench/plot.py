"""plot.py: results as pictures, by matplotlib."""

import table

COLOURS = {
    'glibc': '#888888',
    'kma': '#c00000',
    'kma-2': '#e06030',
    'kma-4': '#f0a060',
    'jemalloc': '#3070b0',
    'mimalloc': '#409040',
    'tcmalloc': '#8050a0',
}
MORE = ('#20a0a0', '#b09020', '#d060a0', '#604020', '#90b030', '#203060')


def colour(name, names):
    extra = [other for other in names if other not in COLOURS]
    if name in COLOURS:
        return COLOURS[name]
    return MORE[extra.index(name) % len(MORE)]


def bars(pyplot, group, rows, path):
    """For each case a bar an allocator: its figure / glibc's, logarithmic."""
    names = [name for name in table.columns(rows) if name != 'glibc']
    rows = [row for row in rows
            if any(table.ratio(row.get(name), row.get('glibc'), table.value)
                   for name in names)]
    if not rows:
        return False
    thick = 0.8 / len(names)
    figure, axes = pyplot.subplots(
        figsize=(9, 1.2 + len(rows) * (0.12 * len(names) + 0.12)))
    for i, name in enumerate(names):
        places, widths = [], []
        for j, row in enumerate(rows):
            x = table.ratio(row.get(name), row.get('glibc'), table.value)
            if x:
                places.append(j - 0.4 + thick * (i + 0.5))
                widths.append(x - 1)
        axes.barh(places, widths, height=thick * 0.9, left=1, label=name,
                  color=colour(name, names))
    axes.set_xscale('log', base=2)
    axes.xaxis.set_major_formatter('{x:g}')
    axes.axvline(1, color='black', linewidth=0.8)
    axes.set_yticks(range(len(rows)),
                    [next(iter(row.values())).case for row in rows],
                    fontsize=8)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.set_xlabel('ratio to glibc (left of 1 is better)')
    axes.set_title('(%s) %s' % (group, table.GROUPS[group]))
    axes.grid(axis='x', alpha=0.3)
    axes.legend(fontsize=8, loc='best')
    save(pyplot, figure, path)
    return True


def dots(pyplot, group, rows, path):
    """Time against memory, one dot an allocator: means of ratios to glibc."""
    names = table.columns(rows)
    timed = [row for row in rows
             if next(iter(row.values())).metric != 'rss']
    figure, axes = pyplot.subplots(figsize=(6, 5))
    drawn = 0
    for name in names:
        time, memory = (
            table.mean(table.ratio(row.get(name), row.get('glibc'), measure)
                       for row in timed)
            for measure in (table.value, table.memory))
        if time and memory:
            axes.scatter(time, memory, s=60, color=colour(name, names))
            axes.annotate(name, (time, memory), xytext=(6, 4),
                          textcoords='offset points', fontsize=9)
            drawn += 1
    axes.margins(0.2)
    axes.set_xlabel('time, geometric mean of the ratios to glibc')
    axes.set_ylabel('peak resident memory, the same')
    axes.set_title('(%s) %s: lower left is better'
                   % (group, table.GROUPS[group]))
    axes.axvline(1, color='black', linewidth=0.5)
    axes.axhline(1, color='black', linewidth=0.5)
    axes.grid(alpha=0.3)
    if drawn < 2:
        pyplot.close(figure)
        return False
    save(pyplot, figure, path)
    return True


def save(pyplot, figure, path):
    figure.tight_layout()
    # Without a date and a version: the same CSV gives the same file.
    figure.savefig(path, dpi=110, metadata={'Software': None})
    pyplot.close(figure)


def draw(results, groups, stem):
    """Writes STEM-GROUP.png and STEM-GROUP-memory.png; returns their paths.

    ImportError if there is no matplotlib.
    """
    import matplotlib
    matplotlib.use('Agg')
    from matplotlib import pyplot

    paths = []
    for group in groups:
        rows = results.group(group)
        pictures = [(bars, '%s-%s.png' % (stem, group))]
        if group != 'd':
            pictures.append((dots, '%s-%s-memory.png' % (stem, group)))
        for picture, path in pictures:
            if rows and picture(pyplot, group, rows, path):
                paths.append(path)
    return paths
