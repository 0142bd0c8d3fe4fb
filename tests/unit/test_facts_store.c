/* Facts and the store: looked at once, known after that; damage is noticed and not judged; a helper that lies, stalls or dies is not believed. */
#include "../../builder/decode/facts_impl.h"
#include "facts_support.h"
#include "liar.h"

#define SCRIPT "#!/bin/sh\necho %d\n"

static void pack_begin(struct ingot_pack **ret)
{
	ck_assert_int_eq(ingot_pack_begin(store, ret, &err), 0);
}

static struct ingot_digest pack_end(struct ingot_pack *p)
{
	struct ingot_digest name;
	ck_assert_int_eq(ingot_pack_end(p, &name, &err), 0);
	return name;
}

static void add_script(struct ingot_pack *p, int i)
{
	char text[64];
	int n = snprintf(text, sizeof(text), SCRIPT, i);
	add_packed(p, text, (size_t)n);
}

static void expect(const struct ingot_digest *d, enum ingot_content_kind kind, const char *interpreter)
{
	const struct ingot_fact *f = ingot_facts_of(facts, d);
	ck_assert(f && f->kind == kind);
	ck_assert(interpreter ? f->interpreter && strcmp(f->interpreter, interpreter) == 0 : !f->interpreter);
}

START_TEST(known_again)
{
	struct ingot_pack *p;
	struct ingot_digest elsewhere = { { 1, 2, 3 } };
	pack_begin(&p);
	for (int i = 0; i < 600; i++)
		add_script(p, i);
	add_packed(p, "plain", 5);
	add_packed(p, "", 0);
	struct ingot_digest name = pack_end(p);
	add_resident("#!/usr/bin/env  a\\ b\n", 21);
	size_t n = n_contents;
	struct ingot_tree *t = the_tree();
	for (int again = 0; again < 3; again++) {
		gather(t);
		ck_assert_uint_eq(ingot_facts_looked_at(facts), again ? 0 : n - 1); /* nobody looks at nothing */
		ck_assert_uint_eq(ingot_facts_helpers(facts), again ? 0 : 2); /* the pack's, and one for the rest */
		for (size_t i = 0; i < 600; i++)
			expect(&contents[i], INGOT_C_SCRIPT, "/bin/sh");
		expect(&contents[600], INGOT_C_DATA, NULL);
		expect(&contents[601], INGOT_C_DATA, NULL);
		expect(&contents[602], INGOT_C_SCRIPT, "/usr/bin/env");
		ck_assert_str_eq(ingot_facts_of(facts, &contents[602])->argument, "a\\ b");
		ck_assert_ptr_null(ingot_facts_of(facts, &elsewhere));
		if (!again)
			continue;
		/* Another process, in which not even the pack is in use. */
		reopen();
	}
	ck_assert_int_eq(ingot_store_use_pack(store, &name, &err), 1);
	ingot_tree_unref(t);
}
END_TEST

/* All that a fact can say comes back from the record as it was. */
START_TEST(written_and_read)
{
	struct ingot_buf secret = INGOT_BUF(4096);
	ingot_buf_str(&secret, "#!/opt/a\\b\x01 \xff-x  y\nsk_li");
	ingot_buf_str(&secret, "ve_9aZ8bY7cX6dW5eV4fU3gT2hS1\nnpm");
	ingot_buf_str(&secret, "_1aB2cD3eF4gH5iJ6kL7mN8oP9qR0sT1uV2wX\n");
	add_resident(secret.p, secret.n);
	struct ingot_tree *t = the_tree();
	for (int again = 0; again < 2; again++) {
		gather(t);
		ck_assert_uint_eq(ingot_facts_helpers(facts), !again);
		const struct ingot_fact *f = ingot_facts_of(facts, &contents[0]);
		ck_assert_str_eq(f->interpreter, "/opt/a\\b\x01");
		ck_assert_str_eq(f->argument, "\xff-x  y");
		ck_assert_uint_eq(f->n_secrets, 2);
		ck_assert(f->secrets[0].what == INGOT_S_STRIPE && f->secrets[0].offset == 19 && f->secrets[1].what == INGOT_S_NPM && f->secrets[1].offset == 53);
	}
	ingot_tree_unref(t);
	ingot_buf_done(&secret);
}
END_TEST

/* Of a pack only what was not asked for before. */
START_TEST(part_of_a_pack)
{
	struct ingot_pack *p;
	pack_begin(&p);
	for (int i = 0; i < 10; i++)
		add_script(p, i);
	(void)pack_end(p);
	struct ingot_digest d[10];
	memcpy(d, contents, sizeof(d));
	struct ingot_tree *t = the_tree();
	ingot_tree_unref(t);
	for (int i = 0; i < 4; i++)
		name_content(&d[i], strlen("#!/bin/sh\necho 0\n"));
	t = the_tree();
	gather(t);
	ck_assert_uint_eq(ingot_facts_looked_at(facts), 4);
	ingot_tree_unref(t);
	for (int i = 2; i < 10; i++)
		name_content(&d[i], strlen("#!/bin/sh\necho 0\n"));
	t = the_tree();
	gather(t);
	ck_assert_uint_eq(ingot_facts_looked_at(facts), 6);
	ingot_tree_unref(t);
	for (int i = 0; i < 10; i += 3)
		name_content(&d[i], strlen("#!/bin/sh\necho 0\n"));
	t = the_tree();
	gather(t);
	ck_assert_uint_eq(ingot_facts_looked_at(facts), 0);
	for (int i = 0; i < 10; i += 3)
		expect(&d[i], INGOT_C_SCRIPT, "/bin/sh");
	ingot_tree_unref(t);
}
END_TEST

/* Thousands that lie in no pack, more than can be open at once; and more packs than that. */
START_TEST(many_files)
{
	char text[64];
	for (int i = 0; i < 3000; i++)
		add_resident(text, (size_t)snprintf(text, sizeof(text), i % 2 ? SCRIPT : "no script %d\n", i));
	struct ingot_tree *t = the_tree();
	gather(t);
	ck_assert_uint_eq(ingot_facts_looked_at(facts), 3000);
	for (size_t i = 0; i < 3000; i++)
		expect(&contents[i], i % 2 ? INGOT_C_SCRIPT : INGOT_C_DATA, i % 2 ? "/bin/sh" : NULL);
	ingot_tree_unref(t);
	for (int i = 0; i < 100; i++) {
		struct ingot_pack *p;
		pack_begin(&p);
		add_script(p, 10000 + i);
		add_script(p, 20000 + i);
		(void)pack_end(p);
	}
	t = the_tree();
	gather(t);
	ck_assert_uint_eq(ingot_facts_looked_at(facts), 200);
	for (size_t i = 0; i < 200; i++)
		expect(&contents[i], INGOT_C_SCRIPT, "/bin/sh");
	ingot_tree_unref(t);
}
END_TEST

/* A helper sees one pack, and of a large one a part. */
START_TEST(one_helper_a_pack)
{
	size_t n = MIB(9);
	char *big = ingot_alloc(n);
	struct ingot_pack *p;
	pack_begin(&p);
	for (int i = 0; i < 16; i++) {
		(void)snprintf(big, n, SCRIPT, i);
		add_packed(p, big, n);
	}
	(void)pack_end(p);
	pack_begin(&p);
	add_script(p, 100);
	(void)pack_end(p);
	struct ingot_tree *t = the_tree();
	gather(t);
	ck_assert_uint_eq(ingot_facts_helpers(facts), 3); /* 8, 8 and 1 */
	for (size_t i = 0; i < 17; i++)
		expect(&contents[i], INGOT_C_SCRIPT, "/bin/sh");
	ingot_tree_unref(t);
	free(big);
}
END_TEST

/* --- damage --- */
static void damage(const char *kind, const struct ingot_digest *d, off_t at)
{
	int fd;
	ck_assert_int_eq(fchmodat(dir, object_path(kind, d), 0600, 0), 0);
	fd = openat(dir, object_path(kind, d), O_WRONLY);
	ck_assert(fd >= 0 && pwrite(fd, "X", 1, at) == 1);
	(void)close(fd);
}

static void no_facts(struct ingot_tree *t, const char *word)
{
	err = (struct ingot_err)INGOT_ERR_INIT;
	ck_assert_int_lt(try_gather(t), 0);
	ck_assert_msg(err.again, "%s", err.msg);
	ck_assert_msg(strstr(err.msg, word), "%s", err.msg);
	ingot_tree_unref(t);
	/* Nothing of it was kept. */
	ck_assert(faccessat(dir, "refs/facts", F_OK, 0) < 0 || entries("refs/facts") == 0);
}

START_TEST(damaged_content)
{
	struct ingot_pack *p;
	pack_begin(&p);
	add_script(p, 1);
	add_script(p, 2);
	struct ingot_digest name = pack_end(p);
	damage("packs", &name, 8 + 20);
	no_facts(the_tree(), "damaged");
	add_resident("#!/bin/sh\n", 10);
	damage("objects", &contents[0], 1);
	no_facts(the_tree(), "damaged");
}
END_TEST

START_TEST(missing_content)
{
	add_resident("#!/bin/sh\n", 10);
	ck_assert_int_eq(unlinkat(dir, object_path("objects", &contents[0]), 0), 0);
	no_facts(the_tree(), "missing");
	/* Cut short, it has another size than the tree says. */
	add_resident("#!/bin/sh\n", 10);
	ck_assert_int_eq(fchmodat(dir, object_path("objects", &contents[0]), 0600, 0), 0);
	int fd = openat(dir, object_path("objects", &contents[0]), O_WRONLY | O_TRUNC);
	ck_assert_int_ge(fd, 0);
	(void)close(fd);
	no_facts(the_tree(), "damaged");
}
END_TEST

/* A record that is no longer what was written is none. */
START_TEST(damaged_record)
{
	add_resident("#!/bin/sh\n", 10);
	struct ingot_digest key;
	struct ingot_tree *t = the_tree();
	char name[100];
	gather(t);
	facts_key("tree", ingot_tree_id(t), &key);
	(void)snprintf(name, sizeof(name), "refs/facts/%s", INGOT_HEX(&key));
	ck_assert_int_eq(fchmodat(dir, name, 0600, 0), 0);
	int fd = openat(dir, name, O_WRONLY);
	ck_assert(fd >= 0 && pwrite(fd, "0", 1, 120) == 1);
	(void)close(fd);
	gather(t);
	ck_assert_uint_eq(ingot_facts_looked_at(facts), 1);
	/* One of a future that says something else. */
	ck_assert_int_eq(ingot_ref_put(store, "facts", &key, INGOT_SPAN("ingot-facts\nno such line\n"), NULL, 0, &err), 0);
	gather(t);
	ck_assert_uint_eq(ingot_facts_looked_at(facts), 1);
	expect(&contents[0], INGOT_C_SCRIPT, "/bin/sh");
	ingot_tree_unref(t);
}
END_TEST

/* --- a helper that lies about a content of 100 bytes --- */
static struct ingot_arena *arena;

static void fact(struct ingot_msg_fact m)
{
	liar_says(INGOT_MSG_FACT, &m);
}

static void secret(uint32_t what, uint64_t offset)
{
	struct ingot_msg_secret m = { .what = what, .offset = offset };
	liar_says(INGOT_MSG_SECRET, &m);
}

static void lie_stalls(void) {}
static void lie_other_message(void) { liar_says(INGOT_MSG_DONE, NULL); }
static void lie_kind(void) { fact((struct ingot_msg_fact){ .kind = INGOT_CONTENT_KINDS }); }
static void lie_hardened_text(void) { fact((struct ingot_msg_fact){ .kind = INGOT_C_DATA, .flags = INGOT_F_PIE }); }
static void lie_object_with_relro(void) { fact((struct ingot_msg_fact){ .kind = INGOT_C_ELF_OTHER, .flags = INGOT_F_RELRO }); }
static void lie_machine(void) { fact((struct ingot_msg_fact){ .kind = INGOT_C_SCRIPT, .machine = 62 }); }
static void lie_nul(void) { fact((struct ingot_msg_fact){ .kind = INGOT_C_SCRIPT, .interpreter = { "/bin/sh\0x", 9 } }); }
static void lie_interpreter_of_data(void) { fact((struct ingot_msg_fact){ .kind = INGOT_C_DATA, .interpreter = INGOT_SPAN("/bin/sh") }); }
static void lie_argument(void) { fact((struct ingot_msg_fact){ .kind = INGOT_C_ELF_PROGRAM, .argument = INGOT_SPAN("x") }); }
static void lie_needed(void) { fact((struct ingot_msg_fact){ .kind = INGOT_C_SCRIPT, .needed = INGOT_SPAN("libc.so.6") }); }
static void lie_runpath(void) { fact((struct ingot_msg_fact){ .kind = INGOT_C_AR, .runpath = INGOT_SPAN("/") }); }
static void lie_secret_outside(void) { secret(INGOT_S_JWT, 100); fact((struct ingot_msg_fact){ 0 }); }
static void lie_secret_none(void) { secret(INGOT_S_NONE, 1); fact((struct ingot_msg_fact){ 0 }); }
static void lie_secret_unknown(void) { secret(INGOT_SECRET_WHATS, 1); fact((struct ingot_msg_fact){ 0 }); }
static void lie_too_many_secrets(void)
{
	for (int i = 0; i <= INGOT_MAX_FOUND; i++)
		secret(INGOT_S_JWT, 1);
	fact((struct ingot_msg_fact){ 0 });
}
static void lie_no_end(void) { secret(INGOT_S_JWT, 1); }
static void (*const lies[])(void) = { lie_stalls, lie_other_message, lie_kind, lie_hardened_text, lie_object_with_relro, lie_machine, lie_nul, lie_interpreter_of_data, lie_argument, lie_needed,
				      lie_runpath, lie_secret_outside, lie_secret_none, lie_secret_unknown, lie_too_many_secrets, lie_no_end };

START_TEST(lying)
{
	struct ingot_fact f = { .kind = INGOT_C_PE };
	arena = ingot_arena_new();
	liar_begin();
	lies[_i]();
	ck_assert_msg(facts_take(chan, arena, 100, &f, &err) < 0, "lie %d was believed", _i);
	ck_assert_int_eq(err.code, INGOT_E_BUG);
	ck_assert_int_eq(f.kind, INGOT_C_PE);
	liar_end();
	ingot_arena_free(arena);
}
END_TEST

START_TEST(telling_the_truth)
{
	struct ingot_fact f;
	arena = ingot_arena_new();
	liar_begin();
	secret(INGOT_S_JWT, 99);
	secret(INGOT_S_NPM, 0);
	secret(INGOT_S_AWS_ID, 50);
	fact((struct ingot_msg_fact){ .kind = INGOT_C_ELF_PROGRAM, .flags = INGOT_F_ALL, .machine = 62, .interpreter = INGOT_SPAN("/ld"), .runpath = INGOT_SPAN("/r"), .needed = INGOT_SPAN("a:b") });
	ck_assert_msg(facts_take(chan, arena, 100, &f, &err) == 0, "%s", err.msg);
	ck_assert(f.n_secrets == 3 && f.secrets[0].offset == 0 && f.secrets[1].what == INGOT_S_AWS_ID && f.secrets[2].offset == 99);
	ck_assert(f.flags == INGOT_F_ALL && strcmp(f.needed, "a:b") == 0 && !f.argument);
	fact((struct ingot_msg_fact){ .kind = INGOT_C_ELF_OTHER, .flags = INGOT_F_32BIT | INGOT_F_BIG_ENDIAN | INGOT_F_DAMAGED, .machine = 8 });
	ck_assert_int_eq(facts_take(chan, arena, 100, &f, &err), 0);
	liar_end();
	ingot_arena_free(arena);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("facts_store");
	TCase *t = tcase_create("facts_store");
	tcase_set_timeout(t, 120);
	tcase_add_checked_fixture(t, fixture_begin, facts_end);
	tcase_add_test(t, known_again);
	tcase_add_test(t, written_and_read);
	tcase_add_test(t, part_of_a_pack);
	tcase_add_test(t, many_files);
	tcase_add_test(t, one_helper_a_pack);
	tcase_add_test(t, damaged_content);
	tcase_add_test(t, missing_content);
	tcase_add_test(t, damaged_record);
	tcase_add_loop_test(t, lying, 0, (int)(sizeof(lies) / sizeof(lies[0])));
	tcase_add_test(t, telling_the_truth);
	suite_add_tcase(s, t);
	return run_suite(s);
}
