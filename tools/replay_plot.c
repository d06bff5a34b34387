/*
 * replay_plot.c - what came of a replay, as a picture: utilisation over time,
 * what the required memory was used for at its peak, and maps of it there.
 */
#include "command.h"
#include "gnuplot.h"
#include "replay.h"

#define WIDTH		1000
#define HEIGHT_LINES	380
#define HEIGHT_BARS	300
#define HEIGHT_MAP	22	/* of one allocator */
#define HEIGHT_FRAME	110	/* of the maps: title, axis and legend */
#define PERCENT		100
#define COARSE		0xf	/* of a colour: makes no difference */
#define MEGABYTE	1048576.0

/* By enum classic_use: free, kept, used, header. */
static const unsigned colour[CLASSIC_META + 1] = {
	0xf4f4f4, 0xe9c46a, 0x2a6f97, 0xd1495b
};

/*
 * Data, in blocks that the plots name.
 */

static void
put_lines(FILE *fp, const struct replay_result *rr, unsigned n)
{
	fprintf(fp, "$line%u << EOD\n", n);
	for (unsigned i = 0; i < rr->rr_samples; i++) {
		const struct replay_moment *rm = &rr->rr_sample[i];

		fprintf(fp, "%llu %.4f\n", (unsigned long long)rm->rm_op,
		    PERCENT * replay_part(rm->rm_requested, rm->rm_required));
	}
	if (rr->rr_samples == 0)
		fputs("0 0\n", fp);
	fputs("EOD\n", fp);
}

static void
put_bars(FILE *fp, const struct replay_request *rq,
    const struct replay_result *rr)
{
	fputs("$bars << EOD\n", fp);
	for (unsigned i = 0; i < rq->rq_nops; i++) {
		const struct replay_moment *rm = &rr[i].rr_peak;

		fprintf(fp, "%s %.4f %.4f %.4f\n", rr[i].rr_ops->co_name,
		    PERCENT * replay_internal(rm),
		    PERCENT * replay_external(rm),
		    PERCENT * replay_part(rm->rm_inband, rm->rm_required));
	}
	fputs("EOD\n", fp);
}

/* The colours of what is in a cell, mixed; not so fine that no two are one. */
static unsigned
mix(const struct replay_cell *rc)
{
	unsigned rgb = 0;

	for (unsigned shift = 0; shift < 24; shift += 8) {
		double part = 0.5;

		for (unsigned use = 0; use <= CLASSIC_META; use++)
			part += (double)rc->rc_use[use] *
			    (colour[use] >> shift & 0xff);
		rgb |= ((part > 0xff ? 0xff : (unsigned)part) | COARSE) <<
		    shift;
	}
	return (rgb);
}

/* A box for each run of cells of one colour: from, to, row, colour. */
static void
put_map(FILE *fp, const struct replay_result *rr, unsigned row)
{
	double bytes = rr->rr_cells == 0 ? 0 :
	    (double)rr->rr_extent / rr->rr_cells / MEGABYTE;
	unsigned first = 0;

	for (unsigned i = 1; i <= rr->rr_cells; i++) {
		unsigned rgb = mix(&rr->rr_cell[first]);

		if (i < rr->rr_cells && mix(&rr->rr_cell[i]) == rgb)
			continue;
		fprintf(fp, "%.6f %.6f %u %u\n", first * bytes, i * bytes, row,
		    rgb);
		first = i;
	}
}

static void
put_maps(FILE *fp, const struct replay_request *rq,
    const struct replay_result *rr)
{
	fputs("$maps << EOD\n0 0 0 0\n", fp);
	for (unsigned i = 0; i < rq->rq_nops; i++)
		put_map(fp, &rr[i], i);
	fputs("EOD\n", fp);
}

/*
 * Plots, from the top to the bottom.
 */

static void
place(FILE *fp, unsigned top, unsigned height, unsigned all)
{
	fprintf(fp, "set origin 0, %.6f\nset size 1, %.6f\n",
	    1 - (double)(top + height) / all, (double)height / all);
}

static void
plot_lines(FILE *fp, const struct replay_trace *rt,
    const struct replay_request *rq, const struct replay_result *rr)
{
	fputs("set title ", fp);
	gnuplot_quote(fp, rt->rt_path);
	fprintf(fp, " noenhanced\n"
	    "set xlabel 'operations'\n"
	    "set ylabel 'utilisation: requested / required, %%'\n"
	    "set xrange [0:%llu]\nset yrange [0:100]\n"
	    "set key outside right top noenhanced\nplot",
	    (unsigned long long)rt->rt_ops + (rt->rt_ops == 0));
	for (unsigned i = 0; i < rq->rq_nops; i++)
		fprintf(fp, "%s $line%u using 1:2 with lines lw 1.5 lc %u "
		    "dt %u title '%s'", i > 0 ? "," : "", i, i % 8 + 1,
		    i / 8 + 1, rr[i].rr_ops->co_name);
	fputc('\n', fp);
}

static void
plot_bars(FILE *fp, const struct replay_request *rq)
{
	fprintf(fp, "set title 'Required but not requested, at the peak'\n"
	    "unset xlabel\nset ylabel '%% of what is required'\n"
	    "set xrange [-0.6:%f]\nset yrange [0:*]\n"
	    "set style data histograms\n"
	    "set style histogram clustered gap 1\n"
	    "set style fill solid border -1\n"
	    "set xtics rotate by -25 noenhanced\n"
	    "plot $bars using 2:xtic(1) lc rgb '#2a6f97' "
	    "title 'internal', "
	    "'' using 3 lc rgb '#e9c46a' title 'external', "
	    "'' using 4 lc rgb '#d1495b' title 'headers'\n",
	    rq->rq_nops - 0.4);
}

static void
plot_maps(FILE *fp, const struct replay_request *rq,
    const struct replay_result *rr)
{
	static const char *const name[CLASSIC_META + 1] = { "free",
		"kept by a list", "used", "header" };

	fputs("set title 'The memory at the peak, from its first page on'\n"
	    "set xlabel 'MB'\nunset ylabel\nset xrange [0:*]\n"
	    "set xtics norotate\n", fp);
	fprintf(fp, "set yrange [%u.6:-0.6]\nset ytics noenhanced (",
	    rq->rq_nops - 1);
	for (unsigned i = 0; i < rq->rq_nops; i++)
		fprintf(fp, "%s'%s' %u", i > 0 ? ", " : "",
		    rr[i].rr_ops->co_name, i);
	fputs(")\nset style fill solid noborder\n"
	    "plot $maps using 1:3:1:2:($3-0.4):($3+0.4):4 with boxxyerror "
	    "lc rgb variable notitle", fp);
	for (unsigned use = 0; use <= CLASSIC_META; use++)
		fprintf(fp, ", NaN with boxes lc rgb '#%06x' title '%s'",
		    colour[use], name[use]);
	fputc('\n', fp);
}

int
replay_plot(const struct replay_trace *rt, const struct replay_request *rq,
    const struct replay_result *rr)
{
	unsigned maps = HEIGHT_FRAME + HEIGHT_MAP * rq->rq_nops;
	unsigned all = HEIGHT_LINES + HEIGHT_BARS + maps;
	struct gnuplot gp;
	FILE *fp;

	if (!gnuplot_begin(&gp, "replay", rq->rq_plot))
		return (STATUS_FAILED);
	fp = gp.gp_script;
	for (unsigned i = 0; i < rq->rq_nops; i++)
		put_lines(fp, &rr[i], i);
	put_bars(fp, rq, rr);
	put_maps(fp, rq, rr);
	fprintf(fp, "set terminal svg size %u, %u font 'sans,12' "
	    "background 'white'\n"
	    "set lmargin 14\nset rmargin 20\nset multiplot\n", WIDTH, all);
	place(fp, 0, HEIGHT_LINES, all);
	plot_lines(fp, rt, rq, rr);
	place(fp, HEIGHT_LINES, HEIGHT_BARS, all);
	plot_bars(fp, rq);
	place(fp, HEIGHT_LINES + HEIGHT_BARS, maps, all);
	plot_maps(fp, rq, rr);
	fputs("unset multiplot\n", fp);
	return (gnuplot_end(&gp) ? STATUS_OK : STATUS_FAILED);
}
