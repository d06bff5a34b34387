#!/bin/sh
# tests/diagnostic/messages.sh: what the mode says of a fault: the lines behind
# the first, with the functions that had the block; and what is in use at exit.

. "${KMA_SRCDIR:-.}/tests/tap.sh"

faults=$KMA_BUILDDIR/tests/diagnostic/faults
# shellcheck disable=SC3045
ulimit -c 0 2>/dev/null

# The addresses and offsets as ADDR and OFF: the block's own address as BLOCK.
plain() {
	block=$(sed -n 's/.* at \(0x[0-9a-f]*\)[ ,].*allocated.*/\1/p' "$1")
	sed -e "s/${block:-none}/BLOCK/g" -e 's/+0x[0-9a-f]*/+OFF/g' \
	    -e 's/0x[0-9a-f]\{6,\}/ADDR/g' "$1"
}

# same NAME: $tmp/err, made plain, is what standard input has.
same() {
	cat >"$tmp/want"
	plain "$tmp/err" >"$tmp/got"
	diff "$tmp/want" "$tmp/got" >"$tmp/diff"
	result "$1" "@$tmp/diff"
}

# fault OPTIONS ARGS
fault() {
	(
		KMA_OPTIONS=$1
		shift
		export KMA_OPTIONS
		timeout 60 env LD_PRELOAD="$LIBKMA" "$faults" "$@" 2>"$tmp/err"
	) 2>/dev/null
}

for size in 1 100 5000 100000 900000; do
	[ $size -eq 1 ] || {
		fault diagnostic interior $size
		case $size in
		100 | 5000)
			same "inside a block of $size" <<-END
			libkma: free(ADDR): unaligned addr
			libkma:   block of $size bytes at BLOCK, allocated by faults give+OFF
			END
			;;
		*)
			same "inside a run of $size" <<-END
			libkma: free(ADDR): unaligned addr
			END
			;;
		esac
	}
	fault diagnostic twice $size
	same "a second free, much later, of $size" <<-END
	libkma: free(BLOCK): duplicated free
	libkma:   block of $size bytes at BLOCK, allocated by faults give+OFF, freed by faults take+OFF
	END
	fault diagnostic beyond $size
	same "a byte behind $size" <<-END
	libkma: free(BLOCK): data modified beyond block
	libkma:   at offset $size, ADDR: expected 0xde, found 0x41
	libkma:   block of $size bytes at BLOCK, allocated by faults give+OFF
	END
	fault diagnostic realloc $size
	same "a byte behind $size, found by realloc" <<-END
	libkma: realloc(BLOCK): data modified beyond block
	libkma:   at offset $((size + 2)), ADDR: expected 0xde, found 0x41
	libkma:   block of $size bytes at BLOCK, allocated by faults give+OFF
	END
	[ $size -eq 900000 ] || {
		fault diagnostic resized $size
		same "of $size, reallocated, and freed twice" <<-END
		libkma: free(BLOCK): duplicated free
		libkma:   block of $((3 * size)) bytes at BLOCK, allocated by faults resize+OFF, freed by faults take+OFF
		END
	}
	[ $size -eq 1 ] || {
		fault diagnostic freed $size
		same "a write to a freed block of $size" <<-END
		libkma: malloc(BLOCK): data modified on freelist
		libkma:   at offset 7, ADDR: expected 0xde, found 0x41
		libkma:   block of $size bytes at BLOCK, allocated by faults give+OFF, freed by faults take+OFF
		END
	}
	fault diagnostic type $size
	same "freed as another type, $size" <<-END
	libkma: kma_free(BLOCK): freed as another type
	libkma:   block of $size bytes at BLOCK of type apple, allocated by faults give_typed+OFF
	END
	fault diagnostic untyped $size
	same "freed as a type, but has none, $size" <<-END
	libkma: kma_free(BLOCK): freed as another type
	libkma:   block of $size bytes at BLOCK, allocated by faults give+OFF
	END
done

fault diagnostic,accounting=object twice
same "with types by object" <<-END
libkma: free(BLOCK): duplicated free
libkma:   block of 100 bytes at BLOCK of type faults, allocated by faults give+OFF, freed by faults take+OFF
END

# libc has some of its own in between, in some versions.
fault diagnostic=leaks leaks 1000
sed -i -e '/libc\.so/d' -e '/ld-linux/d' -e 's/: [0-9]* bytes in [0-9]* blocks$/: N/' \
    "$tmp/err"
same "in use at exit" <<-END
libkma: in use at exit: N
libkma:      2001000 bytes         2 blocks  faults give+OFF
libkma:         9000 bytes         9 blocks  type apple
libkma:         3000 bytes         1 blocks  faults resize+OFF
END
fault diagnostic=leaks,accounting=object leaks 1000
grep -v 'type l' "$tmp/err" | sed 's/: [0-9]* bytes in [0-9]* blocks$/: N/' \
    >"$tmp/types"
mv "$tmp/types" "$tmp/err"
same "the same by type" <<-END
libkma: in use at exit: N
libkma:      2004000 bytes         3 blocks  type faults
libkma:         9000 bytes         9 blocks  type apple
END
# Nothing is said without the option, nor of a program without fault.
fault diagnostic none
same "nothing to say" </dev/null
plan
