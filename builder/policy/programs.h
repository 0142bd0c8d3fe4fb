/* programs.h - what is known of the programs that images start: their ports, how they want to be stopped. */
#pragma once
#include <ingot/config.h>
#include <ingot/span.h>

struct program {
	const char *name;
	const char *ports;       /* that it listens on when nothing says otherwise, each between blanks: " 80 443 "; or NULL: unknown */
	const char *stop_signal; /* that ends it in good order, where that is not SIGTERM; or NULL */
};
/* By the name of the file, versions aside ("php-fpm8.2"). NULL: not known as a service. */
const struct program *program_find(struct ingot_span name);

/* tool_names.c: the name without a triple in front and a version behind: gcc of x86_64-linux-gnu-gcc-12. */
struct ingot_span plain_name(struct ingot_span name);

/* The words that the image starts with: entrypoint and cmd as one list, inits and wrappers (tini --) skipped. NULL when there are no more. */
struct command {
	const struct ingot_words *entrypoint, *cmd;
	size_t first; /* of the program itself */
};
struct command command_of(const struct ingot_config *c);
const char *command_word(const struct command *c, size_t i); /* from first on: 0 is the program; or NULL */

/* The script of "sh -c SCRIPT", or NULL: no such list. */
const char *shell_script(const struct ingot_words *w);
/* How many services the script starts, as far as their names are known, and whether something is left in the background. */
size_t script_services(struct ingot_span script, bool *ret_background);
/* Does this one argument look like a whole command line ("python app.py")? */
bool looks_like_command(struct ingot_span word);
