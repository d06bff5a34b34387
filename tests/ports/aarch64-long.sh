#!/bin/sh
# tests/ports/aarch64-long.sh: aarch64.sh with all its programs.

KMA_TEST_ALL=1 exec sh "${KMA_SRCDIR:-.}/tests/ports/aarch64.sh"
