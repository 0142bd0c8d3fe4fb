/* course.h - what is done in a sandbox beside a plan's command (step.h), for tests of an image: a service is started, its port is asked, something is run beside it, a
 * signal ends it, and files are looked at. In this order; the first thing that does not hold ends it.
 *
 * All of it is done by the sandbox's init and its children, inside the step's namespaces, because a minimal image has no program to do it with. What a service
 * answers is compared, never interpreted, and 64 KiB of it at most.
 */
#pragma once
#include <ingot/limits.h>
#include <ingot/span.h>
#include <stdbool.h>

struct ingot_course_file {
	const char *path; /* absolute; no link in it */
	bool absent;
	struct ingot_span contains; /* somewhere in its first 16 MiB; empty: anything */
};

struct ingot_course {
	unsigned signal; /* the plan's command is a service, which this ends; 0: it ends by itself, and nothing below is done but files */
	unsigned within; /* seconds in which the signal must end it */
	uint16_t port;   /* 0: none is asked */
	bool udp;
	unsigned wait;   /* seconds for the answer; without a port: how long the service must stay up */
	struct ingot_span send, expect; /* to and from the port. Neither: a connection is enough; send alone: any answer */
	const char *const *argv; /* run beside the service */
	size_t n_argv;
	unsigned patience; /* seconds for that */
	const struct ingot_course_file *files; /* at most INGOT_MAX_COURSE_FILES */
	size_t n_files;
};

enum ingot_course_end {
	INGOT_COURSE_DONE = 0,
	INGOT_COURSE_EARLY = 1,     /* the service ended before it was asked to; the step's result says how */
	INGOT_COURSE_SILENT = 2,    /* nobody listens at the port, or says anything */
	INGOT_COURSE_OTHERWISE = 3, /* the answer lacks what was expected; text is how it begins */
	INGOT_COURSE_LATE = 4,      /* what runs beside it did not end */
	INGOT_COURSE_STAYS = 5,     /* the signal did not end it */
	INGOT_COURSE_FILE = 6       /* the file number `which`; text says what is wrong */
};

struct ingot_course_result {
	enum ingot_course_end end;
	unsigned which;
	unsigned status, signal; /* of what ran beside the service */
	char text[INGOT_MAX_COURSE_TEXT]; /* raw bytes from inside */
	size_t n_text;
};
