#!/bin/sh
# tests/unit/valgrind-all.sh: all of what valgrind.sh does a part of.

KMA_TEST_ALL=1
export KMA_TEST_ALL
. "$KMA_SRCDIR/tests/unit/valgrind.sh"
