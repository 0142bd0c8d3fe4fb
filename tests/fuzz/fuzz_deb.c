/* Packages: whatever the bytes are, what is sent obeys the protocol, and nothing runs away. */
#include "decode_inside.h"
#include <stddef.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct ingot_err err;
	(void)decode_inside(INGOT_DECODE_DEB, data, n, 16 << 20, NULL, &err);
	return 0;
}
