#!/bin/bash
# bash.sh: bash under libkma: a script with many forks, pipes, substitutions,
# arrays and here-documents, coprocesses and traps.
. "$(dirname "$0")/lib.sh"

begin
need bash bash

cat >"$work/work.sh" <<'END'
set -eu
declare -A count
seed=1988
next() { seed=$(((seed * 16807) % 2147483647)); }

for ((n = 0; n < 20000; n++)); do
	next
	k=key$((seed % 700))
	count[$k]=$((${count[$k]:-0} + 1))
	((n % 3)) || unset "count[$k]"
done
for k in "${!count[@]}"; do echo "$k ${count[$k]}"; done | sort | cksum

text=
for ((n = 0; n < 3000; n++)); do text+="word$n "; done
text=${text//word/Wort}
echo "${#text} ${text:1000:60}" "${text^^}" | cksum
[[ $text =~ (Wort29[0-9]+\ )+ ]] && echo "${BASH_REMATCH[0]}"

# Subshells and substitutions: 600 forks.
total=0
for ((n = 0; n < 400; n++)); do
	x=$(next; echo "$((n * 2))")
	total=$((total + x))
done
echo "$total"
for ((n = 0; n < 100; n++)); do
	(list=(); for i in {1..50}; do list+=("$n$i"); done; exit ${#list[@]}) ||
	    total=$((total + $?))
done
echo "$total"
for ((n = 0; n < 20; n++)); do
	seq 1 500 | while read -r i; do echo "$i$n"; done | tr 0-4 5-9 | cksum
done
for ((n = 0; n < 40; n++)); do
	(sleep 0.0$((n % 5)); echo "$n" >"job$n") &
done
wait
cat job* | sort -n | cksum
cat <<-HERE | tr a-z A-Z
	a here-document with $(echo a substitution) and $((6 * 7))
HERE
coproc { while read -r l; do echo "<$l>"; done; }
for n in 1 2 3; do
	echo "$n" >&"${COPROC[1]}"
	read -r back <&"${COPROC[0]}"
	echo "$back"
done
trap 'echo got a signal' USR1
for n in 1 2 3; do kill -USR1 $$; done
diff <(seq 1 100) <(seq 1 100) && echo equal
mapfile -t lines < <(seq 1 5000)
echo "${#lines[@]} ${lines[4321]}"
find /usr/share/doc -maxdepth 1 -print0 | xargs -0 -n 50 echo | sort | cksum
END

# Most of the processes end in exec or without exit handlers; some of each.
run_both -p 100 -r 100000 "bash" bash "$work/work.sh"
same_output "bash"

plan
