/*
 * lib.h - what each of the libraries of these tests can do. They are all from
 * lib.c; what they allocate is charged to libone.so, libtwo.so, libthree.so.
 */
#ifndef LIB_H
#define LIB_H

#include <stddef.h>

struct lib {
	void	*(*do_malloc)(size_t size);
	void	*(*do_calloc)(size_t n, size_t size);
	void	*(*do_realloc)(void *p, size_t size);
	void	*(*do_memalign)(size_t align, size_t size);
	void	*(*do_posix_memalign)(size_t align, size_t size);
	void	*(*do_new)(size_t size);
	void	*(*do_other)(size_t size);	/* malloc elsewhere */
	char	*(*do_strdup)(const char *text);
	void	 (*do_free)(void *p);
};

#endif /* LIB_H */
