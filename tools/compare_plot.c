/*
 * compare_plot.c - a comparison as a picture, by gnuplot: for each measure a
 * bar for each contender, as high as its share of glibc's.
 */
#include <stdio.h>
#include <string.h>

#include "compare.h"
#include "gnuplot.h"

#define MOST_TITLE	70

static void
put_title(FILE *fp, const struct comparison *cmp)
{
	const char *slash = strrchr(cmp->cmp_argv[0], '/');
	char title[MOST_TITLE] = "";

	for (char **word = cmp->cmp_argv; *word != NULL; word++) {
		size_t len = strlen(title);

		snprintf(title + len, sizeof(title) - len, "%s%s",
		    len > 0 ? " " : "",
		    len == 0 && slash != NULL ? slash + 1 : *word);
	}
	fputs("set title ", fp);
	gnuplot_quote(fp, title);
	fputs(" noenhanced\n", fp);
}

/* The lines of data: what it is, and the ratios. */
static void
put_data(FILE *fp, const struct comparison *cmp)
{
	fputs("$data << END\n", fp);
	for (unsigned id = 0; id < NMEASURE; id++) {
		double ratio;
		bool any = false;

		for (unsigned n = 1; n < cmp->cmp_ncontender; n++)
			any = any || ratio_of(cmp, n, id, &ratio);
		if (!any)
			continue;
		fprintf(fp, "\"%s\"", measures[id].m_bar);
		for (unsigned n = 1; n < cmp->cmp_ncontender; n++)
			if (ratio_of(cmp, n, id, &ratio))
				fprintf(fp, " %.4f", ratio);
			else
				fputs(" NaN", fp);
		fputc('\n', fp);
	}
	fputs("END\n", fp);
}

static void
put_script(FILE *fp, const struct comparison *cmp)
{
	unsigned bars = cmp->cmp_ncontender - 1;

	fprintf(fp, "set terminal svg size %u,480 dynamic font 'sans,12' "
	    "background '#ffffff'\n", 760 + 200 * (bars - 1));
	put_title(fp, cmp);
	put_data(fp, cmp);
	fputs("set style data histogram\n"
	    "set style histogram clustered gap 1\n"
	    "set style fill solid 0.8 noborder\n"
	    "set xtics rotate by -30 scale 0\n"
	    "set yrange [0:*]\n"
	    "set offsets 0, 0, 0.15, 0\n"
	    "set ylabel 'of glibc''s'\n"
	    "set grid ytics\n"
	    "set key outside below\n"
	    "plot 1 with lines linecolor 'black' dashtype 2 title 'glibc'",
	    fp);
	for (unsigned n = 1; n <= bars; n++) {
		fprintf(fp, ", $data using %u:xtic(1) title ", n + 1);
		gnuplot_quote(fp, cmp->cmp_contender[n].c_name);
		fputs(" noenhanced", fp);
	}
	/* After the bars, or the next bar would hide half of a number. */
	for (unsigned n = 1; n <= bars; n++)
		fprintf(fp, ", $data using ($0 + %f):%u:"
		    "(sprintf('%%.2f', $%u)) with labels font 'sans,10' "
		    "offset 0,0.6 notitle",
		    ((double)n - 1 - (bars - 1) / 2.0) / (bars + 1),
		    n + 1, n + 1);
	fputs("\n", fp);
}

bool
compare_plot(const struct comparison *cmp, const char *file)
{
	struct gnuplot gp;

	if (!gnuplot_begin(&gp, "compare", file))
		return (false);
	put_script(gp.gp_script, cmp);
	return (gnuplot_end(&gp));
}
