# work.py: what Python programs do with memory: JSON documents, objects of
# classes, dictionaries, regular expressions, strings that grow, a sort, an
# LRU cache.  usage: work.py ROUNDS

import hashlib
import json
import re
import sys
from collections import Counter, OrderedDict, defaultdict

seed = 1988


def rnd(n):
    global seed
    seed = (seed * 16807) % 2147483647
    return seed % n


class Node:
    def __init__(self, key, value):
        self.key = key
        self.value = value
        self.left = None
        self.right = None


class Tree:
    """A binary search tree without balance: the keys come shuffled."""

    def __init__(self):
        self.root = None
        self.size = 0

    def insert(self, key, value):
        if self.root is None:
            self.root = Node(key, value)
            self.size = 1
            return
        node = self.root
        while node.key != key:
            side = "left" if key < node.key else "right"
            child = getattr(node, side)
            if child is None:
                setattr(node, side, Node(key, value))
                self.size += 1
                return
            node = child
        node.value = value

    def walk(self):
        stack, node = [], self.root
        while stack or node:
            while node:
                stack.append(node)
                node = node.left
            node = stack.pop()
            yield node.key, node.value
            node = node.right


def record(n):
    return {
        "id": n,
        "name": "user %x" % rnd(1 << 30),
        "score": rnd(100000) / 7,
        "tags": ["tag%d" % rnd(500) for _ in range(rnd(8))],
        "address": {"street": "s" * rnd(40), "number": rnd(200),
                    "geo": [rnd(360) - 180.5, rnd(180) - 90.25]},
        "active": n % 3 == 0,
        "note": None if n % 5 else "n" * rnd(300),
    }


def documents():
    text = json.dumps([record(n) for n in range(15000)])
    back = json.loads(text)
    by_tag = defaultdict(list)
    for entry in back:
        for tag in entry["tags"]:
            by_tag[tag].append(entry["id"])
    return json.dumps(by_tag, sort_keys=True) + text


def objects():
    tree = Tree()
    for n in range(30000):
        tree.insert(rnd(1 << 24), [n, str(n)])
    return ",".join("%d=%s" % (k, v[1]) for k, v in tree.walk())


def expressions():
    line = re.compile(r"(?P<host>[\w.]+) - \[(?P<day>\d+)/(?P<month>\w{3})\] "
                      r'"(?P<verb>GET|POST) (?P<path>[^ "]+)" (?P<code>\d{3})')
    log = "\n".join(
        'host%d.example.org - [%02d/%s] "%s /path/%x/%s" %d' % (
            rnd(99), rnd(28) + 1, ("Jan", "Feb", "Mar")[rnd(3)],
            ("GET", "POST", "PUT")[rnd(3)], rnd(1 << 20), "p" * rnd(60),
            200 + rnd(300)) for _ in range(12000))
    hits = [m.groupdict() for m in map(line.match, log.split("\n")) if m]
    counts = Counter((h["host"], h["code"][0]) for h in hits)
    return repr(sorted(counts.items())) + re.sub(r"p{9,}", "<long>", log)


def strings():
    words, text = {}, []
    for n in range(60000):
        word = "%x" % rnd(40000)
        words[word] = words.get(word, "") + word[:3]
        text.append(word.upper() if n % 7 == 0 else word)
    joined = " ".join(text)
    parts = joined.replace("a", "--").split("-")
    return "".join(sorted(parts)) + "".join(words[w] for w in sorted(words))


def cache():
    kept, misses = OrderedDict(), 0
    for _ in range(50000):
        key = rnd(60) * rnd(60) * rnd(8)
        if key in kept:
            kept.move_to_end(key)
            continue
        misses += 1
        kept[key] = bytes(200 + key % 3000)
        if len(kept) > 1500:
            kept.popitem(last=False)
    return "%d %d" % (misses, sum(len(v) for v in kept.values()))


for _ in range(int(sys.argv[1])):
    for part in documents, objects, expressions, strings, cache:
        print(part.__name__, hashlib.sha256(part().encode()).hexdigest())
