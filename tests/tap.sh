# tests/tap.sh: what the tests in shell share: the report (TAP, on standard
# output), a folder that is gone at the end, and where things are. To be
# sourced, by sh or bash, before anything else:
#
#	. "${KMA_SRCDIR:-.}/tests/tap.sh"
#
# By hand, a test runs in the top source directory, on what build/ has.
#
#	$tmp		a folder of the test's own
#	at_end		what else there is to clean up: a test may define it
#	result NAME [DETAILS ...]	passes if the command before it succeeded
#	empty NAME FILE			passes if the file is empty
#	pass NAME, fail NAME [DETAILS ...], skip NAME WHY, todo NAME WHY
#	also FILE [PREFIX]		results that a program wrote, unnumbered
#	skip_all WHY	ends a test that cannot run here
#	plan [NUMBER]	ends the test; NUMBER: of results that there have to be
#
# DETAILS are shown where a test fails, the first and the last lines of them:
# texts, and files as @FILE. A command
# among the arguments of result, as in $(...), would set the status that it is
# to take.
# shellcheck shell=sh

set -u

# Absolute paths, whatever folder the test goes to.
KMA_SRCDIR=$(cd "${KMA_SRCDIR:-.}" && pwd) || exit 99
KMA_BUILDDIR=$(cd "${KMA_BUILDDIR:-$KMA_SRCDIR/build}" && pwd) || exit 99
: "${LIBKMA:=$KMA_BUILDDIR/lib/.libs/libkma.so}"
: "${CC:=cc}" "${CXX:=c++}"
export KMA_SRCDIR KMA_BUILDDIR LIBKMA CC

tap_count=0
tap_failed=0
tmp=$(mktemp -d) || exit 99
at_end() {
	:
}
trap 'at_end; rm -rf --one-file-system "$tmp"' EXIT
trap 'exit 1' HUP INT TERM

result() {
	tap_status=$?
	tap_count=$((tap_count + 1))
	if [ $tap_status -eq 0 ]; then
		echo "ok $tap_count - $1"
		return
	fi
	tap_failed=$((tap_failed + 1))
	echo "not ok $tap_count - $1"
	shift
	[ $tap_status -eq 1 ] || echo "# status $tap_status"
	for tap_detail; do
		case $tap_detail in
		@*) cat "${tap_detail#@}" ;;
		*) printf '%s\n' "$tap_detail" ;;
		esac
	done 2>&1 | awk '
		{ line[NR] = substr($0, 1, 300) }
		END {
			for (i = 1; i <= NR; i++)
				if (i <= 20 || i > NR - 20)
					print "# " line[i]
				else if (i == 21)
					print "# ..."
		}'
}

pass() {
	:
	result "$1"
}

fail() {
	false
	result "$@"
}

empty() {
	[ ! -s "$2" ]
	result "$1" "@$2"
}

skip() {
	pass "$1 # SKIP $2"
}

todo() {
	tap_count=$((tap_count + 1))
	echo "not ok $tap_count - $1 # TODO $2"
}

also() {
	while IFS= read -r tap_line; do
		case $tap_line in
		'ok - '*) pass "${2:+$2: }${tap_line#ok - }" ;;
		'not ok - '*) fail "${2:+$2: }${tap_line#not ok - }" ;;
		*) echo "$tap_line" ;;
		esac
	done <"$1"
}

skip_all() {
	echo "1..0 # SKIP $1"
	exit 0
}

plan() {
	echo "1..${1:-$tap_count}"
	[ $tap_failed -eq 0 ]
	exit
}
