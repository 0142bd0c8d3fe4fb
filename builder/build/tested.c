#include "tested.h"
#include "cachekey.h"
#include <ingot/decode.h>
#include <ingot/imagetest.h>
#include <string.h>

#define CHROOT "passed in a chroot\n"
#define FULL "passed\n"

/* The image's key has the recipe in it, and with it the tests. */
static void tested_key(const struct ingot_digest *image, struct ingot_digest *ret)
{
	struct cachekey k;
	cachekey_begin(&k, "ingot tested 1");
	cachekey_u64(&k, "policy", INGOT_STEP_POLICY);
	cachekey_digest(&k, "image", image);
	cachekey_end(&k, ret);
}

static void note(struct engine *e, bool reused, enum ingot_isolation isolation)
{
	struct ingot_build_result *r = e->result;
	r->tests_passed = (unsigned)e->recipe->n_tests;
	r->tests_reused = reused;
	r->tests_isolation = isolation;
}

int tests_known(struct engine *e, const struct ingot_digest *key, struct ingot_err *err)
{
	struct ingot_digest id;
	_cleanup_(ingot_buf_done) struct ingot_buf text = INGOT_BUF(64);
	e->result->tests = (unsigned)e->recipe->n_tests;
	if (e->options->no_tests || !e->recipe->n_tests)
		return 1;
	if (e->options->record_calls)
		return 0;
	tested_key(key, &id);
	int r = ingot_ref_get(e->store, "tested", &id, &text, err);
	if (r <= 0)
		return r;
	bool chroot = ingot_span_is(ingot_buf_view(&text), CHROOT);
	if ((!chroot && !ingot_span_is(ingot_buf_view(&text), FULL)) || (chroot && e->options->full_isolation))
		return 0;
	note(e, true, chroot ? INGOT_ISOLATION_CHROOT : INGOT_ISOLATION_FULL);
	return 1;
}

static int run(struct engine *e, const struct ingot_tree *tree, const struct ingot_digest *key, const struct ingot_doc *config, struct ingot_imagetest_result *r, struct ingot_err *err)
{
	struct ingot_digest id;
	const struct ingot_imagetest_options o = { .recipe = e->recipe,
						   .tree = tree,
						   .config = config,
						   .step_flags = e->step_flags,
						   .full_isolation = e->options->full_isolation,
						   .record = e->options->record_calls };
	ingot_pass(ingot_imagetest_run(e->store, &o, e->log, r, err));
	ingot_pass(ingot_imagetest_check(r, err));
	note(e, false, r->isolation);
	memcpy(e->result->calls, r->calls, sizeof(r->calls));
	tested_key(key, &id);
	return ingot_ref_put(e->store, "tested", &id, ingot_span_of(r->isolation == INGOT_ISOLATION_CHROOT ? CHROOT : FULL), NULL, 0, err);
}

int tests_of_image(struct engine *e, const struct ingot_tree *tree, const struct ingot_digest *key, const struct ingot_doc *config, struct ingot_err *err)
{
	struct ingot_imagetest_result result = { 0 };
	if (e->options->no_tests && e->recipe->n_tests)
		ingot_say(e->log, INGOT_WARNING, "the image's %zu test%s not run, as asked (--no-tests)", e->recipe->n_tests, e->recipe->n_tests == 1 ? " is" : "s are");
	if (e->options->record_calls && !e->recipe->n_tests)
		return ingot_fail(err, INGOT_E_INPUT, "system calls are to be written down, and the recipe has no tests that would make any");
	if (!tree)
		return 0;
	int r = e->options->no_cache && !e->options->no_tests && e->recipe->n_tests ? 0 : tests_known(e, key, err);
	e->result->tests = (unsigned)e->recipe->n_tests;
	if (r != 0)
		return r < 0 ? -1 : 0;
	r = run(e, tree, key, config, &result, err);
	ingot_imagetest_done(&result);
	return r;
}
