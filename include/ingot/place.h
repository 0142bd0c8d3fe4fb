/* place.h - where in a text of the user's something stands. */
#pragma once
#include <stdint.h>

struct ingot_place {
	uint32_t line, column; /* from 1; 0 = written by no line (a default) */
};
