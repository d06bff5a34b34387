#!/bin/sh
# tests/conform/cxx-replace.sh: a program that replaces operator new.

. "${KMA_SRCDIR:=.}/tests/conform/cxx-run.sh"
compile cxx-replace.cc
"$tmp/cxx-replace"
