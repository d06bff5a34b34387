#!/bin/bash
# make.sh: make -j2 under libkma builds a program of many small files, with
# all the tools it calls, twice: once anew and once after a change.
. "$(dirname "$0")/lib.sh"

# This test may be run by make: what that tells its children is not for ours.
unset MAKEFLAGS MFLAGS MAKELEVEL

begin
need make make
need gcc gcc

for who in glibc libkma; do
	(
		cd "$work/$who" || exit
		cat >Makefile <<'END'
N := $(shell seq 1 40)
OBJECTS := $(N:%=part%.o)
CFLAGS := -O1 -Wall
CC := gcc
program: main.o libparts.a
	@$(CC) $(CFLAGS) -o $@ main.o libparts.a
libparts.a: $(OBJECTS)
	@rm -f $@
	@ar rcD $@ $(OBJECTS)
part%.c: template
	@sed 's/@N@/$*/g' template >$@
main.c: Makefile
	@{ $(foreach n,$(N),echo 'int part$(n)(int);';) \
	   echo '#include <stdio.h>'; echo 'int main(void) { int s = 0;'; \
	   $(foreach n,$(N),echo 's += part$(n)(s);';) \
	   echo 'printf("%d", s); return 0; }'; } >$@
%.o: %.c
	@$(CC) $(CFLAGS) -c -o $@ $<
define RULE
.PHONY: check$(1)
check: check$(1)
check$(1): program
	@test "$$$$(./program)" -gt $(1)
endef
$(foreach n,$(N),$(eval $(call RULE,$(n))))
check:
	@./program
.SECONDARY:
.PHONY: check
END
		echo '#include <stdlib.h>
			#include <string.h>
			int part@N@(int x) { char *p = malloc(@N@ + 1); int i;
			memset(p, x, @N@); for (i = 0; i < @N@; i++) x += p[i];
			free(p); return x % 1009 + @N@; }' >template
	)
done

run_both -p 120 -r 100000 "make -j2" make -s -j2 check
same_output "make -j2"
same "make -j2: same program" program libparts.a
sleep 1
touch "$work/glibc/template" "$work/libkma/template"
run_both -p 120 -r 100000 "make -j2, again" make -s -j2 check
same "make -j2, again: same program" program libparts.a stdout

plan
