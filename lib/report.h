/*
 * report.h - what the library says, and how it gives up.
 *
 * Layer 1.  No stdio, no allocation, no lock: a message is put together on
 * the stack and leaves in one write.  All of it is safe anywhere.
 */
#ifndef KMA_REPORT_H
#define KMA_REPORT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cdefs.h"

/*
 * Text on its way out.  Whoever prints a table gives the buffer; it is
 * written to the descriptor, or given to the sink, whenever it is full, and
 * by report_flush().
 */
typedef void report_sink(void *arg, const char *text, size_t len);

struct report {
	report_sink	*r_sink;	/* NULL: to r_fd */
	void		*r_arg;
	int		 r_fd;
	size_t		 r_len;
	char		 r_buf[1000];
};

void	report_open(struct report *r, int fd);
void	report_open_sink(struct report *r, report_sink *sink, void *arg);
void	report_flush(struct report *r);

/*
 * A small printf: %s, %c, %d (int), %u (unsigned), %zu (size_t), %lu
 * (uint64_t), %p (with 0x), each but the last with an optional width; a
 * negative width pads on the right.
 */
void	report_printf(struct report *r, const char *fmt, ...)
	    __attribute__((format(printf, 2, 3)));

/*
 * Before the first message.  Of a program that started without standard error
 * that descriptor may become any file: then nothing is ever said.
 */
void	report_start(void);
extern KMA_HIDDEN bool report_mute;

/* One line on standard error: "libkma: " and the text. */
void	report_warn(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/*
 * A misuse of the heap: "libkma: func(addr): reason", then abort.  Returns
 * only under abort=no.
 */
void	report_misuse(const char *func, const void *addr, const char *reason);

/* The same with more lines, that more() adds behind the first. */
typedef void report_more(struct report *r, const void *arg);
void	report_misuse_more(const char *func, const void *addr,
	    const char *reason, report_more *more, const void *arg);

/* Another fault: one line, then the same. */
void	report_fault(const char *fmt, ...)
	    __attribute__((format(printf, 1, 2)));

/* The stable reasons, in the kernel's words where it has any. */
#define REASON_FOREIGN		"non-malloced addr"
#define REASON_UNALIGNED	"unaligned addr"
#define REASON_DUPLICATE	"duplicated free"
#define REASON_BOGUSTYPE	"bogus type"
#define REASON_TYPE		"freed as another type"
#define REASON_FREEPAGE		"addr in a free page"
#define REASON_MODIFIED		"data modified on freelist"
#define REASON_BEYOND		"data modified beyond block"
#define REASON_SIZE		"freed with another size"
#define REASON_ALIGN		"freed with another alignment"

/* Set by the option abort=no. */
extern KMA_HIDDEN bool report_no_abort;

/* An invariant does not hold: says which, and aborts whatever is set. */
_Noreturn void report_panic(const char *where, const char *what);
#define KMA_ASSERT(cond) \
	((cond) ? (void)0 : report_panic(__func__, #cond))

#endif /* KMA_REPORT_H */
