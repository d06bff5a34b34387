#!/bin/sh
# tests/conform/cxx-plugin.sh: a C++ plugin in a C program.

. "${KMA_SRCDIR:=.}/tests/conform/cxx-run.sh"
compile lib-cxx.cc
KMA_TEST_MODULES=$tmp
export KMA_TEST_MODULES
"${KMA_BUILDDIR:-.}/tests/conform/cxx-plugin"
