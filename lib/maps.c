/*
 * maps.c - which mapping an address lies in.
 *
 * Layer 2.  No state, no lock.  Calls os.h.
 *
 * A line is read through a small buffer, a character at a time, since the
 * stack may be small:
 *
 *	7f12c000-7f12d000 r-xp 00002000 08:01 1234      /lib/libfoo.so (deleted)
 */
#include "maps.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "cdefs.h"
#include "os.h"

#define BUFFER	256

struct reader {
	int	r_fd;
	int	r_error;
	size_t	r_at;
	size_t	r_len;
	char	r_buf[BUFFER];
};

/* The next character; '\0' at the end or after an error. */
static char
next(struct reader *r)
{
	if (r->r_at == r->r_len) {
		long n = os_read(r->r_fd, r->r_buf, sizeof(r->r_buf));

		r->r_error = n < 0 ? (int)-n : 0;
		if (n <= 0)
			return ('\0');
		r->r_at = 0;
		r->r_len = (size_t)n;
	}
	return (r->r_buf[r->r_at++]);
}

/* A number, up to the character behind it. */
static uint64_t
hex(struct reader *r, char *end)
{
	uint64_t n = 0;
	char c;

	for (;;) {
		c = next(r);
		if (c >= '0' && c <= '9')
			n = n << 4 | (uint64_t)(c - '0');
		else if (c >= 'a' && c <= 'f')
			n = n << 4 | (uint64_t)(c - 'a' + 10);
		else
			break;
	}
	*end = c;
	return (n);
}

/* Skips blanks and then a word; returns the character behind the word. */
static char
skip_word(struct reader *r, char c)
{
	while (c == ' ')
		c = next(r);
	while (c != ' ' && c != '\n' && c != '\0')
		c = next(r);
	return (c);
}

static char
skip_line(struct reader *r, char c)
{
	while (c != '\n' && c != '\0')
		c = next(r);
	return (c);
}

/* Drops the first half of a path that is too long; returns what is left. */
static size_t
drop_half(char *path)
{
	size_t half = MAPS_PATH / 2;

	memmove(path, path + MAPS_PATH - half, half);
	return (half);
}

/* Cuts the kernel's mark of a file that was removed off; was there one? */
static bool
cut_mark(char *path, size_t len)
{
	static const char mark[] = " (deleted)";
	size_t n = sizeof(mark) - 1;

	if (len < n)
		return (false);
	for (size_t i = 0; i < n; i++)
		if (path[len - n + i] != mark[i])
			return (false);
	path[len - n] = '\0';
	return (true);
}

static void
read_path(struct reader *r, char c, struct mapping *m)
{
	bool cut = false;
	size_t len = 0;

	while (c == ' ')
		c = next(r);
	for (; c != '\n' && c != '\0'; c = next(r)) {
		m->m_path[len++] = c;
		if (len == MAPS_PATH) {
			len = drop_half(m->m_path);
			cut = true;
		}
	}
	m->m_path[len] = '\0';
	m->m_isfile = cut || m->m_path[0] == '/';
	m->m_named = !cut_mark(m->m_path, len) && m->m_isfile && !cut;
}

/* Reads lines until one has addr. */
static int
find(struct reader *r, uintptr_t addr, struct mapping *m)
{
	char c;

	do {
		m->m_start = hex(r, &c);
		if (c != '-')
			break;
		m->m_end = hex(r, &c);
		if (addr >= m->m_start && addr < m->m_end) {
			c = skip_word(r, c);
			m->m_offset = hex(r, &c);
			c = skip_word(r, skip_word(r, c));
			read_path(r, c, m);
			return (r->r_error);
		}
		c = skip_line(r, c);
	} while (c == '\n');
	return (r->r_error != 0 ? r->r_error : EFAULT);
}

int
maps_find(uintptr_t addr, struct mapping *m)
{
	struct reader r;
	int error;

	r.r_fd = os_open("/proc/self/maps");
	if (r.r_fd < 0)
		return (-r.r_fd);
	r.r_error = 0;
	r.r_at = r.r_len = 0;
	error = find(&r, addr, m);
	os_close(r.r_fd);
	return (error);
}

const char *
maps_base(const struct mapping *m)
{
	const char *base = m->m_path;

	for (const char *p = base; *p != '\0'; p++)
		if (*p == '/')
			base = p + 1;
	return (base);
}
