#!/bin/sh
# tests/header.sh: <kma.h> alone makes no compiler complain, in C and in C++.

. "${KMA_SRCDIR:-.}/tests/tap.sh"

cat >"$tmp/user.c" <<'END'
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
cp "$tmp/user.c" "$tmp/user.cc"

# check COMPILER STANDARD FILE
check() {
	if ! command -v "$1" >/dev/null; then
		skip "$1 -std=$2" "no $1"
		return
	fi
	"$1" -std="$2" -O2 -pedantic -Wall -Wextra -Wshadow -Wconversion \
	    -Wredundant-decls -Werror -I"$KMA_SRCDIR/include" -c "$3" \
	    -o "$tmp/user.o" 2>"$tmp/errors"
	result "$1 -std=$2" "@$tmp/errors"
}

for std in c99 c11 gnu2x; do
	check "${CC:-gcc}" $std "$tmp/user.c"
done
check clang c11 "$tmp/user.c"
for std in c++11 c++17 gnu++20; do
	check g++ $std "$tmp/user.cc"
done
check clang++ c++17 "$tmp/user.cc"
plan 8
