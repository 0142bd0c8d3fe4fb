/* Contents: whatever the bytes are, the look at them ends, and says what a content of that size can be. */
#include "judge_inside.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	const struct judged *j = judge_inside(data, n);
	/* An ELF header is one, however damaged; nothing else is. */
	bool magic = n >= 4 && memcmp(data, "\x7f" "ELF", 4) == 0;
	bool elf = j->kind == INGOT_C_ELF_PROGRAM || j->kind == INGOT_C_ELF_SHARED || j->kind == INGOT_C_ELF_OTHER;
	ingot_assert(elf ? magic : !magic || j->kind == INGOT_C_BYTECODE);
	return 0;
}
