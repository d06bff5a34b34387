#!/bin/sh
# tests/survival/inject-long.sh: all of what inject.sh does in steps: each call
# in turn, in each mode.

KMA_TEST_ALL=1
export KMA_TEST_ALL
limit=21600	# s for a mode
. "${KMA_SRCDIR:-.}/tests/survival/inject.sh"
