/* System calls in both ABIs: rdi = number, rsi = six argument values; the result in rax. */

	.section .text.kernel_entry, "ax", @progbits

	.globl cr_exec_syscall64
	.hidden cr_exec_syscall64
	.type cr_exec_syscall64, @function
cr_exec_syscall64:
	mov	%rdi, %rax
	mov	%rsi, %r11
	mov	0(%r11), %rdi
	mov	8(%r11), %rsi
	mov	16(%r11), %rdx
	mov	24(%r11), %r10
	mov	32(%r11), %r8
	mov	40(%r11), %r9
	syscall
	ret
	.size cr_exec_syscall64, . - cr_exec_syscall64

	/*
	 * int $0x80 reads 32-bit registers, rbp as the sixth argument. Kernels have cleared or kept r8-r11 over the
	 * years; nothing here relies on either.
	 */
	.globl cr_exec_syscall32
	.hidden cr_exec_syscall32
	.type cr_exec_syscall32, @function
cr_exec_syscall32:
	push	%rbx
	push	%rbp
	mov	%edi, %eax
	mov	%rsi, %r11
	mov	0(%r11), %ebx
	mov	8(%r11), %ecx
	mov	16(%r11), %edx
	mov	24(%r11), %esi
	mov	32(%r11), %edi
	mov	40(%r11), %ebp
	int	$0x80
	pop	%rbp
	pop	%rbx
	ret
	.size cr_exec_syscall32, . - cr_exec_syscall32

	.section .note.GNU-stack, "", @progbits
