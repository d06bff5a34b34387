#!/bin/sh
# tests/ports/musl-long.sh: musl.sh with all its programs.

KMA_TEST_ALL=1 exec sh "${KMA_SRCDIR:-.}/tests/ports/musl.sh"
