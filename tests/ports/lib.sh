# tests/ports/lib.sh: what the tests of other machines and C libraries share,
# to be sourced. $CC is the compiler of the port.
#
#	port NAME CONFIGURE-ARGUMENTS...	builds the library; sets $dir and LIBKMA
#	compile PROGRAM...	tests/PROGRAM.c each, to run preloaded
#	compile_linked PROGRAM...	the same, for those that name libkma
#	try NAME COMMAND...	a program that speaks TAP, as one result
#	misuse NAME REASON COMMAND...	one that ends with a message
#
# The rest is tests/unit/variant.sh and tests/tap.sh.
# shellcheck shell=sh

. "${KMA_SRCDIR:-.}/tests/unit/variant.sh"

# shellcheck disable=SC2034
all=${KMA_TEST_ALL:-}
: "${KMA_TEST_CFLAGS:=-std=gnu11 -O2 -D_GNU_SOURCE= -fno-builtin}"
unset LD_PRELOAD KMA_OPTIONS KMA_TEST_ANY

port() {
	name=$1
	shift
	build "ports/$name" "lib/libkma.la lib/libkma.a" --disable-tools "$@" ||
		plan
	LIBKMA=$dir/lib/.libs/libkma.so
	export LIBKMA
	mkdir "$tmp/conform" "$tmp/traps" "$tmp/typed" "$tmp/misuse"
}

# cc_port OUTPUT SOURCE FLAGS...
cc_port() {
	output=$1
	source=$2
	shift 2
	# shellcheck disable=SC2086
	$CC $KMA_TEST_CFLAGS -I"$KMA_SRCDIR/tests" -I"$KMA_SRCDIR/include" \
	    -pthread -o "$tmp/$output" "$KMA_SRCDIR/tests/$source.c" "$@" ||
		fail "$source: compiled"
}

compile() {
	for program; do
		cc_port "$program" "$program"
	done
}

compile_linked() {
	for program; do
		cc_port "$program" "$program" "$LIBKMA" \
		    -Wl,-rpath,"$dir/lib/.libs"
	done
}

try() {
	name=$1
	shift
	"$@" >"$tmp/out" 2>"$tmp/err"
	status=$?
	grep -hA 3 -e '^not ok' -e '^Bail' -e '^libkma:' "$tmp/out" "$tmp/err" \
	    >"$tmp/why"
	[ $status -eq 0 ] && grep -q '^ok' "$tmp/out" &&
	    ! grep -q '^libkma:' "$tmp/err"
	result "$name" "status $status" "@$tmp/why" "@$tmp/err"
}

misuse() {
	name=$1
	reason=$2
	shift 2
	"$@" >"$tmp/out" 2>"$tmp/err"
	grep -q "^libkma: free(0x[0-9a-f]*): $reason" "$tmp/err" &&
	    ! grep -q alive "$tmp/out"
	result "$name" "@$tmp/out" "@$tmp/err"
}
