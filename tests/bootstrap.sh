#!/bin/sh
# tests/bootstrap.sh: how bootstrap installs packages, with an apt of the
# test's own that installs nothing: it runs a script for each package as dpkg
# does, without the descriptor of apt's progress. Nothing is built: autoreconf
# fails.

. "${KMA_SRCDIR:-.}/tests/tap.sh"

mkdir -p "$tmp/bin" "$tmp/source/tests" || exit 99
PATH=$tmp/bin:$PATH
INSTALLED=$tmp/installed
export PATH INSTALLED

# fake NAME: a program by that name, from standard input.
fake() {
	{
		echo '#!/bin/sh'
		cat
	} >"$tmp/bin/$1"
	chmod 755 "$tmp/bin/$1"
}

fake dpkg-query <<'END'
for package; do :; done
grep -qx "$package" "$INSTALLED" && echo 'installed '
END
fake apt-cache <<'END'
[ "$2" != unheard-of ]
END
fake apt-get <<'END'
status=0
for arg; do
	case $arg in
	APT::Status-Fd=*)
		fd=${arg#*=}
		eval "echo pmstatus:x:55.5:installing >&$fd"
		eval "exec $fd>&-"
		;;
	broken) status=100 ;;
	-* | install | update | *::*) ;;
	*) if echo "script of $arg"; then
		echo "$arg" >>"$INSTALLED"
	else
		status=100
	fi ;;
	esac
done
exit $status
END
# sudo, where the test is not root's; tee and chmod would write the policy that
# starts no service.
printf 'exec "$@"\n' | fake sudo
printf 'cat >/dev/null\n' | fake tee
printf ':\n' | fake chmod
printf 'exit 1\n' | fake autoreconf

cp "$KMA_SRCDIR/bootstrap" "$tmp/source/" || exit 99
bootstrap() {
	: >"$INSTALLED"
	printf '%s\n' "$@" >"$tmp/source/tests/packages"
	"$tmp/source/bootstrap" check >"$tmp/out" 2>&1
	log=$tmp/source/build/bootstrap.log
}

bootstrap one two
grep -q '^      installed 50 %$' "$tmp/out"
result 'the progress of apt is shown' "@$tmp/out"
grep -q '^script of two$' "$log"
result "packages' scripts have a standard output, and it is kept" "@$log"
! grep -q 'cannot be' "$tmp/out" && grep -q 'autoreconf failed' "$tmp/out"
result 'what is installed is not complained of' "@$tmp/out"

bootstrap broken one unheard-of
grep -q 'cannot be installed: broken' "$tmp/out" &&
	[ "$(grep -c '^      cannot be' "$tmp/out")" -eq 1 ]
result 'a package that cannot be installed is named' "@$tmp/out"
grep -q 'not to be had: unheard-of' "$tmp/out"
result 'and one that is not to be had' "@$tmp/out"
grep -q 'autoreconf failed' "$tmp/out"
result 'and neither is the end' "@$tmp/out"
[ "$(tail -n 1 "$tmp/out")" = '0 passed, 1 failed, 0 skipped' ]
result 'a check that comes to nothing is one failure' "@$tmp/out"

plan 7
