# tests/tools/lib.sh: what the tests of the kma command share. To be sourced.
#
#	$kma, $subject	the command, and the program to look at
#	$out, $err, $status	of the last `kma' command
# shellcheck shell=sh

. "${KMA_SRCDIR:-.}/tests/tap.sh"
kma=$KMA_BUILDDIR/tools/kma
subject=$KMA_BUILDDIR/tests/tools/subject
pid=
out=
err=
status=

[ -x "$kma" ] || skip_all 'built without the kma command'
chmod 755 "$tmp"
at_end() {
	finish
}
unset KMA_OPTIONS LD_PRELOAD SPOIL

# kma ARGS: leaves $out, $err and $status.
kma() {
	"$kma" "$@" >"$tmp/out" 2>"$tmp/err"
	status=$?
	out=$(cat "$tmp/out")
	err=$(cat "$tmp/err")
}

# says STATUS WORDS NAME: the last command ended so, with a message like that.
says() {
	[ "$status" -eq "$1" ] && echo "$err" | grep -q -e "$2"
	result "$3" "status $status: $err"
}

# begin COMMAND ...: starts it, waits until it says "ready"; leaves $pid. It
# ends with finish.
begin() {
	rm -f "$tmp/in" "$tmp/ready"
	mkfifo "$tmp/in" "$tmp/ready"
	"$@" <"$tmp/in" >"$tmp/ready" 2>"$tmp/subject.err" &
	pid=$!
	exec 8>"$tmp/in"
	read -r word <"$tmp/ready"
	[ "$word" = ready ]
}

finish() {
	exec 8>&-
	[ -z "$pid" ] || wait "$pid" 2>/dev/null
	pid=
}
