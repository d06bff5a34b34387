# tests/unit/variant.sh: for scripts that build the library in another way and
# run the unit tests; to be sourced.
#
# build DIR MAKE-TARGETS CONFIGURE-ARGUMENTS...	an out-of-tree build in
#						$KMA_BUILDDIR/DIR
# run NAME COMMAND...				one test of the script
# skip_all WHY, done_testing			as in Perl

number=0
failed=0

skip_all() {
	echo "1..0 # SKIP $*"
	exit 0
}

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
		"$KMA_SRCDIR/configure" --quiet --disable-dependency-tracking \
		    CC="$CC" "$@" >configure.out 2>&1
	) || {
		tail -n 20 "$dir/configure.out" | sed 's/^/# /'
		return 1
	}
	# shellcheck disable=SC2086
	(cd "$dir" && make -s -j2 $targets >make.out 2>&1) || {
		tail -n 20 "$dir/make.out" | sed 's/^/# /'
		return 1
	}
}

run() {
	name=$1
	shift
	number=$((number + 1))
	out=$("$@" 2>&1)
	status=$?
	if [ "$status" -eq 0 ]; then
		echo "ok $number - $name"
	else
		failed=1
		echo "not ok $number - $name (status $status)"
	fi
	# What went well needs no lines.
	echo "$out" | grep -v '^ok ' | head -n 60 | sed 's/^/# /'
}

done_testing() {
	echo "1..$number"
	exit "$failed"
}
