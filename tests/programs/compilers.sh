# shellcheck shell=bash
# compilers.sh: what the tests of gcc and of clang have in common.
# shellcheck disable=SC2154	# lib.sh sets work

# compile_libkma CC: every source file of the library, as it is configured.
# Both runs compile one copy, since someone may be editing the originals.
compile_libkma() {
	mkdir "$work/src"
	cp -R "$KMA_SRCDIR/lib" "$KMA_SRCDIR/include" "$work/src/"
	cat >"$work/libkma.mk.sh" <<'END'
cc=$1 src=$2 build=$3
for file in "$src"/lib/*.c; do
	"$cc" -std=gnu11 -O2 -g -fPIC -D_GNU_SOURCE= -DPACKAGE_VERSION='"0"' \
	    -I"$build" -I"$build/include" -I"$build/lib" \
	    -I"$src/include" -I"$src/lib" -ffile-prefix-map="$PWD=." \
	    -c "$file" -o "$(basename "$file" .c).o" || exit
done
ls -- *.o
END
	local sources=("$work"/src/lib/*.c)
	run_both -p ${#sources[@]} -r 10000 "$1: libkma's sources" \
	    bash "$work/libkma.mk.sh" "$1" "$work/src" "$KMA_BUILDDIR"
	same_output "$1: libkma's sources"
	# shellcheck disable=SC2046	# a list of words
	same "$1: libkma's sources: same objects" stdout \
	    $(cat "$work/glibc/stdout")
}

# compile_heavy CXX [LTO]: the C++ program, several times over, and a run of it
# under libkma.
compile_heavy() {
	local files="heavy-O0.o heavy-O2.o heavy.s heavy"
	cat >"$work/heavy.sh" <<'END'
cxx=$1 src=$2 lto=${3:-}
set -e
compile() {
	out=$1
	shift
	"$cxx" -std=c++17 -pthread -ffile-prefix-map="$PWD=." "$@" \
	    "$src/tests/programs/heavy.cc" -o "$out"
}
compile heavy-O0.o -O0 -g -c
compile heavy-O2.o -O2 -g -c
compile heavy.s -O3 -S
"$cxx" -pthread heavy-O2.o -o heavy
[ -z "$lto" ] || compile heavy-lto -O2 "$lto" -frandom-seed=1988
./heavy
END
	[ -z "${2:-}" ] || files="$files heavy-lto"
	run_both -p 6 -r 1000000 "$1: heavy C++" \
	    bash "$work/heavy.sh" "$1" "$KMA_SRCDIR" "${2:-}"
	same_output "$1: heavy C++"
	# shellcheck disable=SC2086	# a list of words
	same "$1: heavy C++: same objects and programs" $files
}
