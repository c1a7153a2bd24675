#include "textflag.h"

// The bytes of a register in reverse order.
DATA reverse<>+0(SB)/8, $0x08090a0b0c0d0e0f
DATA reverse<>+8(SB)/8, $0x0001020304050607
GLOBL reverse<>(SB), RODATA|NOPTR, $16

// x^n mod P, the higher power in the higher half, to move 128 bits on by 512.
DATA by512<>+0(SB)/8, $0x00000000e6228b11 // x^512
DATA by512<>+8(SB)/8, $0x000000008833794c // x^576
GLOBL by512<>(SB), RODATA|NOPTR, $16

// The same to move 128 bits on by 128.
DATA by128<>+0(SB)/8, $0x00000000e8a45605 // x^128
DATA by128<>+8(SB)/8, $0x00000000c5b9cd4c // x^192
GLOBL by128<>(SB), RODATA|NOPTR, $16

// From 128 bits to 64.
DATA to64<>+0(SB)/8, $0x00000000f200aa66 // x^96
DATA to64<>+8(SB)/8, $0x00000000490d678d // x^64
GLOBL to64<>(SB), RODATA|NOPTR, $16

// From 64 bits to 32 (Barrett).
DATA to32<>+0(SB)/8, $0x0000000104d101df // x^64 / P
DATA to32<>+8(SB)/8, $0x0000000104c11db7 // P
GLOBL to32<>(SB), RODATA|NOPTR, $16

// LOAD reads 16 bytes as a polynomial, first bit highest. X15 is reverse<>.
#define LOAD(mem, reg) \
	MOVOU  mem, reg; \
	PSHUFB X15, reg

// FOLD multiplies reg by the power of x that X14 stands for and adds next.
#define FOLD(reg, tmp, next) \
	MOVO      reg, tmp; \
	PCLMULQDQ $0x00, X14, reg; \
	PCLMULQDQ $0x11, X14, tmp; \
	PXOR      next, reg; \
	PXOR      tmp, reg

// func foldCRC(crc uint32, p []byte) uint32
TEXT ·foldCRC(SB), NOSPLIT, $0-36
	MOVL  crc+0(FP), AX
	MOVQ  p_base+8(FP), SI
	MOVQ  p_len+16(FP), CX
	MOVOU reverse<>(SB), X15

	MOVL  AX, X8
	PSLLO $12, X8 // to the highest 32 bits
	LOAD(0(SI), X0)
	PXOR  X8, X0
	CMPQ  CX, $128
	JB    tail

	// Four registers, 64 bytes apart.
	MOVOU by512<>(SB), X14
	LOAD(16(SI), X1)
	LOAD(32(SI), X2)
	LOAD(48(SI), X3)

four:
	ADDQ $64, SI
	SUBQ $64, CX
	LOAD(0(SI), X4)
	LOAD(16(SI), X5)
	LOAD(32(SI), X6)
	LOAD(48(SI), X7)
	FOLD(X0, X8, X4)
	FOLD(X1, X9, X5)
	FOLD(X2, X10, X6)
	FOLD(X3, X11, X7)
	CMPQ CX, $128
	JAE  four

	MOVOU by128<>(SB), X14
	FOLD(X0, X8, X1)
	FOLD(X0, X8, X2)
	FOLD(X0, X8, X3)
	ADDQ  $48, SI
	SUBQ  $48, CX

tail:
	MOVOU by128<>(SB), X14
	JMP   more

one:
	ADDQ $16, SI
	LOAD(0(SI), X4)
	FOLD(X0, X8, X4)

more:
	SUBQ $16, CX
	JNZ  one

	// 128 bits, times x^32, to 96 and to 64.
	MOVOU     to64<>(SB), X14
	MOVO      X0, X1
	PCLMULQDQ $0x01, X14, X1 // high half by x^96
	PSLLO     $8, X0
	PSRLO     $4, X0         // low half by x^32
	PXOR      X1, X0
	MOVO      X0, X1
	PCLMULQDQ $0x11, X14, X1 // high half, 32 bits, by x^64
	PXOR      X1, X0

	// 64 bits to 32.
	MOVOU     to32<>(SB), X14
	MOVO      X0, X1
	PSRLQ     $32, X1
	PCLMULQDQ $0x00, X14, X1
	PSRLQ     $32, X1
	PCLMULQDQ $0x10, X14, X1
	PXOR      X1, X0
	MOVL      X0, AX
	MOVL      AX, ret+32(FP)
	RET
