/* A plugin that gives away memory which its user has to free. */
#include <stdlib.h>
#include <string.h>

char	*plugin_give(void);

char *
plugin_give(void)
{
	char *p = malloc(1000);

	return (p != NULL ? strcpy(p, "a gift") : NULL);
}
