# kma-gdb.py - gdb's commands for a program that runs under libkma, or its core.
#
#	(gdb) source /usr/share/kma/kma-gdb.py
#	(gdb) kma buckets		the lists: kma stat's first table
#	(gdb) kma types			memory by type: its second
#	(gdb) kma block ADDRESS		whose block is that, and in what state?
#	(gdb) kma check			do all invariants hold?
#
# Everything is read from memory, by the names and types of the library's debug
# information; nothing is called in the program, so that a core file will do.
# What holds is written above the structs in lib/*.h, and lib/*_check() are the
# same equations from inside; a change there is a change here.
#
# A program that was stopped in the midst of an operation has structures that
# are on their way from one state to another. Whoever changes them holds a lock
# or says that it is busy: what is wrong there is told, and not held against
# the library.

import gdb

MINALLOCSIZE = 16
STACK_END = 1
NOLIMIT = 2**64 - 1
MOST = 1 << 22          # members of a chain; one that is longer is none
TID_MASK = 0x3FFFFFFF   # of a robust futex: the thread that holds it


class Unreadable(Exception):
    """Memory that should be there is not."""


# --- memory, by the debug information ---------------------------------------


class Struct:
    """A struct of the library, read all at once: members as integers, lists
    of them, or Structs."""

    layouts = {}

    def __init__(self, lib, type_, address, data=None):
        self.lib, self.type, self.address = lib, type_, address
        self.data = lib.read(address, type_.sizeof) if data is None else data

    @classmethod
    def layout(cls, type_):
        name = str(type_)
        if name not in cls.layouts:
            cls.layouts[name] = {
                field.name: (
                    field.bitpos,
                    field.bitsize,
                    field.type.strip_typedefs(),
                )
                for field in type_.fields()
            }
        return cls.layouts[name]

    def offset(self, name):
        return self.layout(self.type)[name][0] // 8

    def __getitem__(self, name):
        bitpos, bitsize, type_ = self.layout(self.type)[name]
        offset, bit = divmod(bitpos, 8)
        if bitsize:
            word = self.data[offset : offset + type_.sizeof]
            return int.from_bytes(word, "little") >> bit & (1 << bitsize) - 1
        return self.lib.decode(
            type_,
            self.address + offset,
            self.data[offset : offset + type_.sizeof],
        )

    __getattr__ = __getitem__


class Library:
    """libkma in the program that gdb looks at."""

    def __init__(self):
        self.inferior = gdb.selected_inferior()
        self.objfile = self.find()
        self.constants = {}
        self.types = {}
        root = self.var("kma_root")
        self.shift = int.from_bytes(self.read(root.kr_pageshift, 4), "little")
        self.pagesize = 1 << self.shift
        self.base = self.var("kmembase")
        self.npages = self.var("kmempages")
        self.meta_base = self.var("meta_base")
        self.nlist = self.length("bucket")
        self.first = self.var("bucket_typed")
        self.limit = self.var("bucket_limit")
        self.runs = self.var("bucket_runs")
        self.first_limit = self.var("bucket_first_limit")
        self.ku_list = self.constant("KU_LIST")
        self.ku_typed = self.constant("KU_TYPED")
        self.buckets = [self.element("bucket", i) for i in range(self.nlist)]
        self.depots = [self.element("depot", i) for i in range(self.nlist)]
        self.sizes = self.table("kmemsizes", 1)
        self.usage = self.table("kmemusage", 4)

    def find(self):
        stripped = None
        for objfile in gdb.objfiles():
            if objfile.lookup_global_symbol("kma_root"):
                return objfile
            if "libkma.so" in (objfile.filename or ""):
                stripped = objfile.filename
        if stripped:
            raise gdb.GdbError(
                stripped + " has no debug information: these commands need "
                "a libkma that was built with -g and is not stripped"
            )
        raise gdb.GdbError("this program does not run under libkma")

    def read(self, address, length):
        try:
            return bytes(self.inferior.read_memory(address, length))
        except (gdb.MemoryError, gdb.error, OverflowError) as error:
            raise Unreadable(
                "cannot read %d bytes at %#x" % (length, address)
            ) from error

    def decode(self, type_, address, data):
        code = type_.code
        if code in (gdb.TYPE_CODE_STRUCT, gdb.TYPE_CODE_UNION):
            return Struct(self, type_, address, data)
        if code == gdb.TYPE_CODE_ARRAY:
            of = type_.target().strip_typedefs()
            return [
                self.decode(of, address + at, data[at : at + of.sizeof])
                for at in range(0, len(data), of.sizeof)
            ]
        signed = code == gdb.TYPE_CODE_INT and type_.is_signed
        return int.from_bytes(data, "little", signed=signed)

    def symbol(self, name):
        symbol = self.objfile.lookup_global_symbol(
            name
        ) or self.objfile.lookup_static_symbol(name)
        if symbol is None:
            raise gdb.GdbError("this libkma has no " + name)
        return symbol

    def constant(self, name):
        if name not in self.constants:
            self.constants[name] = int(self.symbol(name).value())
        return self.constants[name]

    def place(self, name):
        if name not in self.types:
            value = self.symbol(name).value()
            self.types[name] = (
                int(value.address),
                value.type.strip_typedefs(),
            )
        return self.types[name]

    def var(self, name):
        address, type_ = self.place(name)
        return self.decode(type_, address, self.read(address, type_.sizeof))

    def has(self, name):
        """Not every build has each table."""
        return bool(
            self.objfile.lookup_global_symbol(name)
            or self.objfile.lookup_static_symbol(name)
        )

    def is_guard(self, kind):
        return self.has("KU_GUARD") and kind == self.constant("KU_GUARD")

    def length(self, name):
        low, high = self.place(name)[1].range()
        return high - low + 1

    def element(self, name, number):
        address, type_ = self.place(name)
        of = type_.target().strip_typedefs()
        return Struct(self, of, address + number * of.sizeof)

    def struct(self, name, address):
        key = "struct " + name
        if key not in self.types:
            self.types[key] = gdb.lookup_type(key).strip_typedefs()
        return Struct(self, self.types[key], address)

    def words(self, address, count, size=8):
        data = self.read(address, count * size)
        form = {1: "B", 4: "I", 8: "Q"}[size]
        return list(memoryview(data).cast(form))

    def table(self, name, size):
        if self.npages == 0:
            return []
        return self.words(self.var(name), self.npages, size)

    def chain(self, address, name, link):
        """The structs of a list, by the member that leads to the next."""
        seen = set()
        while address:
            if address in seen or len(seen) > MOST:
                raise Unreadable("the list of struct %s is a circle" % name)
            seen.add(address)
            member = self.struct(name, address)
            yield member
            address = member[link]

    def meta(self, number):
        return self.meta_base + (number << 4)

    def number(self, address):
        return ((address - self.meta_base) >> 4) & 0xFFFFFFFF

    def page_address(self, page):
        return self.base + (page << self.shift)

    def isruns(self, indx):
        return self.runs <= indx < self.first_limit

    def lists(self):
        return range(self.first, self.limit)


# --- clusters, caches and depots --------------------------------------------


class Cluster:
    def __init__(self, lib, indx, number):
        self.kb = lib.buckets[indx]
        self.number = number
        self.head = lib.struct("kmemcluster", lib.meta(number))
        self.words = (self.kb.kb_elmpercl + 63) // 64
        start = self.head.address + self.head.offset("c_map")
        self.map = lib.words(start, self.words)
        self.tags = start + 8 * self.words
        if "kb_tags" in Struct.layout(self.kb.type):
            self.tags = self.head.address + self.kb.kb_tags
        self.address = lib.page_address(self.head.c_page)

    def isfree(self, block):
        return bool(self.map[block // 64] >> block % 64 & 1)


class Cache:
    """A thread's: its stacks, as lists of blocks."""

    def __init__(self, lib, head):
        self.lib, self.head = lib, head
        self.nostack = head.offset("kc_slot") // 8
        self.room = head.kc_room
        self.word = head.kc_word
        self.typed = head.kc_typed

    def top(self, indx):
        lib = self.lib
        if lib.ku_typed <= indx < lib.ku_list:
            return self.typed[indx - lib.ku_typed] & 0xFFFF
        return self.word[indx] & 0xFFFF

    def calls(self, indx):
        lib = self.lib
        if lib.ku_typed <= indx < lib.ku_list:
            return self.typed[indx - lib.ku_typed] >> 16
        return self.word[indx] >> 16

    def has_stack(self, indx):
        return self.top(indx) != self.nostack

    def slots(self, indx, first, count):
        return self.lib.words(self.head.address + 8 * first, count)

    def blocks(self, indx):
        first = self.lib.depots[indx].d_first
        count = self.top(indx) - first
        if not 0 <= count <= 0xFFFF:
            raise Unreadable("a stack that ends before it begins")
        return self.slots(indx, first + 1, count)

    def owner(self):
        word = self.head.kc_life.life_mutex["__data"]["__lock"]
        return word & TID_MASK

    def whose(self):
        return "the cache of thread %d" % self.owner()


def caches(lib):
    for head in lib.chain(lib.var("caches"), "kmemcache", "kc_next"):
        yield Cache(lib, head)


def batches(lib, indx):
    """Each batch of a list's depot, and its blocks."""
    for batch in lib.chain(lib.depots[indx].d_full, "batch", "b_next"):
        count = batch.b_count
        start = batch.address + batch.offset("b_block")
        yield batch, lib.words(start, min(count, 0xFFFF))


def cached_blocks(lib):
    """All blocks that are in caches: where each is."""
    where = {}
    for cache in caches(lib):
        for indx in lib.lists():
            if cache.has_stack(indx):
                for block in cache.blocks(indx):
                    where.setdefault(block, []).append(cache.whose())
        for run in cache.head.kc_run:
            if run.cr_npages:
                address = lib.page_address(run.cr_page)
                where.setdefault(address, []).append(cache.whose())
    for indx in lib.lists():
        for _, blocks in batches(lib, indx):
            for block in blocks:
                where.setdefault(block, []).append("a depot")
    return where


def text(data):
    return bytes(data).split(b"\0")[0].decode("utf-8", "replace")


def type_name(lib, number):
    if not 0 < number < lib.var("memtype_ntypes"):
        return "no type"
    return "type " + text(lib.element("memtype", number).ks_name)


# --- kma buckets, kma types -------------------------------------------------


def bucket_rows(lib):
    blocks = [0] * lib.nlist
    calls = [0] * lib.nlist
    for cache in caches(lib):
        for indx in lib.lists():
            calls[indx] += cache.calls(indx)
            if cache.has_stack(indx):
                blocks[indx] += len(cache.blocks(indx))
    for indx in lib.lists():
        kb = lib.buckets[indx]
        if kb.kb_elmpercl == 0:
            continue
        cached = blocks[indx] + lib.depots[indx].d_blocks
        free = kb.kb_totalfree + cached
        yield indx, kb.kb_size, kb.kb_total - free, free, (
            kb.kb_calls + calls[indx]
        ), kb.kb_highwat * kb.kb_elmpercl


def by_size(rows):
    """One row for each size, as in kma stat: typed lists and others."""
    table = {}
    for _, size, used, free, calls, high in rows:
        if calls == 0:
            high = 0
        was = table.get(size, (0, 0, 0, 0))
        table[size] = tuple(
            a + b for a, b in zip(was, (used, free, calls, high))
        )
    return sorted(item for item in table.items() if any(item[1][:3]))


def buckets(lib):
    rows = list(bucket_rows(lib))
    print("Memory statistics by bucket size")
    heads = ("Size", "In Use", "Free", "Requests", "High Water")
    print("%10s %10s %10s %12s %10s" % heads)
    small = [row for row in rows if not lib.isruns(row[0])]
    for size, (used, free, calls, high) in by_size(small):
        print("%10d %10d %10d %12d %10d" % (size, used, free, calls, high))
    print("Page runs, by length")
    runs = [row for row in rows if lib.isruns(row[0])]
    for size, (used, free, calls, _) in by_size(runs):
        print("%10d %10d %10d %12d %10d" % (size, used, free, calls, 0))
    listed = sum(
        lib.buckets[indx].kb_total // lib.buckets[indx].kb_elmpercl
        for indx, *_ in rows
    )
    held = sum(
        run.cr_npages != 0
        for cache in caches(lib)
        for run in cache.head.kc_run
    )
    longer = lib.var("pr_nruns") - listed - held
    calls = lib.buckets[lib.constant("KU_RUN")].kb_calls
    free = lib.var("pr_nfree")
    print("%10s %10d %10d %12d" % ("longer", longer, free, calls))


class Type:
    """A type's figures: what it counted itself, and what threads did."""

    def __init__(self, lib, number, counts):
        ks = lib.element("memtype", number)
        self.name = text(ks.ks_name)
        self.limit = ks.ks_limit
        self.taken = ks.ks_taken
        mine = [count[number] for count in counts]
        self.spare = sum(count.tc_spare for count in mine)
        self.low = sum(count.tc_low for count in mine)
        self.bytes = self.taken - self.spare
        self.inuse = ks.ks_inuse + sum(count.tc_inuse for count in mine)
        self.calls = ks.ks_calls + sum(count.tc_calls for count in mine)
        self.most = max(ks.ks_maxused, self.taken - self.low)
        self.waits = ks.ks_limblocks


def types(lib):
    ntypes = lib.var("memtype_ntypes")
    counts = []
    for cache in caches(lib):
        at = cache.head.kc_types
        if at:
            size = gdb.lookup_type("struct memtype_count").sizeof
            counts.append(
                [lib.struct("memtype_count", at + n * size)
                 for n in range(ntypes)]
            )
    return [Type(lib, number, counts) for number in range(1, ntypes)]


def type_table(lib):
    print("Memory statistics by type")
    print("%-20s %10s %10s %10s %10s %12s %11s" % (
        "Type", "In Use", "Mem Use", "High Use", "Limit", "Requests",
        "Limit Waits"))
    for t in types(lib):
        limit = "-" if t.limit == NOLIMIT else str(t.limit)
        print("%-20s %10d %10d %10d %10s %12d %11d" % (
            t.name, t.inuse, t.bytes, t.most, limit, t.calls, t.waits))


# --- what a mode that watches each block knows ------------------------------


def code_name(address):
    """An address in a program, as gdb says it: main + 20 in section .text."""
    said = gdb.execute("info symbol %#x" % address, False, True).strip()
    if said.startswith("No symbol"):
        return "%#x" % address
    return "%s" % said.replace(" in section .text", "")


class Tag:
    """The tag of a block: the number of its type, or all about it."""

    def __init__(self, lib, cluster, number):
        self.watched = lib.has("bucket_tagbytes") and (
            lib.var("bucket_tagbytes") > 1)
        if self.watched:
            step = lib.var("bucket_tagbytes")
            self.read(lib, cluster.tags + number * step)
        else:
            self.type = lib.read(cluster.tags + number, 1)[0]

    @classmethod
    def of_run(cls, lib, page):
        tag = cls.__new__(cls)
        tag.watched = lib.has("kmemtags") and lib.var("kmemtags") != 0
        if tag.watched:
            size = gdb.lookup_type("struct blocktag").sizeof
            tag.read(lib, lib.var("kmemtags") + page * size)
        else:
            tag.type = lib.usage[page + 1]
        return tag

    def read(self, lib, address):
        bt = lib.struct("blocktag", address)
        self.type = bt.bt_type
        self.size = bt.bt_high << 32 | bt.bt_size
        self.who, self.freer = bt.bt_alloc, bt.bt_free
        # Asked of blocks that are neither in a cluster nor in a cache.
        used = bt.bt_state == lib.constant("BLOCK_USED")
        self.state = "in use" if used else "free in the quarantine"

    def says(self, lib):
        """Its state, as a mode knows it."""
        words = self.state if self.watched else "in use"
        if self.type != 0:
            words += ", " + type_name(lib, self.type)
        return words

    def more(self):
        if not self.watched or not self.who:
            return
        print("%d bytes requested, allocated by %s" % (
            self.size, code_name(self.who)))
        if self.freer:
            print("last freed by " + code_name(self.freer))


# --- kma block --------------------------------------------------------------


def slab_state(lib, slab, cache, block):
    start = slab.address + slab.offset("s_map")
    free = lib.words(start, slab.s_words)
    out = lib.words(start + 8 * slab.s_words, slab.s_words)
    if free[block // 64] >> block % 64 & 1:
        return "free in its slab"
    if out[block // 64] >> block % 64 & 1:
        return "in use"
    return "free in a magazine"


class Where:
    """What there is at an address."""

    def __init__(self, lib):
        self.lib = lib
        self.cached = cached_blocks(lib)
        self.kinds = {
            lib.constant(name): name
            for name in (
                "KU_HOLE", "KU_CLEAN", "KU_DIRTY", "KU_CONT", "KU_RUN",
                "KU_HELD", "KU_SLAB", "KU_TYPEDRUN",
            )
        }

    def cached_state(self, address):
        places = self.cached.get(address)
        if places is None:
            return None
        state = "free in " + places[0]
        if len(places) > 1:
            state += ", and AGAIN in " + ", ".join(places[1:])
        return state

    def block_state(self, cluster, indx, number):
        lib = self.lib
        address = cluster.address + number * cluster.kb.kb_size
        if cluster.isfree(number):
            state = "free in its cluster"
            also = self.cached_state(address)
            return state if also is None else state + ", and AGAIN " + also
        state = self.cached_state(address)
        if state is not None:
            return state
        if indx >= lib.ku_list:
            return "in use"
        return Tag(lib, cluster, number).says(lib)

    def neighbour(self, which, cluster, indx, number):
        if 0 <= number < cluster.kb.kb_elmpercl:
            print("%s: block %d at %#x, %s" % (
                which, number,
                cluster.address + number * cluster.kb.kb_size,
                self.block_state(cluster, indx, number)))
        else:
            print("%s: none in this cluster" % which)

    def in_cluster(self, address, page, indx):
        lib = self.lib
        cluster = Cluster(lib, indx, lib.usage[page])
        size = cluster.kb.kb_size
        number, inside = divmod(address - cluster.address, size)
        if number >= cluster.kb.kb_elmpercl:
            print("%#x: behind the last block of a cluster of %d-byte blocks"
                  % (address, size))
            return
        self.tell(address, address - inside, size,
                  self.block_state(cluster, indx, number))
        if indx < lib.ku_list:
            Tag(lib, cluster, number).more()
        kind = "typed list" if indx < lib.ku_list else (
            "learned list" if indx >= lib.first_limit else "list")
        print("%s %d, block %d of %d in the cluster at %#x (%d pages, %d free)"
              % (kind, indx, number, cluster.kb.kb_elmpercl, cluster.address,
                 cluster.kb.kb_clpages, cluster.head.c_nfree))
        self.neighbour("before", cluster, indx, number - 1)
        self.neighbour("after", cluster, indx, number + 1)

    @staticmethod
    def tell(address, start, size, state):
        inside = address - start
        print("%#x: %s%d bytes at %#x, %s" % (
            address, "" if inside == 0 else "byte %d of " % inside, size,
            start, state))

    def in_slab(self, address, page):
        lib = self.lib
        slab = lib.struct("slab", lib.meta(lib.usage[page]))
        cache = lib.struct("kma_objcache", slab.s_cache)
        start = lib.page_address(slab.s_page)
        number, inside = divmod(address - start, cache.oc_stride)
        if number >= cache.oc_nobj:
            print("%#x: behind the last object of a slab" % address)
            return
        self.tell(address, address - inside, cache.oc_stride,
                  slab_state(lib, slab, cache, number))
        print("object %d of %d in the slab at %#x of the object cache at %#x, "
              "%s" % (number, cache.oc_nobj, start, cache.address,
                      type_name(lib, cache.oc_type)))

    def free_run(self, page):
        node = self.lib.var("pr_tree").rt_root
        while node:
            run = self.lib.struct("pagerun", node)
            if page < run.pr_page:
                node = run.pr_left
            elif page >= run.pr_page + run.pr_npages:
                node = run.pr_right
            else:
                return run
        return None

    def run_start(self, page):
        """The first page of the allocated run that page lies in."""
        lib = self.lib
        inner = ("KU_CLEAN", "KU_DIRTY", "KU_CONT")
        first = page
        while first > 0 and self.kinds.get(lib.sizes[first]) in inner:
            first -= 1
        return first if first + lib.usage[first] > page else None

    def run_state(self, first):
        lib = self.lib
        kind = self.kinds.get(lib.sizes[first])
        state = self.cached_state(lib.page_address(first))
        if state is not None:
            return state
        if kind == "KU_HELD":
            return "free, on its way to a cache"
        if kind == "KU_TYPEDRUN":
            return Tag.of_run(lib, first).says(lib)
        return "in use"

    def beside(self, which, page):
        lib = self.lib
        if not 0 <= page < lib.npages:
            print("%s: the end of the arena" % which)
            return
        run = self.free_run(page)
        if run is not None:
            print("%s: %d free pages at %#x" % (
                which, run.pr_npages, lib.page_address(run.pr_page)))
            return
        kind = lib.sizes[page]
        if lib.is_guard(kind):
            print("%s: a guard page" % which)
        elif kind == lib.constant("KU_HOLE"):
            print("%s: a hole, which is not ours" % which)
        elif kind == lib.constant("KU_SLAB"):
            print("%s: a slab of objects" % which)
        elif kind >= self.lib.first and not lib.isruns(kind):
            print("%s: a cluster of %d-byte blocks"
                  % (which, lib.buckets[kind].kb_size))
        else:
            first = self.run_start(page)
            if first is None:
                print("%s: pages on their way to the system" % which)
                return
            print("%s: a run of %d pages at %#x, %s" % (
                which, lib.usage[first], lib.page_address(first),
                self.run_state(first)))

    def in_pages(self, address, page):
        lib = self.lib
        run = self.free_run(page)
        if run is not None:
            start = run.pr_page
            state = "a free page run, %d of %d pages dirty" % (
                run.pr_ndirty, run.pr_npages)
            npages = run.pr_npages
        else:
            start = self.run_start(page)
            if start is None:
                print("%#x: in pages on their way to the system" % address)
                return
            npages, state = lib.usage[start], self.run_state(start)
        self.tell(address, lib.page_address(start), npages << lib.shift,
                  state)
        kind = lib.sizes[start]
        if self.kinds.get(kind) == "KU_TYPEDRUN":
            Tag.of_run(lib, start).more()
        if run is None:
            print("page run of %d pages, %s" % (
                npages, "list %d" % kind if lib.isruns(kind)
                else self.kinds.get(kind, "kind %d" % kind)))
        self.beside("before", start - 1)
        self.beside("after", start + npages)

    def outside(self, address):
        lib = self.lib
        if lib.meta_base <= address < lib.var("meta_next"):
            print("%#x: no block: libkma's own books" % address)
        else:
            print("%#x: no block of libkma's: not in its arena, %#x to %#x"
                  % (address, lib.base, lib.page_address(lib.npages)))

    def block(self, address):
        lib = self.lib
        page = (address - lib.base) >> lib.shift
        if not 0 <= page < lib.npages:
            self.outside(address)
            return
        kind = lib.sizes[page]
        if kind == lib.constant("KU_HOLE"):
            print("%#x: no block: a hole in the arena, which is not ours"
                  % address)
        elif lib.is_guard(kind):
            print("%#x: no block: a guard page" % address)
            self.beside("before", page - 1)
            self.beside("after", page + 1)
        elif kind == lib.constant("KU_SLAB"):
            self.in_slab(address, page)
        elif lib.first <= kind < lib.limit and not lib.isruns(kind):
            self.in_cluster(address, page, kind)
        else:
            self.in_pages(address, page)


# --- kma check --------------------------------------------------------------


class Check:
    """All invariants. What does not hold where a lock is held, or a thread is
    busy, is unsettled; what does not hold elsewhere is a fault."""

    def __init__(self, lib):
        self.lib = lib
        self.faults, self.unsettled = [], []
        self.settled = True
        self.counts = {}
        self.nodes = {}         # free runs of the tree, by their number
        self.inuse = self.nruns = 0
        self.moving = 0         # places where pages are on their way
        self.clusters = {}      # of each list, as the page table has them
        self.runs = {}
        self.held = set()
        self.locks = self.locks_held()

    # What is said.

    def count(self, what, n=1):
        self.counts[what] = self.counts.get(what, 0) + n

    def expect(self, holds, where, what, *args):
        if not holds:
            said = "%s: %s" % (where, what % args)
            (self.faults if self.settled else self.unsettled).append(said)
        return holds

    def equal(self, where, name, value, ought, why):
        return self.expect(value == ought, where, "%s = %d, but %s is %d",
                           name, value, why, ought)

    def guarded(self, where, lock, function, *args):
        """Checks what a lock guards."""
        self.settled = not (lock is not None and lock in self.locks)
        try:
            function(*args)
        except (Unreadable, IndexError) as error:
            self.expect(False, where, "%s", error)
        self.settled = True

    def locks_held(self):
        lib = self.lib
        held = set()
        for name in ("pr_lock", "learn_lock", "caches_lock", "meta_lock"):
            if lib.var(name).l_word:
                held.add(name)
        for indx in range(lib.nlist):
            if lib.buckets[indx].kb_lock.l_word:
                held.add("bucket %d" % indx)
            if lib.depots[indx].d_lock.l_word:
                held.add("depot %d" % indx)
        return held

    def name(self, indx):
        return "list %d (%d bytes)" % (indx, self.lib.buckets[indx].kb_size)

    # The arena and the books.

    def check_meta(self):
        lib = self.lib
        base, next_, mapped, limit = (
            lib.var("meta_" + name)
            for name in ("base", "next", "mapped", "limit")
        )
        self.expect(
            base <= next_ <= mapped <= limit, "meta",
            "meta_base <= meta_next <= meta_mapped <= meta_limit does not "
            "hold: %#x, %#x, %#x, %#x", base, next_, mapped, limit)
        self.expect(
            lib.page_address(lib.npages) <= lib.var("kmemlimit"), "arena",
            "kmempages = %d reaches beyond kmemlimit", lib.npages)
        self.expect(lib.base % lib.pagesize == 0, "arena",
                    "kmembase = %#x is no multiple of the page", lib.base)

    # Free page runs.

    def check_node(self, at, low, high):
        """The same as check() of runtree.c; what is below the node."""
        lib = self.lib
        stack = [(at, low, high, None)]
        order = []
        while stack:
            at, low, high, prio = stack.pop()
            if not at:
                continue
            if len(order) > MOST or lib.number(at) in self.nodes:
                raise Unreadable("the tree of free runs is none")
            run = lib.struct("pagerun", at)
            self.nodes[lib.number(at)] = run
            order.append(run)
            self.check_run(run, low, high, prio)
            page, npages = run.pr_page, run.pr_npages
            stack.append((run.pr_left, low, max(page - 1, 0), run.pr_prio))
            stack.append((run.pr_right, page + npages + 1, high, run.pr_prio))
        for run in reversed(order):
            self.check_sums(run)

    def check_run(self, run, low, high, prio):
        lib = self.lib
        where = "free run at page %d" % run.pr_page
        page, npages = run.pr_page, run.pr_npages
        self.expect(npages > 0, where, "pr_npages = 0")
        self.expect(low <= page and page + npages <= high, where,
                    "it is not between its neighbours of the tree, or touches "
                    "one (pr_npages = %d)", npages)
        self.expect(prio is None or run.pr_prio <= prio, where,
                    "pr_prio = %d is above its parent's", run.pr_prio)
        if not self.expect(page + npages <= lib.npages, where,
                           "it ends behind the arena"):
            return
        kinds = lib.sizes[page : page + npages]
        clean = kinds.count(lib.constant("KU_CLEAN"))
        dirty = kinds.count(lib.constant("KU_DIRTY"))
        self.expect(clean + dirty == npages, where,
                    "kmemsizes has %d of %d pages neither clean nor dirty",
                    npages - clean - dirty, npages)
        self.equal(where, "pr_ndirty", run.pr_ndirty, dirty,
                   "the count of its dirty pages")
        for at in (page, page + npages - 1):
            self.equal(where, "kmemusage[%d]" % at, lib.usage[at],
                       lib.number(run.address), "the run's number")

    def check_sums(self, run):
        lib = self.lib
        where = "free run at page %d" % run.pr_page
        most, dirty = run.pr_npages, run.pr_ndirty > 0
        for at in (run.pr_left, run.pr_right):
            child = self.nodes.get(lib.number(at)) if at else None
            if child is not None:
                self.expect(child.pr_parent == run.address, where,
                            "it is not the pr_parent of page %d's",
                            child.pr_page)
                most = max(most, child.pr_max)
                dirty = dirty or child.pr_anydirty
        self.equal(where, "pr_max", run.pr_max, most,
                   "the longest run below it")
        self.equal(where, "pr_anydirty", bool(run.pr_anydirty), dirty,
                   "what the runs below it say")

    def check_pageruns(self):
        lib = self.lib
        self.check_node(lib.var("pr_tree").rt_root, 0, 2**32)
        free = sum(run.pr_npages for run in self.nodes.values())
        dirty = sum(run.pr_ndirty for run in self.nodes.values())
        self.equal("page runs", "rt_ndirty", lib.var("pr_tree").rt_ndirty,
                   dirty, "the sum of the runs' dirty pages")
        self.count("free runs", len(self.nodes))
        made, carved = lib.var("node_made"), lib.var("node_carved")
        self.equal("page runs", "pr_nfree", lib.var("pr_nfree"),
                   len(self.nodes), "the count of runs in the tree")
        need = lib.var("pr_nruns") + lib.var("pr_nholes") + (lib.npages > 0)
        if lib.has("pr_nguards"):
            need += lib.var("pr_nguards")
        self.expect(made >= need, "page runs",
                    "node_made = %d, but runs, holes and one are %d",
                    made, need)
        self.expect(carved <= made, "page runs",
                    "node_carved = %d is above node_made = %d", carved, made)
        inuse, mapped = lib.var("pr_inuse"), lib.var("pr_mapped")
        self.expect(free + inuse <= mapped, "page runs",
                    "pr_inuse = %d and %d free pages are more than "
                    "pr_mapped = %d", inuse, free, mapped)
        self.expect(mapped <= lib.npages, "page runs",
                    "pr_mapped = %d is above kmempages = %d",
                    mapped, lib.npages)

    # The page table, from the first page to the last.

    def walk(self):
        lib = self.lib
        page = 0
        while page < lib.npages:
            page += self.walk_step(page, lib.sizes[page])
        where = "page table"
        if self.moving:
            return
        self.equal("page runs", "pr_inuse", lib.var("pr_inuse"), self.inuse,
                   "the count of allocated pages in the page table")
        self.equal("page runs", "pr_nruns", lib.var("pr_nruns"), self.nruns,
                   "the count of allocated runs in the page table")
        for indx in lib.lists():
            kb = lib.buckets[indx]
            if lib.isruns(indx):
                ought = self.runs.get(indx, 0)
                why = "the count of its runs in the page table"
            else:
                ought = self.clusters.get(indx, 0) * kb.kb_elmpercl
                why = "that of the blocks of its clusters in the page table"
            self.equal(self.name(indx), "kb_total", kb.kb_total, ought, why)
        held = {page: cache for cache in caches(lib) for page in (
            run.cr_page for run in cache.head.kc_run if run.cr_npages)}
        for page in self.held ^ set(held):
            self.expect(False, where, "page %d is held by %s, and %s", page,
                        "a cache" if page in held else "none",
                        "is KU_HELD" if page in self.held else "is not")

    def walk_step(self, page, kind):
        """What begins at a page: checks it, and says how long it is."""
        lib = self.lib
        where = "page %d" % page
        if kind == lib.constant("KU_HOLE"):
            return 1
        if lib.is_guard(kind):
            self.count("guard pages")
            return 1
        if kind in (lib.constant("KU_CLEAN"), lib.constant("KU_DIRTY")):
            run = self.nodes.get(lib.usage[page])
            if run is not None and run.pr_page == page and run.pr_npages:
                return run.pr_npages
            self.expect(self.moving, where, "it is free, but in no free run")
            return 1
        if kind == lib.constant("KU_CONT"):
            # Where pages go back to the system, without a lock.
            free = sum(run.pr_npages for run in self.nodes.values())
            self.moving += 1
            self.expect(
                free + lib.var("pr_inuse") < lib.var("pr_mapped"), where,
                "it is the last of a run that does not begin")
            return 1
        if kind == lib.constant("KU_SLAB"):
            return self.walk_slab(page, where)
        if lib.first <= kind < lib.limit and not lib.isruns(kind):
            return self.walk_cluster(page, kind)
        return self.walk_run(page, kind, where)

    def walk_run(self, page, kind, where):
        lib = self.lib
        npages = lib.usage[page]
        known = lib.isruns(kind) or kind in (
            lib.constant("KU_RUN"), lib.constant("KU_HELD"),
            lib.constant("KU_TYPEDRUN"))
        if not self.expect(known, where, "kmemsizes = %d is no kind", kind):
            return 1
        if not self.expect(0 < npages <= lib.npages - page, where,
                           "it begins a run of %d pages", npages):
            return 1
        self.expect(
            npages == 1 or
            lib.sizes[page + npages - 1] == lib.constant("KU_CONT"), where,
            "it begins a run of %d pages, but the last is none of its",
            npages)
        if lib.isruns(kind):
            self.equal(where, "kmemusage", npages,
                       lib.buckets[kind].kb_clpages, "the list's run")
            self.runs[kind] = self.runs.get(kind, 0) + 1
        if kind == lib.constant("KU_HELD"):
            self.held.add(page)
        self.found(npages, "allocated runs")
        return npages

    def found(self, npages, what):
        self.inuse += npages
        self.nruns += 1
        self.count(what)

    def walk_slab(self, page, where):
        lib = self.lib
        slab = lib.struct("slab", lib.meta(lib.usage[page]))
        if not self.expect(slab.s_cache != 0 and slab.s_page == page, where,
                           "its slab does not begin here, but at page %d",
                           slab.s_page):
            return 1
        npages = lib.struct("kma_objcache", slab.s_cache).oc_npages
        self.found(npages, "slabs")
        return max(npages, 1)

    def walk_cluster(self, page, indx):
        lib = self.lib
        where = self.name(indx) + ", cluster at page %d" % page
        kb = lib.buckets[indx]
        cluster = Cluster(lib, indx, lib.usage[page])
        self.settled = "bucket %d" % indx not in self.locks and not self.busy
        ours = self.expect(cluster.head.c_page == page, where,
                           "c_page = %d", cluster.head.c_page)
        npages = kb.kb_clpages if ours and kb.kb_clpages else 1
        if ours:
            self.check_cluster(where, cluster, indx)
        self.settled = not self.busy
        self.clusters[indx] = self.clusters.get(indx, 0) + 1
        self.found(npages, "clusters")
        return npages

    # Lists.

    def check_cluster(self, where, cluster, indx):
        lib = self.lib
        kb, head = cluster.kb, cluster.head
        bits = sum(bin(word).count("1") for word in cluster.map)
        self.equal(where, "c_nfree", head.c_nfree, bits,
                   "the count of bits in c_map")
        self.expect(head.c_nfree <= kb.kb_elmpercl, where,
                    "c_nfree = %d is above kb_elmpercl = %d",
                    head.c_nfree, kb.kb_elmpercl)
        self.expect(not any(cluster.map[: head.c_hint]), where,
                    "a bit of c_map is set below c_hint = %d", head.c_hint)
        rest = kb.kb_elmpercl % 64
        self.expect(not (rest and cluster.map[-1] >> rest), where,
                    "a bit of c_map is set behind the last block")
        for page in range(head.c_page, head.c_page + kb.kb_clpages):
            self.expect(lib.sizes[page] == indx, where,
                        "kmemsizes[%d] = %d", page, lib.sizes[page])
            self.expect(lib.usage[page] == cluster.number, where,
                        "kmemusage[%d] = %d, and the cluster is %d",
                        page, lib.usage[page], cluster.number)

    def check_list(self, indx):
        lib = self.lib
        kb, where = lib.buckets[indx], self.name(indx)
        number, prev, nfree, nempty = kb.kb_next, 0, 0, 0
        seen = set()
        while number:
            if number in seen:
                raise Unreadable("kb_next leads in a circle")
            seen.add(number)
            cluster = Cluster(lib, indx, number)
            head = cluster.head
            of = where + ", cluster at page %d" % head.c_page
            self.check_cluster(of, cluster, indx)
            self.expect(head.c_nfree > 0, of,
                        "it is on kb_next's list with c_nfree = 0")
            self.equal(of, "c_prev", head.c_prev, prev,
                       "the cluster before it")
            nfree += head.c_nfree
            nempty += head.c_nfree == kb.kb_elmpercl
            prev, number = number, head.c_next
        self.equal(where, "kb_totalfree", kb.kb_totalfree, nfree,
                   "the sum of c_nfree")
        self.equal(where, "kb_nempty", kb.kb_nempty, nempty,
                   "the count of its empty clusters")
        if kb.kb_elmpercl == 0:
            self.expect(kb.kb_total + kb.kb_stacks == 0, where,
                        "kb_elmpercl = 0, but kb_total = %d, kb_stacks = %d",
                        kb.kb_total, kb.kb_stacks)
            return
        self.count("lists")
        self.expect(kb.kb_total % kb.kb_elmpercl == 0, where,
                    "kb_total = %d is no multiple of kb_elmpercl = %d",
                    kb.kb_total, kb.kb_elmpercl)
        if indx >= lib.first_limit:
            stacks = sum(cache.has_stack(indx) for cache in caches(lib))
            self.settled = self.settled and not self.busy
            self.equal(where, "kb_stacks", kb.kb_stacks, stacks,
                       "the count of threads that have a stack of it")

    # Caches.

    def check_block(self, where, indx, block):
        """A free block: is it one, and nowhere else?"""
        lib = self.lib
        page = (block - lib.base) >> lib.shift
        if not self.expect(0 <= page < lib.npages and
                           lib.sizes[page] == indx, where,
                           "%#x is no block of it", block):
            return
        if lib.isruns(indx):
            start = block % lib.pagesize == 0
            free = False
        else:
            cluster = self.cluster_of(indx, lib.usage[page])
            number, inside = divmod(block - cluster.address,
                                    cluster.kb.kb_size)
            start = inside == 0 and number < cluster.kb.kb_elmpercl
            free = start and cluster.isfree(number)
        self.expect(start, where, "%#x is no start of a block", block)
        self.expect(not free, where,
                    "%#x is free in its cluster too (freed twice)", block)
        was = self.seen.get(block)
        self.seen[block] = where
        self.expect(was is None, where,
                    "%#x is there twice, or in %s too (freed twice)",
                    block, was)

    def cluster_of(self, indx, number):
        key = (indx, number)
        if key not in self.read_clusters:
            self.read_clusters[key] = Cluster(self.lib, indx, number)
        return self.read_clusters[key]

    def check_stack(self, cache, indx, where):
        lib = self.lib
        kb, depot = lib.buckets[indx], lib.depots[indx]
        first, room, top = depot.d_first, cache.room[indx], cache.top(indx)
        self.expect(1 <= room <= depot.d_room, where,
                    "kc_room = %d is not between 1 and %d",
                    room, depot.d_room)
        if not self.expect(first <= top <= first + room, where,
                           "top = %d is not between %d and %d",
                           top, first, first + room):
            return
        slots = cache.slots(indx, first, room + 2)
        self.expect(slots[0] == 0, where, "no NULL below the first block")
        self.expect(slots[room + 1] == STACK_END, where,
                    "no STACK_END above the last")
        head = cache.head
        for mine, its in (("kc_mask", "kb_mask"), ("kc_start", "kb_start"),
                          ("kc_bound", "kb_bound")):
            self.equal(where, mine, head[mine][indx], kb[its],
                       "the list's " + its)
        for block in slots[1 : top - first + 1]:
            self.check_block(where, indx, block)

    def check_cache(self, cache):
        lib = self.lib
        where = cache.whose()
        head = cache.head
        bottom = cache.slots(0, cache.nostack, 2)
        self.expect(bottom == [0, STACK_END], where,
                    "kc_slot does not begin with NULL and STACK_END")
        self.expect(head.kc_npages <= lib.npages or
                    head.kc_npages << lib.shift <=
                    lib.var("kmemlimit") - lib.base, where,
                    "kc_npages = %d is beyond the arena", head.kc_npages)
        nbytes = sum(run.cr_bytes for run in head.kc_run)
        for indx in lib.lists():
            if cache.has_stack(indx):
                self.count("stacks")
                nbytes += cache.room[indx] * lib.buckets[indx].kb_size
                self.check_stack(cache, indx,
                                 "%s, %s" % (where, self.name(indx)))
        self.equal(where, "kc_bytes", head.kc_bytes, nbytes,
                   "the sum of what its stacks have room for")

    def check_caches(self):
        lib = self.lib
        ncaches = 0
        self.seen, self.read_clusters = {}, {}
        for cache in caches(lib):
            ncaches += 1
            self.settled = not cache.head.kc_busy
            self.check_cache(cache)
            self.settled = True
        self.count("caches", ncaches)
        self.settled = "caches_lock" not in self.locks
        self.equal("caches", "ncaches", lib.var("ncaches"), ncaches,
                   "the length of the list")

    def check_depot(self, indx):
        depot = self.lib.depots[indx]
        where = "depot of " + self.name(indx)
        nfull = nblocks = 0
        for batch, blocks in batches(self.lib, indx):
            self.expect(0 < batch.b_count <= depot.d_batch, where,
                        "b_count = %d is not between 1 and %d",
                        batch.b_count, depot.d_batch)
            nfull += 1
            nblocks += batch.b_count
            for block in blocks:
                self.check_block(where, indx, block)
        self.count("batches", nfull)
        self.equal(where, "d_nfull", depot.d_nfull, nfull,
                   "the length of d_full")
        self.equal(where, "d_blocks", depot.d_blocks, nblocks,
                   "the sum of b_count")
        self.expect(depot.d_min <= depot.d_nfull, where,
                    "d_min = %d is above d_nfull = %d",
                    depot.d_min, depot.d_nfull)

    # Learned lists, types.

    def check_learned(self):
        lib = self.lib
        indx_of = lib.var("bucketindx")
        used = lib.constant("LEARNED_USED")
        gone = lib.constant("LEARNED_GONE")
        for n in range(lib.var("nlearned")):
            l = lib.element("learned", n)
            where = "learned list %d" % n
            self.count("learned lists")
            self.equal(where, "l_indx", l.l_indx, lib.first_limit + n,
                       "its number")
            kb = lib.buckets[l.l_indx]
            self.equal(where, "l_size", l.l_size, kb.kb_size,
                       "the list's kb_size")
            serves = indx_of[(l.l_size + MINALLOCSIZE - 1) //
                             MINALLOCSIZE] == l.l_indx
            self.equal(where, "l_state == LEARNED_USED", l.l_state == used,
                       serves, "whether bucketindx leads to it")
            self.equal(where, "l_state == LEARNED_GONE", l.l_state == gone,
                       kb.kb_elmpercl == 0, "whether there is no list")

    def check_types(self):
        for t in types(self.lib):
            self.count("types")
            where = "type " + t.name
            self.expect(t.spare <= t.taken, where,
                        "ks_taken = %d is less than the threads have to "
                        "spare, %d", t.taken, t.spare)
            self.expect(t.inuse >= 0, where, "%d blocks in use", t.inuse)
            self.expect(t.limit == NOLIMIT or t.bytes <= t.limit or
                        t.taken - t.spare <= t.limit, where,
                        "%d bytes in use are above ks_limit = %d",
                        t.bytes, t.limit)

    # Object caches.

    def check_slab(self, where, oc, slab, state):
        lib = self.lib
        start = slab.address + slab.offset("s_map")
        free = lib.words(start, slab.s_words)
        out = lib.words(start + 8 * slab.s_words, slab.s_words)
        bits = sum(bin(word).count("1") for word in free)
        self.expect(slab.s_cache == oc.address, where,
                    "s_cache = %#x is another cache", slab.s_cache)
        self.equal(where, "s_words", slab.s_words, (oc.oc_nobj + 63) // 64,
                   "the length of the map")
        self.equal(where, "s_nfree", slab.s_nfree, bits,
                   "the count of its free bits")
        ought = (
            "SLAB_FULL" if slab.s_nfree == 0 else
            "SLAB_EMPTY" if slab.s_nfree == oc.oc_nobj else "SLAB_PARTIAL")
        self.expect(state == ought, where,
                    "it is on the list of %s, and s_nfree = %d says %s",
                    state, slab.s_nfree, ought)
        self.expect(not any(f & o for f, o in zip(free, out)), where,
                    "an object is free and out at once")
        self.expect(not any(free[: slab.s_hint]), where,
                    "a free bit is set below s_hint = %d", slab.s_hint)
        rest = oc.oc_nobj % 64
        self.expect(not (rest and (free[-1] | out[-1]) >> rest), where,
                    "a bit is set behind the last object")
        for page in range(slab.s_page, slab.s_page + oc.oc_npages):
            self.expect(
                lib.sizes[page] == lib.constant("KU_SLAB") and
                lib.usage[page] == lib.number(slab.address), where,
                "page %d of it is not marked so", page)

    def check_magazines(self, where, oc):
        lib = self.lib
        for m in oc.oc_mag:
            self.settled = not m.m_lock.l_word
            self.expect(m.m_count <= oc.oc_rounds, where,
                        "a magazine's m_count = %d is above oc_rounds = %d",
                        m.m_count, oc.oc_rounds)
            for obj in m.m_obj[: m.m_count]:
                page = (obj - lib.base) >> lib.shift
                if not self.expect(
                        0 <= page < lib.npages and
                        lib.sizes[page] == lib.constant("KU_SLAB"), where,
                        "%#x in a magazine is no object", obj):
                    continue
                slab = lib.struct("slab", lib.meta(lib.usage[page]))
                number, inside = divmod(
                    obj - lib.page_address(slab.s_page), oc.oc_stride)
                self.expect(slab.s_cache == oc.address and inside == 0,
                            where, "%#x in a magazine is no object of it",
                            obj)
                self.expect(
                    slab_state(lib, slab, oc, number) == "free in a magazine",
                    where, "%#x is in a magazine, and %s", obj,
                    slab_state(lib, slab, oc, number))

    def check_objcache(self, oc):
        lib = self.lib
        where = "object cache at %#x" % oc.address
        self.count("object caches")
        self.check_magazines(where, oc)
        self.settled = not oc.oc_lock.l_word
        nslabs = nempty = nfree = 0
        for state in ("SLAB_EMPTY", "SLAB_PARTIAL", "SLAB_FULL"):
            at, prev = oc.oc_slabs[lib.constant(state)], 0
            for slab in lib.chain(at, "slab", "s_next"):
                of = where + ", slab at page %d" % slab.s_page
                self.check_slab(of, oc, slab, state)
                self.equal(of, "s_prev", slab.s_prev, prev,
                           "the slab before it")
                prev = slab.address
                nslabs += 1
                nempty += state == "SLAB_EMPTY"
                nfree += slab.s_nfree
        self.equal(where, "oc_nslabs", oc.oc_nslabs, nslabs,
                   "the count of its slabs")
        self.equal(where, "oc_nempty", oc.oc_nempty, nempty,
                   "the count of its empty slabs")
        self.equal(where, "oc_nfree", oc.oc_nfree, nfree, "the sum of s_nfree")

    def check_objcaches(self):
        lib = self.lib
        for oc in lib.chain(lib.var("objcaches"), "kma_objcache", "oc_next"):
            if oc.oc_lives:
                self.check_objcache(oc)

    # All of them.

    def all(self):
        lib = self.lib
        self.busy = bool(self.locks) or any(
            cache.head.kc_busy for cache in caches(lib))
        self.guarded("meta", "meta_lock", self.check_meta)
        self.guarded("page runs", "pr_lock", self.check_pageruns)
        for indx in lib.lists():
            if not lib.isruns(indx):
                self.guarded(self.name(indx), "bucket %d" % indx,
                             self.check_list, indx)
        self.guarded("caches", "caches_lock", self.check_caches)
        for indx in lib.lists():
            self.guarded("depot of " + self.name(indx), "depot %d" % indx,
                         self.check_depot, indx)
        self.guarded("learned lists", "learn_lock", self.check_learned)
        self.guarded("types", None, self.check_types)
        self.guarded("object caches", None, self.check_objcaches)
        if self.busy:
            self.locks.add("page table")
        self.guarded("page table", "page table", self.walk)
        self.report()

    def report(self):
        for said in self.faults:
            print("kma check: " + said)
        for said in self.unsettled:
            print("kma check: unsettled: " + said)
        if self.busy:
            print("kma check: a thread is in the midst of an operation%s; "
                  "what it changes is not judged" % "".join(
                      ", " + lock for lock in sorted(self.locks)
                      if lock != "page table"))
        gdb.set_convenience_variable("kma_faults", len(self.faults))
        if self.faults:
            raise gdb.GdbError("kma check: %d invariants do not hold"
                               % len(self.faults))
        print("kma check: all invariants hold: " + ", ".join(
            "%d %s" % (n, what) for what, n in self.counts.items() if n))


# --- commands ---------------------------------------------------------------


def library():
    if gdb.selected_inferior().pid == 0:
        raise gdb.GdbError("there is no process and no core file")
    return Library()


class Command(gdb.Command):
    def __init__(self, name, function):
        self.__doc__ = function.__doc__
        self.function = function
        super().__init__(name, gdb.COMMAND_DATA)

    def invoke(self, arg, from_tty):
        try:
            self.function(arg)
        except Unreadable as error:
            raise gdb.GdbError("libkma's tables make no sense: %s" % error)


def kma_buckets(arg):
    """The lists of libkma: blocks in use and free, requests.

The same figures as kma stat's, in a process or a core file."""
    buckets(library())


def kma_types(arg):
    """Memory by malloc type: blocks and bytes in use, most ever, limit."""
    type_table(library())


def kma_block(arg):
    """What an address is to libkma: its block, list, state and neighbours.

usage: kma block ADDRESS"""
    if not arg:
        raise gdb.GdbError("usage: kma block ADDRESS")
    address = int(gdb.parse_and_eval(arg)) & (2**64 - 1)
    Where(library()).block(address)


def kma_check(arg):
    """Checks all invariants of libkma, and says which do not hold.

$kma_faults is how many do not."""
    Check(library()).all()


class Kma(gdb.Command):
    """Looks into libkma: the allocator of this process, or core file."""

    def __init__(self):
        super().__init__("kma", gdb.COMMAND_DATA, gdb.COMPLETE_NONE, True)


Kma()
Command("kma buckets", kma_buckets)
Command("kma types", kma_types)
Command("kma block", kma_block)
Command("kma check", kma_check)
