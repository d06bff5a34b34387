#!/bin/sh
# tests/conform/fork-storm-long.sh: 20,000 forks beside threads that allocate.

"${KMA_BUILDDIR:-.}/tests/conform/fork-storm" 20000
