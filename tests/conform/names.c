/*
 * names - the other names of the same functions: __libc_malloc and its
 * family, cfree, free_sized, free_aligned_sized.  Blocks pass freely between
 * all of them.
 */
#include "tap.h"

#include "measure.h"
#include "pattern.h"

typedef void *malloc_fn(size_t);
typedef void *calloc_fn(size_t, size_t);
typedef void *realloc_fn(void *, size_t);
typedef void free_fn(void *);
typedef void free_sized_fn(void *, size_t);
typedef void free_aligned_sized_fn(void *, size_t, size_t);
typedef int posix_memalign_fn(void **, size_t, size_t);

/* Looks a name up; libkma must have it, another malloc need not. */
static void *
find(const char *name)
{
	void *addr;

	addr = dlsym(RTLD_DEFAULT, name);
	ok_kma(tap_from_kma(addr), "%s is libkma's", name);
	return (addr);
}

static void
use(free_fn *release, void *p, size_t alignment, size_t size,
    const char *what)
{
	int good;

	good = p != NULL && (uintptr_t)p % alignment == 0;
	if (p != NULL) {
		fill(p, size, 3);
		good &= intact(p, size, 3);
		release(p);
	}
	ok(good, "%s", what);
}

int
main(int argc, char **argv)
{
	static const char *const all[] = { "malloc", "calloc", "realloc",
	    "free", "aligned_alloc", "posix_memalign", "memalign", "valloc",
	    "pvalloc", "malloc_usable_size", "reallocarray", "malloc_trim",
	    "mallopt", "mallinfo", "mallinfo2", "malloc_stats",
	    "malloc_info", "dlopen" };
	posix_memalign_fn *f_posix_memalign;
	free_aligned_sized_fn *f_free_aligned_sized;
	free_sized_fn *f_free_sized;
	malloc_fn *f_malloc, *f_valloc, *f_pvalloc;
	calloc_fn *f_calloc, *f_memalign;
	realloc_fn *f_realloc;
	free_fn *f_free, *f_cfree;
	size_t i, page;
	void *p;

	(void)argc;
	tap_begin(argv, 60);
	page = (size_t)sysconf(_SC_PAGESIZE);
	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		(void)find(all[i]);
	*(void **)&f_malloc = find("__libc_malloc");
	*(void **)&f_calloc = find("__libc_calloc");
	*(void **)&f_realloc = find("__libc_realloc");
	*(void **)&f_free = find("__libc_free");
	*(void **)&f_memalign = find("__libc_memalign");
	*(void **)&f_valloc = find("__libc_valloc");
	*(void **)&f_pvalloc = find("__libc_pvalloc");
	*(void **)&f_posix_memalign = find("__posix_memalign");
	*(void **)&f_cfree = find("cfree");
	*(void **)&f_free_sized = find("free_sized");
	*(void **)&f_free_aligned_sized = find("free_aligned_sized");
	if (f_malloc == NULL || f_free == NULL)
		bail("no __libc_malloc");

	use(free, f_malloc(1000), 16, 1000, "__libc_malloc, free");
	use(f_free, malloc(1000), 16, 1000, "malloc, __libc_free");
	use(free, f_calloc(10, 100), 16, 1000, "__libc_calloc, free");
	p = f_realloc(malloc(10), 100000);
	use(free, p, 16, 100000, "malloc, __libc_realloc, free");
	p = realloc(f_malloc(10), 100000);
	use(f_free, p, 16, 100000, "__libc_malloc, realloc, __libc_free");
	use(free, f_memalign(256, 1000), 256, 1000, "__libc_memalign, free");
	use(f_free, f_memalign(65536, 10), 65536, 10,
	    "__libc_memalign(64K), __libc_free");
	use(free, f_valloc(10), page, 10, "__libc_valloc, free");
	use(free, f_pvalloc(10), page, page, "__libc_pvalloc, free");

	p = f_calloc(1, 5000);
	ok(p != NULL && zeroed(p, 5000), "__libc_calloc clears");
	f_free(p);
	errno = 0;
	p = f_malloc((size_t)PTRDIFF_MAX + 1);
	ok(p == NULL && errno == ENOMEM, "__libc_malloc of too much");
	p = f_malloc(0);
	ok(p != NULL, "__libc_malloc(0)");
	ok(f_realloc(p, 0) == NULL, "__libc_realloc(p, 0) frees");
	errno = 99;
	f_free(NULL);
	ok(errno == 99, "__libc_free(NULL)");

	if (f_posix_memalign != NULL) {
		p = NULL;
		ok(f_posix_memalign(&p, 128, 10) == 0, "__posix_memalign");
		use(free, p, 128, 10, "__posix_memalign, free");
		p = &p;
		ok(f_posix_memalign(&p, 24, 10) == EINVAL && p == &p,
		    "__posix_memalign(24): EINVAL");
	} else
		skip("no __posix_memalign here");
	if (f_cfree != NULL) {
		use(f_cfree, calloc(10, 10), 16, 100, "calloc, cfree");
		errno = 99;
		f_cfree(NULL);
		ok(errno == 99, "cfree(NULL)");
	} else
		skip("no cfree here");
	if (f_free_sized != NULL) {
		for (i = 0; i < 300000; i += 1 + i / 50) {
			p = malloc(i);
			must(p != NULL);
			memset(p, 1, i);
			errno = 99;
			f_free_sized(p, i);
			must(errno == 99);
			p = calloc(1, i);
			must(p != NULL);
			f_free_sized(p, i);
		}
		f_free_sized(NULL, 0);
		f_free_sized(NULL, 100);
		ok(1, "free_sized of blocks of 0 to 300,000 bytes");
	} else
		skip("no free_sized here");
	if (f_free_aligned_sized != NULL) {
		for (i = 16; i <= MB; i *= 2) {
			p = aligned_alloc(i, 3 * i);
			must(p != NULL);
			memset(p, 1, 3 * i);
			errno = 99;
			f_free_aligned_sized(p, i, 3 * i);
			must(errno == 99);
		}
		f_free_aligned_sized(NULL, 64, 0);
		ok(1, "free_aligned_sized of alignments of 16 B to 1 MB");
	} else
		skip("no free_aligned_sized here");
	return (tap_end());
}
