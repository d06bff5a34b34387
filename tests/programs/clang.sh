#!/bin/bash
# clang.sh: clang and clang++ under libkma: the sources of libkma, a C++
# program with heavy headers, and what the linker makes of it.  Every object is
# equal, bit for bit, to the one made on glibc's malloc.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/compilers.sh"

begin
need_core clang clang
need_core clang++ clang

compile_libkma clang
compile_heavy clang++

plan
