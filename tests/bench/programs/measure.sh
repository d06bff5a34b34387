#!/bin/sh
# measure.sh: one run of a program on the allocator under test, and a look at
# its output, which costs the measured program nothing.
#
# usage: measure.sh FOLDER COMMAND [ARGUMENT...]

. "$(dirname "$0")/lib.sh"

enter "$1"
shift
(under_test "$@") >output
end_like $?
same
report
