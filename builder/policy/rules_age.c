/* rules_age.c - how old what is inside is: the lock, and the release that its packages are of. */
#include "look.h"
#include "rows.h"
#include <ingot/escape.h>

#define DAY INT64_C(86400)

static const struct ingot_rule rows[] = {
	{ "lock-old", SEV(WARNING, WARNING, ERROR), "the lock is younger than 90 days (strict and release: 30)", "What was locked stays as it was: every fault that has become known since then is in the image.", "CIS Docker Benchmark 4.4",
	  "run ingot lock --update, and build again", NULL, NULL },
	{ "lock-future", SEV(WARNING, ERROR, ERROR), "the lock is not from the future", "Either this machine's clock is wrong, and no age can be told, or the index has a wrong date.", NULL, "set the clock", NULL, NULL },
	{ "release-eol", SEV(ERROR, ERROR, ERROR), "packages are of a release that is still looked after", "Nobody mends faults in it any more, however bad they are.", "CIS Docker Benchmark 4.2, 4.4", "name the suites of a newer release", "sources:\n  debian: { packages: debian, suites: [bookworm, bookworm-updates, bookworm-security] }\nimage:\n  packages: [nginx]\n  user: web\n", "value" },
	{ "release-lts", SEV(NONE, NOTE, WARNING), "packages are of a release that the distribution itself looks after", "In its last years a Debian release is kept by the LTS team: for fewer packages, and later.", "CIS Docker Benchmark 4.2",
	  "plan the move to a newer release", NULL, "value" },
	{ "no-security-suite", SEV(WARNING, ERROR, ERROR), "a release's security suite is among the sources", "Without it a lock gets corrections only with the next point release, months later.", "CIS Docker Benchmark 4.4", "add CODENAME-security and CODENAME-updates to suites:",
	  "sources:\n  debian: { packages: debian, suites: [bookworm, bookworm-updates, bookworm-security] }\nimage:\n  packages: [nginx]\n  user: web\n", "value" },
};

/* The last day of support by the distribution, and by its LTS team (debian.org/releases, wiki.debian.org/LTS). Looked up in 2026. */
static const struct {
	const char *codename;
	int y, m, d, lts_y, lts_m, lts_d;
} releases[] = {
	{ "jessie", 2018, 6, 17, 2020, 6, 30 },
	{ "stretch", 2020, 7, 18, 2022, 6, 30 },
	{ "buster", 2022, 9, 10, 2024, 6, 30 },
	{ "bullseye", 2024, 8, 14, 2026, 8, 31 },
	{ "bookworm", 2026, 6, 10, 2028, 6, 30 },
	{ "trixie", 2028, 8, 9, 2030, 6, 30 },
};

/* Seconds since 1970 at the end of that day (proleptic Gregorian; after H. Hinnant, "chrono-compatible low-level date algorithms"). */
static int64_t end_of(int y, int m, int d)
{
	y -= m <= 2;
	int64_t era = y / 400, yoe = y - era * 400, doy = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1, doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
	return (era * 146097 + doe - 719468 + 1) * DAY;
}

static struct ingot_span codename_of(const char *suite)
{
	struct ingot_span s = ingot_span_of(suite), name = s;
	size_t n = 0;
	while (n < s.n && s.p[n] != '-' && s.p[n] != '/')
		n++;
	name.n = n;
	return name;
}

static void check_release(struct look *l, struct ingot_span codename, struct ingot_place at)
{
	for (size_t i = 0; i < N_ROWS(releases); i++) {
		if (!ingot_span_is(codename, releases[i].codename))
			continue;
		const char *name = releases[i].codename;
		if (l->s->now > end_of(releases[i].lts_y, releases[i].lts_m, releases[i].lts_d))
			(void)look_line(l, "release-eol", at, name, "%s has had no security updates since %04d-%02d-%02d", name, releases[i].lts_y, releases[i].lts_m, releases[i].lts_d);
		else if (l->s->now > end_of(releases[i].y, releases[i].m, releases[i].d))
			(void)look_line(l, "release-lts", at, name, "%s has been in the hands of the LTS team since %04d-%02d-%02d, until %04d-%02d-%02d", name, releases[i].y, releases[i].m, releases[i].d, releases[i].lts_y,
					releases[i].lts_m, releases[i].lts_d);
	}
}

/* Each codename once. */
static void check_source(struct look *l, const struct ingot_source *s)
{
	for (size_t i = 0; i < s->suites.n; i++) {
		struct ingot_span name = codename_of(s->suites.v[i]);
		bool before = false, security = false, known = false;
		for (size_t k = 0; k < s->suites.n; k++) {
			struct ingot_span other = codename_of(s->suites.v[k]), rest = ingot_span_from(ingot_span_of(s->suites.v[k]), other.n);
			before |= k < i && ingot_span_eq(other, name);
			security |= ingot_span_eq(other, name) && (ingot_span_is(rest, "-security") || ingot_span_is(rest, "/updates"));
		}
		for (size_t k = 0; k < N_ROWS(releases); k++)
			known |= ingot_span_is(name, releases[k].codename);
		struct ingot_place at = s->suites.at[i].line ? s->suites.at[i] : s->at.line ? s->at : l->s->recipe->image.at;
		if (before)
			continue;
		if (l->s->now)
			check_release(l, name, at);
		if (known && !security && strcmp(s->distribution, "debian") == 0)
			(void)look_line(l, "no-security-suite", at, ingot_arena_str(l->out->arena, name), "source %s has no security suite of %s", s->name, INGOT_SHOW(name));
	}
}

static void check_lock(struct look *l)
{
	static const int64_t days[INGOT_PROFILES] = { 90, 30, 30 };
	int64_t age = l->s->now - l->s->lock->date, limit = days[l->p->profile];
	struct ingot_place at = l->s->recipe ? l->s->recipe->image.at : (struct ingot_place){ 0 };
	if (age > limit * DAY)
		(void)look_line(l, "lock-old", at, NULL, "the lock is %lld days old, more than %lld", (long long)(age / DAY), (long long)limit);
	else if (age < -DAY)
		(void)look_line(l, "lock-future", at, NULL, "the lock's date is %lld days ahead of this machine's clock", (long long)(-age / DAY));
}

static void check(struct look *l)
{
	const struct ingot_recipe *r = l->s->recipe;
	for (size_t i = 0; r && i < r->n_sources; i++)
		if (r->sources[i].kind == INGOT_SRC_PACKAGES)
			check_source(l, &r->sources[i]);
	if (l->s->lock && l->s->lock->date && l->s->now)
		check_lock(l);
}

const struct rule_group rules_age = { rows, N_ROWS(rows), check };
