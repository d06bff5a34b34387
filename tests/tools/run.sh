#!/bin/sh
# tests/tools/run.sh: kma run: the program is itself, libkma serves it, and what
# cannot work is refused.

# shellcheck source=tests/tools/lib.sh
. "${KMA_SRCDIR:-.}/tests/tools/lib.sh"

lib=$(readlink -f "$LIBKMA")
maps='grep -c libkma /proc/self/maps'

# It is there.
kma run -- sh -c "$maps"
[ "$status" -eq 0 ] && [ "$out" -gt 0 ]
result 'libkma is in the program' "status $status: $err"
kma run sh -c "$maps"
[ "$status" -eq 0 ] && [ "$out" -gt 0 ]
result 'without --' "status $status: $err"
# shellcheck disable=SC2016
kma run sh -c 'echo "$LD_PRELOAD"'
[ "$(readlink -f "$out")" = "$lib" ]
result 'by LD_PRELOAD: the library of the build tree' "$out"

# Exit status, signals, PID, arguments, descriptors.
for s in 0 1 7 125 126 127 255; do
	kma run sh -c "exit $s"
	[ "$status" -eq $s ] && [ -z "$err" ]
	result "exit status $s" "status $status: $err"
done
for s in TERM KILL SEGV; do
	# shellcheck disable=SC3045
	(ulimit -c 0; exec "$kma" run sh -c "kill -$s \$\$") 2>"$tmp/err"
	[ "$(kill -l $?)" = $s ]
	result "ended by SIG$s"
done
# shellcheck disable=SC2016
"$kma" run sh -c 'echo $$' >"$tmp/out" &
pid=$!
wait $pid
[ "$(cat "$tmp/out")" = $pid ]
result 'the PID stays'
pid=
kma run printf '[%s]' a 'b c' '' --stats -h
[ "$out" = '[a][b c][][--stats][-h]' ]
result "the program's arguments are its own" "$out"
[ "$(echo words | "$kma" run cat)" = words ]
result 'standard input is its own'

# The environment.
# shellcheck disable=SC2016
show='echo "$LD_PRELOAD|${KMA_OPTIONS-none}"'
other=$(find /lib /usr/lib -name 'libm.so.6' | head -n 1)
LD_PRELOAD=$other kma run sh -c "$show"
case $out in
*"libkma.so.0."*":$other|none" | *"libkma.so.0:$other|none") true ;;
*) false ;;
esac
result 'LD_PRELOAD keeps what was there, behind libkma' "$out"
KMA_OPTIONS=decay=7 kma run --option spacing=4 sh -c "$show"
[ "${out#*|}" = decay=7,spacing=4 ]
result 'KMA_OPTIONS keeps what was there' "$out"
kma run --stats="$tmp/x" --option decay=7 --limit 512M --limit node:1M \
	--accounting object --option abort=no sh -c "$show"
[ "${out#*|}" = "stats=$tmp/x,decay=7,limit=512M,limit=node:1M,\
accounting=object,abort=no" ]
result 'each option has its word' "$out"
kma run --stats="$tmp/x" true
[ "$(grep -c '^libkma: memory statistics of process' "$tmp/x")" -eq 1 ]
result '--stats=FILE: the tables' "@$tmp/x"
kma run --stats true
echo "$err" | grep -q '^requests [0-9]'
result '--stats: on standard error' "$err"
KMA_OPTIONS='' kma run sh -c "$show"
[ "${out#*|}" = '' ]
result 'without options, KMA_OPTIONS stays as it is' "$out"

# What is refused, and why.
kma run
says 125 'no program' 'no program'
kma run --nonsense true
says 125 '^usage: kma run' 'an unknown option'
kma run --option a=1,b=2 true
says 125 'no comma can be in an option: a=1,b=2' 'a comma'
kma run nonsense-of-the-tests
says 127 'nonsense-of-the-tests: not found' 'no such program'
kma run "$tmp/nothing"
says 127 'not found' 'no such file'
kma run ''
says 127 'not found' 'an empty name'
echo 'true' >"$tmp/plain"
kma run "$tmp/plain"
says 126 'not executable' 'a file that is not executable'
kma run "$tmp"
says 126 'not executable' 'a folder'
PATH=$tmp:$PATH kma run plain
says 126 'not executable' 'not executable, on the PATH'
mkdir "$tmp/bin"
printf '#!/bin/sh\necho from PATH\n' >"$tmp/bin/plain"
chmod 755 "$tmp/bin/plain" "$tmp/bin"
PATH=$tmp:$tmp/bin:$PATH kma run plain
[ "$out" = 'from PATH' ]
result 'one that is, further on the PATH' "$err"
printf '#!/nothing/at/all\n' >"$tmp/bad"
chmod 755 "$tmp/bad"
kma run "$tmp/bad"
says 127 'bad: No such file' 'an interpreter that is not there'
printf 'neither\n' >"$tmp/bad"
kma run "$tmp/bad"
says 126 'bad: Exec format error' 'no program at all'

cp "$subject" "$tmp/suid"
chmod 4755 "$tmp/suid"
kma run "$tmp/suid" short
says 126 "suid is set-user-ID: it would ignore LD_PRELOAD" 'set-user-ID'
chmod 2755 "$tmp/suid"
kma run "$tmp/suid" short
says 126 "suid is set-group-ID: it would ignore LD_PRELOAD" 'set-group-ID'
chmod 755 "$tmp/suid"
kma run "$tmp/suid" short
says 0 '' 'neither'
if command -v setcap >/dev/null &&
	setcap cap_net_bind_service+ep "$tmp/suid" 2>/dev/null; then
	kma run "$tmp/suid" short
	says 126 'has file capabilities: it would ignore' 'file capabilities'
else
	skip 'file capabilities' 'setcap is not installed, or not allowed'
fi
if $CC -O2 -static -fno-builtin -pthread -o "$tmp/static" \
	"$KMA_SRCDIR/tests/tools/subject.c" 2>"$tmp/log"; then
	kma run "$tmp/static" short
	says 126 'static is linked statically' 'a static program'
	printf '#!%s short\n' "$tmp/static" >"$tmp/script"
	chmod 755 "$tmp/script"
	kma run "$tmp/script"
	says 126 'static is linked statically' 'a script with such an interpreter'
else
	skip 'a static program' 'cannot link statically here'
fi
printf '\177ELF\001\001\001%0200d' 0 >"$tmp/small"
chmod 755 "$tmp/small"
kma run "$tmp/small"
says 126 'is for another kind of machine' 'a program of 32 bits'

# Installed.
mkdir "$tmp/usr" "$tmp/usr/bin" "$tmp/usr/lib"
cp "$kma" "$tmp/usr/bin/kma"
cp "$lib" "$tmp/usr/lib/libkma.so.0"
# shellcheck disable=SC2016
out=$("$tmp/usr/bin/kma" run sh -c 'echo "$LD_PRELOAD"')
[ "$out" = "$(readlink -f "$tmp/usr/lib/libkma.so.0")" ]
result 'installed: the library is ../lib of the command' "$out"
cp -r "$tmp/usr" "$tmp/a b"
"$tmp/a b/bin/kma" run true 2>"$tmp/err"
status=$?
err=$(cat "$tmp/err")
says 125 'cannot name a path with a colon or a blank' 'a path with a blank'
rm "$tmp/usr/lib/libkma.so.0"
if "$tmp/usr/bin/kma" run true 2>"$tmp/err"; then
	skip 'no library' 'one is installed'
else
	status=$?
	err=$(cat "$tmp/err")
	says 125 'no libkma.so.0, neither beside' 'no library'
fi
plan
