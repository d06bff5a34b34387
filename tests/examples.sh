#!/bin/sh
# tests/examples.sh: each program of examples/ builds as a user builds it, with
# the flags of libkma.pc and warnings as errors, and prints what its .out says;
# linked with the shared library, and with the archive.

set -u

number=0
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
trap 'exit 1' HUP INT TERM

result() {
	number=$((number + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $number - $2"
	else
		echo "not ok $number - $2"
		head -n 30 "$dir/log" | sed 's/^/# /'
	fi
}

# Where the library is before it is installed.
flags() {
	PKG_CONFIG_PATH=$KMA_BUILDDIR ${PKG_CONFIG:-pkg-config} \
	    --define-variable=libdir="$KMA_BUILDDIR/lib/.libs" \
	    --define-variable=includedir="$KMA_SRCDIR/include" "$1" libkma
}
cflags=$(flags --cflags) && libs=$(flags --libs) || {
	echo '1..0 # SKIP no pkg-config'
	exit 0
}

# example SOURCE LIBRARIES: builds and runs it, and compares.
example() {
	# shellcheck disable=SC2086
	${CC:-cc} -std=gnu11 -O2 -g -Wall -Wextra -Werror $cflags \
	    -o "$dir/program" "$1" $2 -pthread >"$dir/log" 2>&1 &&
		timeout 60 "$dir/program" >"$dir/out" 2>"$dir/log" &&
		diff "${1%.c}.out" "$dir/out" >>"$dir/log" 2>&1
}

for source in "$KMA_SRCDIR"/examples/*.c; do
	name=$(basename "$source")
	example "$source" "$libs -Wl,-rpath,$KMA_BUILDDIR/lib/.libs"
	result $? "$name"
	example "$source" "$KMA_BUILDDIR/lib/libkma.a"
	result $? "$name with libkma.a"
done
echo "1..$number"
