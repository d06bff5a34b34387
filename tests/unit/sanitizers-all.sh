#!/bin/sh
# tests/unit/sanitizers-all.sh: all of what sanitizers.sh does a part of.

KMA_TEST_ALL=1
export KMA_TEST_ALL
. "$KMA_SRCDIR/tests/unit/sanitizers.sh"
