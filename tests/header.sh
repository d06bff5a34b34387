#!/bin/sh
# tests/header.sh: <kma.h> alone makes no compiler complain, in C and in C++.

set -u

number=0
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT

cat >"$dir/user.c" <<'END'
#include <kma.h>

int	use(void);

MALLOC_DECLARE(M_USED);
MALLOC_DEFINE(M_USED, "used", "a type that other files know");
static MALLOC_DEFINE(M_OWN, "own", "a type of this file");

int
use(void)
{
	int *p = (int *)MALLOC(sizeof(*p));

	kma_free(kma_malloc(16, M_USED, M_WAITOK | M_ZERO), M_USED);
	kma_free(kma_malloc(16, M_OWN, M_NOWAIT), M_OWN);

	if (p == NULL)
		return (1);
	FREE(p);
	return (0);
}
END
cp "$dir/user.c" "$dir/user.cc"

# check COMPILER STANDARD FILE
check() {
	number=$((number + 1))
	if ! command -v "$1" >/dev/null; then
		echo "ok $number # SKIP no $1"
	elif "$1" -std="$2" -O2 -pedantic -Wall -Wextra -Wshadow -Wconversion \
	    -Wredundant-decls -Werror -I"$KMA_SRCDIR/include" -c "$3" -o "$dir/user.o" \
	    2>"$dir/errors"; then
		echo "ok $number - $1 -std=$2"
	else
		echo "not ok $number - $1 -std=$2"
		sed 's/^/# /' "$dir/errors"
	fi
}

echo 1..8
for std in c99 c11 gnu2x; do
	check "${CC:-gcc}" $std "$dir/user.c"
done
check clang c11 "$dir/user.c"
for std in c++11 c++17 gnu++20; do
	check g++ $std "$dir/user.cc"
done
check clang++ c++17 "$dir/user.cc"
