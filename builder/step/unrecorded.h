/* unrecorded.h - what the compiled filter and the program that loads it must agree on (private to this room). */
#pragma once

/* In the upper half of sendmsg()'s flags, which a filter sees and the kernel does not: the one call that is not written down (helper/record.c). */
#define STEP_UNRECORDED 0x696e676fU
