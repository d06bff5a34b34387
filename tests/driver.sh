#!/bin/sh
# tests/driver.sh: stands between make and automake's TAP driver. Runs one
# test, prints one line for it (and for each thing that failed, what the test
# said of it), and stops a test that hangs.
#
# usage: driver.sh TAP-DRIVER [automake's driver options] -- TEST [ARGS]

set -u

tap=$1
shift
name=''
log=''
trs=''
opts=''
while [ $# -gt 0 ]; do
	case $1 in
	--test-name)
		name=$2
		opts="$opts $1 $2"
		shift
		;;
	--log-file)
		log=$2
		opts="$opts $1 $2"
		shift
		;;
	--trs-file)
		trs=$2
		opts="$opts $1 $2"
		shift
		;;
	--)
		shift
		break
		;;
	*)
		opts="$opts $1"
		;;
	esac
	shift
done

limit=${KMA_TEST_LIMIT:-900}
begin=$(date +%s)
# make's options carry no blanks, so that the list can be one string.
# shellcheck disable=SC2086
out=$("$tap" $opts -- timeout -k 10 "$limit" "$@")
status=$?
took=$(($(date +%s) - begin))

results() {
	grep -cE "^:test-result: ($1)( |\$)" "$trs"
}
pass=$(results 'PASS|XFAIL')
fail=$(results 'FAIL|XPASS|ERROR')
skip=$(results 'SKIP')

word=ok
if [ "$fail" -gt 0 ]; then
	word=FAIL
elif [ "$pass" -eq 0 ]; then
	word=skip
fi
line=$(printf '%-4s %-32s %4d passed' "$word" "$name" "$pass")
[ "$fail" -gt 0 ] && line="$line, $fail failed"
[ "$skip" -gt 0 ] && line="$line, $skip skipped"
[ "$took" -gt 0 ] && line="$line (${took} s)"
printf '%s\n' "$line"
printf '%s\n' "$out" | awk -v most="${KMA_TEST_LINES:-20}" '
/^(FAIL|XPASS|ERROR|SKIP): / && ++n <= most { print "     " $0 }
END { if (n > most) print "     and " n - most " more, in the log" }'
# The machine of who reads this may not be the one that has the log.
[ "$fail" -gt 0 ] && awk -v most="${KMA_TEST_LINES:-20}" '
/^(not )?ok / { told = /^not / && !/# TODO/ }
told && n++ < most { print "     | " $0 }' "$log"
exit $status
