#!/bin/sh
# tests/survival/memory.sh: phases.c in a control group (see cgroups(7)) that
# may have little more memory than the largest phase needs: what libkma gives
# back keeps the program alive. Of both versions of groups, whichever the
# machine has; and root's rights are needed to make one.

. "${KMA_SRCDIR:-.}/tests/tap.sh"

phases=$KMA_BUILDDIR/tests/survival/phases
circumstances=$KMA_BUILDDIR/tests/survival/circumstances
bytes=64	# MB of a phase
group=
at_end() {
	[ -z "$group" ] || rmdir "$group"
}

# --- the group --------------------------------------------------------------

# place CONTROLLERS TYPE OPTION: the folder of this process's own group.
place() {
	mount=$(awk -v type="$2" -v option="$3" '
		$3 == type && ("," $4 ",") ~ ("," option ",") {
			print $2
			exit
		}' /proc/self/mounts)
	path=$(sed -n "s/^[0-9]*:$1://p" /proc/self/cgroup)
	[ -n "$mount" ] && [ -n "$path" ] && dir=$mount${path%/}
}

# In version 2, processes are in the leaves: so it is beside this one's, or
# further up.
make_2() {
	place '' cgroup2 rw || return 1
	while ! grep -qw memory "$dir/cgroup.subtree_control" 2>/dev/null; do
		[ "$dir" != "$mount" ] || return 1
		dir=${dir%/*}
	done
	group=$dir/libkma-test.$$
	mkdir "$group" 2>/dev/null && [ -w "$group/memory.max" ] &&
		limit=memory.max none=max
}

make_1() {
	place '[a-z,]*memory[a-z,]*' cgroup memory || return 1
	group=$dir/libkma-test.$$
	mkdir "$group" 2>/dev/null && [ -w "$group/memory.limit_in_bytes" ] &&
		limit=memory.limit_in_bytes none=-1
}

make_2 || make_1 || {
	[ -d "$group" ] || group=
	todo 'a limit on memory' 'no control group can be made here'
	plan
}
echo "# $limit"

# within KB COMMAND...: in the group; its status.
within() {
	echo "$none" >"$group/$limit"
	echo $(($1 * 1024)) >"$group/$limit" || return 96
	[ ! -e "$group/memory.swap.max" ] || echo 0 >"$group/memory.swap.max"
	shift
	# shellcheck disable=SC2016
	KMA_OPTIONS=$options LD_PRELOAD=$LIBKMA timeout 120 \
		sh -c 'echo $$ >"$0/cgroup.procs" && exec "$@"' "$group" "$@" \
		>"$tmp/log" 2>&1
}

# --- the phases -------------------------------------------------------------

# most: KB of the largest of the phases, each in a process of its own.
most() {
	for n in 1 2 3 4 5 6 7; do
		KMA_OPTIONS=$options LD_PRELOAD=$LIBKMA timeout 120 "$phases" \
			$bytes $n
	done | sort -n | tail -n 1
}

# Records of blocks, where a mode keeps some, stay with their lists.
while read -r options percent; do
	name=$options
	[ "$options" != default ] || options=
	need=$(most)
	may=$((need * percent / 100))
	for how in '' threads processes; do
		# shellcheck disable=SC2086
		within $may "$phases" $bytes $how
		result "$name: $may KB for phases of $need at most${how:+, $how}" "@$tmp/log"
	done
done <<EOF
default 130
spacing=1 130
accounting=object 130
diagnostic 160
hardened 160
EOF

# The limit counts, and so does what is given back.
options=
need=$(most)
within $((need * 8 / 10)) "$phases" $bytes
[ $? -ge 128 ]
result 'less than the largest phase needs: killed' "@$tmp/log"
! within $((need * 13 / 10)) "$circumstances" without "$phases" $bytes processes
result 'nothing can be given back: not all processes live' "@$tmp/log"

# Beyond memory.high, the kernel slows a program down, more and more.
if [ -w "$group/memory.high" ]; then
	echo $((need * 13 * 1024 / 10)) >"$group/memory.high"
	within $((need * 10)) "$phases" $bytes
	result "memory.high is $((need * 13 / 10)) KB" "@$tmp/log"
else
	todo 'memory.high' 'the machine has groups of version 1'
fi
plan
