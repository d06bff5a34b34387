# tests/tools/lib.sh: what the tests of the kma command share. To be sourced.
#
#	$kma, $subject	the command, and the program to look at
#	$tmp		a folder, gone at the end
#	$out, $err, $status	of the last `kma' command
# shellcheck shell=sh

: "${LIBKMA:?the path of libkma.so}"
: "${KMA_BUILDDIR:=.}"
: "${KMA_SRCDIR:=.}"
: "${CC:=cc}"
kma=$KMA_BUILDDIR/tools/kma
subject=$KMA_BUILDDIR/tests/tools/subject
count=0
pid=
out=
err=
status=

[ -x "$kma" ] || {
	echo '1..0 # SKIP built without the kma command'
	exit 0
}
tmp=$(mktemp -d) || exit 1
chmod 755 "$tmp"
trap 'finish; rm -rf "$tmp"' EXIT
trap 'exit 1' HUP INT TERM
unset KMA_OPTIONS LD_PRELOAD SPOIL

# result NAME [DETAILS]: takes the status of the command before it; that must not
# be one in the arguments, $(...). DETAILS of @FILE are what is in the file.
result() {
	if [ $? -eq 0 ]; then
		count=$((count + 1))
		echo "ok $count - $1"
	else
		count=$((count + 1))
		echo "not ok $count - $1"
		case ${2-} in
		@*) cat "${2#@}" ;;
		*) printf '%s\n' "${2-}" ;;
		esac | head -n 20 | sed 's/^/# /'
	fi
}

# shows NAME FILE ...: the same, with files for details. A command among the
# arguments of result would set the status that it is to take.
shows() {
	if [ $? -eq 0 ]; then
		result "$1"
	else
		what_failed=$1
		shift
		details=$(head -c 2000 "$@" 2>&1)
		false
		result "$what_failed" "$details"
	fi
}

skip() {
	count=$((count + 1))
	echo "ok $count - $1 # SKIP $2"
}

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
