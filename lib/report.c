/*
 * report.c - messages, and giving up.
 *
 * Layer 1.  Owns report_no_abort and report_mute, set once at start.  Calls
 * os.h only.
 */
#include "report.h"

#include "cdefs.h"
#include "os.h"
#include "probe.h"

#define STDERR	2

bool report_no_abort;
bool report_mute;

KMA_START void
report_start(void)
{
	report_mute = !os_isopen(STDERR);
}

void
report_open(struct report *r, int fd)
{
	r->r_sink = NULL;
	r->r_fd = fd;
	r->r_len = 0;
}

void
report_open_sink(struct report *r, report_sink *sink, void *arg)
{
	r->r_sink = sink;
	r->r_arg = arg;
	r->r_len = 0;
}

void
report_flush(struct report *r)
{
	if (r->r_sink != NULL)
		r->r_sink(r->r_arg, r->r_buf, r->r_len);
	else
		os_write(r->r_fd, r->r_buf, r->r_len);
	r->r_len = 0;
}

static void
put_char(struct report *r, char c)
{
	if (r->r_len == sizeof(r->r_buf))
		report_flush(r);
	r->r_buf[r->r_len++] = c;
}

/* strlen(), but one name less for the loader to look up at each start. */
static size_t
length(const char *s)
{
	size_t len = 0;

	for (; s[len] != '\0'; len++)
		forget_reg(len);
	return (len);
}

/* Text of len bytes in a field of width: on its left if that is negative. */
static void
put_field(struct report *r, const char *s, size_t len, int width)
{
	size_t room = (size_t)(width < 0 ? -width : width);
	size_t pad = room > len ? room - len : 0;

	for (; width > 0 && pad > 0; pad--)
		put_char(r, ' ');
	while (len-- > 0)
		put_char(r, *s++);
	for (; pad > 0; pad--)
		put_char(r, ' ');
}

static void
put_number(struct report *r, bool minus, uint64_t n, unsigned base, int width)
{
	char digits[24];
	size_t at = sizeof(digits);

	do
		digits[--at] = "0123456789abcdef"[n % base];
	while ((n /= base) != 0);
	if (base == 16) {
		digits[--at] = 'x';
		digits[--at] = '0';
	}
	if (minus)
		digits[--at] = '-';
	put_field(r, digits + at, sizeof(digits) - at, width);
}

static int
parse_width(const char **fmt)
{
	int width = 0, sign = 1;

	if (**fmt == '-') {
		sign = -1;
		(*fmt)++;
	}
	for (; **fmt >= '0' && **fmt <= '9'; (*fmt)++)
		width = 10 * width + (**fmt - '0');
	return (sign * width);
}

static void
vprint(struct report *r, const char *fmt, va_list ap)
{
	for (; *fmt != '\0'; fmt++) {
		const char *s;
		int width, n;
		char c;

		if (*fmt != '%') {
			put_char(r, *fmt);
			continue;
		}
		fmt++;
		width = parse_width(&fmt);
		switch (*fmt) {
		case 's':
			s = va_arg(ap, const char *);
			put_field(r, s, length(s), width);
			break;
		case 'c':
			c = (char)va_arg(ap, int);
			put_field(r, &c, 1, width);
			break;
		case 'd':
			n = va_arg(ap, int);
			put_number(r, n < 0, n < 0 ? -(uint64_t)n :
			    (uint64_t)n, 10, width);
			break;
		case 'u':
			put_number(r, false, va_arg(ap, unsigned), 10, width);
			break;
		case 'z':	/* %zu */
		case 'l':	/* %lu */
			fmt++;
			put_number(r, false, va_arg(ap, uint64_t), 10, width);
			break;
		case 'p':
			put_number(r, false, (uintptr_t)va_arg(ap, void *), 16,
			    width);
			break;
		default:
			put_char(r, *fmt);
		}
	}
}

void
report_printf(struct report *r, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vprint(r, fmt, ap);
	va_end(ap);
}

static void
say(const char *fmt, va_list ap)
{
	struct report r;

	if (report_mute)
		return;
	report_open(&r, STDERR);
	report_printf(&r, "libkma: ");
	vprint(&r, fmt, ap);
	put_char(&r, '\n');
	report_flush(&r);
}

void
report_warn(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(fmt, ap);
	va_end(ap);
}

KMA_COLD void
report_fault(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(fmt, ap);
	va_end(ap);
	if (!report_no_abort)
		os_abort();
}

KMA_COLD void
report_misuse_more(const char *func, const void *addr, const char *reason,
    report_more *more, const void *arg)
{
	struct report r;

	PROBE3(misuse, func, addr, reason);
	if (!report_mute) {
		report_open(&r, STDERR);
		report_printf(&r, "libkma: %s(%p): %s\n", func,
		    (void *)(uintptr_t)addr, reason);
		more(&r, arg);
		report_flush(&r);
	}
	if (!report_no_abort)
		os_abort();
}

KMA_COLD void
report_misuse(const char *func, const void *addr, const char *reason)
{
	PROBE3(misuse, func, addr, reason);
	report_fault("%s(%p): %s", func, (void *)(uintptr_t)addr, reason);
}

KMA_COLD _Noreturn void
report_panic(const char *where, const char *what)
{
	report_warn("%s: broken invariant: %s", where, what);
	os_abort();
}
