/* script.h - the text of a step, looked at word by word: enough for what is written plainly, and no shell. */
#pragma once
#include <ingot/recipe.h>

/* One simple command: its words, quotes taken off; words behind the last that fits are left out. */
#define COMMAND_WORDS 64
struct simple_command {
	struct ingot_span word[COMMAND_WORDS];
	size_t n;
	bool piped; /* its input is the output of the one before */
};

/* Cut the next command off *rest. False at the end. Comments and empty commands are skipped. */
bool script_next(struct ingot_span *rest, struct simple_command *ret);
/* The program, assignments and words like exec, sudo and env skipped: its index, or n. */
size_t command_program(const struct simple_command *c);
bool command_is(const struct simple_command *c, const char *program); /* by the name of the file */
/* Is one of the words behind the program this one? */
bool command_has(const struct simple_command *c, const char *word);
