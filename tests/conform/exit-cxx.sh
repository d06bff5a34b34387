#!/bin/sh
# tests/conform/exit-cxx.sh: C++ objects destroyed at exit.

. "${KMA_SRCDIR:=.}/tests/conform/cxx-run.sh"
compile exit-cxx.cc
"$tmp/exit-cxx"
