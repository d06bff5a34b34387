# tests/modes.sh: the modes that tests of survival run in, in one place. To be
# sourced; needs LIBKMA.
#
#	modes FILE	writes a line for each: its KMA_OPTIONS, the first empty.
#			FILE is where a mode that writes may write to.
#
# One that the library does not know is left out, as its help tells.
# shellcheck shell=sh

modes() {
	known=$(KMA_OPTIONS=help LD_PRELOAD=$LIBKMA /bin/true 2>&1)
	for mode in '' accounting=object spacing=1 diagnostic hardened \
		"trace=$1"; do
		key=${mode%%=*}
		case $known in
		*"libkma:   ${key:-spacing}"*) echo "$mode" ;;
		esac
	done
}
