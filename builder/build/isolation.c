#include "isolation.h"
#include "cachekey.h"
#include <ingot/fd.h>
#include <ingot/step.h>

int isolation_measure(struct ingot_store *store, struct ingot_rung *ret, struct ingot_err *err)
{
	char name[64];
	_cleanup_(ingot_closep) int fd = ingot_store_scratch(store, name, err);
	ingot_pass(fd);
	int r = ingot_step_rung(fd, ret, err);
	ingot_store_scratch_remove(store, name);
	return r;
}

bool isolation_fall_back(struct engine *e, struct ingot_err *err)
{
	struct ingot_rung rung;
	struct ingot_err ignored = INGOT_ERR_INIT;
	/* Only after a failure, so that a host that has everything pays nothing for the question. */
	if (err->code != INGOT_E_HOST || e->rung_tried)
		return false;
	e->rung_tried = true;
	if (isolation_measure(e->store, &rung, &ignored) < 0 || !rung.possible || !rung.flags)
		return false;
	if (rung.flags & INGOT_STEP_CHROOT && e->options->full_isolation) {
		(void)ingot_context(err, "steps could run in a chroot only, which --isolation=full refuses");
		return false;
	}
	if (rung.flags & INGOT_STEP_CHROOT)
		ingot_say(e->log, INGOT_WARNING, "this container gives no namespaces: steps run in a chroot under Landlock, a weaker wall (--isolation=full refuses it, ingot doctor says what is missing)");
	else
		ingot_say(e->log, INGOT_INFO, "steps run here: %s", rung.text);
	e->step_flags = rung.flags;
	*err = (struct ingot_err)INGOT_ERR_INIT;
	return true;
}

void isolation_key(const struct ingot_digest *key, struct ingot_digest *ret)
{
	struct cachekey k;
	cachekey_begin(&k, "ingot isolation 1");
	cachekey_str(&k, "isolation", "chroot");
	cachekey_digest(&k, "key", key);
	cachekey_end(&k, ret);
}
