/* rules_modes.c - what nobody can be trusted with unless there is a reason: modes, capabilities, devices; and the exceptions themselves. */
#include "look.h"
#include "rows.h"
#include <ingot/normalise.h>

static const struct ingot_rule rows[] = {
	{ "setuid", SEV(ERROR, ERROR, ERROR), "no file is set-user-id", "Whoever runs such a program becomes its owner: one fault in it, and the service's user is root.", "CIS-DI-0008",
	  "leave the program out, take the bit away, or say why it must be so", ALLOW_PATH("setuid", "/usr/bin/sudo"), "path" },
	{ "setgid", SEV(ERROR, ERROR, ERROR), "no file is set-group-id", "Whoever runs such a program joins its group, and may write what that group may.", "CIS-DI-0008",
	  "leave the program out, take the bit away, or say why it must be so", ALLOW_PATH("setgid", "/usr/bin/crontab"), "path" },
	{ "capability", SEV(ERROR, ERROR, ERROR), "no file has capabilities", "Whoever runs such a program gets a part of root's power, past every user and group.", "CIS-DI-0008",
	  "listen on a port above 1023, or say why it must be so", ALLOW_PATH("capability", "/usr/bin/ping"), "path" },
	{ "device", SEV(ERROR, ERROR, ERROR), "there are no device nodes", "A device node in an image reaches hardware, or the kernel's memory, wherever the image runs with few walls. A runtime makes the ones that are needed.", NULL,
	  "remove it, or say why it must be so", ALLOW_PATH("device", "/dev/fuse"), "path" },
	{ "world-writable", SEV(ERROR, ERROR, ERROR), "nothing can be written by everybody but /tmp and /var/tmp", "What everybody can write, a broken service can use to plant what another program reads.", "CIS-DI-0008",
	  "take the bit away, or name the place under writable:", "image:\n  writable: [/var/lib/web]\n", "path" },
	{ "transient", SEV(NOTE, NOTE, NOTE), "caches, logs and temporary files do not enter the image", "They differ from build to build, so that the same input would not give the same image.", NULL,
	  "nothing: they are left out; keep one by an exception", ALLOW_PATH("transient", "/var/cache/fontconfig"), "path" },
	{ "writable-made", SEV(NOTE, NOTE, NOTE), "a writable place that no package brings is made", "The image's user could not make it: what is above belongs to root.", NULL, "nothing", NULL, NULL },
	{ "allow-unused", SEV(WARNING, WARNING, ERROR), "every exception is needed", "An exception that covers nothing today covers tomorrow what nobody has looked at.", NULL, "remove the entry", NULL, NULL },
};

static const struct {
	unsigned bit;
	const char *rule, *text;
} needs[] = {
	{ INGOT_NEEDS_SETUID, "setuid", " is set-user-id: whoever runs it becomes its owner" },
	{ INGOT_NEEDS_SETGID, "setgid", " is set-group-id: whoever runs it joins its group" },
	{ INGOT_NEEDS_CAPABILITY, "capability", " has file capabilities: whoever runs it gets them" },
	{ INGOT_NEEDS_DEVICE, "device", " is a device node" },
	{ INGOT_NEEDS_WORLD_WRITABLE, "world-writable", " can be written by every user" },
};

static void check(struct look *l)
{
	const struct ingot_tree *t = l->s->tree;
	for (size_t i = 0; t && i < ingot_tree_count(t); i++) {
		const struct ingot_dirent *d = ingot_tree_at(t, i);
		unsigned bits = ingot_needs_reason(d->path, ingot_tree_node(t, d->node), look_writable(l, d->path));
		for (size_t k = 0; bits && k < sizeof(needs) / sizeof(needs[0]); k++)
			if (bits & needs[k].bit)
				(void)look_path(l, needs[k].rule, i, "%s", needs[k].text);
	}
}

const struct rule_group rules_modes = { rows, N_ROWS(rows), check };
