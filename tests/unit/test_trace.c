/*
 * test_trace.c - traces: records at all widths, what the library writes read
 * by the command's reader, files that end where they should not, and noise.
 */
#include <sys/resource.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "options.h"
#include "trace.h"
#include "traceformat.h"
#include "tools/tracefile.h"
#include "tools/tracewrite.h"
#include "unit.h"

static char path[64];

static void
begin(void)
{
	int fd;

	strcpy(path, "/tmp/test_trace.XXXXXX");
	fd = mkstemp(path);
	ck_assert_int_ge(fd, 0);
	close(fd);
	unlink(path);
}

static void
end(void)
{
	unlink(path);
}

/* Any number of up to 64 bits, each width as likely as the others. */
static uint64_t
any(void)
{
	uint64_t n = ((uint64_t)random() << 42) ^ ((uint64_t)random() << 21) ^
	    (uint64_t)random();

	return (n >> random() % 64);
}

/*
 * Records.
 */

static void
make_record(struct trace_record *tr, uint64_t *seq, uint64_t *time)
{
	memset(tr, 0, sizeof(*tr));
	tr->tr_kind = (uint8_t)(1 + random() % (TREC_KINDS - 1));
	tr->tr_addr = any();
	if (tr->tr_kind == TREC_THREAD) {
		tr->tr_type = (uint32_t)any();
		return;
	}
	tr->tr_seq = *seq += random() % 2 ? 1 : 1 + (any() >> 20);
	tr->tr_time = *time += any() >> 20;
	if (tr->tr_kind == TREC_ALLOC)
		tr->tr_type = (uint32_t)any();
	if (!trace_has_size(tr->tr_kind))
		return;
	tr->tr_size = any();
	tr->tr_flags = (uint8_t)(random() % 4);
	tr->tr_align = (uint8_t)(random() % 32);
	if (tr->tr_flags & TRACE_FAILED)
		tr->tr_addr = 0;
}

START_TEST(records)
{
	uint64_t seq = any() >> 8, time = any() >> 8;
	struct trace_coder to, from;
	struct trace_record tr, got;
	uint32_t type = 0;

	trace_coder_init(&to, seq, time);
	trace_coder_init(&from, seq, time);
	for (int i = 0; i < 20000; i++) {
		uint8_t buf[TRACE_RECORD_MAX] = { 0 };
		const uint8_t *last;

		make_record(&tr, &seq, &time);
		last = trace_encode(&to, buf, &tr);
		ck_assert_uint_lt((size_t)(last - buf), TRACE_RECORD_MAX);
		memset(&got, 0, sizeof(got));
		ck_assert_ptr_eq(trace_decode(&from, buf, last, &got), last);
		/* The others have the type of the alloc before. */
		if (tr.tr_kind == TREC_ALLOC)
			type = tr.tr_type;
		else if (tr.tr_kind != TREC_THREAD)
			tr.tr_type = type;
		ck_assert_mem_eq(&got, &tr, sizeof(tr));
	}
}
END_TEST

START_TEST(records_cut)
{
	uint64_t seq = 1, time = 1;

	for (int i = 0; i < 1000; i++) {
		uint8_t buf[TRACE_RECORD_MAX] = { 0 };
		struct trace_coder to, from;
		struct trace_record tr;
		const uint8_t *last;

		trace_coder_init(&to, seq, time);
		make_record(&tr, &seq, &time);
		last = trace_encode(&to, buf, &tr);
		for (const uint8_t *at = buf + 1; at < last; at++) {
			from = to;
			ck_assert_ptr_null(trace_decode(&from, buf, at, &tr));
		}
	}
}
END_TEST

/*
 * The reader and the writer.
 */

static struct tracefile *
open_trace(void)
{
	struct trace_error error;
	struct tracefile *tf = tracefile_open(path, &error);

	ck_assert_msg(tf != NULL, "%s", error.te_text);
	return (tf);
}

/* Reads to the end: the totals. */
static struct trace_totals
read_all(void)
{
	struct tracefile *tf = open_trace();
	struct trace_totals tt;
	struct trace_op op;
	int got;

	while ((got = tracefile_next(tf, &op)) > 0)
		continue;
	ck_assert_msg(got == 0, "%s", tracefile_error(tf)->te_text);
	tt = *tracefile_totals(tf);
	tracefile_close(tf);
	return (tt);
}

#define NOPS	12000
#define NLIVE	500

static struct trace_op ops[NOPS];

/* A trace, and what it should say. */
static void
write_ops(void)
{
	struct tracewrite *tw = tracewrite_open(path, "a test");
	uint64_t number = 0, live[NLIVE] = { 0 }, size[NLIVE] = { 0 };

	ck_assert_ptr_nonnull(tw);
	ck_assert_uint_eq(tracewrite_type(tw, "vnode"), 1);
	ck_assert_uint_eq(tracewrite_type(tw, "mbuf"), 2);
	ck_assert_uint_eq(tracewrite_type(tw, "vnode"), 1);
	for (int i = 0; i < NOPS; i++) {
		struct trace_op *op = &ops[i];
		unsigned slot = (unsigned)random() % NLIVE;

		memset(op, 0, sizeof(*op));
		op->to_thread = 1 + (unsigned)random() % 3;
		op->to_time_ns = 128 * (uint64_t)i;
		op->to_size = any();
		if (live[slot] == 0) {
			op->to_kind = TRACE_ALLOC;
			op->to_failed = random() % 100 == 0;
			op->to_zero = random() % 4 == 0;
			op->to_align = random() % 8 == 0 ? 4096 : 0;
			op->to_type = (unsigned)random() % 3;
			if (!op->to_failed)
				op->to_object = live[slot] = ++number;
		} else if (random() % 4 == 0) {
			op->to_kind = TRACE_REALLOC;
			op->to_old = live[slot];
			op->to_failed = random() % 10 == 0;
			if (!op->to_failed)
				op->to_object = live[slot] = ++number;
		} else {
			op->to_kind = TRACE_FREE;
			op->to_object = live[slot];
			op->to_size = size[slot];
			live[slot] = 0;
		}
		if (!op->to_failed)
			size[slot] = op->to_size;
		ck_assert(tracewrite_op(tw, op));
	}
	ck_assert(tracewrite_close(tw));
}

START_TEST(write_and_read)
{
	struct tracefile *tf;
	struct trace_op op;

	begin();
	write_ops();
	tf = open_trace();
	for (int i = 0; i < NOPS; i++) {
		ck_assert_int_eq(tracefile_next(tf, &op), 1);
		ck_assert_int_eq(op.to_kind, ops[i].to_kind);
		ck_assert_uint_eq(op.to_thread, ops[i].to_thread);
		ck_assert_uint_eq(op.to_time_ns, ops[i].to_time_ns);
		ck_assert_uint_eq(op.to_object, ops[i].to_object);
		ck_assert_uint_eq(op.to_old, ops[i].to_old);
		ck_assert_uint_eq(op.to_size, ops[i].to_size);
		ck_assert_uint_eq(op.to_align, ops[i].to_align);
		ck_assert_int_eq(op.to_zero, ops[i].to_zero);
		ck_assert_int_eq(op.to_failed, ops[i].to_failed);
		if (op.to_kind == TRACE_ALLOC)
			ck_assert_uint_eq(op.to_type, ops[i].to_type);
	}
	ck_assert_int_eq(tracefile_next(tf, &op), 0);
	ck_assert_int_eq(tracefile_next(tf, &op), 0);
	ck_assert_str_eq(tracefile_typename(tf, 1), "vnode");
	ck_assert_str_eq(tracefile_typename(tf, 2), "mbuf");
	ck_assert_str_eq(tracefile_typename(tf, 3), "");
	ck_assert_str_eq(tracefile_typename(tf, 100000), "");
	ck_assert_uint_eq(tracefile_totals(tf)->tt_ops, NOPS);
	ck_assert_uint_eq(tracefile_totals(tf)->tt_threads, 3);
	ck_assert_ptr_null(tracefile_note(tf));
	tracefile_close(tf);
	end();
}
END_TEST

/* Cut anywhere: what is left is read, and the rest is missed. */
START_TEST(cut)
{
	struct trace_error error;
	struct stat st;

	begin();
	write_ops();
	ck_assert_int_eq(stat(path, &st), 0);
	for (off_t len = st.st_size - 1; len >= 0; len -= 1 + len / 30) {
		struct tracefile *tf;
		struct trace_op op;
		int got, n = 0;

		ck_assert_int_eq(truncate(path, len), 0);
		tf = tracefile_open(path, &error);
		if (tf == NULL) {
			ck_assert_int_eq(error.te_fault, len < 8 ?
			    TRACE_FAULT_OTHER : TRACE_FAULT_CUT);
			continue;
		}
		while ((got = tracefile_next(tf, &op)) > 0)
			ck_assert_int_eq(op.to_kind, ops[n++].to_kind);
		ck_assert_int_eq(got, -1);
		ck_assert_int_lt(n, NOPS);
		ck_assert_int_eq(tracefile_error(tf)->te_fault,
		    TRACE_FAULT_CUT);
		ck_assert_uint_eq(tracefile_error(tf)->te_offset,
		    (uint64_t)len);
		tracefile_close(tf);
	}
	end();
}
END_TEST

/* Bytes that change: an error or other operations, never a fault. */
START_TEST(noise)
{
	struct stat st;
	int errors = 0;

	begin();
	write_ops();
	ck_assert_int_eq(stat(path, &st), 0);
	for (int i = 0; i < (UNIT_SANITIZED ? 30 : 100); i++) {
		uint8_t byte = (uint8_t)random(), was;
		off_t at = random() % (i % 2 ? 512 : st.st_size);
		int fd = open(path, O_RDWR), got = -1;
		struct trace_error error;
		struct tracefile *tf;
		struct trace_op op;

		ck_assert_int_eq(pread(fd, &was, 1, at), 1);
		ck_assert_int_eq(pwrite(fd, &byte, 1, at), 1);
		tf = tracefile_open(path, &error);
		while (tf != NULL && (got = tracefile_next(tf, &op)) > 0)
			continue;
		if (tf != NULL)
			tracefile_close(tf);
		errors += got < 0;
		ck_assert_int_eq(pwrite(fd, &was, 1, at), 1);
		close(fd);
	}
	ck_assert_int_gt(errors, UNIT_SANITIZED ? 1 : 10);
	end();
}
END_TEST

static enum trace_fault
spoilt(off_t at, uint32_t word)
{
	struct trace_error error;
	int fd;

	begin();
	write_ops();
	fd = open(path, O_RDWR);
	ck_assert_int_eq(pwrite(fd, &word, sizeof(word), at), sizeof(word));
	close(fd);
	ck_assert_ptr_null(tracefile_open(path, &error));
	ck_assert_str_ne(error.te_text, "");
	end();
	return (error.te_fault);
}

START_TEST(refused)
{
	struct trace_error error;

	ck_assert_int_eq(spoilt(0, 7), TRACE_FAULT_OTHER);
	ck_assert_int_eq(spoilt(8, 0x04030201), TRACE_FAULT_VERSION);
	ck_assert_int_eq(spoilt(12, TRACE_VERSION + 1), TRACE_FAULT_VERSION);
	ck_assert_int_eq(spoilt(16, 0), TRACE_FAULT_CORRUPT);
	ck_assert_int_eq(spoilt(20, 1), TRACE_FAULT_CORRUPT);
	ck_assert_ptr_null(tracefile_open("/nonexistent", &error));
	ck_assert_int_eq(error.te_fault, TRACE_FAULT_OPEN);
	ck_assert_ptr_null(tracefile_open("/tmp", &error));
	ck_assert_int_eq(error.te_fault, TRACE_FAULT_OTHER);
}
END_TEST

/*
 * The library.
 */

static void
record_to_path(void)
{
	begin();
	strcpy(options.o_trace_file, path);
	options.o_trace = true;
}

START_TEST(recorded)
{
	struct tracefile *tf;
	struct trace_op op;

	record_to_path();
	trace_alloc((void *)0x1000, 100, 1, 0, false);
	trace_alloc((void *)0x2000, 200, 64, 0, true);
	trace_alloc(NULL, 300, 1, 0, false);
	trace_free((void *)0x1000);
	trace_free((void *)0x1004);	/* no block begins there */
	trace_free(NULL);
	trace_realloc((void *)0x2000);
	trace_realloced((void *)0x1000, 400);
	trace_realloc((void *)0x1000);
	trace_realloced(NULL, 500);
	trace_free((void *)0x3000);	/* older than the trace */
	trace_check();
	tf = open_trace();
#define NEXT(kind, object, old, size, align, zero, failed) do {	\
	ck_assert_int_eq(tracefile_next(tf, &op), 1);			\
	ck_assert_int_eq(op.to_kind, kind);				\
	ck_assert_uint_eq(op.to_object, object);			\
	ck_assert_uint_eq(op.to_old, old);				\
	ck_assert_uint_eq(op.to_size, size);				\
	ck_assert_uint_eq(op.to_align, align);				\
	ck_assert_int_eq(op.to_zero, zero);				\
	ck_assert_int_eq(op.to_failed, failed);				\
} while (0)
	NEXT(TRACE_ALLOC, 1, 0, 100, 0, false, false);
	NEXT(TRACE_ALLOC, 2, 0, 200, 64, true, false);
	NEXT(TRACE_ALLOC, 0, 0, 300, 0, false, true);
	NEXT(TRACE_FREE, 1, 0, 100, 0, false, false);
	NEXT(TRACE_REALLOC, 3, 2, 400, 0, false, false);
	NEXT(TRACE_REALLOC, 0, 3, 500, 0, false, true);
	ck_assert_int_eq(tracefile_next(tf, &op), 0);
	ck_assert_uint_eq(tracefile_totals(tf)->tt_unknown, 1);
	ck_assert_uint_eq(tracefile_totals(tf)->tt_bytes, 400);
	ck_assert_uint_eq(tracefile_header(tf)->th_pid, (unsigned)getpid());
	tracefile_close(tf);
	end();
}
END_TEST

/* An end that is missing is put in. */
START_TEST(alloc_twice)
{
	struct trace_totals tt;

	record_to_path();
	trace_alloc((void *)0x1000, 100, 1, 0, false);
	trace_alloc((void *)0x1000, 200, 1, 0, false);
	tt = read_all();
	ck_assert_uint_eq(tt.tt_unfreed, 1);
	ck_assert_uint_eq(tt.tt_ops, 3);
	ck_assert_uint_eq(tt.tt_bytes, 200);
	end();
}
END_TEST

#define NTHREAD	8
#define EACH	(UNIT_SANITIZED ? 5000 : 20000)

static void *
work(void *arg)
{
	uintptr_t base = (uintptr_t)arg << 32;

	for (uintptr_t i = 1; i <= EACH; i++) {
		trace_alloc((void *)(base + 16 * i), i, 1, 0, false);
		if (i % 2 == 0)
			trace_free((void *)(base + 16 * (i - 1)));
	}
	trace_check();
	return (NULL);
}

START_TEST(threads)
{
	struct trace_totals tt;
	pthread_t thread[NTHREAD];

	record_to_path();
	for (uintptr_t i = 0; i < NTHREAD; i++)
		ck_assert_int_eq(pthread_create(&thread[i], NULL, work,
		    (void *)(i + 1)), 0);
	for (int i = 0; i < NTHREAD; i++)
		pthread_join(thread[i], NULL);
	tt = read_all();
	ck_assert_uint_eq(tt.tt_allocs, NTHREAD * EACH);
	ck_assert_uint_eq(tt.tt_frees, NTHREAD * EACH / 2);
	ck_assert_uint_eq(tt.tt_threads, NTHREAD);
	ck_assert_uint_eq(tt.tt_unknown + tt.tt_unfreed, 0);
	end();
}
END_TEST

/* Ten threads, one after the other, share what one needs. */
START_TEST(threads_in_turn)
{
	struct trace_totals tt;
	struct stat st;

	record_to_path();
	for (uintptr_t i = 0; i < 10; i++) {
		pthread_t thread;

		ck_assert_int_eq(pthread_create(&thread, NULL, work,
		    (void *)(i + 1)), 0);
		pthread_join(thread, NULL);
	}
	tt = read_all();
	ck_assert_uint_eq(tt.tt_allocs, 10 * EACH);
	ck_assert_uint_eq(tt.tt_threads, 10);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_int_lt(st.st_size, 10 * EACH * 8 + 4 * (int)TRACE_CHUNK);
	end();
}
END_TEST

/* The limit on files: a message, no signal, and what was read is good. */
START_TEST(no_room)
{
	struct rlimit before, limit;
	struct trace_op op;
	struct tracefile *tf;
	uint64_t n = 0;

	record_to_path();
	ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &before), 0);
	limit = before;
	limit.rlim_cur = (rlim_t)5 * TRACE_CHUNK;
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	for (uintptr_t i = 1; i <= 200000; i++)
		trace_alloc((void *)(16 * i), i, 1, 0, false);
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &before), 0);
	tf = open_trace();
	while (tracefile_next(tf, &op) > 0)
		ck_assert_uint_eq(op.to_size, ++n);
	ck_assert_int_eq(tracefile_error(tf)->te_fault, TRACE_FAULT_NONE);
	ck_assert_uint_gt(n, 20000);
	ck_assert_uint_lt(n, 200000);
	ck_assert_ptr_nonnull(strstr(tracefile_note(tf), strerror(EFBIG)));
	tracefile_close(tf);
	end();
}
END_TEST

/* Another file of that name is not written to. */
START_TEST(gone)
{
	struct stat st;
	int fd;

	record_to_path();
	trace_alloc((void *)0x1000, 100, 1, 0, false);
	unlink(path);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0666);
	ck_assert_int_ge(fd, 0);
	for (uintptr_t i = 1; i <= 50000; i++)
		trace_alloc((void *)(16 * i), i, 1, 0, false);
	ck_assert_int_eq(fstat(fd, &st), 0);
	ck_assert_int_eq(st.st_size, 0);
	close(fd);
	end();
}
END_TEST

UNIT_MAIN("trace", 1, records, records_cut, write_and_read, cut, noise,
    refused, recorded, alloc_twice, threads, threads_in_turn, no_room, gone)
