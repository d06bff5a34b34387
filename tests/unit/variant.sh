# tests/unit/variant.sh: for scripts that build the library in another way and
# run the unit tests; to be sourced.
#
# build DIR MAKE-TARGETS CONFIGURE-ARGUMENTS...	an out-of-tree build in
#						$KMA_BUILDDIR/DIR
# run NAME COMMAND...				one test of the script
#
# The rest is tests/tap.sh.
# shellcheck shell=sh

. "$KMA_SRCDIR/tests/tap.sh"

build() {
	dir=$KMA_BUILDDIR/$1
	targets=$2
	shift 2
	[ -e "$KMA_SRCDIR/config.status" ] &&
		skip_all "the source directory itself is configured"
	mkdir -p "$dir" || exit 1
	# The options of the make that runs this are not for that build.
	unset MAKEFLAGS MFLAGS MAKELEVEL
	[ -e "$dir/config.status" ] || (
		cd "$dir" &&
		"$KMA_SRCDIR/configure" --quiet CC="$CC" "$@" \
		    >configure.out 2>&1
	) || {
		fail "${dir##*/}: configured" "@$dir/configure.out"
		return 1
	}
	# shellcheck disable=SC2086
	(cd "$dir" && make -s -j2 $targets >make.out 2>&1) || {
		fail "${dir##*/}: built" "@$dir/make.out"
		return 1
	}
}

run() {
	name=$1
	shift
	"$@" >"$tmp/out" 2>&1
	result "$name"
	# What went well needs no lines.
	grep -v '^ok ' "$tmp/out" | head -n 60 | sed 's/^/# /'
}
