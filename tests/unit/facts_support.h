/* facts_support.h - contents into the store, and the facts about them out of the real helper. */
#pragma once
#include "run_suite.h"
#include "store_fixture.h"
#include <ingot/facts.h>
#include <ingot/fd.h>
#include <ingot/limits.h>
#include <ingot/mem.h>

#define MAX_CONTENTS 5000

static struct ingot_digest contents[MAX_CONTENTS];
static size_t n_contents;
static struct ingot_buf tree_text = INGOT_BUF(MIB(4));
static struct ingot_facts *facts;

/* A file of the next tree. */
static inline void name_content(const struct ingot_digest *d, uint64_t size)
{
	if (!tree_text.n)
		ingot_buf_str(&tree_text, "ingot-tree 1\nd 0755 0 0 0 /\n");
	contents[n_contents] = *d;
	ingot_buf_fmt(&tree_text, "f 0644 0 0 0 /%06zu %llu %s\n", n_contents++, (unsigned long long)size, INGOT_HEX(d));
}

static inline void add_resident(const void *p, size_t n)
{
	struct ingot_digest d;
	ck_assert_int_eq(ingot_store_put(store, p, n, &d, &err), 0);
	name_content(&d, n);
}

static inline void add_packed(struct ingot_pack *pack, const void *p, size_t n)
{
	struct ingot_digest d;
	uint64_t size;
	ck_assert_int_eq(ingot_pack_write(pack, p, n, &err), 0);
	ck_assert_int_eq(ingot_pack_next(pack, &d, &size, &err), 0);
	name_content(&d, size);
}

static inline struct ingot_tree *the_tree(void)
{
	struct ingot_tree *t = NULL;
	ck_assert_msg(ingot_tree_parse(ingot_buf_view(&tree_text), &t, &err) == 0, "%s", err.msg);
	ingot_buf_done(&tree_text);
	n_contents = 0;
	return t;
}

static inline int try_gather(struct ingot_tree *t)
{
	struct ingot_facts *f = NULL;
	int r = ingot_facts_gather(store, t, 2, NULL, &f, &err);
	if (r == 0) {
		ingot_facts_free(facts);
		facts = f;
	}
	return r;
}

static inline void gather(struct ingot_tree *t)
{
	ck_assert_msg(try_gather(t) == 0, "%s", err.msg);
}

/* One content, alone. */
static inline const struct ingot_fact *look(const void *p, size_t n)
{
	add_resident(p, n);
	struct ingot_digest d = contents[0];
	struct ingot_tree *t = the_tree();
	gather(t);
	ingot_tree_unref(t);
	const struct ingot_fact *f = ingot_facts_of(facts, &d);
	ck_assert_ptr_nonnull(f);
	return f;
}

static inline void facts_end(void)
{
	ingot_facts_free(TAKE_PTR(facts));
	fixture_end();
}
