/* output.h - what a step writes: escaped lines for the log, and the last 64 KiB as they were (private to this room; safety 10.5). */
#pragma once
#include <ingot/log.h>
#include <ingot/step.h>

#define STEP_STREAMS 4 /* stdout, stderr, and those of what runs beside */
struct step_output {
	const struct ingot_log *log;
	const char *name;
	struct ingot_buf line[STEP_STREAMS]; /* one a stream, without its newline yet */
	char *ring;
	uint64_t total, logged;
	const struct ingot_search *hide;
	struct ingot_buf held[STEP_STREAMS]; /* one a stream: the end of what came, as long as it may become something to hide */
	bool cut; /* INGOT_MAX_STEP_LOG is reached, and that was said */
};

void step_output_begin(struct step_output *o, const struct ingot_log *log, const char *name, const struct ingot_search *hide);
void step_output_take(struct step_output *o, unsigned stream, struct ingot_span bytes);
void step_output_end(struct step_output *o, struct ingot_step_result *r); /* frees; fills output and tail */
