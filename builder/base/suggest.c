#include <ingot/suggest.h>

#define LONGEST 63

static unsigned least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/* Optimal string alignment: three rows, because a swap looks two back. */
unsigned ingot_edit_distance(struct ingot_span a, struct ingot_span b)
{
	size_t na = a.n < LONGEST ? a.n : LONGEST, nb = b.n < LONGEST ? b.n : LONGEST;
	unsigned rows[3][LONGEST + 1] = { 0 };
	for (unsigned j = 0; j <= nb; j++)
		rows[0][j] = j;
	for (size_t i = 1; i <= na; i++) {
		unsigned *row = rows[i % 3], *up = rows[(i + 2) % 3], *up2 = rows[(i + 1) % 3];
		row[0] = (unsigned)i;
		for (size_t j = 1; j <= nb; j++) {
			bool same = a.p[i - 1] == b.p[j - 1];
			row[j] = least(least(up[j] + 1, row[j - 1] + 1), up[j - 1] + !same);
			if (i > 1 && j > 1 && a.p[i - 1] == b.p[j - 2] && a.p[i - 2] == b.p[j - 1])
				row[j] = least(row[j], up2[j - 2] + 1);
		}
	}
	return rows[na % 3][nb];
}

const char *ingot_suggest(struct ingot_span s, const char *const *words, size_t n)
{
	const char *best = NULL;
	unsigned limit = s.n < 6 ? 1 : (unsigned)(s.n / 3), near = limit + 1;
	for (size_t i = 0; i < n; i++) {
		unsigned d = ingot_edit_distance(s, ingot_span_of(words[i]));
		if (d < near) {
			near = d;
			best = words[i];
		}
	}
	return best;
}
