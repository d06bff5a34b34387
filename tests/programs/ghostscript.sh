#!/bin/bash
# ghostscript.sh: gs under libkma renders a PostScript program with text,
# curves, shadings, patterns and a lot of garbage to collect; makes a PDF of
# it, and renders that.  The pixels are the same.
. "$(dirname "$0")/lib.sh"

begin
need gs ghostscript

cat >"$work/work.ps" <<'END'
%!PS-Adobe-3.0
%%Pages: 4
/rnd { rand exch mod } def
1988 srand
/star { % points radius
	gsave
	/r exch def /n exch def
	newpath
	0 1 n 1 sub {
		360 mul n div 2 mul dup cos r mul exch sin r mul
		2 index null eq { pop pop } if
		currentpoint2 { lineto } { moveto } ifelse
	} for
	closepath gsave 0.5 setgray fill grestore stroke
	grestore
} def
/currentpoint2 { { currentpoint } stopped { $error /newerror false put false }
	{ pop pop true } ifelse } def
/page { % number
	/p exch def
	/Times-Roman findfont 30 scalefont setfont
	72 760 moveto (Page ) show p 10 string cvs show
	/Helvetica-Bold findfont 9 scalefont setfont
	0 1 60 {
		/y exch def
		72 740 y 11 mul sub moveto
		10 { 26 rnd 97 add (abc) dup 0 4 -1 roll put show
			p y mul 20 string cvs show ( ) show } repeat
	} for
	150 {
		gsave
		612 rnd 792 rnd translate 360 rnd rotate
		100 rnd 100 div 100 rnd 100 div 100 rnd 100 div setrgbcolor
		0 0 moveto 100 rnd 100 rnd 100 rnd 100 rnd 100 rnd 100 rnd
		curveto
		p 2 mod 0 eq { stroke } { closepath fill } ifelse
		grestore
	} repeat
	gsave
	300 300 translate
	7 80 { star } stopped { clear } if
	grestore
	<< /ShadingType 3 /ColorSpace /DeviceRGB
	   /Coords [ 400 200 10 450 250 120 ]
	   /Function << /FunctionType 2 /Domain [0 1] /C0 [1 0 p 4 div]
	      /C1 [0 p 4 div 1] /N 1 >> >> shfill
	% A picture, and garbage: strings, arrays, dictionaries, saved state.
	gsave
	60 60 translate 120 120 scale
	/row 3 256 mul string def
	256 256 8 [256 0 0 256 0 0]
	{ 0 1 row length 1 sub { row exch 256 rnd put } for row }
	false 3 colorimage
	grestore
	/keep 500 array def
	20000 {
		keep 500 rnd [ 40 rnd { 200 rnd string } repeat ]
		10 dict dup /a 2 index put exch pop put
	} repeat
	save 3000 { 100 array pop } repeat restore
	showpage
} def
1 1 4 { page } for
%%EOF
END

gs_page() { # DEVICE RESOLUTION INPUT
	run_both -r 10000 "gs, $3 to $1" gs -q -dSAFER -dBATCH -dNOPAUSE \
	    -sDEVICE="$1" -r"$2" -sOutputFile="$1-%d.out" "$3"
}

ln "$work/work.ps" "$work/glibc/work.ps"
ln "$work/work.ps" "$work/libkma/work.ps"
gs_page png16m 100 work.ps
same "gs: same pages as PNG" png16m-1.out png16m-2.out png16m-4.out
gs_page pkmraw 150 work.ps
same "gs: same pages in four colours" pkmraw-1.out pkmraw-3.out
run_both -r 10000 "gs, to PDF" gs -q -dSAFER -dBATCH -dNOPAUSE \
    -sDEVICE=pdfwrite -sOutputFile=work.pdf work.ps
run_both -r 10000 "gs, from PDF, with threads" gs -q -dSAFER -dBATCH \
    -dNOPAUSE -sDEVICE=ppmraw -r150 -dNumRenderingThreads=2 \
    -dBandHeight=200 -dBufferSpace=2000000 -sOutputFile=pdf-%d.ppm work.pdf
same "gs: same pages by way of PDF" pdf-1.ppm pdf-2.ppm pdf-3.ppm pdf-4.ppm

plan
