#!/bin/sh
# tests/traps/small-ulimit.sh: programs start and work under a small limit on
# address space, where no large reservation is to be had.

. "${KMA_SRCDIR:-.}/tests/tap.sh"

name=$(basename "$(readlink -f "$LIBKMA")")

# check NAME WANTED-OUTPUT KILOBYTES COMMAND [ARGS]
check() {
	what="ulimit -v $3: $1"
	want=$2
	limit=$3
	shift 3
	if ! command -v "$1" >/dev/null 2>&1; then
		skip "$what" "no $1"
		return
	fi
	# shellcheck disable=SC3045
	got=$(
		ulimit -v "$limit"
		LD_PRELOAD=$LIBKMA exec "$@" 2>&1
	)
	status=$?
	[ "$status" -eq 0 ] && [ "$got" = "$want" ]
	result "$what" "status $status: $got"
}

# shellcheck disable=SC2016
for limit in 24576 32768 65536 131072 1048576; do
	# Smaller than the machine's own programs need without a preload?
	if [ "$(
		# shellcheck disable=SC3045
		ulimit -v $limit
		perl -e 'my @a = (1 .. 20000); print scalar @a' 2>&1
	)" != 20000 ]; then
		skip "ulimit -v $limit" "perl does not run in it by itself"
		continue
	fi
	check "true" "" "$limit" /bin/true
	check "sh" "5050" "$limit" sh -c '
	i=0 sum=0
	while [ $i -lt 100 ]; do
		i=$((i + 1)) sum=$((sum + i))
	done
	echo $sum'
	check "a pipe of sh" "3" "$limit" sh -c 'printf "a\nb\nc\n" | sort | wc -l'
	check "perl" "20000" "$limit" perl -e '
	my %h = map { $_ => "x" x ($_ % 50) } 1 .. 20000;
	print scalar(keys %h)'
	check "perl, two megabytes" "2097152" "$limit" perl -e '
	my $s = "x" x 2097152; print length($s)'
	check "libkma serves it" "yes" "$limit" perl -e '
	open(my $f, "<", "/proc/self/maps");
	print((grep { index($_, $ARGV[0]) >= 0 } <$f>) ? "yes" : "no")' "$name"
done
plan
