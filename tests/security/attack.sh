#!/bin/sh
# tests/security/attack.sh: the table of kma-security(7), carried out: each
# attack with each of its sizes, on libkma in three modes and on glibc. What
# comes of it has to be among the letters of the cell, and where that is one
# letter, it is that.
#
# usage: attack.sh [ATTACK ...]

. "${KMA_SRCDIR:-.}/tests/tap.sh"

attack=$KMA_BUILDDIR/tests/security/attack
page=$KMA_SRCDIR/man/kma-security.7

# comes_to MODE ATTACK SIZE: the letter.
comes_to() {
	case $1 in
	glibc)
		timeout 60 "$attack" "$2" "$3" 2>"$tmp/err"
		;;
	kma)
		LD_PRELOAD=$LIBKMA KMA_OPTIONS='' timeout 60 "$attack" \
		    "$2" "$3" 2>"$tmp/err"
		;;
	*)
		LD_PRELOAD=$LIBKMA KMA_OPTIONS=$1 timeout 60 "$attack" \
		    "$2" "$3" 2>"$tmp/err"
		;;
	esac
	case $? in
	134)
		if [ "$1" = glibc ] || grep -q '^libkma: .*: ' "$tmp/err"; then
			echo F
		else
			echo '?'
		fi
		;;
	139) echo S ;;
	20) echo W ;;
	21) echo H ;;
	*) echo '?' ;;
	esac
}

# try MODE CELL ATTACK SIZE ...
try() {
	mode=$1 cell=$2 name=$3
	shift 3
	: >"$tmp/why"
	for size; do
		letter=$(comes_to "$mode" "$name" "$size" 2>"$tmp/shell")
		case $cell in
		*"$letter"*) ;;
		*)
			echo "$size bytes: $letter instead of $cell"
			head -n 3 "$tmp/err"
			;;
		esac
	done >"$tmp/why"
	empty "$name, $mode: $cell" "$tmp/why"
}

"$attack" >"$tmp/attacks" || exit 1
sed -n '/^\.Bd -literal/,/^\.Ed/p' "$page" | grep '^[a-z]' >"$tmp/table"
cut -d ' ' -f 1 "$tmp/attacks" | sort >"$tmp/carried"
cut -d ' ' -f 1 "$tmp/table" | sort >"$tmp/told"
diff "$tmp/carried" "$tmp/told" >"$tmp/why"
result "the table has the attacks that there are" "@$tmp/why"
[ "$(wc -l <"$tmp/table")" -ge 40 ]
result "and they are 40 at least"

# Another glibc may do otherwise.
columns='kma diagnostic hardened'
[ "$(getconf GNU_LIBC_VERSION)" = 'glibc 2.36' ] && columns="$columns glibc"
while read -r name kma diagnostic hardened glibc _; do
	case " ${*:-$name} " in
	*" $name "*) ;;
	*) continue ;;
	esac
	sizes=$(sed -n "s/^$name //p" "$tmp/attacks")
	for mode in $columns; do
		eval "cell=\$$mode"
		# shellcheck disable=SC2086,SC2154
		try "$mode" "$cell" "$name" $sizes
	done
done <"$tmp/table"
# The letters that eval reads.
: "$kma $diagnostic $hardened $glibc"
plan
