/* facts_impl.h - what the files of facts.h share. */
#pragma once
#include <ingot/chan.h>
#include <ingot/facts.h>
#include <ingot/limits.h>
#include <ingot/mem.h>

/* Records of another version are not seen. Raise it with every change of what is found out or how it is written down. FACTS_TABLE is the digest of the table of
 * secrets (helper/secret_table.c): tests/mustfail/contents tells the new one. */
#define FACTS_VERSION 1
#define FACTS_TABLE "310c5382a80eb161"

struct facts_entry {
	struct ingot_digest content;
	uint64_t size, offset;
	uint32_t pack; /* NO_PACK: a file of its own */
	bool known;
	struct ingot_fact fact;
};
#define NO_PACK UINT32_MAX

struct ingot_facts {
	struct ingot_arena *arena;
	struct facts_entry *entries;
	size_t n, cap;
	uint32_t *slots; /* entry + 1 by digest; 0: free */
	size_t n_slots;
	size_t looked_at, helpers;
};
struct facts_entry *facts_find(const struct ingot_facts *f, const struct ingot_digest *d); /* or NULL */

/* --- facts_record.c --- */
void facts_key(const char *what, const struct ingot_digest *of, struct ingot_digest *ret);
#define FACTS_HEAD "ingot-facts\n"
#define FACTS_MAX_RECORD MIB(60) /* of the 64 that a reference may hold: 900,000 contents */
/* A line of a record. */
void facts_write(const struct facts_entry *e, struct ingot_buf *out);
/* Whatever the record knows of f's contents. 1, or 0 when there is none (or it is none); text gets it. */
int facts_get(struct ingot_store *s, const struct ingot_digest *key, struct ingot_facts *f, struct ingot_buf *text, struct ingot_err *err) INGOT_MUST_USE;
/* One that has become too large is not kept: its contents are looked at again. */
int facts_put(struct ingot_store *s, const struct ingot_digest *key, const struct ingot_buf *text, struct ingot_err *err) INGOT_MUST_USE;

/* --- facts_ask.c --- */
/* Look at these entries, in this order: those of a pack one after the other. */
int facts_ask(struct ingot_store *s, struct ingot_facts *f, struct facts_entry *const *list, size_t n, unsigned parallel, const struct ingot_log *log, struct ingot_err *err) INGOT_MUST_USE;

/* --- facts_take.c --- */
/* One content's answer, of which nothing is believed but what could be true. */
int facts_take(struct ingot_chan *chan, struct ingot_arena *arena, uint64_t size, struct ingot_fact *ret, struct ingot_err *err) INGOT_MUST_USE;

/* --- facts_possible.c --- */
bool facts_plain(const struct ingot_fact *f); /* nothing but data */
bool facts_possible(const struct ingot_fact *f, uint64_t size); /* of a content of that size: the parts do not contradict each other */
