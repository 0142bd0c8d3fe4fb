/* bpf.h - what a seccomp filter answers, by running its instructions; and which of them have ever been reached. */
#pragma once
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define BPF_REACHED 1 /* an instruction; of a jump: */
#define BPF_TRUE 2
#define BPF_FALSE 4

struct bpf_answer {
	uint32_t action;
	bool by_arguments; /* an argument was looked at */
};

static uint32_t bpf_alu(unsigned op, uint32_t a, uint32_t b)
{
	switch (op) {
	case BPF_ADD: return a + b;
	case BPF_SUB: return a - b;
	case BPF_MUL: return a * b;
	case BPF_AND: return a & b;
	case BPF_OR: return a | b;
	case BPF_XOR: return a ^ b;
	case BPF_LSH: return b < 32 ? a << b : 0;
	case BPF_RSH: return b < 32 ? a >> b : 0;
	default: return ~0U;
	}
}

static bool bpf_compare(unsigned op, uint32_t a, uint32_t b)
{
	return op == BPF_JEQ ? a == b : op == BPF_JGT ? a > b : op == BPF_JGE ? a >= b : (a & b) != 0;
}

/* -1 in *ret_ok when the program does what no seccomp filter may: the kernel would not have loaded it. */
static struct bpf_answer bpf_run(const struct sock_filter *code, size_t n, const struct seccomp_data *data, unsigned char *reached, bool *ret_ok)
{
	struct bpf_answer r = { SECCOMP_RET_KILL_PROCESS, false };
	uint32_t a = 0, x = 0, mem[BPF_MEMWORDS] = { 0 };
	*ret_ok = true;
	for (size_t i = 0; i < n; i++) {
		const struct sock_filter *f = &code[i];
		uint32_t operand = BPF_SRC(f->code) == BPF_X ? x : f->k;
		if (reached)
			reached[i] |= BPF_REACHED;
		switch (BPF_CLASS(f->code)) {
		case BPF_LD:
			if (BPF_MODE(f->code) == BPF_ABS && f->k % 4 == 0 && f->k + 4 <= sizeof(*data)) {
				memcpy(&a, (const char *)data + f->k, 4);
				r.by_arguments = r.by_arguments || f->k >= offsetof(struct seccomp_data, args);
			} else if (BPF_MODE(f->code) == BPF_IMM) {
				a = f->k;
			} else if (BPF_MODE(f->code) == BPF_MEM) {
				a = mem[f->k % BPF_MEMWORDS];
			} else {
				*ret_ok = false;
			}
			break;
		case BPF_LDX:
			x = BPF_MODE(f->code) == BPF_MEM ? mem[f->k % BPF_MEMWORDS] : f->k;
			break;
		case BPF_ST:
			mem[f->k % BPF_MEMWORDS] = a;
			break;
		case BPF_STX:
			mem[f->k % BPF_MEMWORDS] = x;
			break;
		case BPF_ALU:
			a = BPF_OP(f->code) == BPF_NEG ? 0U - a : bpf_alu(BPF_OP(f->code), a, operand);
			break;
		case BPF_MISC:
			if (BPF_MISCOP(f->code) == BPF_TAX)
				x = a;
			else
				a = x;
			break;
		case BPF_RET:
			r.action = BPF_RVAL(f->code) == BPF_A ? a : f->k;
			return r;
		case BPF_JMP:
			if (BPF_OP(f->code) == BPF_JA) {
				i += f->k;
			} else {
				bool yes = bpf_compare(BPF_OP(f->code), a, operand);
				if (reached)
					reached[i] |= yes ? BPF_TRUE : BPF_FALSE;
				i += yes ? f->jt : f->jf;
			}
			break;
		}
	}
	*ret_ok = false; /* it fell off its end */
	return r;
}
