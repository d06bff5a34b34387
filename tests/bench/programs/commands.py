"""commands.py: what redis-cli sends in the case of redis-server: keys of each
type, written, changed, read, cut and deleted, as Redis's own protocol.
"""

from programs.chance import Chance


def command(*words):
    parts = ['*%d\r\n' % len(words)]
    for word in words:
        word = str(word)
        parts.append('$%d\r\n%s\r\n' % (len(word), word))
    return ''.join(parts)


def one(chance, n):
    key, kind = chance.below(30000), chance.below(12)
    value = ('value%d' % n) * (1 + chance.below(chance.among((4, 20, 90))))
    if kind <= 3:
        return command('SET', 'str:%d' % key, value)
    if kind == 4:
        return command('APPEND', 'str:%d' % key, value[:50])
    if kind == 5:
        return (command('RPUSH', 'list:%d' % (key % 300), value, n)
                + command('LTRIM', 'list:%d' % (key % 300), -300, -1))
    if kind == 6:
        return command('HSET', 'hash:%d' % (key % 900),
                       'field%d' % (key % 97), value)
    if kind == 7:
        return command('SADD', 'set:%d' % (key % 300), 'member%d' % key)
    if kind == 8:
        return command('ZADD', 'zset:%d' % (key % 200), n % 1009,
                       'member%d' % (key % 1999))
    if kind == 9:
        return command('DEL', 'str:%d' % key, 'list:%d' % key)
    if kind == 10:
        return command('GET', 'str:%d' % key)
    return command('HGET', 'hash:%d' % (key % 900), 'field%d' % (key % 97))


def commands(count, seed=1988):
    chance = Chance(seed)
    return ''.join(one(chance, n) for n in range(count))
