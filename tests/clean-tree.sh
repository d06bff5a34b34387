#!/bin/sh
# tests/clean-tree.sh: libkma in a newly made Debian tree: ./bootstrap, with
# its check; then the tree's own programs and a whole build of libkma with
# libkma in the tree's /etc/ld.so.preload, as they work without it.
#
# The tree comes from where this machine's apt takes its packages. It goes
# into TMPDIR and needs some gigabytes. What runs in it has its own mounts and
# process numbers, so that nothing outlives it.
#
# KMA_CLEAN_TREE_CHECK=no leaves out `./bootstrap check', which takes longest;
# KMA_CLEAN_TREE_KEEP=yes leaves the tree in place.

set -u

skip_all() {
	echo "1..0 # SKIP $1"
	exit 0
}

[ "$(id -u)" -eq 0 ] || skip_all 'only root can make a tree'
command -v debootstrap >/dev/null || skip_all 'debootstrap is not installed'
[ -e "$KMA_SRCDIR/.git" ] || skip_all 'this is a release, not its source'
unshare -m -p -f true 2>/dev/null || skip_all 'unshare is not allowed here'

dir=$(mktemp -d) || exit 1
tree=$dir/tree
case ${KMA_CLEAN_TREE_KEEP:-no} in
yes) trap 'echo "# the tree is $tree"' EXIT ;;
*) trap 'rm -rf --one-file-system "$dir"' EXIT ;;
esac
trap 'exit 1' HUP INT TERM
number=0

progress() {
	echo "clean-tree: $*" >&2
}

# result STATUS NAME [LOG]: the log's end is shown after a failure.
result() {
	number=$((number + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $number - $2"
	else
		echo "not ok $number - $2"
		[ $# -lt 3 ] || tail -n 30 "$3" | sed 's/^/# /'
	fi
}

# Runs a command in the tree.
in_tree() {
	# shellcheck disable=SC2016
	unshare -m -p -f --kill-child --propagation private /bin/sh -c '
		mount -t proc proc "$0/proc" &&
		mount --rbind /dev "$0/dev" || exit 99
		exec chroot "$0" env -i HOME=/root TERM=dumb LC_ALL=C.UTF-8 \
			PATH=/usr/sbin:/usr/bin:/sbin:/bin CI=true \
			DEBIAN_FRONTEND=noninteractive "$@"
	' "$tree" "$@" </dev/null
}

make_tree() {
	# shellcheck disable=SC1091
	codename=$(. /etc/os-release && echo "$VERSION_CODENAME")
	# shellcheck disable=SC2016
	mirror=$(apt-get indextargets --format \
		'$(REPO_URI) $(CODENAME) $(COMPONENT)' 'Created-By: Packages' |
		awk -v c="$codename" '$2 == c && $3 == "main" {
			print $1
			exit
		}')
	[ -n "$mirror" ] || {
		echo 'apt-get indextargets names no source of main'
		return 1
	}
	eval "$(apt-config shell proxy Acquire::http::Proxy \
		sproxy Acquire::https::Proxy)"
	# A subshell, for its environment.
	(
		[ -n "${proxy:-}" ] && export http_proxy="$proxy"
		[ -n "${sproxy:-}" ] && export https_proxy="$sproxy"
		exec debootstrap --variant=minbase \
			--include=ca-certificates "$codename" "$tree" "$mirror"
	) || return 1
	rm -f "$tree"/etc/apt/sources.list
	for file in sources.list sources.list.d; do
		[ -e "/etc/apt/$file" ] &&
			cp -RL "/etc/apt/$file" "$tree/etc/apt/"
	done
	for file in /etc/apt/keyrings /usr/share/keyrings; do
		[ -d "$file" ] && mkdir -p "$tree$file" &&
			cp -RL "$file/." "$tree$file/"
	done
	apt-config dump | grep -E '^Acquire::(https?|Retries)' \
		>"$tree/etc/apt/apt.conf.d/90host"
	for file in /etc/ssl/certs/ca-certificates.crt /etc/resolv.conf \
		/etc/hosts; do
		[ -e "$file" ] && cp -L "$file" "$tree$file"
	done
	mkdir "$tree/src" &&
		git -C "$KMA_SRCDIR" archive HEAD | tar -xf - -C "$tree/src"
}

# The things that must work with libkma everywhere as they do without it: a
# name, a colon, a command. Each leaves the tree as it found it.
works() {
	cat <<'EOF'
apt-get update:apt-get -q update
apt-get install:apt-get -q -y install hello && hello
apt-cache search:apt-cache search ^libc6$ && apt-cache policy libc6 >/dev/null
apt-get remove:apt-get -q -y remove hello
dpkg -l:dpkg -l
dpkg --verify:dpkg --verify
dpkg -i:cd /tmp && apt-get -q download hello && dpkg -i hello_*.deb && dpkg -P hello && rm hello_*.deb
interactive shell:printf '%s\n' 'PS1=x' 'for i in 1 2 3; do echo $i; done | sort -r' 'f() { echo "$(ls /)"; }; f' 'sleep 1 & wait; jobs' 'cd /src; ls -d l*' 'history | tail -n 2' 'exit 7' | script -qec 'bash -i' /dev/null; test $? = 7
su to another user:su -s /bin/sh nobody -c id
perl:perl -e 'my %h = map { $_ => "x" x $_ } 1 .. 5000; print scalar(keys %h), "\n"'
configure libkma:rm -rf /tmp/b && mkdir /tmp/b && cd /tmp/b && /src/configure -q
build libkma:make -C /tmp/b -s -j2 V=0
install libkma:make -C /tmp/b -s install DESTDIR=/tmp/b/inst && (cd /tmp/b/inst && find . -type f | sort)
sum of what was built:sha256sum /tmp/b/lib/.libs/libkma.so.0.0.0 /tmp/b/lib/libkma.a
EOF
}

# run_works FOLDER: each command's status and output.
run_works() {
	mkdir "$dir/$1"
	works | while IFS=: read -r name command; do
		progress "$1 libkma: $name"
		in_tree /bin/sh -c "$command" >"$dir/$1/$name.out" 2>&1
		echo $? >"$dir/$1/$name.status"
	done
}

progress 'making the tree'
make_tree >"$dir/log" 2>&1
status=$?
result $status 'a tree is made' "$dir/log"
[ $status -eq 0 ] || {
	echo "1..$number"
	exit 1
}

progress './bootstrap'
in_tree /bin/sh -c 'cd /src && exec ./bootstrap' >"$dir/log" 2>&1
result $? './bootstrap' "$dir/log"
grep -q 'requests [1-9]' "$dir/log"
result $? './bootstrap shows that libkma served a program' "$dir/log"
progress './bootstrap again'
in_tree /bin/sh -c 'cd /src && exec ./bootstrap' >"$dir/log" 2>&1
result $? './bootstrap a second time' "$dir/log"
! grep -q 'missing' "$dir/log"
result $? 'which installs nothing' "$dir/log"

if [ "${KMA_CLEAN_TREE_CHECK:-yes}" = no ]; then
	number=$((number + 1))
	echo "ok $number - ./bootstrap check # SKIP KMA_CLEAN_TREE_CHECK=no"
else
	progress './bootstrap check'
	in_tree /bin/sh -c 'cd /src && exec ./bootstrap check' 2>&1 |
		tee "$dir/log" >&2
	tail -n 1 "$dir/log" | grep -qE '^[1-9][0-9]* passed, 0 failed, '
	result $? './bootstrap check' "$dir/log"
fi

run_works without
mkdir -p "$tree/usr/lib/kma"
cp "$tree/src/build/lib/.libs/libkma.so.0.0.0" "$tree/usr/lib/kma/libkma.so.0"
echo /usr/lib/kma/libkma.so.0 >"$tree/etc/ld.so.preload"
for program in cat dpkg-query apt-get sh perl; do
	in_tree env KMA_OPTIONS=stats "$program" --version 2>&1
done >"$dir/log" </dev/null
in_tree cat /proc/self/maps | grep /usr/lib/kma/libkma.so.0 >/dev/null
result $? "libkma is in the tree's programs"
[ "$(grep -c 'requests [1-9]' "$dir/log")" -ge 4 ]
result $? 'and serves them' "$dir/log"
run_works with

works | cut -d: -f1 >"$dir/names"
while read -r name; do
	without=$(cat "$dir/without/$name.status")
	with=$(cat "$dir/with/$name.status")
	[ "$without" = 0 ] && [ "$with" = 0 ] &&
		! grep -q '^libkma:' "$dir/with/$name.out"
	result $? "with libkma: $name (status $with, without it $without)" \
		"$dir/with/$name.out"
done <"$dir/names"
for name in 'sum of what was built' 'perl' 'dpkg -l' 'su to another user'; do
	cmp -s "$dir/without/$name.out" "$dir/with/$name.out"
	result $? "the same output: $name" "$dir/with/$name.out"
done
echo "1..$number"
