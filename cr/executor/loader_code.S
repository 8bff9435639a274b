/*
 * The code of the loader ELF. Offset 0 is entered by a 32-bit task, offset 32 by a 64-bit one; the parameters follow the
 * code and are filled in by make_loader(). Runs on the stack execve made, and never comes back.
 */
#include <asm/unistd_64.h>

#define PROT_RW		3
#define PROT_RX		5
#define MAP_FLAGS	0x100002	/* MAP_PRIVATE | MAP_FIXED_NOREPLACE */
#define CANNOT_MAP	111
#define USER_CS64	0x33

	.section .text.start, "ax", @progbits
	.globl _start
_start:
	.code32
	/* A far return is the only jump between code segments that needs no absolute address. */
	call	1f
1:	pop	%eax
	add	$(start64 - 1b), %eax
	push	$USER_CS64
	push	%eax
	lret

	.code64
	.org	32
start64:
	/* The code pages: executable, never writable. */
	mov	area_base(%rip), %rdi
	mov	code_size(%rip), %rsi
	mov	$PROT_RX, %edx
	xor	%r9d, %r9d
	call	map_or_exit

	mov	code_size(%rip), %r9
	lea	(%rdi, %r9), %rdi
	mov	area_size(%rip), %rsi
	sub	%r9, %rsi
	mov	$PROT_RW, %edx
	call	map_or_exit

	mov	stack_top(%rip), %rsp
	mov	control(%rip), %rdi
	jmp	*entry(%rip)

	/* rdi = address, rsi = length, rdx = protection, r9 = offset in the plan file; all are kept. */
map_or_exit:
	mov	$__NR_mmap, %eax
	mov	$MAP_FLAGS, %r10d
	mov	plan_fd(%rip), %r8
	syscall
	cmp	%rdi, %rax
	jne	1f
	ret
1:	mov	$CANNOT_MAP, %edi
	mov	$__NR_exit_group, %eax
	syscall
	ud2

	/* LoaderBlock in loader.cc. */
	.balign	8
	.globl	plan_fd
plan_fd:	.quad	0
area_base:	.quad	0
area_size:	.quad	0
code_size:	.quad	0
entry:		.quad	0
control:	.quad	0
stack_top:	.quad	0

	.section .note.GNU-stack, "", @progbits
