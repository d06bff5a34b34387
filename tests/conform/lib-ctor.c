/*
 * lib-ctor - a library for dlopen that allocates in its constructor and its
 * destructor, and in a thread-local variable of its own.
 */
#include <stdlib.h>
#include <string.h>

int	ctor_use(void);
void	*ctor_malloc(size_t);
void	ctor_free(void *);

static __thread char *local, room[2000];
static void *kept[100];

static void __attribute__((constructor))
begin(void)
{
	int i;

	for (i = 0; i < 100; i++) {
		kept[i] = malloc((size_t)i * 1000 + 1);
		if (kept[i] == NULL)
			abort();
		memset(kept[i], i, (size_t)i * 1000 + 1);
	}
}

static void __attribute__((destructor))
end(void)
{
	int i;

	for (i = 0; i < 100; i++) {
		kept[i] = realloc(kept[i], 5000);
		if (kept[i] == NULL || *(char *)kept[i] != i)
			abort();
		free(kept[i]);
	}
	free(calloc(100, 100));
}

int
ctor_use(void)
{
	if (local == NULL)
		local = malloc(100);
	memset(room, 1, sizeof(room));
	if (local == NULL)
		return (0);
	free(local);
	local = NULL;
	return (1);
}

void *
ctor_malloc(size_t size)
{
	return (malloc(size));
}

void
ctor_free(void *p)
{
	free(p);
}
