#include <ingot/glob.h>
#include <ingot/path.h>

/* A set [abc], [a-z], [!a-z] at the start of pat; 0 when it is not closed, else its length. */
static size_t match_set(struct ingot_span pat, char c, bool *ret)
{
	size_t i = 1;
	bool negate = i < pat.n && pat.p[i] == '!', hit = false;
	if (negate)
		i++;
	for (size_t first = i; i < pat.n && (pat.p[i] != ']' || i == first); i++) {
		unsigned char low = (unsigned char)pat.p[i], high = low, x = (unsigned char)c;
		if (i + 2 < pat.n && pat.p[i + 1] == '-' && pat.p[i + 2] != ']') {
			high = (unsigned char)pat.p[i + 2];
			i += 2;
		}
		hit |= x >= low && x <= high;
	}
	if (i >= pat.n)
		return 0;
	*ret = hit != negate;
	return i + 1;
}

/* One name against one pattern part. Linear with one remembered star: the last '*' can absorb whatever an earlier one could. */
static bool match_name(struct ingot_span pat, struct ingot_span name)
{
	size_t p = 0, s = 0, star = 0, retry = 0;
	bool have_star = false;
	while (s < name.n) {
		bool set = false;
		size_t n = p < pat.n && pat.p[p] == '[' ? match_set((struct ingot_span){ pat.p + p, pat.n - p }, name.p[s], &set) : 0;
		if (p < pat.n && pat.p[p] == '*') {
			have_star = true;
			star = p++;
			retry = s;
		} else if (n ? set : p < pat.n && (pat.p[p] == '?' || pat.p[p] == name.p[s])) {
			p += n ? n : 1;
			s++;
		} else if (have_star) {
			p = star + 1;
			s = ++retry;
		} else {
			return false;
		}
	}
	while (p < pat.n && pat.p[p] == '*')
		p++;
	return p == pat.n;
}

/* The same remembered-star method one level up: parts instead of bytes, "**" instead of '*'. A pattern that is used up matches: it named
 * this path or a directory above it. A path that is used up matches only for a walk that asks about what may come below. */
static bool match_parts(struct ingot_span pattern, struct ingot_span path, bool below)
{
	struct ingot_span p = pattern, s = path, star_p = { 0 }, star_s = { 0 }, part, name;
	bool have_star = false;
	for (;;) {
		struct ingot_span p_next = p, s_next = s;
		if (!ingot_span_next(&p_next, '/', &part))
			return true;
		if (ingot_span_is(part, "**")) {
			have_star = true;
			p = star_p = p_next;
			star_s = s;
		} else if (!ingot_span_next(&s_next, '/', &name)) {
			return below;
		} else if (match_name(part, name)) {
			p = p_next;
			s = s_next;
		} else if (have_star) {
			(void)ingot_span_next(&star_s, '/', &name);
			p = star_p;
			s = star_s;
		} else {
			return false;
		}
	}
}

bool ingot_glob_match(struct ingot_span pattern, struct ingot_span path)
{
	if (ingot_span_is(pattern, ".") || ingot_span_is(pattern, "./"))
		return true;
	while (ingot_span_ends(pattern, "/"))
		pattern.n--;
	return match_parts(pattern, path, false);
}

bool ingot_glob_may_match_below(struct ingot_span pattern, struct ingot_span dir)
{
	if (ingot_span_is(pattern, ".") || ingot_span_is(pattern, "./"))
		return true;
	while (ingot_span_ends(pattern, "/"))
		pattern.n--;
	return match_parts(pattern, dir, true);
}

bool ingot_glob_is_literal(struct ingot_span pattern)
{
	return !ingot_span_has(pattern, '*') && !ingot_span_has(pattern, '?') && !ingot_span_has(pattern, '[');
}
