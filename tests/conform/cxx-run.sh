# tests/conform/cxx-run.sh: read by the scripts that need a C++ compiler.
# Without one they end here, skipped.
# shellcheck shell=sh

. "${KMA_SRCDIR:-.}/tests/tap.sh"

# shellcheck disable=SC2086
$CXX --version >/dev/null 2>&1 || skip_all "no C++ compiler"

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
