#!/bin/sh
# tests/cost/instructions.sh: counts the instructions of malloc and free, and
# holds those of libkma against bars.txt.
#
# Callgrind counts instructions one by one, so that the figures are the same
# in every run and on a busy machine. It runs the program's real allocator
# (unlike memcheck it replaces nothing), which is checked. pairs.c has the
# method; a figure is for one malloc and one free, at the caller: both calls,
# what the PLT adds, and the returns, without the loop around them. `true' is
# a whole process.
#
# BENCH_ALLOCATORS=NAME=LIBRARY,...	puts more allocators into the table
# BENCH_ONLY=1				the table only, without the comparison

. "${KMA_SRCDIR:-.}/tests/tap.sh"

pairs=$KMA_BUILDDIR/tests/cost/pairs
bars=$KMA_SRCDIR/tests/cost/bars.txt
options=

filler=$(i=0
	while [ $i -lt 40 ]; do
		i=$((i + 1))
		echo "VARIABLE_$i=value"
	done)

# count LIBRARY NAME COMMAND [ARGS]: runs it under callgrind on LIBRARY, or on
# libc's malloc; the counts lie in $tmp/NAME.cg*, the output in $tmp/NAME.out.
# Reading the environment takes instructions (some 500 each variable, in the
# dynamic linker), so that it always is one of forty variables, like that of a
# desktop's shell.  So does the length of a path (15 a character), and the
# library is found by a short one.
count() {
	preload=
	if [ -n "$1" ]; then
		preload=$tmp/preload.so
		ln -sf "$1" "$preload"
	fi
	into=$tmp/$2
	shift 2
	rm -f "$into".cg*
	# shellcheck disable=SC2086
	env -i PATH="$PATH" LC_ALL=C LD_PRELOAD="$preload" $filler \
	    ${options:+KMA_OPTIONS=$options} \
	    valgrind -q --tool=callgrind --callgrind-out-file="$into.cg" \
	    "$@" >"$into.out" 2>"$into.err"
}

command -v valgrind >/dev/null 2>&1 || skip_all "valgrind is not installed"
count "" probe /bin/true ||
    skip_all "callgrind does not run here: $(head -n 1 "$tmp/probe.err")"
count "" probe "$pairs" 10
[ $? -eq 77 ] && skip_all "$(sed 's/^skip: //' "$tmp/probe.out")"

# measure NAME LIBRARY: writes $tmp/NAME.tab, "pattern<tab>instructions".
measure() {
	if ! count "$2" "$1" "$pairs" 1000; then
		echo "# $1: $(head -n 1 "$tmp/$1.err")"
		return 1
	fi
	expected=libc.so.6
	[ -n "$2" ] && expected=preload.so
	live=$(sed -n 's/^malloc //p' "$tmp/$1.out")
	case $live in
	*/"$expected") ;;
	*)
		echo "# $1: malloc comes from $live"
		return 1
		;;
	esac
	null=$(sed -n 's/^null //p' "$tmp/$1.out")
	i=1
	while [ -f "$tmp/$1.cg.$i" ]; do
		grep -E '^(desc: Trigger|summary)' "$tmp/$1.cg.$i"
		i=$((i + 1))
	done | awk -v null="$null" '
		/ (real|null) [12] [0-9]+$/ {
			sub(/^desc: Trigger: Client Request: /, "")
			n = $NF
			i = $(NF - 1)
			kind = $(NF - 2)
			sub(/ (real|null) [12] [0-9]+$/, "")
			name = $0
			if (!(name in seen)) {
				seen[name] = 1
				order[++count] = name
			}
			times[name] = n
			wanted = 1
		}
		/^summary:/ && wanted {
			cost[name, kind, i] = $2
			wanted = 0
		}
		function one(name, kind,	more) {
			more = cost[name, kind, 2] - cost[name, kind, 1]
			return more / times[name]
		}
		END {
			for (i = 1; i <= count; i++) {
				name = order[i]
				more = one(name, "real") - one(name, "null")
				printf("%s\t%.1f\n", name, more + null)
			}
		}' >"$tmp/$1.tab"
	count "$2" "$1-true" /bin/true || return 1
	awk '/^summary:/ { printf("true\t%d\n", $2) }' "$tmp/$1-true.cg" \
	    >>"$tmp/$1.tab"
}

# inside FUNCTION PROGRAM N [ARG]: the instructions in a function of inline.c or
# typed.c, which is called N times.
inside() {
	function=$1 program=$KMA_BUILDDIR/tests/cost/$2
	shift 2
	count "" inside --toggle-collect="$function" "$program" "$@" ||
		return 1
	sed -n 's/^summary: //p' "$tmp/inside.cg"
}

# each FUNCTION OTHERS PROGRAM [ARG]: the same for one call, less OTHERS.
each() {
	function=$1 others=$2 program=$3
	shift 3
	once=$(inside "$function" "$program" 1000 "$@") &&
	    twice=$(inside "$function" "$program" 2000 "$@") || return 1
	echo "$once $twice $others" |
	    awk '{ printf("%.1f\n", ($2 - $1) / 1000 - $3) }'
}

# The macros of <kma.h>, which no other allocator has.
measure_inline() {
	alloc=$(each inline_malloc 2 inline) &&
	    release=$(each inline_free 1 inline) || return 1
	printf 'MALLOC in line\t%s\nFREE in line\t%s\n' "$alloc" "$release" \
	    >>"$tmp/libkma.tab"
}

# And memory by type, and watched blocks: with arguments, and the return.
measure_typed() {
	typed=$(each typed_pair 0 typed typed) &&
	    limited=$(each typed_pair 0 typed limited) &&
	    tagged=$(each tagged_pair 0 typed tagged) || return 1
	options=diagnostic
	diagnostic=$(each tagged_pair 0 typed plain) || return 1
	options=
	{
		printf 'kma_malloc, kma_free\t%s\n' "$typed"
		printf 'the same at a limit\t%s\n' "$limited"
		printf 'current type\t%s\n' "$tagged"
		printf 'diagnostic\t%s\n' "$diagnostic"
	} >>"$tmp/libkma.tab"
}

names="libkma glibc"
measure libkma "$LIBKMA" && measure_inline && measure_typed
kma_status=$?
measure glibc "" || echo "# glibc could not be measured"
old_ifs=$IFS
IFS=,
for pair in ${BENCH_ALLOCATORS:-}; do
	IFS=$old_ifs
	name=${pair%%=*}
	if measure "$name" "$(readlink -f "${pair#*=}")"; then
		names="$names $name"
	fi
done
IFS=$old_ifs

# The whole table.
set --
for name in $names; do
	[ -f "$tmp/$name.tab" ] && set -- "$@" "$name"
done
(
	cd "$tmp" || exit 1
	for name in "$@"; do
		awk -v name="$name" '{ print name "\t" $0 }' "$name.tab"
	done
) | awk -F '\t' -v names="$*" '
	{
		cost[$1, $2] = $3
		if (!($2 in seen)) {
			seen[$2] = 1
			order[++count] = $2
		}
	}
	END {
		n = split(names, name, " ")
		printf("# %-22s", "instructions")
		for (i = 1; i <= n; i++)
			printf(" %10s", name[i])
		print ""
		for (j = 1; j <= count; j++) {
			printf("# %-22s", order[j])
			for (i = 1; i <= n; i++)
				printf(" %10s", cost[name[i], order[j]])
			print ""
		}
	}'

[ -n "${BENCH_ONLY:-}" ] && exit $kma_status
if [ $kma_status -ne 0 ]; then
	echo "Bail out! libkma could not be measured"
	exit 1
fi
awk -F '\t+' '
	NR == FNR {
		cost[$1] = $2
		next
	}
	/^#/ || NF < 2 {
		next
	}
	{
		got = $1 in cost ? cost[$1] : "not measured"
		good = $1 in cost && cost[$1] >= 1 && cost[$1] + 0 <= $2 + 0
		printf("%sok - %s: %s, of at most %d\n", good ? "" : "not ",
		    $1, got, $2)
	}' "$tmp/libkma.tab" "$bars" >"$tmp/tap"
also "$tmp/tap"
plan
