/* place.h - file:line:column, the line and its caret, for errors about text. Shared by the coordinator and ingot-recipe. */
#pragma once
#include <ingot/err.h>
#include <ingot/span.h>
#include <stdint.h>

/* Fill where, line and column of a failure already recorded, unless it has a place. line and column count from 1, the column in
 * characters; line 0 leaves only the file's name. Returns -1. */
int place_fill(struct ingot_err *err, const char *file, struct ingot_span text, uint32_t line, uint32_t column);

/* The place of a byte of text. */
void place_of(struct ingot_span text, size_t offset, uint32_t *ret_line, uint32_t *ret_column);
