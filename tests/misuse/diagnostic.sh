#!/bin/sh
# tests/misuse/diagnostic.sh: every misuse under diagnostic, where the second
# frees that come later, and what is written where it must not be, are caught
# with certainty.

KMA_MISUSE_MODE=diagnostic
export KMA_MISUSE_MODE
exec sh "$KMA_SRCDIR/tests/misuse/run.sh" "$@"
