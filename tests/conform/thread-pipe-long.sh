#!/bin/sh
# tests/conform/thread-pipe-long.sh: 70 million blocks from one thread to
# another.

"${KMA_BUILDDIR:-.}/tests/conform/thread-pipe" 20
