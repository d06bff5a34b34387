#!/bin/sh
# tests/conform/cxx-new.sh: every form of operator new and delete.

. "${KMA_SRCDIR:=.}/tests/conform/cxx-run.sh"
compile cxx-new.cc
"$tmp/cxx-new"
