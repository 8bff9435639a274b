/* The blob's entry (offset 0: rdi = control, rsp = its stack top), and the ways out that C++ cannot express. */
#include <asm/unistd_64.h>

	.section .text.start, "ax", @progbits

	.globl cr_exec_start
	.hidden cr_exec_start
	.type cr_exec_start, @function
cr_exec_start:
	cld			/* the interrupted code may have left the direction flag set */
	xor	%ebp, %ebp
	call	cr_exec_interpret
	/* Done or failed, as the control says: the tracer sees a SIGTRAP here; with nobody there it is the end. */
1:	int3
	jmp	1b
	.size cr_exec_start, . - cr_exec_start

	/* rdi = clone_args, rsi = their size, rdx = the child's control. The kernel puts the child on its own stack. */
	.globl cr_exec_spawn
	.hidden cr_exec_spawn
	.type cr_exec_spawn, @function
cr_exec_spawn:
	mov	$__NR_clone3, %eax
	syscall
	test	%rax, %rax
	jz	1f
	ret
1:	mov	%rdx, %rdi
	jmp	cr_exec_start
	.size cr_exec_spawn, . - cr_exec_spawn

	.globl cr_exec_sigreturn
	.hidden cr_exec_sigreturn
	.type cr_exec_sigreturn, @function
cr_exec_sigreturn:
	mov	%rdi, %rsp
	mov	$__NR_rt_sigreturn, %eax
	syscall
	ud2			/* a frame the kernel cannot read ends in SIGSEGV, never here */
	.size cr_exec_sigreturn, . - cr_exec_sigreturn

	.section .note.GNU-stack, "", @progbits
