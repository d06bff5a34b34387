/*
 * dlopen.c - the face of the loader: dlopen without RTLD_DEEPBIND.
 *
 * Layer 9.  Owns the address of the real dlopen.  With RTLD_DEEPBIND a plugin
 * binds to libc's free and dies of the first block that the program gave it.
 *
 * The real dlopen looks at its return address: the caller's $ORIGIN and
 * namespace count.  So it is not called but jumped to, with the caller's
 * frame, which only the machine's own language can promise.
 */
#define _GNU_SOURCE
#include <dlfcn.h>

#include "account.h"
#include "cdefs.h"
#include "dlopen.h"
#include "options.h"
#include "report.h"
#include "start.h"

/* Named in the machine code below, as dlopen_real() is. */
__attribute__((used, visibility("hidden"))) int dlopen_flags(int flags);

__attribute__((used)) dlopen_fn *
dlopen_real(void)
{
	static dlopen_fn *real;
	dlopen_fn *fn = relaxed_load(&real);

	if (fn == NULL) {
		fn = (dlopen_fn *)dlsym(RTLD_NEXT, "dlopen");
		if (fn == NULL)
			report_panic("dlopen", "libc has a dlopen");
		relaxed_store(&real, fn);
	}
	return (fn);
}

/*
 * What dlopen maps may lie where something was that is gone.  It has to be
 * forgotten before: constructors call malloc while dlopen still works.
 */
int
dlopen_flags(int flags)
{
	if (options.o_accounting)
		account_forget();
#ifdef RTLD_DEEPBIND
	if (!options.o_deepbind_keep)
		flags &= ~RTLD_DEEPBIND;
#endif
	start_watch_exit();
	return (flags);
}

#if defined(__x86_64__)
__asm__(
"	.text\n"
"	.globl	dlopen\n"
"	.type	dlopen, @function\n"
"	.p2align 4\n"
"dlopen:\n"
"	.cfi_startproc\n"
"	pushq	%rdi\n"
"	.cfi_adjust_cfa_offset 8\n"
"	movl	%esi, %edi\n"
"	call	dlopen_flags\n"
"	pushq	%rax\n"
"	.cfi_adjust_cfa_offset 8\n"
"	subq	$8, %rsp\n"
"	.cfi_adjust_cfa_offset 8\n"
"	call	dlopen_real\n"
"	addq	$8, %rsp\n"
"	.cfi_adjust_cfa_offset -8\n"
"	popq	%rsi\n"
"	.cfi_adjust_cfa_offset -8\n"
"	popq	%rdi\n"
"	.cfi_adjust_cfa_offset -8\n"
"	jmp	*%rax\n"
"	.cfi_endproc\n"
"	.size	dlopen, .-dlopen\n"
);
#elif defined(__aarch64__)
__asm__(
"	.text\n"
"	.globl	dlopen\n"
"	.type	dlopen, %function\n"
"	.p2align 4\n"
"dlopen:\n"
"	.cfi_startproc\n"
"	stp	x30, x0, [sp, #-32]!\n"
"	.cfi_adjust_cfa_offset 32\n"
"	.cfi_offset 30, -32\n"
"	mov	w0, w1\n"
"	bl	dlopen_flags\n"
"	str	x0, [sp, #16]\n"
"	bl	dlopen_real\n"
"	mov	x16, x0\n"
"	ldr	x1, [sp, #16]\n"
"	ldp	x30, x0, [sp], #32\n"
"	.cfi_adjust_cfa_offset -32\n"
"	.cfi_restore 30\n"
"	br	x16\n"
"	.cfi_endproc\n"
"	.size	dlopen, .-dlopen\n"
);
#endif
