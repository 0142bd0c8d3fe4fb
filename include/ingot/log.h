/* log.h - how the library tells what it is doing. The library never prints: a front end hands in a sink. */
#pragma once
#include <ingot/cleanup.h>
#include <stdint.h>

enum ingot_level { INGOT_ERROR, INGOT_WARNING, INGOT_NOTE, INGOT_INFO, INGOT_DEBUG };

struct ingot_log {
	void *ctx;
	/* One event; text is clean (escaped) and has no newline. */
	void (*event)(void *ctx, enum ingot_level level, const char *text);
	/* Where a task stands: what ("fetch nginx"), done and total in the task's unit (total 0 = unknown). done == total ends it. */
	void (*progress)(void *ctx, const char *what, uint64_t done, uint64_t total);
	/* Output of a step, escaped, without its newline. */
	void (*output)(void *ctx, const char *step, const char *line);
};

/* All accept a NULL log, which swallows everything. */
void ingot_say(const struct ingot_log *log, enum ingot_level level, const char *fmt, ...) INGOT_PRINTF(3, 4);
void ingot_progress(const struct ingot_log *log, const char *what, uint64_t done, uint64_t total);
