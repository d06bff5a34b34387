#!/bin/sh
# tests/count.sh: counts the TAP results in the .trs files that it is given.
# A file that is not there is a failure: the test did not get that far.
# The exit status is 1 if anything failed or if there is no result at all.

for file in "$@"; do
	if [ -e "$file" ]; then
		cat "$file"
	else
		echo "no result: $file" >&2
		echo ':test-result: ERROR'
	fi
done | awk '
$1 == ":test-result:" {
	if ($2 == "PASS" || $2 == "XFAIL")
		pass++
	else if ($2 == "SKIP")
		skip++
	else
		fail++
}
END {
	printf "%d passed, %d failed, %d skipped\n", pass, fail, skip
	exit (fail > 0 || pass == 0)
}'
