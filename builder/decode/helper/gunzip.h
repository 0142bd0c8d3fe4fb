/* gunzip.h - what is compressed within a file that nobody says anything about: every gzip member in it, wherever it begins. */
#pragma once
#include <ingot/chan.h>
#include <ingot/err.h>

/* MEMBER ("@" and the position) and DATA for each, at most limit bytes of what it decompresses to. Damage is no error: what came before it is told, because it
 * is looked for, not believed. */
int gunzip_members(struct ingot_chan *chan, int fd, uint64_t offset, uint64_t size, uint64_t limit, struct ingot_err *err) INGOT_MUST_USE;
