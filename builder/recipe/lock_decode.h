/* lock_decode.h - from the text of a lock to the lock: the part of reading that needs no file. */
#pragma once
#include "node.h"
#include <ingot/lock.h>

/* root: the nodes of s->text, which may be freed afterwards. The text must be the one that ingot_lock_text() would write. */
int lock_decode(const struct source_text *s, const struct node *root, struct ingot_lock **ret, struct ingot_err *err) INGOT_MUST_USE;
/* Whether a word can stand in a lock without quotes; for the writer. */
bool lock_word_ok(struct ingot_span s);
