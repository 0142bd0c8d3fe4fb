/* challenge.h - what a server wants to know before it answers (RFC 9110 section 11.6.1; the distribution project's token scheme). */
#pragma once
#include <ingot/span.h>

struct challenge {
	bool basic, bearer; /* what it takes */
	char realm[2049], service[1025], scope[4097]; /* of bearer; "" when not said */
};

/* Add what one WWW-Authenticate line says. A line that cannot be read, or a value that is too long or holds control characters, says nothing. */
void challenge_read(struct challenge *c, struct ingot_span line);
