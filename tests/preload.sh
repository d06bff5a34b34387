#!/bin/sh
# tests/preload.sh: runs a program under libkma.so, after making sure that a
# program run this way really gets it.
#
# usage: preload.sh PROGRAM [ARGUMENT...]	with LIBKMA in the environment

if [ $# -eq 0 ]; then
	echo "usage: preload.sh PROGRAM [ARGUMENT...]" >&2
	exit 2
fi
lib=$(readlink -f "${LIBKMA:-lib/.libs/libkma.so}") && [ -r "$lib" ] || {
	echo "preload.sh: no libkma.so: set LIBKMA to its path" >&2
	exit 99
}
if ! LD_PRELOAD=$lib cat /proc/self/maps | grep -q -F "$lib"; then
	echo "preload.sh: $lib is not loaded into programs" >&2
	exit 99
fi
LD_PRELOAD=$lib${LD_PRELOAD:+:$LD_PRELOAD} exec "$@"
