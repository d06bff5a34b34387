#!/bin/sh
# tests/tools/gdb.sh: gdb's commands of tools/kma-gdb.py, on a process and on
# its core: blocks whose state the program states.c knows, the tables of kma
# stat, and each invariant broken in turn.

# shellcheck source=tests/tools/lib.sh
. "${KMA_SRCDIR:-.}/tests/tools/lib.sh"

# shellcheck source=tests/modes.sh
. "$KMA_SRCDIR/tests/modes.sh"
script=$KMA_SRCDIR/tools/kma-gdb.py
states=$KMA_BUILDDIR/tests/tools/states
command -v gdb >/dev/null ||
	skip_all 'gdb is not installed'
gdb -nx -q -batch -ex 'python print(gdb.VERSION)' >/dev/null 2>&1 ||
	skip_all 'this gdb has no python'

# look, ask NAME COMMAND WORDS ..., answers WHAT GDB-ARGS: gdb carries out all
# the commands, and what each prints has its words (a regular expression, with
# a bar for each end of a line). quietly COMMAND: one that is not asked anything.
look() {
	: >"$tmp/commands"
	asked=0
}

ask() {
	asked=$((asked + 1))
	printf 'python print("[[%d]]")\n%s\n' "$asked" "$2" >>"$tmp/commands"
	printf '%s\n' "$1" >"$tmp/name.$asked"
	printf '%s\n' "$3" >"$tmp/words.$asked"
}

quietly() {
	echo "$1" >>"$tmp/commands"
}

answers() {
	what=$1
	shift
	# A file of commands ends at the first that fails; these go on.
	sed -e 's/.*/python\ntry: gdb.execute(r"""&""")/' \
		-e 's/$/\nexcept gdb.error as e: print(e)\nend/' \
		"$tmp/commands" >"$tmp/all"
	timeout 120 gdb -nx -q -batch -ex "source $script" "$@" \
		-ex "source $tmp/all" >"$tmp/answers" 2>"$tmp/gdb.err"
	n=0
	while [ $n -lt $asked ]; do
		n=$((n + 1))
		sed -n "/^\[\[$n\]\]/,/^\[\[$((n + 1))\]\]/p" "$tmp/answers" |
			grep -v '^\[\[' >"$tmp/answer"
		read -r name <"$tmp/name.$n"
		cat "$tmp/gdb.err" >>"$tmp/answer"
		tr '\n' '|' <"$tmp/answer" | grep -qE -f "$tmp/words.$n"
		result "$what: $name" @"$tmp/answer"
	done
}

# The state of each block, as the program knows it.
blocks() {
	ask 'a block in use' 'kma block block_used' \
		'^0x[0-9a-f]+: 1024 bytes at 0x[0-9a-f]+, in use\|list '
	ask 'an address inside a block' 'kma block block_used + 7' \
		': byte 7 of 1024 bytes at .*, in use\|'
	ask 'its neighbours' 'kma block block_used' \
		'\|before: (block [0-9]+ at 0x|none).*\|after: (block|none)'
	ask 'a freed block is in its thread'"'"'s cache' \
		'kma block block_freed' \
		': 1024 bytes at .*, free in the cache of thread [0-9]+\|'
	ask 'and is the neighbour of the one before it' \
		'kma block block_used' \
		'\|after: block [0-9]+ at .*, free in the cache of thread'
	ask 'a block of another thread' \
		'print theirs_tid' '= [0-9]'
	ask 'that it freed' 'kma block block_theirs' \
		': 512 bytes at .*, free in the cache of thread [0-9]+\|'
	ask 'a block in its cluster' 'kma block block_home' \
		': 2048 bytes at .*, free in its cluster\|list '
	ask 'a block in a depot' \
		"kma block depot[KU_LIST + 2].d_full.b_block[0]" \
		': 64 bytes at .*, free in a depot\|'
	ask 'a block of a learned list' 'kma block block_learned' \
		': 80 bytes at .*, in use\|learned list '
	ask 'a block with a type' 'kma block block_typed' \
		': 128 bytes at .*, in use, type states\|typed list '
	ask 'a run with a type' 'kma block run_typed + 9000' \
		': byte 9000 of [0-9]+ bytes at .*, in use, type states\|'
	ask 'a long run' 'kma block run_used + 300000' \
		': byte 300000 of 602112 bytes .*, in use\|page run of 147 pag'
	ask 'the runs beside it' 'kma block run_used' \
		'\|before: a [^|]*\|after: a run of 98 pages at .*, free in the cac'
	ask 'a freed run that a cache holds' 'kma block run_held' \
		': 401408 bytes at .*, free in the cache of thread [0-9]+\|'
	ask 'free pages' 'kma block kmembase + (kmempages - 1) * 4096' \
		': byte [0-9]+ of [0-9]+ bytes at .*, a free page run, '
	ask 'an object in use' 'kma block object_used + 3' \
		': byte 3 of [0-9]+ bytes .*, in use\|object .*, type objects'
	ask 'a freed object' 'kma block object_freed' \
		', free in a magazine\|object '
	ask 'no block: the program'"'"'s data' 'kma block &not_ours' \
		': no block of libkma.s: not in its arena, 0x'
	ask 'no block: the books' 'kma block meta_base + 64' \
		": no block: libkma's own books"
	ask 'no address' 'kma block' '^usage: kma block ADDRESS'
	ask 'all invariants hold' 'kma check' \
		'^kma check: all invariants hold: .* free runs, .* lists, '
	ask 'and it has looked at everything' 'kma check' \
		'stacks.* 2 caches, .*batches.*learned.*types.*object c.*clusters'
}

# thread: the state of the other thread's block names that thread.
thread() {
	tid=$(sed -n 's/^\$[0-9]* = //p' "$tmp/answers" | head -n 1)
	grep -q "512 bytes at .*, free in the cache of thread ${tid:-none}\$" \
		"$tmp/answers"
	result "$1: that thread's number" "$tid"
}

# table FILE: kma stat's rows in the words of kma buckets and kma types.
table() {
	sed -n '/^Memory statistics by bucket/,/^ *longer/p
		/^Memory statistics by type/,/^Memory totals/p' "$1" |
		sed '/^Memory totals/d; /^\[Inferior/d' | cut -c 1-89 | sed 's/ *$//'
}

tables() {
	what=$1
	shift
	timeout 120 gdb -nx -q -batch -ex "source $script" "$@" \
		-ex 'echo \n' -ex 'kma buckets' -ex 'kma types' \
		>"$tmp/tables" 2>"$tmp/gdb.err"
	table "$tmp/tables" | diff "$tmp/stat" - >"$tmp/diff"
	result "$what: the tables are those of kma stat" @"$tmp/diff"
}

# broken NAME EXPRESSION VALUE WORDS: an invariant that gdb breaks; kma check
# says which, and is content again when it is mended.
broken() {
	quietly "set \$was = $2"
	quietly "set var $2 = $3"
	ask "$1: which" 'kma check' "^kma check: .*$4.*invariants do not hold"
	ask "$1: counted" 'print $kma_faults > 0' '= 1'
	quietly "set var $2 = \$was"
	ask "$1: holds again" 'kma check' '^kma check: all invariants hold'
}

invariants() {
	list='bucket[KU_LIST + 7]'
	cluster="((struct kmemcluster *)(meta_base + 16L * $list.kb_next))"
	depot='depot[KU_LIST + 2]'
	broken 'kb_totalfree' "$list.kb_totalfree" '$was + 1' \
		'2048 bytes.: kb_totalfree = [0-9]+, but the sum of c_nfree'
	broken 'kb_nempty' "$list.kb_nempty" 7 'kb_nempty = 7, but'
	broken 'kb_total' "$list.kb_total" '$was + 1' \
		'kb_total = [0-9]+ is no multiple of kb_elmpercl'
	broken 'kb_total, whole clusters' "$list.kb_total" \
		"\$was + $list.kb_elmpercl" \
		'kb_total = [0-9]+, but that of the blocks of its clusters'
	broken 'kb_stacks' 'bucket[bucket_limit - 1].kb_stacks' 5 \
		'kb_stacks = 5, but the count of threads'
	broken 'c_nfree' "$cluster.c_nfree" '$was - 1' \
		'cluster at page [0-9]+: c_nfree = [0-9]+, but the count of bits'
	broken 'c_map' "$cluster.c_map[0]" '$was ^ 1' 'but the count of bits'
	broken 'c_hint' "$cluster.c_hint" 1 \
		'(bit of c_map is set below c_hint = 1)'
	broken 'c_page' "$cluster.c_page" '$was + 1' 'c_page = '
	broken 'kmemsizes' "kmemsizes[$cluster.c_page + 1]" 40 \
		'kmemsizes\[[0-9]+\] = 40'
	broken 'kmemusage' "kmemusage[$cluster.c_page + 1]" 1 \
		'kmemusage\[[0-9]+\] = 1, and the cluster is'
	broken 'pr_inuse' pr_inuse '$was - 1' \
		'pr_inuse = [0-9]+, but the count of allocated pages'
	broken 'pr_nfree' pr_nfree '$was + 1' 'pr_nfree = [0-9]+, but'
	broken 'pr_nruns' pr_nruns '$was + 1' 'pr_nruns = [0-9]+, but'
	broken 'pr_mapped' pr_mapped '$was + 100000' \
		'pr_mapped = [0-9]+ is above kmempages'
	broken 'pr_max' pr_tree.rt_root.pr_max '$was + 1' \
		'free run at page [0-9]+: pr_max = '
	broken 'pr_ndirty' pr_tree.rt_root.pr_ndirty '$was + 1' \
		'pr_ndirty = [0-9]+, but the count of its dirty pages'
	broken 'pr_anydirty' pr_tree.rt_root.pr_anydirty '!$was' \
		'free run at page [0-9]+: pr_anydirty = '
	broken 'rt_ndirty' pr_tree.rt_ndirty '$was + 1' \
		'rt_ndirty = [0-9]+, but the sum'
	broken 'pr_parent' pr_tree.rt_root.pr_left.pr_parent 0 \
		'is not the pr_parent of page [0-9]+'
	broken 'pr_prio' pr_tree.rt_root.pr_prio 0 'is above its parent'
	broken 'kc_bytes' caches.kc_bytes '$was + 16' \
		'cache of thread [0-9]+: kc_bytes = '
	broken 'a sentinel' 'caches.kc_slot[1]' 0 \
		'kc_slot does not begin with NULL and STACK_END'
	broken 'a mask' 'caches.kc_mask[KU_LIST + 5]' 0 'kc_mask = 0, but'
	broken 'd_nfull' "$depot.d_nfull" '$was + 1' \
		'depot of list [0-9]+ \(64 bytes\): d_nfull = '
	broken 'd_blocks' "$depot.d_blocks" 0 'd_blocks = 0, but the sum'
	broken 'a block in two places' "$depot.d_full.b_block[0]" \
		"$depot.d_full.b_block[1]" 'is there twice.*freed twice'
	broken 'a block that is none' "$depot.d_full.b_block[0]" \
		'$was + 8' 'is no start of a block'
	broken 'ncaches' ncaches 9 'ncaches = 9, but'
	broken 'l_size' 'learned[0].l_size' 96 'learned list 0: l_size = 96'
	broken 'ks_taken' 'memtype[1].ks_taken' 0 'ks_taken = 0 is less than'
	broken 'ks_limit' 'memtype[1].ks_limit' 16 'are above ks_limit = 16'
	broken 'oc_nfree' objcaches.oc_nfree '$was + 1' 'oc_nfree = '
	broken 's_nfree' 'objcaches.oc_slabs[SLAB_PARTIAL].s_nfree' \
		'$was - 1' 's_nfree = [0-9]+, but the count of its free bits'
	broken 'meta_next' meta_next 0 'meta_base <= meta_next'
	broken 'kb_next' "$list.kb_next" 0xfffffff \
		'2048 bytes.: cannot read [0-9]+ bytes'
	quietly "set var $list.kb_lock.l_word = 1"
	quietly "set var $list.kb_nempty = 7"
	ask 'what a held lock guards is no fault' 'kma check' \
		'unsettled: list .*kb_nempty = 7.*in the midst of an operation, bu'
	quietly "set var $list.kb_lock.l_word = 0"
	ask 'it is one once the lock is released' 'kma check' \
		'kb_nempty = 7.*1 invariants do not hold'
}

begin "$states"
"$kma" stat "$pid" >"$tmp/stat.whole"
table "$tmp/stat.whole" >"$tmp/stat"
set -- -p "$pid"
tables 'a process' "$@"
look
blocks
answers 'a process' "$@"
thread 'a process'

timeout 60 gcore -o "$tmp/core" "$pid" >"$tmp/log" 2>&1
result 'gcore' @"$tmp/log"
set -- "$states" "$tmp/core.$pid"
tables 'its core' "$@"
look
blocks
answers 'its core' "$@"
thread 'its core'

look
invariants
answers 'broken' -p "$pid"
finish

# Modes: one that watches each block knows who allocated it.
modes /dev/null | grep -E '^(accounting|diagnostic|hardened)' >"$tmp/modes"
while IFS= read -r mode <&9; do
	begin env KMA_OPTIONS="$mode" "$states"
	look
	ask 'a block' 'kma block block_used' ': 1024 bytes at .*, in use'
	ask 'a run' 'kma block run_used + 5000' ': byte 5000 of [0-9]+ bytes'
	ask 'all invariants hold' 'kma check' 'all invariants hold'
	case $mode in
	accounting*)
		ask 'whose' 'kma block block_used' 'in use, type states'
		;;
	*)
		ask 'how long, and whose' 'kma block block_used' \
			'1000 bytes requested, allocated by main'
		ask 'and who freed it' 'kma block block_freed' \
			'last freed by main'
		;;
	esac
	answers "$mode" -p "$pid"
	finish
done 9<"$tmp/modes"

# Where nothing can be known, it says so.
objcopy --strip-debug "$LIBKMA" "$tmp/libkma.so.0" 2>"$tmp/log"
begin env LD_PRELOAD="$tmp/libkma.so.0" "$subject" quiet 64 10
look
ask 'says so' 'kma check' 'has no debug information: these commands need'
answers 'without debug information' -p "$pid"
finish
begin "$subject" quiet 64 10
look
ask 'says so' 'kma buckets' '^this program does not run under libkma'
answers 'without libkma' -p "$pid"
finish
look
ask 'says so' 'kma types' '^there is no process and no core file'
answers 'without a program'
plan
