# tests/conform/cxx-run.sh: read by the scripts that need a C++ compiler.
# Without one they end here, skipped.
# shellcheck shell=sh

set -u

: "${KMA_SRCDIR:=.}"
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT

# shellcheck disable=SC2086
if ! ${CXX:-c++} --version >/dev/null 2>&1; then
	echo "1..0 # SKIP no C++ compiler"
	exit 0
fi

# compile FILE.cc: into a program in $tmp, or a library if it is lib-*.cc.
compile() {
	out=$tmp/${1%.cc}
	case $1 in
	lib-*) set -- "$1" -fPIC -shared -o "$out.so" ;;
	*) set -- "$1" -o "$out" ;;
	esac
	# shellcheck disable=SC2086
	if ! ${CXX:-c++} -std=c++17 -O1 -fno-builtin -D_GNU_SOURCE -pthread \
	    "$KMA_SRCDIR/tests/conform/$@" >&2; then
		echo "Bail out! $1 does not compile"
		exit 1
	fi
}
