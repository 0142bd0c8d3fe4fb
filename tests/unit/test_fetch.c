/* Fetching from a mirror that misbehaves in every way that safety.md 2.1-2.4 and 2.10 name: the right bytes, or one clear error in time. */
#include "../../builder/fetch/helper/address.c"
#include "mirror_support.h"
#include "run_suite.h"
#include <arpa/inet.h>
#include <ingot/fetch.h>
#include <netinet/in.h>
#include <time.h>

static struct ingot_store *store;
static char *content; /* of "file" */
static struct ingot_digest digest;
#define SIZE 300000

static void setup(void)
{
	struct ingot_err err = INGOT_ERR_INIT;
	make_scratch();
	content = ingot_alloc(SIZE);
	for (size_t i = 0; i < SIZE; i++)
		content[i] = (char)(i * 7 + i / 251);
	ingot_sha256(content, SIZE, &digest);
	put_file("www/pool/file", content, SIZE);
	put_file("www/pool/empty", "", 0);
	_cleanup_(ingot_freep) char *path = in_scratch("store");
	ck_assert_msg(ingot_store_open(path, NULL, &store, &err) == 0, "%s", err.msg);
}

static void teardown(void)
{
	ingot_store_close(store);
	free(content);
	drop_scratch();
}

static const struct ingot_fetch_options quick = { .patience = 2, .pause = 10 };

static struct ingot_fetch_job job_for(const struct ingot_base *bases, size_t n)
{
	return (struct ingot_fetch_job){ .bases = bases, .n_bases = n, .path = "pool/file", .what = "the file", .size = SIZE, .expect = &digest };
}

static void check_stored(const struct ingot_fetch_job *job)
{
	struct ingot_err err = INGOT_ERR_INIT;
	_cleanup_(ingot_buf_done) struct ingot_buf got = INGOT_BUF(1 << 20);
	ck_assert(job->found);
	ck_assert(ingot_digest_eq(&job->digest, &digest));
	ck_assert_int_eq(ingot_store_get(store, &digest, &got, &err), 1);
	ck_assert_uint_eq(got.n, SIZE);
	ck_assert_int_eq(memcmp(got.p, content, SIZE), 0);
}

/* faults, whether it works in the end, what the error says, requests made (0: any number) */
static const struct {
	const char *faults;
	bool works;
	const char *says;
	size_t requests;
} cases[] = {
	{ "[]", true, NULL, 1 },
	{ "[{\"fault\":\"status\",\"arg\":500,\"times\":2}]", true, NULL, 3 },
	{ "[{\"fault\":\"status\",\"arg\":503,\"times\":1,\"retry_after\":1}]", true, NULL, 2 },
	{ "[{\"fault\":\"status\",\"arg\":429,\"times\":4}]", true, NULL, 5 },
	{ "[{\"fault\":\"status\",\"arg\":500}]", false, "status 500", 5 },
	{ "[{\"fault\":\"status\",\"arg\":404}]", false, "is not on the mirror", 1 },
	{ "[{\"fault\":\"status\",\"arg\":403}]", false, "status 403", 1 },
	{ "[{\"fault\":\"truncate\",\"times\":1}]", true, NULL, 2 },
	{ "[{\"fault\":\"truncate\",\"arg\":0,\"times\":3}]", true, NULL, 4 },
	{ "[{\"fault\":\"truncate\",\"arg\":100000,\"times\":2}]", true, NULL, 3 },
	{ "[{\"fault\":\"truncate\",\"arg\":10}]", false, "from http", 5 },
	{ "[{\"fault\":\"reset\",\"times\":2}]", true, NULL, 3 },
	{ "[{\"fault\":\"flip\",\"times\":1}]", true, NULL, 2 },
	{ "[{\"fault\":\"flip\"}]", false, "sha256:", 2 },
	{ "[{\"fault\":\"garbage\"}]", false, "sha256:", 2 },
	{ "[{\"fault\":\"length\",\"arg\":10,\"times\":1}]", true, NULL, 0 },
	/* the bytes beyond the announced length are, by timing, a digest that does not fit or the next answer's head that is none */
	{ "[{\"fault\":\"length\",\"arg\":-1000}]", false, "the file", 0 },
	{ "[{\"fault\":\"nonsense\"}]", false, "from http", 5 },
	{ "[{\"fault\":\"nonsense\",\"times\":1}]", true, NULL, 2 },
	{ "[{\"fault\":\"headers\"}]", false, "headers are longer", 1 },
	{ "[{\"fault\":\"endless\"}]", false, "more than the 300000 bytes", 1 },
	/* resumed with other bytes than before, or not resumed at all */
	{ "[{\"fault\":\"truncate\",\"arg\":200000,\"times\":1},{\"fault\":\"changed\",\"times\":1,\"arg\":250000}]", true, NULL, 3 },
	{ "[{\"fault\":\"truncate\",\"arg\":200000,\"times\":1},{\"fault\":\"norange\"}]", true, NULL, 2 },
	/* redirects */
	{ "[{\"path\":\"^/pool/file\",\"fault\":\"redirect\",\"arg\":\"/www2{path}\"}]", false, "is not on the mirror", 2 },
	{ "[{\"fault\":\"redirect\",\"arg\":\"{path}?a\",\"times\":3}]", true, NULL, 4 },
	{ "[{\"fault\":\"redirect\",\"arg\":\"{path}\"}]", false, "more than 3 redirects", 4 },
	{ "[{\"fault\":\"redirect\",\"arg\":\"file:///etc/passwd\"}]", false, "only http and https", 1 },
	{ "[{\"fault\":\"redirect\",\"arg\":\"ftp://127.0.0.1/x\"}]", false, "only http and https", 1 },
	{ "[{\"fault\":\"redirect\",\"arg\":\"http://user:secret@127.0.0.1/x\"}]", false, "no usable URL", 1 },
	{ "[{\"fault\":\"redirect\",\"arg\":\"http://127.0.0.1:1/x\",\"times\":1}]", true, NULL, 2 },
};

START_TEST(faults)
{
	struct ingot_err err = INGOT_ERR_INIT;
	struct fake f;
	fake_start(&f, "www", cases[_i].faults, NULL);
	struct ingot_base base = { f.url, NULL };
	struct ingot_fetch_job job = job_for(&base, 1);
	time_t began = time(NULL);
	int r = ingot_fetch_run(store, &job, 1, &quick, NULL, &err);
	ck_assert_int_le(time(NULL) - began, 15);
	if (cases[_i].works) {
		ck_assert_msg(r == 0, "%s", err.msg);
		check_stored(&job);
	} else {
		ck_assert_int_lt(r, 0);
		ck_assert_int_eq(err.code, INGOT_E_OUTSIDE);
		ck_assert_msg(strstr(err.msg, cases[_i].says) != NULL, "%s", err.msg);
		ck_assert_msg(strstr(err.msg, "the file") != NULL, "%s", err.msg);
		ck_assert(!job.found && !ingot_store_has(store, &digest));
	}
	if (cases[_i].requests)
		ck_assert_uint_eq(fake_requests(&f, "\"method\""), cases[_i].requests);
	fake_stop(&f);
}
END_TEST

START_TEST(resumes_where_it_broke_off)
{
	struct ingot_err err = INGOT_ERR_INIT;
	struct fake f;
	fake_start(&f, "www", "[{\"fault\":\"truncate\",\"arg\":200000,\"times\":1}]", NULL);
	struct ingot_base base = { f.url, NULL };
	struct ingot_fetch_job job = job_for(&base, 1);
	ck_assert_msg(ingot_fetch_run(store, &job, 1, &quick, NULL, &err) == 0, "%s", err.msg);
	check_stored(&job);
	ck_assert_uint_eq(fake_requests(&f, "\"range\": \"bytes=200000-\""), 1);
	ck_assert_uint_eq(fake_requests(&f, "\"if-range\""), 1);
	fake_stop(&f);
}
END_TEST

static const char *const slow_faults[] = { "[{\"fault\":\"silent\"}]", "[{\"fault\":\"slow\",\"arg\":100}]" };

START_TEST(too_slow)
{
	struct ingot_err err = INGOT_ERR_INIT;
	struct fake f;
	fake_start(&f, "www", slow_faults[_i], NULL);
	struct ingot_base base = { f.url, NULL };
	struct ingot_fetch_job job = job_for(&base, 1);
	time_t began = time(NULL);
	const struct ingot_fetch_options o = { .patience = 1, .pause = 10 };
	ck_assert_int_lt(ingot_fetch_run(store, &job, 1, &o, NULL, &err), 0);
	ck_assert_int_le(time(NULL) - began, 20);
	ck_assert_int_eq(err.code, INGOT_E_OUTSIDE);
	ck_assert_msg(strstr(err.msg, "too slow") != NULL, "%s", err.msg);
	fake_stop(&f);
}
END_TEST

START_TEST(next_mirror)
{
	struct ingot_err err = INGOT_ERR_INIT;
	struct fake bad, missing, good;
	fake_start(&bad, "www", "[{\"fault\":\"flip\"}]", NULL);
	fake_start(&missing, "www", "[{\"fault\":\"status\",\"arg\":404}]", NULL);
	fake_start(&good, "www", NULL, NULL);
	struct ingot_base bases[] = { { "http://127.0.0.1:1", NULL }, { bad.url, NULL }, { missing.url, NULL }, { good.url, NULL } };
	struct ingot_fetch_job job = job_for(bases, 4);
	ck_assert_msg(ingot_fetch_run(store, &job, 1, &quick, NULL, &err) == 0, "%s", err.msg);
	check_stored(&job);
	ck_assert_uint_eq(job.base, 3);
	/* of several troubles, wrong bytes are the one that is told */
	struct ingot_digest other;
	ingot_sha256("x", 1, &other);
	job = job_for(bases, 3);
	job.expect = &other;
	ck_assert_int_lt(ingot_fetch_run(store, &job, 1, &quick, NULL, &err), 0);
	ck_assert_msg(strstr(err.msg, "sha256:2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881") != NULL, "%s", err.msg);
	fake_stop(&bad);
	fake_stop(&missing);
	fake_stop(&good);
}
END_TEST

START_TEST(many_and_missing)
{
	struct ingot_err err = INGOT_ERR_INIT;
	struct fake f;
	enum { N = 40 };
	struct ingot_fetch_job jobs[N + 2] = { 0 };
	struct ingot_buf bufs[N + 2];
	char paths[N][32];
	for (int i = 0; i < N; i++) {
		char name[32];
		(void)snprintf(name, sizeof(name), "www/many/f+%d", i);
		(void)snprintf(paths[i], sizeof(paths[i]), "many/f+%d", i);
		put_file(name, content, (size_t)(i * 1000 + 1));
	}
	fake_start(&f, "www", "[{\"fault\":\"truncate\",\"times\":5},{\"fault\":\"status\",\"arg\":500,\"times\":5}]", NULL);
	struct ingot_base base = { f.url, NULL };
	for (int i = 0; i < N + 2; i++) {
		bufs[i] = (struct ingot_buf)INGOT_BUF(100000);
		jobs[i] = (struct ingot_fetch_job){ .bases = &base, .n_bases = 1, .path = i < N ? paths[i] : i == N ? "many/none" : "pool/empty", .what = "one of many", .limit = 100000, .buf = &bufs[i],
						    .may_be_missing = i == N };
	}
	ck_assert_msg(ingot_fetch_run(NULL, jobs, N + 2, &quick, NULL, &err) == 0, "%s", err.msg);
	for (int i = 0; i < N; i++) {
		ck_assert(jobs[i].found);
		ck_assert_uint_eq(bufs[i].n, (size_t)(i * 1000 + 1));
		ck_assert_int_eq(memcmp(bufs[i].p, content, bufs[i].n), 0);
		ingot_buf_done(&bufs[i]);
	}
	ck_assert(!jobs[N].found);
	ck_assert(jobs[N + 1].found);
	ck_assert_uint_eq(bufs[N + 1].n, 0);
	fake_stop(&f);
}
END_TEST

static const char *const bad_paths[] = { "", "/etc/passwd", "../x", "a/../b", "a//b", "./a", "a b", "a?b", "a#b", "a%41", "a\\b", "a\nb", "\xc3\xa4" };

START_TEST(refused_paths)
{
	struct ingot_err err = INGOT_ERR_INIT;
	_cleanup_(ingot_freep) char *dir = in_scratch("www");
	struct ingot_base base = { dir, NULL };
	struct ingot_fetch_job job = job_for(&base, 1);
	job.path = bad_paths[_i];
	ck_assert_int_lt(ingot_fetch_run(store, &job, 1, &quick, NULL, &err), 0);
	ck_assert_int_eq(err.code, INGOT_E_OUTSIDE);
}
END_TEST

START_TEST(directories)
{
	struct ingot_err err = INGOT_ERR_INIT;
	_cleanup_(ingot_freep) char *dir = in_scratch("www"), *link = in_scratch("www/pool/link"), *url = ingot_strf("file://%s", dir);
	const struct ingot_fetch_options offline = { .offline = true };
	struct ingot_base bases[] = { { "http://127.0.0.1:1", NULL }, { "/nonexistent", NULL }, { url, NULL } };
	struct ingot_fetch_job job = job_for(bases, 3);
	ck_assert_msg(ingot_fetch_run(store, &job, 1, &offline, NULL, &err) == 0, "%s", err.msg);
	check_stored(&job);
	ck_assert_uint_eq(job.base, 2);
	/* a link in it is not followed, wherever it leads */
	ck_assert_int_eq(symlink("file", link), 0);
	job.path = "pool/link";
	ck_assert_int_lt(ingot_fetch_run(store, &job, 1, &offline, NULL, &err), 0);
	job.path = "pool";
	ck_assert_int_lt(ingot_fetch_run(store, &job, 1, &offline, NULL, &err), 0);
	/* offline, a network mirror is no mirror */
	job = job_for(bases, 1);
	err = (struct ingot_err)INGOT_ERR_INIT;
	ck_assert_int_lt(ingot_fetch_run(store, &job, 1, &offline, NULL, &err), 0);
	ck_assert_ptr_nonnull(strstr(err.msg, "--offline"));
	/* wrong bytes in it */
	struct ingot_digest other;
	ingot_sha256("x", 1, &other);
	job = job_for(bases + 2, 1);
	job.expect = &other;
	ck_assert_int_lt(ingot_fetch_run(store, &job, 1, &offline, NULL, &err), 0);
	ck_assert_int_eq(err.code, INGOT_E_OUTSIDE);
}
END_TEST

/* --- TLS --- */

static void make_certificate(const char *name)
{
	_cleanup_(ingot_freep) char *key = in_scratch("key.pem"), *cert = in_scratch("cert.pem"), *both = in_scratch(name);
	ck_assert_int_eq(run_program((const char *const[]){ "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key, "-out", cert, "-days", "2",
							     "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", NULL }), 0);
	ck_assert_int_eq(run_program((const char *const[]){ "sh", "-c", "cat \"$1\" \"$2\" > \"$3\"", "sh", key, cert, both, NULL }), 0);
}

START_TEST(tls)
{
	struct ingot_err err = INGOT_ERR_INIT;
	struct fake f, plain;
	make_certificate("a.pem");
	_cleanup_(ingot_freep) char *ca = in_scratch("cert.pem");
	fake_start(&f, "www", "[{\"path\":\"down\",\"fault\":\"redirect\",\"arg\":\"http://127.0.0.1:1/pool/file\"}]", "a.pem");
	struct ingot_base base = { f.url, NULL };
	struct ingot_fetch_options o = quick;
	/* unknown issuer: refused, once */
	struct ingot_fetch_job job = job_for(&base, 1);
	ck_assert_int_lt(ingot_fetch_run(store, &job, 1, &o, NULL, &err), 0);
	ck_assert_int_eq(err.code, INGOT_E_OUTSIDE);
	ck_assert_uint_eq(fake_requests(&f, "method"), 0);
	o.ca_file = ca;
	ck_assert_msg(ingot_fetch_run(store, &job, 1, &o, NULL, &err) == 0, "%s", err.msg);
	check_stored(&job);
	/* never from https to http */
	job.path = "pool/down";
	ck_assert_int_lt(ingot_fetch_run(store, &job, 1, &o, NULL, &err), 0);
	ck_assert_msg(strstr(err.msg, "from https to http") != NULL, "%s", err.msg);
	/* but the other way */
	_cleanup_(ingot_freep) char *up = ingot_strf("[{\"fault\":\"redirect\",\"arg\":\"%s{path}\"}]", f.url);
	fake_start(&plain, "www", up, NULL);
	base.url = plain.url;
	job = job_for(&base, 1);
	ck_assert_msg(ingot_fetch_run(store, &job, 1, &o, NULL, &err) == 0, "%s", err.msg);
	fake_stop(&plain);
	fake_stop(&f);
}
END_TEST

START_TEST(through_a_proxy)
{
	struct ingot_err err = INGOT_ERR_INIT;
	struct fake f;
	/* The fake mirror as a proxy: it sees the whole URL in the request line; its path does not exist there. */
	fake_start(&f, "www", NULL, NULL);
	struct ingot_base base = { "http://mirror.example/debian", f.url };
	struct ingot_fetch_job job = job_for(&base, 1);
	ck_assert_int_lt(ingot_fetch_run(store, &job, 1, &quick, NULL, &err), 0);
	ck_assert_uint_eq(fake_requests(&f, "\"path\": \"http://mirror.example/debian/pool/file\""), 1);
	fake_stop(&f);
}
END_TEST

/* --- addresses --- */

static const struct {
	const char *text;
	bool private;
} addresses[] = {
	{ "127.0.0.1", true }, { "0.0.0.0", true }, { "10.1.2.3", true }, { "100.64.0.1", true }, { "100.128.0.1", false }, { "169.254.169.254", true }, { "172.15.0.1", false },
	{ "172.16.0.1", true }, { "172.31.255.255", true }, { "172.32.0.1", false }, { "192.168.1.1", true }, { "192.169.1.1", false }, { "224.0.0.1", true }, { "255.255.255.255", true },
	{ "8.8.8.8", false }, { "::1", true }, { "::", true }, { "::ffff:127.0.0.1", true }, { "::ffff:8.8.8.8", false }, { "::127.0.0.1", true }, { "64:ff9b::a00:1", true },
	{ "64:ff9b::808:808", false }, { "2002:7f00:1::", true }, { "2002:808:808::", false }, { "fe80::1", true }, { "fec0::1", true }, { "fd00::1", true }, { "ff02::1", true },
	{ "2001:4860:4860::8888", false },
};

START_TEST(private_addresses)
{
	struct sockaddr_in in = { .sin_family = AF_INET };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6 };
	const char *text = addresses[_i].text;
	bool is;
	if (inet_pton(AF_INET, text, &in.sin_addr) == 1) {
		is = ingot_address_private((const struct sockaddr *)(const void *)&in);
	} else {
		ck_assert_int_eq(inet_pton(AF_INET6, text, &in6.sin6_addr), 1);
		is = ingot_address_private((const struct sockaddr *)(const void *)&in6);
	}
	ck_assert_msg(is == addresses[_i].private, "%s", text);
}
END_TEST

#define COUNT(a) (int)(sizeof(a) / sizeof((a)[0]))

int main(void)
{
	Suite *s = suite_create("fetch");
	TCase *t = tcase_create("fetch");
	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, faults, 0, COUNT(cases));
	tcase_add_test(t, resumes_where_it_broke_off);
	tcase_add_loop_test(t, too_slow, 0, COUNT(slow_faults));
	tcase_add_test(t, next_mirror);
	tcase_add_test(t, many_and_missing);
	tcase_add_loop_test(t, refused_paths, 0, COUNT(bad_paths));
	tcase_add_test(t, directories);
	tcase_add_test(t, tls);
	tcase_add_test(t, through_a_proxy);
	tcase_add_loop_test(t, private_addresses, 0, COUNT(addresses));
	suite_add_tcase(s, t);
	return run_suite(s);
}
