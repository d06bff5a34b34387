/*
 * classic-strings.c: strings that grow, as scripts make them.
 *
 * usage: classic-strings rounds
 *
 * A script's objects: each round reads a text line by line, appends words to a
 * few dozen strings that grow by realloc, splits them into lists of copies,
 * joins those again, and drops most of it. (The pattern of "rbstress", and of
 * whatever builds its output piece by piece.)
 */
#include "classic.h"

#define BUILT	40	/* strings that grow at once */
#define LINES	3000	/* in a round */

struct string {
	size_t		length;
	char		*text;
};

static void
append(struct string *s, const char *text, size_t length)
{
	s->text = realloc(s->text, s->length + length + 1);
	require(s->text != NULL, "realloc returned NULL");
	memcpy(s->text + s->length, text, length);
	s->length += length;
	s->text[s->length] = '\0';
}

/* A new line of one to twelve words, each ended by a blank. */
static char *
read_line(struct random *r)
{
	char line[256];
	size_t length = 0;

	for (size_t n = random_between(r, 1, 12); n > 0; n--) {
		size_t word = random_between(r, 1, 12);

		memset(line + length, 'a' + word, word);
		length += word;
		line[length++] = ' ';
	}
	line[length] = '\0';

	char *copy = strdup(line);

	require(copy != NULL, "strdup returned NULL");
	return (copy);
}

/* Its words as a list of strings; *count becomes how many. */
static char **
split(const struct string *s, size_t *count)
{
	char **list = NULL;
	size_t room = 0;

	*count = 0;
	for (const char *at = s->text, *end; (end = strchr(at, ' ')) != NULL;
	    at = end + 1) {
		if (*count == room) {
			room = 2 * room + 8;
			list = realloc(list, room * sizeof(*list));
			require(list != NULL, "realloc returned NULL");
		}
		list[*count] = strndup(at, end - at);
		require(list[(*count)++] != NULL, "strndup returned NULL");
	}
	return (list);
}

/* The list as one string again; the list is gone. */
static struct string
join(char **list, size_t count)
{
	struct string whole = { 0, NULL };

	for (size_t i = 0; i < count; i++) {
		append(&whole, list[i], strlen(list[i]));
		append(&whole, " ", 1);
		free(list[i]);
	}
	free(list);
	return (whole);
}

static void
script(struct random *r)
{
	struct string built[BUILT] = { { 0, NULL } };

	for (size_t i = 0; i < LINES; i++) {
		char *line = read_line(r);

		append(&built[random_below(r, BUILT)], line, strlen(line));
		free(line);
	}
	for (size_t i = 0; i < BUILT; i++) {
		size_t count;
		char **list;
		struct string whole;

		if (built[i].text == NULL)
			continue;
		list = split(&built[i], &count);
		whole = join(list, count);
		require(strcmp(whole.text, built[i].text) == 0,
		    "a string was damaged");
		free(built[i].text);
		free(whole.text);
	}
}

int
main(int argc, char *argv[])
{
	size_t rounds = argument(argc, argv, 1, 200);
	struct random random = random_start(1);

	while (rounds-- > 0)
		script(&random);
	return (0);
}
