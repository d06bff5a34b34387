#!/bin/sh
# tests/long.sh: runs the long tests one after the other, showing what they
# write as they write it. usage: long.sh TOP-SRCDIR TEST...

set -u

src=$1
shift
number=0
total=$#
for t in "$@"; do
	number=$((number + 1))
	base=${t%.sh}
	echo "[$number/$total] $base"
	mkdir -p "$(dirname "$base")"
	: >"$base.log"
	case $t in
	*.sh) shell=${SHELL:-/bin/sh} ;;
	*) shell= ;;
	esac
	if [ -e "$t" ]; then
		file=$t
	else
		file=$src/$t
	fi
	case $file in
	/*) ;;
	*) file=./$file ;;
	esac
	KMA_TEST_LIMIT=${KMA_TEST_LIMIT:-0} \
		/bin/sh "$src/tests/driver.sh" "$src/build-aux/tap-driver.sh" \
		--test-name "$base" --log-file "$base.log" \
		--trs-file "$base.trs" --color-tests no \
		--enable-hard-errors yes -- ${shell:+"$shell"} \
		"$file" &
	tail -n +1 -f --pid=$! "$base.log" 2>/dev/null
	wait $!
done
