/*
 * jsontext.c - text from outside, as JSON.
 */
#include "jsontext.h"

#include <stdlib.h>
#include <string.h>

json_t *
json_text(const char *s)
{
	json_t *json = json_string(s);
	char *copy;

	if (json != NULL || (copy = strdup(s)) == NULL)
		return (json);
	for (char *c = copy; *c != '\0'; c++)
		if ((unsigned char)*c >= 0x80)
			*c = '?';
	json = json_string(copy);
	free(copy);
	return (json);
}
