"""smt.py: problems for z3, in SMT-LIB: schedules (linear integers), circuits
(bit vectors), memories (arrays), terms under quantifiers. The script resets
the solver between problems.
"""

from programs.chance import Chance


def schedule(chance, jobs, machines):
    """Jobs that share machines, each through all of them in its own order."""
    lines, starts = [], {}
    length = [[chance.below(9) + 1 for _ in range(machines)]
              for _ in range(jobs)]
    for job in range(jobs):
        for machine in range(machines):
            name = 's%d_%d' % (job, machine)
            starts[job, machine] = name
            lines.append('(declare-const %s Int)' % name)
            lines.append('(assert (>= %s 0))' % name)
    for job in range(jobs):
        order = sorted(range(machines), key=lambda _: chance.below(1 << 20))
        for first, then in zip(order, order[1:]):
            lines.append('(assert (>= (- %s %s) %d))' % (
                starts[job, then], starts[job, first], length[job][first]))
    for machine in range(machines):
        for a in range(jobs):
            for b in range(a):
                s, t = starts[a, machine], starts[b, machine]
                lines.append('(assert (or (>= (- %s %s) %d) (>= (- %s %s) '
                             '%d)))' % (s, t, length[b][machine],
                                        t, s, length[a][machine]))
    total = max(sum(row[m] for row in length) for m in range(machines))
    for slack in (12, 6, 2, 0):
        lines.append('(push)')
        for (job, machine), name in starts.items():
            lines.append('(assert (<= %s %d))' % (
                name, total + slack - length[job][machine]))
        lines += ['(check-sat)', '(pop)']
    return lines


def circuit(chance, bits):
    """Two ways to compute one product: are they ever different?"""
    half, word = bits // 2, '(_ BitVec %d)' % bits
    lines = ['(declare-const %s %s)' % (name, word) for name in 'xy']
    rows = ['(ite (= ((_ extract %d %d) y) #b1) (bvshl x (_ bv%d %d)) '
            '(_ bv0 %d))' % (n, n, n, bits, bits) for n in range(bits)]
    rows.sort(key=lambda _: chance.below(1 << 20))
    total = rows[0]
    for row in rows[1:]:
        total = '(bvadd %s %s)' % (total, row)
    lines.append('(assert (not (= (bvmul x y) %s)))' % total)
    for name in 'xy':
        lines.append('(assert (bvult %s (_ bv%d %d)))' % (
            name, (1 << half) + chance.below(1 << half), bits))
    lines.append('(check-sat)')
    return lines


def memory(chance, writes):
    """A chain of writes in two orders, then a read that must agree."""
    lines = ['(declare-const m0 (Array Int Int))']
    lines += ['(declare-const i%d Int)' % n for n in range(writes)]
    lines += ['(declare-const v%d Int)' % n for n in range(writes)]
    lines.append('(declare-const at Int)')
    order = sorted(range(writes), key=lambda _: chance.below(1 << 20))
    chains = []
    for way in range(writes), order:
        term = 'm0'
        for n in way:
            term = '(store %s i%d v%d)' % (term, n, n)
        chains.append(term)
    lines.append('(assert (distinct %s))' % ' '.join(
        'i%d' % n for n in range(writes)))
    lines.append('(assert (not (= (select %s at) (select %s at))))' %
                 tuple(chains))
    lines.append('(check-sat)')
    return lines


def terms(chance, facts):
    """An order on terms that is transitive: does the last follow?"""
    lines = ['(declare-sort Thing)', '(declare-fun f (Thing) Thing)',
             '(declare-fun less (Thing Thing) Bool)',
             '(assert (forall ((x Thing) (y Thing) (z Thing)) (! (=> (and '
             '(less x y) (less y z)) (less x z)) '
             ':pattern ((less x y) (less y z)))))',
             '(assert (forall ((x Thing) (y Thing)) (! (=> (less x y) '
             '(less (f x) (f y))) :pattern ((f x) (f y) (less x y)))))']
    lines += ['(declare-const t%d Thing)' % n for n in range(facts)]
    for n in range(facts - 1):
        lines.append('(assert (less t%d t%d))' % (n, n + 1))
    for _ in range(facts):
        a = chance.below(facts - 1)
        b = a + 1 + chance.below(facts - a - 1)
        lines.append('(assert (less (f t%d) (f t%d)))' % (a, b))
    lines.append('(assert (not (less (f t0) (f t%d))))' % (facts - 1))
    lines.append('(check-sat)')
    return lines


def script(seed=1988):
    chance = Chance(seed)
    problems = [schedule(chance, jobs, 5) for jobs in (9, 12)]
    problems += [circuit(chance, bits) for bits in (8, 10, 12)]
    problems += [memory(chance, writes) for writes in (40, 80)]
    problems += [terms(chance, facts) for facts in (60, 100, 140)]
    return '\n(reset)\n'.join('\n'.join(lines) for lines in problems) + '\n'
