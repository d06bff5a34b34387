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

. "${KMA_SRCDIR:-.}/tests/tap.sh"

[ "$(id -u)" -eq 0 ] || skip_all 'only root can make a tree'
command -v debootstrap >/dev/null || skip_all 'debootstrap is not installed'
[ -e "$KMA_SRCDIR/.git" ] || skip_all 'this is a release, not its source'
unshare -m -p -f true 2>/dev/null || skip_all 'unshare is not allowed here'

tree=$tmp/tree
[ "${KMA_CLEAN_TREE_KEEP:-no}" = no ] ||
	trap 'echo "# the tree is $tree"' EXIT

progress() {
	echo "clean-tree: $*" >&2
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
	mkdir "$tmp/$1"
	works | while IFS=: read -r name command; do
		progress "$1 libkma: $name"
		in_tree /bin/sh -c "$command" >"$tmp/$1/$name.out" 2>&1
		echo $? >"$tmp/$1/$name.status"
	done
}

progress 'making the tree'
make_tree >"$tmp/log" 2>&1
made=$?
[ $made -eq 0 ]
result 'a tree is made' "@$tmp/log"
[ $made -eq 0 ] || plan

progress './bootstrap'
in_tree /bin/sh -c 'cd /src && exec ./bootstrap' >"$tmp/log" 2>&1
result './bootstrap' "@$tmp/log"
grep -q 'requests [1-9]' "$tmp/log"
result './bootstrap shows that libkma served a program' "@$tmp/log"
progress './bootstrap again'
in_tree /bin/sh -c 'cd /src && exec ./bootstrap' >"$tmp/log" 2>&1
result './bootstrap a second time' "@$tmp/log"
! grep -q 'missing' "$tmp/log"
result 'which installs nothing' "@$tmp/log"

if [ "${KMA_CLEAN_TREE_CHECK:-yes}" = no ]; then
	skip './bootstrap check' 'KMA_CLEAN_TREE_CHECK=no'
else
	progress './bootstrap check'
	in_tree /bin/sh -c 'cd /src && exec ./bootstrap check' 2>&1 |
		tee "$tmp/log" >&2
	tail -n 1 "$tmp/log" | grep -qE '^[1-9][0-9]* passed, 0 failed, '
	result './bootstrap check' "@$tmp/log"
fi

run_works without
mkdir -p "$tree/usr/lib/kma"
cp "$tree/src/build/lib/.libs/libkma.so.0.0.0" "$tree/usr/lib/kma/libkma.so.0"
echo /usr/lib/kma/libkma.so.0 >"$tree/etc/ld.so.preload"
for program in cat dpkg-query apt-get sh perl; do
	in_tree env KMA_OPTIONS=stats "$program" --version 2>&1
done >"$tmp/log" </dev/null
in_tree cat /proc/self/maps | grep /usr/lib/kma/libkma.so.0 >/dev/null
result "libkma is in the tree's programs"
[ "$(grep -c 'requests [1-9]' "$tmp/log")" -ge 4 ]
result 'and serves them' "@$tmp/log"
run_works with

works | cut -d: -f1 >"$tmp/names"
while read -r name; do
	without=$(cat "$tmp/without/$name.status")
	with=$(cat "$tmp/with/$name.status")
	[ "$without" = 0 ] && [ "$with" = 0 ] &&
		! grep -q '^libkma:' "$tmp/with/$name.out"
	result "with libkma: $name (status $with, without it $without)" \
		"@$tmp/with/$name.out"
done <"$tmp/names"
for name in 'sum of what was built' 'perl' 'dpkg -l' 'su to another user'; do
	cmp -s "$tmp/without/$name.out" "$tmp/with/$name.out"
	result "the same output: $name" "@$tmp/with/$name.out"
done
plan
