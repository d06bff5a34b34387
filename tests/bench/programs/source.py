"""source.py: sources for the compilers: C with many functions, and C++ that
leans on templates and the standard library's headers.
"""

from programs.chance import Chance

TYPES = ('int', 'long', 'unsigned', 'double', 'short')


def expression(chance, names, depth):
    if depth == 0 or chance.below(5) == 0:
        return (chance.among(names) if chance.below(3)
                else str(chance.below(1000) + 1))
    left = expression(chance, names, depth - 1)
    right = expression(chance, names, depth - 1)
    return '(%s %s %s)' % (left, chance.among('+-*^|&'), right)


def condition(chance, names):
    return '%s %s %s' % (expression(chance, names, 1),
                         chance.among(['<', '>', '==', '!=']),
                         expression(chance, names, 1))


def statements(chance, names, depth, indent):
    """A block's statements, nested so deep, as lines."""
    tab = '\t' * indent
    lines = []
    for _ in range(3 + chance.below(4)):
        kind = chance.below(7) if depth else 0
        target = chance.among(names)
        value = expression(chance, names, 2)
        if kind <= 2:
            lines.append('%s%s = %s;' % (tab, target, value))
        elif kind == 3:
            lines.append('%sif (%s) {' % (tab, condition(chance, names)))
            lines += statements(chance, names, depth - 1, indent + 1)
            lines.append('%s}' % tab)
        elif kind == 4:
            i = 'i%d' % indent
            lines.append('%sfor (long %s = 0; %s < %s %% 64; %s++) {' % (
                tab, i, i, target, i))
            lines.append('%s\tr->table[%s & 15] += %s + %s;' % (
                tab, i, value, i))
            lines += statements(chance, names, depth - 1, indent + 1)
            lines.append('%s}' % tab)
        elif kind == 5:
            lines.append('%sswitch (%s & 7) {' % (tab, target))
            for case in range(6):
                lines.append('%scase %d:' % (tab, case))
                lines.append('%s\t%s = %s;' % (
                    tab, chance.among(names), expression(chance, names, 2)))
                lines.append('%s\tbreak;' % tab)
            lines.append('%s}' % tab)
        else:
            lines.append('%sprintf("%%ld %%s\\n", %s, r->name);' % (
                tab, target))
    return lines


def c_source(functions, seed=1988):
    chance = Chance(seed)
    lines = ['#include <math.h>', '#include <stdio.h>', '#include <stdlib.h>',
             '#include <string.h>', '']
    for n in range(functions):
        lines.append('struct record%d {' % n)
        for member in range(3 + chance.below(8)):
            lines.append('\t%s member%d;' % (chance.among(TYPES), member))
        lines += ['\tchar name[%d];' % (8 + chance.below(64)),
                  '\tlong table[16];', '};', '']
        if n:
            lines.append('long function%d(struct record%d *, long, long);' % (
                n - 1, n - 1))
        lines.append('long')
        lines.append('function%d(struct record%d *r, long a, long b)' % (n, n))
        lines += ['{', '\tlong c = a + b, d = r->member0, e = r->member1;', '']
        lines += statements(chance, 'abcde', 3, 1)
        if n:
            lines.append('\tc += function%d((void *)r->table, d, e);' % (n - 1))
        lines += ['\tstrncpy(r->name, "function%d", sizeof(r->name));' % n,
                  '\treturn (a ^ b ^ c ^ d ^ e);', '}', '']
    return '\n'.join(lines)


CXX_OPENING = '''\
#include <algorithm>
#include <functional>
#include <iostream>
#include <map>
#include <memory>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <tuple>
#include <unordered_map>
#include <variant>
#include <vector>

template <int N> struct Number : Number<N - 1> {
    long value() const { return N + Number<N - 1>::value(); }
};
template <> struct Number<0> {
    long value() const { return 0; }
};

template <typename... T> std::string join(const T &...parts)
{
    std::ostringstream out;
    ((out << parts << ' '), ...);
    return out.str();
}
'''

CXX_PART = '''\
struct Item{n} {{
    std::string name;
    {type} amount;
    std::vector<std::pair<std::string, {type}>> parts;
    bool operator<(const Item{n} &o) const
    {{
        return std::tie(amount, name) < std::tie(o.amount, o.name);
    }}
}};

class Store{n} {{
    std::map<std::string, std::unique_ptr<Item{n}>> items;
    std::unordered_map<{type}, std::set<std::string>> names;
    std::variant<{type}, std::string, Item{n}> last;
public:
    void add(Item{n} item)
    {{
        names[item.amount].insert(item.name);
        last = item;
        items[item.name] = std::make_unique<Item{n}>(std::move(item));
    }}
    template <typename F> auto each(F f) const
    {{
        std::vector<decltype(f(std::declval<const Item{n} &>()))> out;
        for (const auto &[name, item] : items)
            out.push_back(f(*item));
        std::sort(out.begin(), out.end());
        return out;
    }}
    std::string text() const
    {{
        auto sizes = each([](const Item{n} &i) {{ return i.parts.size(); }});
        auto sums = each([](const Item{n} &i) {{
            {type} sum = {k};
            for (auto &part : i.parts)
                sum += part.second;
            return std::make_tuple(sum, i.name, Number<{k}>().value());
        }});
        std::function<std::string(size_t)> show = [&](size_t at) {{
            return join(sizes[at], std::get<0>(sums[at]), {k},
                std::get<1>(sums[at]), "store{n}");
        }};
        return show(0) + show(sums.size() - 1);
    }}
}};
template class std::vector<Item{n}>;
'''


def cxx_source(parts, seed=1988):
    chance = Chance(seed)
    return CXX_OPENING + ''.join(
        CXX_PART.format(n=n, type=chance.among(TYPES),
                        k=chance.below(60) + 20)
        for n in range(parts))
