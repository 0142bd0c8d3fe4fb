/* terminal.h - a terminal for a program that is not to have ours: a pty, and a process that passes bytes between the two. The user's own terminal is never handed
 * on: nothing can be typed into it from inside (CVE-2017-5226), its settings come back, and its keys (Ctrl-C) mean the program and not us. */
#pragma once
#include <ingot/err.h>
#include <sys/types.h>

struct ingot_terminal {
	int fd; /* for the program's stdin, stdout and stderr; it becomes its controlling terminal when it asks for that (TIOCSCTTY) */
	pid_t relay;
};
#define INGOT_TERMINAL_INIT { .fd = -1, .relay = -1 }

/* fds 0 and 1 must be a terminal. */
int ingot_terminal_begin(struct ingot_terminal *t, struct ingot_err *err) INGOT_MUST_USE;
/* When the program has ended: what it wrote is passed on to its end, and our terminal is as it was. */
void ingot_terminal_end(struct ingot_terminal *t);
