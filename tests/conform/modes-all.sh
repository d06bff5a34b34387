#!/bin/sh
# tests/conform/modes-all.sh: all of what modes.sh does a part of.

KMA_TEST_ALL=1
export KMA_TEST_ALL
. "$KMA_SRCDIR/tests/conform/modes.sh"
