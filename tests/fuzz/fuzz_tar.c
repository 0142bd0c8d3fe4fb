/* Layers and image archives: whatever the bytes are, what is sent obeys the protocol, libarchive and the strict scanner agree on it, and nothing runs away. */
#include "decode_inside.h"
#include <stddef.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct ingot_err err;
	struct inside layer, archive;
	(void)decode_inside(INGOT_DECODE_TAR, data, n, 16 << 20, &layer, &err);
	(void)decode_inside(INGOT_DECODE_ARCHIVE, data, n, 16 << 20, &archive, &err);
	return 0;
}
