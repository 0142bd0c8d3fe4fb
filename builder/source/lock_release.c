/* One suite's Release: from which mirror, by which key, how old. */
#include "lock_release.h"
#include <ingot/escape.h>
#include <ingot/fetch.h>
#include <ingot/limits.h>
#include <stdio.h>
#include <time.h>

#define FUTURE_SECONDS 86400 /* what a wrong clock or zone may explain */

static const char *day(int64_t t, char ret[32])
{
	time_t s = (time_t)t;
	struct tm tm;
	if (!gmtime_r(&s, &tm) || strftime(ret, 32, "%Y-%m-%d", &tm) == 0)
		(void)snprintf(ret, 32, "%lld", (long long)t);
	return ret;
}
#define DAY(t) day((t), (char[32]){ 0 })

/* The file must be about the suite that was asked for: a valid signature alone would let a mirror serve another one. */
static int check_name(const struct ingot_release *r, const char *suite, struct ingot_err *err)
{
	if (strcmp(r->codename, suite) == 0 || strcmp(r->suite, suite) == 0)
		return 0;
	(void)ingot_fail(err, INGOT_E_OUTSIDE, "the mirror serves another suite as %s: its Release says codename %s, suite %s", suite, INGOT_SHOW(ingot_span_of(r->codename)),
			 INGOT_SHOW(ingot_span_of(r->suite)));
	return ingot_hint(err, "use another mirror, or name the suite by its codename in the recipe");
}

static int check_expiry(struct locking *l, const struct ingot_release *r, const char *suite, struct ingot_err *err)
{
	if (r->date > l->now + FUTURE_SECONDS)
		ingot_say(l->log, INGOT_WARNING, "%s: its Release is dated %s, after today: is this host's clock right?", suite, DAY(r->date));
	if (!r->valid_until || r->valid_until >= l->now)
		return 0;
	if (l->o->ignore_valid_until || !ingot_mirrors_valid_until(l->o->mirrors)) {
		ingot_say(l->log, INGOT_NOTE, "%s: its Release was valid until %s; that is ignored, as %s says", suite, DAY(r->valid_until),
			  l->o->ignore_valid_until ? "--ignore-valid-until" : "the host's apt configuration (Acquire::Check-Valid-Until)");
		return 0;
	}
	(void)ingot_fail(err, INGOT_E_OUTSIDE, "%s: its Release was valid until %s only: the mirror is out of date, or holds newer packages back", suite, DAY(r->valid_until));
	return ingot_hint(err, "use a mirror that is kept up to date, check this host's clock, or accept it with --ignore-valid-until");
}

static int check_rollback(struct locking *l, const struct ingot_release *r, const char *source, const char *suite, struct ingot_err *err)
{
	for (size_t i = 0; l->old && i < l->old->n_releases; i++) {
		const struct ingot_locked_release *was = &l->old->releases[i];
		if (strcmp(was->source, source) != 0 || strcmp(was->suite, suite) != 0 || was->date <= r->date)
			continue;
		if (l->o->allow_older_release) {
			ingot_say(l->log, INGOT_NOTE, "%s: going back from the Release of %s to that of %s, as --allow-older-release says", suite, DAY(was->date), DAY(r->date));
			return 0;
		}
		(void)ingot_fail(err, INGOT_E_OUTSIDE, "%s: the mirror's Release is of %s, older than the lock's, which is of %s", suite, DAY(r->date), DAY(was->date));
		return ingot_hint(err, "the mirror may lag behind, or be made to: use another, or accept it with --allow-older-release");
	}
	return 0;
}

/* From the first of the bases on that has the file and whose file is right. */
static int get_signed(struct locking *l, const struct ingot_keyring *keys, struct suite_release *s, struct ingot_buf *text, char key[129], struct ingot_err *err)
{
	_cleanup_(ingot_buf_done) struct ingot_buf doc = INGOT_BUF(INGOT_MAX_INRELEASE);
	_cleanup_(ingot_freep) char *path = ingot_strf("dists/%s/InRelease", s->suite), *what = ingot_strf("InRelease of %s", s->suite);
	const struct ingot_fetch_options options = { .offline = l->o->offline };
	struct ingot_err first = INGOT_ERR_INIT;
	for (size_t from = 0; from < s->n_bases;) {
		struct ingot_fetch_job job = { .bases = s->bases + from, .n_bases = s->n_bases - from, .path = path, .what = what, .limit = INGOT_MAX_INRELEASE, .buf = &doc };
		ingot_buf_clear(&doc);
		struct ingot_err why = INGOT_ERR_INIT;
		int r = ingot_fetch_run(NULL, &job, 1, &options, l->log, &why);
		if (r == 0) {
			from += job.base;
			s->base = from;
			r = ingot_inrelease_verify(keys, ingot_buf_view(&doc), what, text, key, &why);
			if (r == 0)
				return 0;
		} else {
			from = s->n_bases;
		}
		/* A wrong signature is the better story than a missing file elsewhere. */
		if (first.code == INGOT_OK)
			first = why;
		if (why.code != INGOT_E_OUTSIDE)
			break;
		from++;
	}
	*err = first;
	return err->hint[0] ? -1 : ingot_hint(err, "check the suite's name and the mirror; --mirror %s=http://mirror.example/debian names another", s->suite);
}

int suite_release_get(struct locking *l, const struct ingot_keyring *keys, const char *source, struct suite_release *s, struct ingot_err *err)
{
	_cleanup_(ingot_buf_done) struct ingot_buf text = INGOT_BUF(INGOT_MAX_INRELEASE);
	char key[129];
	ingot_pass(ingot_mirrors_of(l->o->mirrors, s->suite, &s->bases, &s->n_bases, err));
	ingot_pass(get_signed(l, keys, s, &text, key, err));
	ingot_try(err, ingot_solve_release(ingot_buf_view(&text), l->recipe->image.architecture, l->arena, &s->facts, err), "Release of %s", s->suite);
	ingot_pass(check_name(&s->facts, s->suite, err));
	ingot_pass(check_expiry(l, &s->facts, s->suite, err));
	ingot_pass(check_rollback(l, &s->facts, source, s->suite, err));
	s->locked = (struct ingot_locked_release){ .source = source, .suite = s->suite, .codename = s->facts.codename[0] ? s->facts.codename : s->facts.suite, .date = s->facts.date,
						   .key = ingot_arena_str(l->arena, ingot_span_of(key)) };
	ingot_sha256(text.p, text.n, &s->locked.sha256);
	ingot_say(l->log, INGOT_INFO, "%s: Release of %s, signed by %s", s->suite, DAY(s->facts.date), key);
	return 0;
}
