#!/bin/sh
# tests/bench/selftest.sh: does the bench survive bad allocators?
echo "1..0 # SKIP not written yet"
