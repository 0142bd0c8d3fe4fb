/* rules_user.c - who the image runs as. */
#include "look.h"
#include "rows.h"

static const struct ingot_rule rows[] = {
	{ "user-root", SEV(ERROR, ERROR, ERROR), "the image does not run as root", "A fault in a service that runs as root is a fault with root's rights in the container, one kernel fault away from the host.", "CIS-DI-0001",
	  "give it a user of its own, or a reason", "image:\n  user: { name: web, uid: 10001 }\n", NULL },
	{ "user-root-reason", SEV(NOTE, WARNING, ERROR), "an image that runs as root says why", "The reason is what a reviewer judges; it is recorded.", "CIS-DI-0001", "see whether an ordinary user will do", "image:\n  user: { root: \"binds raw sockets\" }\n", NULL },
	{ "user-numeric", SEV(ERROR, ERROR, ERROR), "the image's user is a number", "A name has to be looked up in a file of the image, which the image can change, and Kubernetes refuses it under runAsNonRoot.", NULL,
	  "write uid:gid", "image:\n  user: { name: web, uid: 10001 }\n", NULL },
};

static void check(struct look *l)
{
	const struct ingot_config *c = l->config;
	const char *reason = l->s->recipe ? l->s->recipe->image.user.root_reason : NULL;
	if (!c)
		return;
	if (!c->numeric)
		(void)look_field(l, "user-numeric", "/config/User", NULL, "the image's user is a name");
	else if (c->uid == 0 && reason)
		(void)look_field(l, "user-root-reason", "/config/User", NULL, "the image runs as root: %s", reason);
	else if (c->uid == 0)
		(void)look_field(l, "user-root", "/config/User", NULL, "the image runs as root");
}

const struct rule_group rules_user = { rows, N_ROWS(rows), check };
