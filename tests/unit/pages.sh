#!/bin/sh
# tests/unit/pages.sh: builds for pages of 16K and 64K, as some AArch64 kernels
# have them, under programs that ask for all kinds of sizes. This kernel's pages
# are shorter, which such a build does not notice.

. "$KMA_SRCDIR/tests/unit/variant.sh"

programs="conform/basic conform/align conform/mem-calloc conform/realloc
    conform/sizes traps/edge-arguments"

with_library() {
	env LIBKMA="$1/lib/.libs/libkma.so" KMA_OPTIONS="spacing=$2" \
	    "$KMA_BUILDDIR/tests/$3"
}

for shift in 14 16; do
	[ $((1 << shift)) -ge "$(getconf PAGESIZE)" ] || continue
	build "pages$shift" lib/libkma.la "CPPFLAGS=-DKMA_PAGESHIFT=$shift" ||
		continue
	for spacing in 1 2 4 learn; do
		for program in $programs; do
			run "$((1 << (shift - 10)))K, spacing=$spacing: $program" \
			    with_library "$KMA_BUILDDIR/pages$shift" \
			    "$spacing" "$program"
		done
	done
done
plan
