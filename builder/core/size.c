#include <ingot/mem.h>
#include <ingot/size.h>
#include <stdlib.h>

void ingot_size_done(struct ingot_size *s)
{
	free(s->parts);
	free(s->largest);
	*s = (struct ingot_size){ 0 };
}

static int by_bytes(const void *x, const void *y)
{
	const struct ingot_size_part *a = x, *b = y;
	if (a->bytes != b->bytes)
		return a->bytes > b->bytes ? -1 : 1;
	return ingot_span_cmp(a->origin, b->origin);
}

/* Keep it among the largest, which are in order; of equal ones the first by path comes first. */
static void keep(const struct ingot_tree *t, struct ingot_size *s, size_t top, size_t i)
{
	uint64_t size = ingot_tree_node(t, ingot_tree_at(t, i)->node)->size;
	size_t at = s->n_largest;
	while (at && ingot_tree_node(t, ingot_tree_at(t, s->largest[at - 1])->node)->size < size)
		at--;
	if (at == top)
		return;
	if (s->n_largest < top)
		s->n_largest++;
	for (size_t k = s->n_largest - 1; k > at; k--)
		s->largest[k] = s->largest[k - 1];
	s->largest[at] = i;
}

static struct ingot_size_part *part_of(struct ingot_size *s, size_t *cap, uint32_t id)
{
	while (*cap <= id) {
		size_t more = *cap ? *cap * 2 : 64;
		s->parts = ingot_grow(s->parts, more, sizeof(*s->parts));
		for (size_t i = *cap; i < more; i++)
			s->parts[i] = (struct ingot_size_part){ 0 };
		*cap = more;
	}
	return &s->parts[id];
}

void ingot_size_of(const struct ingot_tree *t, const struct ingot_origins *o, size_t top, struct ingot_size *ret)
{
	struct ingot_size s = { .largest = ingot_alloc_array(top + 1, sizeof(*s.largest)) };
	_cleanup_(ingot_freep) uint32_t *of = ingot_alloc_array(ingot_tree_count(t), sizeof(*of));
	size_t cap = 0;
	ingot_origins_of_tree(o, t, of);
	for (size_t i = 0; i < ingot_tree_count(t); i++) {
		const struct ingot_node *n = ingot_tree_node(t, ingot_tree_at(t, i)->node);
		if (n->type != INGOT_FILE || ingot_tree_leader(t, i) != i)
			continue;
		struct ingot_size_part *p = part_of(&s, &cap, of[i]);
		p->origin = ingot_origins_name(o, of[i]);
		p->bytes += n->size;
		p->files++;
		s.bytes += n->size;
		s.files++;
		keep(t, &s, top, i);
	}
	for (size_t i = 0; i < cap; i++)
		if (s.parts[i].files)
			s.parts[s.n_parts++] = s.parts[i];
	if (s.n_parts)
		qsort(s.parts, s.n_parts, sizeof(*s.parts), by_bytes);
	*ret = s;
}
