/*
 * tracesum_plot.c - what a trace holds, as a picture: live bytes over time,
 * and how many requests there are of each size and each lifetime.
 */
#include <inttypes.h>

#include "gnuplot.h"
#include "traceformat.h"
#include "tracesum.h"

static void
put_curve(FILE *fp, const struct tracesum *sum)
{
	fputs("$live << EOD\n0 0\n", fp);
	for (unsigned i = 0; i < sum->sum_nslots; i++)
		fprintf(fp, "%.9f %" PRIu64 "\n",
		    (double)((i + 1) * sum->sum_width) / 1e9,
		    sum->sum_slot[i].ss_peak);
	fputs("EOD\n", fp);
}

static void
put_sizes(FILE *fp, const struct tracesum *sum)
{
	fputs("$sizes << EOD\n", fp);
	for (unsigned i = 0; i <= SUM_SIZES; i++)
		if (sum->sum_size[i].sc_count > 0)
			fprintf(fp, "%.0f %" PRIu64 "\n",
			    (double)((unsigned __int128)1 << i),
			    sum->sum_size[i].sc_count);
	fputs("EOD\n", fp);
}

static void
put_lives(FILE *fp, const struct tracesum *sum, const struct trace_totals *tt)
{
	fputs("$lives << EOD\n", fp);
	for (unsigned i = 0; i <= SUM_LIVES; i++) {
		char bound[32];

		tracesum_life(i, bound, sizeof(bound));
		if (sum->sum_life[i].sc_count > 0)
			fprintf(fp, "\"%s\" %" PRIu64 "\n", bound,
			    sum->sum_life[i].sc_count);
	}
	fprintf(fp, "\"never\" %" PRIu64 "\nEOD\n", tt->tt_objects);
}

static void
put_script(FILE *fp, const struct tracefile *tf)
{
	fputs("set terminal svg size 900,900 dynamic background 'white'\n"
	    "set multiplot layout 3,1 title ", fp);
	gnuplot_quote(fp, tracefile_header(tf)->th_command);
	fputs(" noenhanced\n"
	    "unset key\n"
	    "set yrange [0:*]\n"
	    "set format y '%.1s%c'\n"
	    "set title 'Live bytes'\n"
	    "set xlabel 'seconds'\n"
	    "plot $live with fillsteps fc rgb '#2a6f97'\n"
	    "set style fill solid\n"
	    "set boxwidth 0.8\n"
	    "set xtics rotate by -30\n"
	    "set title 'Requests by size'\n"
	    "set xlabel 'bytes, up to'\n"
	    "plot $sizes using 0:2:xtic(1) with boxes fc rgb '#2a6f97'\n"
	    "set title 'Objects by lifetime'\n"
	    "set xlabel 'below'\n"
	    "plot $lives using 0:2:xtic(1) with boxes fc rgb '#2a6f97'\n"
	    "unset multiplot\n", fp);
}

bool
tracesum_plot(const char *file, const struct tracesum *sum,
    const struct tracefile *tf)
{
	struct gnuplot gp;

	if (!gnuplot_there("trace") || !gnuplot_begin(&gp, "trace", file))
		return (false);
	put_curve(gp.gp_script, sum);
	put_sizes(gp.gp_script, sum);
	put_lives(gp.gp_script, sum, tracefile_totals(tf));
	put_script(gp.gp_script, tf);
	return (gnuplot_end(&gp));
}
