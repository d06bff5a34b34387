/*
 * callgrind.c - instructions, from what callgrind wrote.
 *
 * What the allocator costs is the sum of the calls that lead into it from
 * outside, each with all that it caused: an allocator that calls memset has to
 * answer for that too.  To it belong the functions of its library, and in any
 * object those that bear the name of one of the family.
 *
 * The format is in valgrind's manual.  Names are said once, as "(7) name", and
 * are "(7)" from then on: files, objects and functions each have numbers of
 * their own.  Only objects and functions matter here.
 */
#include <stdlib.h>
#include <string.h>

#include "profile.h"

#define MOST_NUMBER	(1UL << 24)	/* of names in one file */

/* A number's name, as far as it matters: does it belong to the allocator? */
struct names {
	bool	*n_inside;
	bool	*n_outside;	/* the library's, and yet no part of it */
	size_t	 n_size;
};

struct reader {
	const char	*r_object;
	struct names	 r_objects, r_functions;
	bool		 r_here;	/* the function whose cost comes is
					   the allocator's */
	unsigned long	 r_ob, r_cob;	/* objects of caller and called */
	unsigned long	 r_cfn;
	bool		 r_call;	/* next is a call's line */
	bool		 r_version, r_totals;
	unsigned	 r_skip;	/* columns of a position */
	struct callgrind r_sum;
};

static bool
is_family(const char *name)
{
	static const char *const family[] = { "malloc", "calloc", "realloc",
		"free", "memalign", "aligned_alloc", "posix_memalign",
		"valloc", "pvalloc", "reallocarray", "cfree",
		"free_sized", "free_aligned_sized", "malloc_usable_size",
		"malloc_trim", "__libc_malloc", "__libc_calloc",
		"__libc_realloc", "__libc_free", "__libc_memalign",
		"__libc_valloc", "__libc_pvalloc", "__posix_memalign" };
	/* Callgrind numbers the levels of a recursion: malloc'2. */
	size_t len = strcspn(name, "'");

	for (size_t i = 0; i < sizeof(family) / sizeof(family[0]); i++)
		if (strlen(family[i]) == len &&
		    strncmp(name, family[i], len) == 0)
			return (true);
	return (strncmp(name, "operator new", 12) == 0 ||
	    strncmp(name, "operator delete", 15) == 0 ||
	    strncmp(name, "_Znw", 4) == 0 || strncmp(name, "_Zna", 4) == 0 ||
	    strncmp(name, "_Zdl", 4) == 0 || strncmp(name, "_Zda", 4) == 0);
}

static bool
have_room(struct names *n, unsigned long number)
{
	size_t size = n->n_size > 0 ? n->n_size : 1024;
	bool *inside, *outside;

	if (number < n->n_size)
		return (true);
	if (number >= MOST_NUMBER)
		return (false);
	while (size <= number)
		size *= 2;
	inside = realloc(n->n_inside, size * sizeof(*inside));
	if (inside == NULL)
		return (false);
	n->n_inside = inside;
	outside = realloc(n->n_outside, size * sizeof(*outside));
	if (outside == NULL)
		return (false);
	n->n_outside = outside;
	memset(inside + n->n_size, 0, size - n->n_size);
	memset(outside + n->n_size, 0, size - n->n_size);
	n->n_size = size;
	return (true);
}

/* "(7) name" or "(7)": the number; *name is NULL without a name. */
static bool
take_number(const char *text, unsigned long *number, const char **name)
{
	char *end;

	*name = NULL;
	if (text[0] != '(')
		return (false);
	*number = strtoul(text + 1, &end, 10);
	if (end == text + 1 || *end != ')')
		return (false);
	if (end[1] == ' ')
		*name = end + 2;
	return (true);
}

static bool
take_object(struct reader *r, const char *text, unsigned long *number)
{
	const char *name;

	if (!take_number(text, number, &name) ||
	    !have_room(&r->r_objects, *number))
		return (false);
	if (name != NULL)
		r->r_objects.n_inside[*number] = r->r_object != NULL &&
		    strcmp(name, r->r_object) == 0;
	return (true);
}

/* libkma's dlopen() stands in for the loader's: what it does is not ours. */
static bool
take_function(struct reader *r, const char *text, unsigned long *number)
{
	const char *name;

	if (!take_number(text, number, &name) ||
	    !have_room(&r->r_functions, *number))
		return (false);
	if (name != NULL) {
		r->r_functions.n_inside[*number] = is_family(name);
		r->r_functions.n_outside[*number] =
		    strncmp(name, "dlopen", 6) == 0;
	}
	return (true);
}

static bool
is_inside(const struct reader *r, unsigned long object, unsigned long function)
{
	if (function >= r->r_functions.n_size)
		return (false);
	if (object < r->r_objects.n_size && r->r_objects.n_inside[object])
		return (!r->r_functions.n_outside[function]);
	return (r->r_functions.n_inside[function]);
}

/* The second kind of line: a position and a cost, here of a call. */
static bool
take_call(struct reader *r, const char *line)
{
	uint64_t cost;
	char *end;

	r->r_call = false;
	for (unsigned i = 0; i < r->r_skip; i++) {
		line += strcspn(line, " ");
		line += strspn(line, " ");
	}
	cost = strtoull(line, &end, 10);
	if (end == line)
		return (false);
	if (!r->r_here && is_inside(r, r->r_cob, r->r_cfn))
		r->r_sum.cg_allocator += cost;
	r->r_cob = r->r_ob;
	return (true);
}

static bool
take_head(struct reader *r, const char *line)
{
	if (strncmp(line, "version: ", 9) == 0)
		r->r_version = true;
	else if (strncmp(line, "positions: ", 11) == 0)
		r->r_skip = strchr(line + 11, ' ') != NULL ? 2 : 1;
	else if (strncmp(line, "totals: ", 8) == 0) {
		r->r_sum.cg_total += strtoull(line + 8, NULL, 10);
		r->r_totals = true;
	}
	/* Another first event would be taken for instructions. */
	return (strncmp(line, "events: ", 8) != 0 ||
	    strncmp(line + 8, "Ir", 2) == 0);
}

static bool
take_line(struct reader *r, const char *line)
{
	unsigned long fn;

	if (r->r_call)
		return (take_call(r, line));
	if (strncmp(line, "ob=", 3) == 0) {
		if (!take_object(r, line + 3, &r->r_ob))
			return (false);
		r->r_cob = r->r_ob;
	} else if (strncmp(line, "cob=", 4) == 0)
		return (take_object(r, line + 4, &r->r_cob));
	else if (strncmp(line, "cfn=", 4) == 0)
		return (take_function(r, line + 4, &r->r_cfn));
	else if (strncmp(line, "calls=", 6) == 0)
		r->r_call = true;
	else if (strncmp(line, "fn=", 3) == 0) {
		if (!take_function(r, line + 3, &fn))
			return (false);
		r->r_here = is_inside(r, r->r_ob, fn);
		r->r_cob = r->r_ob;
	} else
		return (take_head(r, line));
	return (true);
}

bool
callgrind_read(FILE *fp, const char *object, struct callgrind *cg)
{
	struct reader r = { .r_object = object, .r_skip = 1 };
	char *line = NULL;
	size_t size = 0;
	bool good = true;
	ssize_t n;

	while (good && (n = getline(&line, &size, fp)) > 0) {
		line[strcspn(line, "\n")] = '\0';
		good = take_line(&r, line);
	}
	if (good)
		good = r.r_version && r.r_totals && !r.r_call && !ferror(fp);
	if (good) {
		cg->cg_total += r.r_sum.cg_total;
		cg->cg_allocator += r.r_sum.cg_allocator;
	}
	free(line);
	free(r.r_objects.n_inside);
	free(r.r_objects.n_outside);
	free(r.r_functions.n_inside);
	free(r.r_functions.n_outside);
	return (good);
}
