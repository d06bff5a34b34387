"""document.py: a big JSON document for jq, as a shop's orders might be."""

import json

from programs.chance import Chance


def order(chance, n):
    return {
        'id': n,
        'customer': {
            'name': 'customer %x' % chance.below(1 << 24),
            'city': 'city %d' % chance.below(120),
            'mail': '%x@example.org' % chance.below(1 << 28),
        },
        'day': '2024-%02d-%02d' % (chance.below(12) + 1, chance.below(28) + 1),
        'lines': [{
            'article': 'A%05d' % chance.below(4000),
            'count': chance.below(20) + 1,
            'price': chance.below(100000) / 100,
            'options': {'colour': chance.among(['red', 'green', 'blue', None]),
                        'gift': chance.below(9) == 0},
        } for _ in range(chance.below(8) + 1)],
        'comment': 'text ' * chance.below(30),
        'paid': chance.below(3) > 0,
    }


def orders(size, seed=1988):
    """At least so many bytes of them, as one array."""
    chance = Chance(seed)
    parts, length = [], 0
    while length < size:
        parts.append(json.dumps(order(chance, len(parts))))
        length += len(parts[-1])
    return '[' + ',\n'.join(parts) + ']\n'
