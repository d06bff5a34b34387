#!/bin/bash
# w3m.sh: w3m under libkma, a program on the Boehm-Demers-Weiser collector. It
# looks for pointers in the stacks and data of all objects, libkma's among
# them, and makes its own heap beside malloc's.
. "$(dirname "$0")/lib.sh"

begin
need w3m w3m

# Tables within tables: w3m renders what is in a cell again and again.
awk 'BEGIN {
	print "<html><head><title>t</title></head><body>"
	for (n = 1; n <= 60; n++) {
		print "<h2>" n "</h2><table border=1>"
		for (row = 1; row <= 25; row++) {
			print "<tr><td>" row * n "<td><a href=\"#" row "\">"
			print "l&eacute;" row "</a><td><table><tr><td>" n
			print "<td><ul><li>x<li>y</ul></table>"
			for (k = 0; k < row; k++) printf "word%d ", k * n
		}
		print "</table><form><input name=a value=" n "><select>"
		print "<option>1<option>2</select></form>"
	}
	print "</body></html>"
}' >"$work/page.html"
seq 1 60000 >"$work/lines.txt"

run_both -r 20 "w3m with tables" w3m -dump -cols 120 -o graphic_char=0 \
    -T text/html "$work/page.html"
same_output "w3m with tables"
run_both -r 20 "w3m with a long text" w3m -dump "$work/lines.txt"
same_output "w3m with a long text"

# Collections at every turn, and memory given back.
run_both -r 20 "w3m with many collections" env GC_FREE_SPACE_DIVISOR=100 \
    GC_FULL_FREQUENCY=0 GC_UNMAP_THRESHOLD=1 \
    w3m -dump -cols 80 -T text/html "$work/page.html"
same_output "w3m with many collections"

plan
