/* longjmp that _FORTIFY_SOURCE checks: a jump may only go to a frame that is still there.

   The frame is gone when its stack pointer lies below the caller's; a jump off an alternative signal stack may look so
   too (glibc, sysdeps/unix/sysv/linux/x86_64/____longjmp_chk.S). glibc mangles the pointers in a jmp_buf and musl does
   not, but setjmp and longjmp of one program are of one libc, and callers never look inside. */

#define _GNU_SOURCE
#include "fortify.h"
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>

#ifndef __x86_64__
#error "where jmp_buf keeps the stack pointer is known for x86-64 only"
#endif

#define STACK_POINTER 6

_Noreturn void __longjmp_chk(struct __jmp_buf_tag *to, int value)
{
	uintptr_t target = to->__jb[STACK_POINTER], here = (uintptr_t)__builtin_frame_address(0);
	stack_t stack;

	if (target < here) {
		int on_stack = !sigaltstack(NULL, &stack) && (stack.ss_flags & SS_ONSTACK);
		if (!on_stack || target - (uintptr_t)stack.ss_sp < stack.ss_size)
			end_program("longjmp causes uninitialized stack frame");
	}
	siglongjmp(to, value);
}
