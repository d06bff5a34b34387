#!/bin/sh
# tests/clean-tree.sh: libkma in a newly made Debian tree.
echo "1..0 # SKIP to be written"
