#!/bin/bash
# gcc.sh: gcc and g++ under libkma: the sources of libkma, a C++ program with
# heavy headers, link-time optimisation, and what the linker makes of it.
# Every object is equal, bit for bit, to the one made on glibc's malloc.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/compilers.sh"

begin
need_core gcc gcc
need_core g++ g++

compile_libkma gcc
compile_heavy g++ -flto=2

plan
