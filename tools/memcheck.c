/*
 * memcheck.c - errors and leaks, from the XML that memcheck wrote (protocol 4,
 * which comes with valgrind's sources).
 *
 * An error is told once, as <error> with <unique> and <kind>; how often it
 * happened is in <errorcounts>, by <unique>, of which the last is right.  A
 * leak is an <error> too, with <leakedbytes> and <leakedblocks>.
 */
#include <stdlib.h>
#include <string.h>

#include <expat.h>

#include "profile.h"

#define MOST_TEXT	64

/* An error that was told, to be found by its number. */
struct told {
	char	t_unique[24];
	unsigned t_kind;
	uint64_t t_count;
};

struct reader {
	struct memcheck	*r_mc;
	XML_Parser	 r_parser;
	struct told	*r_told;
	size_t		 r_ntold, r_room;
	char		 r_text[MOST_TEXT];
	size_t		 r_len;
	bool		 r_error, r_pair;	/* within one */
	bool		 r_done, r_failed;

	/* Of the <error> or <pair> at hand. */
	char		 r_unique[24], r_kind[40];
	uint64_t	 r_bytes, r_blocks, r_count;
};

static void
clear(struct reader *r)
{
	r->r_unique[0] = r->r_kind[0] = '\0';
	r->r_bytes = r->r_blocks = r->r_count = 0;
}

static void XMLCALL
begin(void *arg, const char *name, const char **attributes)
{
	struct reader *r = arg;

	(void)attributes;
	r->r_len = 0;
	if (strcmp(name, "error") == 0) {
		r->r_error = true;
		clear(r);
	} else if (strcmp(name, "pair") == 0) {
		r->r_pair = true;
		clear(r);
	}
}

static void XMLCALL
text(void *arg, const char *s, int len)
{
	struct reader *r = arg;

	for (int i = 0; i < len && r->r_len < MOST_TEXT - 1; i++)
		r->r_text[r->r_len++] = s[i];
}

/* The place of a kind; MOST_KINDS if there are too many. */
static unsigned
kind_of(struct memcheck *mc, const char *name)
{
	unsigned i;

	for (i = 0; i < mc->mc_nkind; i++)
		if (strcmp(mc->mc_kind[i].mk_name, name) == 0)
			return (i);
	if (i < MOST_KINDS) {
		memset(&mc->mc_kind[i], 0, sizeof(mc->mc_kind[i]));
		snprintf(mc->mc_kind[i].mk_name,
		    sizeof(mc->mc_kind[i].mk_name), "%s", name);
		mc->mc_nkind++;
	}
	return (i);
}

static void
end_error(struct reader *r)
{
	unsigned kind = kind_of(r->r_mc, r->r_kind);

	r->r_error = false;
	if (kind == MOST_KINDS || r->r_kind[0] == '\0') {
		r->r_failed = true;
		return;
	}
	if (strncmp(r->r_kind, "Leak_", 5) == 0) {
		r->r_mc->mc_kind[kind].mk_bytes += r->r_bytes;
		r->r_mc->mc_kind[kind].mk_count += r->r_blocks;
		return;
	}
	if (r->r_ntold == r->r_room) {
		size_t room = r->r_room > 0 ? 2 * r->r_room : 64;
		struct told *more = realloc(r->r_told, room * sizeof(*more));

		if (more == NULL) {
			r->r_failed = true;
			return;
		}
		r->r_told = more;
		r->r_room = room;
	}
	r->r_told[r->r_ntold] = (struct told){ .t_kind = kind, .t_count = 1 };
	memcpy(r->r_told[r->r_ntold++].t_unique, r->r_unique,
	    sizeof(r->r_unique));
}

static void
end_pair(struct reader *r)
{
	r->r_pair = false;
	for (size_t i = 0; i < r->r_ntold; i++)
		if (strcmp(r->r_told[i].t_unique, r->r_unique) == 0)
			r->r_told[i].t_count = r->r_count;
}

static void XMLCALL
end(void *arg, const char *name)
{
	struct reader *r = arg;

	r->r_text[r->r_len] = '\0';
	r->r_len = 0;
	if (strcmp(name, "error") == 0)
		end_error(r);
	else if (strcmp(name, "pair") == 0)
		end_pair(r);
	else if (strcmp(name, "valgrindoutput") == 0)
		r->r_done = true;
	else if (!r->r_error && !r->r_pair)
		return;
	else if (strcmp(name, "unique") == 0)
		snprintf(r->r_unique, sizeof(r->r_unique), "%.23s", r->r_text);
	else if (strcmp(name, "kind") == 0)
		snprintf(r->r_kind, sizeof(r->r_kind), "%.39s", r->r_text);
	else if (strcmp(name, "leakedbytes") == 0)
		r->r_bytes = strtoull(r->r_text, NULL, 10);
	else if (strcmp(name, "leakedblocks") == 0)
		r->r_blocks = strtoull(r->r_text, NULL, 10);
	else if (strcmp(name, "count") == 0)
		r->r_count = strtoull(r->r_text, NULL, 10);
}

static bool
parse(struct reader *r, FILE *fp)
{
	size_t n;

	do {
		void *buf = XML_GetBuffer(r->r_parser, 1 << 16);

		if (buf == NULL)
			return (false);
		n = fread(buf, 1, 1 << 16, fp);
		if (XML_ParseBuffer(r->r_parser, (int)n, n == 0) !=
		    XML_STATUS_OK)
			return (false);
	} while (n > 0 && !r->r_failed);
	return (r->r_done && !r->r_failed && !ferror(fp));
}

bool
memcheck_read(FILE *fp, struct memcheck *mc)
{
	struct reader r = { .r_mc = mc, .r_parser = XML_ParserCreate(NULL) };
	bool good;

	if (r.r_parser == NULL)
		return (false);
	XML_SetUserData(r.r_parser, &r);
	XML_SetElementHandler(r.r_parser, begin, end);
	XML_SetCharacterDataHandler(r.r_parser, text);
	good = parse(&r, fp);
	for (size_t i = 0; i < r.r_ntold; i++)
		mc->mc_kind[r.r_told[i].t_kind].mk_count += r.r_told[i].t_count;
	XML_ParserFree(r.r_parser);
	free(r.r_told);
	return (good);
}

const struct memcheck_kind *
memcheck_find(const struct memcheck *mc, const char *name)
{
	static const struct memcheck_kind none;

	for (unsigned i = 0; i < mc->mc_nkind; i++)
		if (strcmp(mc->mc_kind[i].mk_name, name) == 0)
			return (&mc->mc_kind[i]);
	return (&none);
}
