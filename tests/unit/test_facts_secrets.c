/* Secrets by their form, each both ways. None of them stands in this file: "~" is nothing and splits words that scanners look for, {A36} is 36 random characters of a class. */
#include "facts_support.h"
#include <sys/resource.h>

static uint64_t seed;

static const char *class_of(char c)
{
	switch (c) {
	case 'A':
		return "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
	case 'B':
		return "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	case 'U':
		return "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	case 'H':
		return "0123456789abcdef";
	case 'D':
		return "0123456789";
	case '2':
		return "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
	case 'E':
		return "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L";
	default:
		ck_abort_msg("class %c", c);
	}
}

static void fill(struct ingot_buf *out, const char *form)
{
	for (const char *p = form; *p; p++) {
		if (*p == '~')
			continue;
		if (*p != '{' || !strchr("ABUHD2E", p[1]) || p[2] < '0' || p[2] > '9') {
			ingot_buf_char(out, *p);
			continue;
		}
		char *end;
		const char *from = class_of(p[1]);
		for (unsigned long n = strtoul(p + 2, &end, 10); n; n--) {
			seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
			ingot_buf_char(out, from[(seed >> 33) % strlen(from)]);
		}
		ck_assert_int_eq(*end, '}');
		p = end;
	}
}

#define PEM(label, first) "-----BEG~IN " label "-----\n" first "{B63}\n{B64}\n{B20}\n-----END " label "-----\n"
#define SSH(cipher) "-----BEG~IN OPENS~SH PRIV~ATE KEY-----\nb3BlbnNzaC1rZXk~tdjEAAAAA" cipher "{B32}\n{B70}\n-----END OPENS~SH PRIV~ATE KEY-----\n"

static const struct {
	enum ingot_secret_what what;
	unsigned flags;
	const char *form;
	size_t before; /* bytes of the form before the secret */
} hits[] = {
	{ INGOT_S_PEM_KEY, 0, PEM("PRIV~ATE KEY", "M"), 0 },
	{ INGOT_S_PEM_KEY, 0, PEM("RSA PRIV~ATE KEY", "M"), 0 },
	{ INGOT_S_PEM_KEY, 0, PEM("EC PRIV~ATE KEY", "M"), 0 },
	{ INGOT_S_PEM_KEY, INGOT_S_ENCRYPTED, PEM("ENCRYPTED PRIV~ATE KEY", "M"), 0 },
	{ INGOT_S_PEM_KEY, INGOT_S_ENCRYPTED, "-----BEG~IN RSA PRIV~ATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,{H32}\n\n{B64}\n{B64}\n", 0 },
	{ INGOT_S_PEM_KEY, INGOT_S_ENCRYPTED, "---- BEG~IN SSH2 ENCRYPTED PRIV~ATE KEY ----\nComment: \"x\"\nP2{B62}\n{B64}\n", 0 },
	{ INGOT_S_PEM_KEY, 0, "{\"key\": \"-----BEG~IN PRIV~ATE KEY-----\\nM{B63}\\n{B64}\\n-----END", 9 },
	{ INGOT_S_PEM_KEY, 0, "const char k[] =\n\t\"-----BEG~IN DSA PRIV~ATE KEY-----\\n\"\r\n\t\"M{B63}\\n\"\n\t\"{B30}\"", 19 },
	{ INGOT_S_PEM_KEY, 0, "key: |\n    -----BEG~IN PRIV~ATE KEY-----\n    M{B63}\n    {B64}\n", 11 },
	{ INGOT_S_SSH_KEY, 0, SSH("BG5vbmU"), 0 },
	{ INGOT_S_SSH_KEY, INGOT_S_ENCRYPTED, SSH("CmFlczI1Ni1j"), 0 },
	{ INGOT_S_PGP_KEY, 0, "-----BEG~IN PGP PRIV~ATE KEY BLOCK-----\nVersion: GnuPG v2\n\nlQ{B62}\n{B64}\n", 0 },
	{ INGOT_S_PGP_KEY, 0, "-----BEG~IN PGP PRIV~ATE KEY BLOCK-----\n\nxc{B62}\n{B64}\n", 0 },
	{ INGOT_S_PUTTY_KEY, 0, "PuTTY-User-Key-~File-3: ssh-ed25519\nEncryption: none\nComment: x\n", 0 },
	{ INGOT_S_PUTTY_KEY, INGOT_S_ENCRYPTED, "PuTTY-User-Key-~File-2: ssh-rsa\r\nEncryption: aes256-cbc\r\n", 0 },
	{ INGOT_S_AGE_KEY, 0, "# public key: x\nAGE-SECRET-~KEY-1{E58}\n", 16 },
	{ INGOT_S_PEM_BASE64, 0, "client-key-data: LS0tLS1CRUdJTi~BSU0EgUFJJVkFURSBLRVktLS0tLQpNSUlF{B80}\n", 17 },
	{ INGOT_S_AWS_ID, 0, "id AK~IA{216}", 3 },
	{ INGOT_S_AWS_ID, 0, "AS~IA{216}\n", 0 },
	{ INGOT_S_AWS_SECRET, 0, "aws_secret_~access_key = {B40}\n", 4 },
	{ INGOT_S_AWS_SECRET, 0, "\"Secret~AccessKey\": \"{B40}\"", 1 },
	{ INGOT_S_AWS_SECRET, 0, "AWS_SECRET_~ACCESS_KEY={B40}", 4 },
	{ INGOT_S_GCP_ACCOUNT, 0, "{\"type\": \"service_account\", \"private_~key_id\": \"{H40}\"}", 28 },
	{ INGOT_S_GOOGLE_API, 0, "key=AI~za{U35}&x", 4 },
	{ INGOT_S_AZURE_KEY, 0, "AccountName=x;Account~Key={B86}==;End", 14 },
	{ INGOT_S_AZURE_KEY, 0, "SharedAccess~Key={B43}=", 0 },
	{ INGOT_S_GITHUB, 0, "gh~p_{A36}", 0 },
	{ INGOT_S_GITHUB, 0, "x:gh~s_{A36}@host/", 2 },
	{ INGOT_S_GITHUB, 0, "github_~pat_{A22}_{A59}\n", 0 },
	{ INGOT_S_GITLAB, 0, "gl~pat-{U20} ", 0 },
	{ INGOT_S_GITLAB, 0, "gl~ptt-{H40}", 0 },
	{ INGOT_S_SLACK, 0, "xox~b-{D12}-{D13}-{A24}", 0 },
	{ INGOT_S_SLACK, 0, "https://hooks.slack~.com/services/T{A8}/B{A8}/{A24}", 8 },
	{ INGOT_S_NPM, 0, "np~m_{A36}", 0 },
	{ INGOT_S_NPM, 0, "//registry/:_auth~Token={H8}-{H4}-{H4}-{H4}-{H12}\n", 12 },
	{ INGOT_S_PYPI, 0, "password = pypi-Ag~EIcHlwaS5vcmc{U100}\n", 11 },
	{ INGOT_S_DOCKER_AUTH, 0, "{\"auths\": {\"https://r/\": {\"au~th\": \"dXNlcjpzZWN~yZXQxMjM=\"}}}", 26 },
	{ INGOT_S_DOCKER_HUB, 0, "dckr_~pat_{U27}", 0 },
	{ INGOT_S_NETRC, 0, "machine mirror.example login joe password {A12}\n", 0 },
	{ INGOT_S_NETRC, 0, "# x\nmachine mirror.example\n\tlogin joe\n\taccount x\n\tpassword {A12}\n", 4 },
	{ INGOT_S_STRIPE, 0, "sk_li~ve_{A24}", 0 },
	{ INGOT_S_SENDGRID, 0, "S~G.{U22}.{U43}", 0 },
	{ INGOT_S_VAULT, 0, "hv~s.{U95}", 0 },
	{ INGOT_S_CLOUD, 0, "dop_~v1_{H64}", 0 },
	{ INGOT_S_CLOUD, 0, "h~f_{A34}", 0 },
	{ INGOT_S_CLOUD, 0, "x sk-{A20}T3Bl~bkFJ{A20}", 2 },
	{ INGOT_S_TWILIO, 0, "sid: S~K{H32}\n", 5 },
	/* {"alg":"RS256","kid":"x"} . {"iss":"kubernetes/serviceaccount"} */
	{ INGOT_S_KUBE_TOKEN, 0, "token: eyJhbGciOi~JSUzI1NiIsImtpZCI6IngifQ.eyJpc3MiOiJrdWJlcm5ldGVzL3NlcnZpY2VhY2NvdW50In0.{U342}\n", 7 },
	{ INGOT_S_JWT, 0, "Bearer eyJhbGciOi~JIUzI1NiJ9.eyJzdWIiOiIxMjM0NTYifQ.{U43}\n", 7 },
	{ INGOT_S_URL_PASSWORD, 0, "DATABASE=postgres://app:{A12}@db/x\n", 9 },
	{ INGOT_S_PASSWORD, 0, "db_password = \"a1{A12}\"\n", 3 },
	{ INGOT_S_PASSWORD, 0, "export API_KEY=b2{A20}\n", 7 },
};

/* How far from what they resemble: one thing is missing from each. */
static const char *const misses[] = {
	"-----BEG~IN PRIV~ATE KEY-----\n", /* the words of a program */
	"-----BEG~IN PRIV~ATE KEY-----\0",
	"-----BEG~IN PRIV~ATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQ...\n",
	"-----BEG~IN PRIV~ATE KEY-----\nM{B63}...\n",
	"-----BEG~IN PRIV~ATE KEY-----\nX{B63}\n{B64}\n",       /* no DER */
	"-----BEG~IN PUBLIC KEY-----\nM{B63}\n{B64}\n",
	"-----BEG~IN CERTIFICATE-----\nM{B63}\n{B64}\n",
	"----BEG~IN PRIV~ATE KEY-----\nM{B63}\n{B64}\n",
	"-----BEG~IN PGP PUBLIC KEY BLOCK-----\n\nlQ{B62}\n{B64}\n",
	"-----BEG~IN PGP PRIV~ATE KEY BLOCK-----\n\nA{B63}\n{B64}\n",
	"-----BEG~IN OPENS~SH PRIV~ATE KEY-----\nb3Blbn{B57}\n{B64}\n",
	"PuTTY-User-Key-~File-3: \0Encryption: none",
	"PuTTY-User-Key-~File-%d: %s\n",
	"AGE-SECRET-~KEY-1{E57}\n",
	"AGE-SECRET-~KEY-1{E58}Q",
	"AGE-SECRET-~KEY-1QQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQ",
	"LS0tLS1CRUdJTi~BDRVJUSUZJQ0FURS0tLS0tCk1JSUU{B80}\n", /* a certificate */
	"AK~IA{215}",
	"AK~IA{216}7",
	"xAK~IA{216}",
	"AK~IAIOSFODNN7EXAMPLE",
	"aws_secret_~access_key = {B39}",
	"aws_secret_~access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
	"secret_~access_key, {B40}",
	"\"private_~key_id\": \"{H39}\"",
	"AI~za{U34}",
	"Account~Key={B86}",
	"Account~Key=Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==",
	"gh~p_{A35}",
	"gh~p_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
	"highgh~p_{A36}",
	"github_~pat_{A22}_{A58}",
	"gl~pat-{U19}",
	"xox~b-notdigits-{A20}",
	"hooks.slack~.com/services/T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX",
	"np~m_{A35}",
	"_auth~Token=${NPM_TOKEN}",
	"pypi-Ag~EIcHlwaS5vcmc{U10}",
	"{\"au~th\": \"basic\"}",
	"{\"au~th\": \"bm9jb2xvbmhlcmU=\"}", /* no colon in it */
	"{\"au~th\": \"dXNlcjpzZWN~yZXQxMjM",
	"machine mirror.example login joe\n",
	"machine with a login and a password field\n",
	"the machine mirror.example password <yours>\n",
	"sk_te~st_{A24}",
	"sk_li~ve_{A23}",
	"S~G.{U22}.{U42}",
	"hv~s.{U10}",
	"dop_~v1_{H63}",
	"T3Bl~bkFJ{A20}",
	"S~K{H31}",
	"TAS~K{H32}",
	"eyJhbGciOi~JIUzI1NiJ9.eyJzdWIiOiIxMjM0NTYifQ.",  /* unsigned */
	"eyJhbGciOi~JIUzI1NiJ9",
	"eyJ0ZXN0IjoxMjM0NTY3fQ.eyJzdWIiOiIxMjM0NTYifQ.{U43}", /* no "alg" */
	"postgres://app@db/x",
	"postgres://app:password@db/x",
	"postgres://app:${PW}@db/x",
	"https://host:8080/x@y",
	"password = get_password1()\n",
	"password = \"changeme\"\n",
	"password = os.environ[\"X1\"]\n",
	"password: a word or two 1\n",
	"password=\n",
	"DB_PASSWORD=${DB_PASSWORD1}\n",
	"stack smashing detected",
};

START_TEST(hit)
{
	struct ingot_buf b = INGOT_BUF(MIB(4));
	char where[32];
	seed = (uint64_t)_i * 77 + 1;
	ingot_buf_str(&b, "some text before it, and \xff\xfe bytes\n");
	size_t begin = b.n;
	fill(&b, hits[_i].form);
	ingot_buf_str(&b, "\nand after it\n");
	const struct ingot_fact *f = look(b.p, b.n);
	(void)snprintf(where, sizeof(where), "%s", ingot_secret_id(hits[_i].what));
	ck_assert_msg(f->n_secrets == 1, "%s: %s: %zu found", where, b.p, f->n_secrets);
	ck_assert_msg(f->secrets[0].what == hits[_i].what, "%s: %s: taken for %s", where, b.p, ingot_secret_id(f->secrets[0].what));
	ck_assert_msg(f->secrets[0].offset == begin + hits[_i].before, "%s: found at %llu, is at %zu", where, (unsigned long long)f->secrets[0].offset, begin + hits[_i].before);
	ck_assert_msg(f->secrets[0].flags == hits[_i].flags, "%s: flags %u", where, f->secrets[0].flags);
	/* Alone in a file, without anything around it. */
	f = look(b.p + begin, b.n - begin);
	ck_assert_msg(f->n_secrets == 1 && f->secrets[0].offset == hits[_i].before, "%s alone", where);
	ingot_buf_done(&b);
}
END_TEST

/* Across the edges of the reader's blocks. */
START_TEST(at_an_edge)
{
	static const char noise[] = "nothing of interest\n";
	/* The end of the first block, where it stops to look, and the end of the second. */
	static const size_t edges[] = { 256 << 10, (256 << 10) - 4096, (512 << 10) - 4096 };
	struct ingot_buf b = INGOT_BUF(MIB(4)), one = INGOT_BUF(8192);
	seed = (uint64_t)_i + 1;
	fill(&one, hits[_i].form);
	for (size_t k = 0; k < sizeof(edges) / sizeof(edges[0]); k++)
		for (size_t back = 0; back <= one.n + 1; back += back < 4 || back + 3 > one.n ? 1 : one.n / 3) {
			ingot_buf_clear(&b);
			while (b.n < edges[k] + 5000)
				ingot_buf_put(&b, noise, sizeof(noise) - 1);
			memcpy(b.p + edges[k] - back, one.p, one.n);
			b.p[edges[k] - back - 1] = b.p[edges[k] - back + one.n] = '\n';
			add_resident(b.p, b.n);
		}
	struct ingot_tree *t = the_tree();
	gather(t);
	size_t i = 0;
	for (size_t k = 0; k < sizeof(edges) / sizeof(edges[0]); k++)
		for (size_t back = 0; back <= one.n + 1; back += back < 4 || back + 3 > one.n ? 1 : one.n / 3, i++) {
			const struct ingot_fact *f = ingot_facts_of(facts, &contents[i]);
			ck_assert_msg(f->n_secrets == 1 && f->secrets[0].what == hits[_i].what && f->secrets[0].flags == hits[_i].flags &&
					      f->secrets[0].offset == edges[k] - back + hits[_i].before,
				      "%s: %zu before %zu: %zu found", ingot_secret_id(hits[_i].what), back, edges[k], f->n_secrets);
		}
	ingot_tree_unref(t);
	ingot_buf_done(&b);
	ingot_buf_done(&one);
}
END_TEST

START_TEST(miss)
{
	struct ingot_buf b = INGOT_BUF(MIB(4));
	seed = (uint64_t)_i * 99 + 5;
	fill(&b, misses[_i]);
	const struct ingot_fact *f = look(b.p, b.n);
	ck_assert_msg(f->n_secrets == 0, "%s: taken for %s", b.p, ingot_secret_id(f->secrets[0].what));
	ingot_buf_char(&b, '\n');
	ck_assert_uint_eq(look(b.p, b.n)->n_secrets, 0);
	ingot_buf_done(&b);
}
END_TEST

START_TEST(many)
{
	struct ingot_buf b = INGOT_BUF(MIB(4));
	for (int i = 0; i < INGOT_MAX_FOUND; i++)
		fill(&b, "gh~p_{A36}\n");
	const struct ingot_fact *f = look(b.p, b.n);
	ck_assert_uint_eq(f->n_secrets, INGOT_MAX_FOUND);
	ck_assert_uint_eq(f->flags, 0);
	for (size_t i = 0; i < INGOT_MAX_FOUND; i++)
		ck_assert_uint_eq(f->secrets[i].offset, i * 41);
	fill(&b, "gh~p_{A36}\n");
	f = look(b.p, b.n);
	ck_assert_uint_eq(f->n_secrets, INGOT_MAX_FOUND);
	ck_assert_uint_eq(f->flags, INGOT_F_MORE_SECRETS);
	ingot_buf_done(&b);
}
END_TEST

/* Processor time of the decoder for so much text made of one anchor, in ms. */
static long cost_of(const char *anchor, size_t size)
{
	struct ingot_buf b = INGOT_BUF(MIB(8));
	struct rusage before, after;
	while (b.n < size)
		fill(&b, anchor);
	ck_assert_int_eq(getrusage(RUSAGE_CHILDREN, &before), 0);
	(void)look(b.p, b.n);
	ck_assert_int_eq(getrusage(RUSAGE_CHILDREN, &after), 0);
	ingot_buf_done(&b);
	return (after.ru_utime.tv_sec - before.ru_utime.tv_sec) * 1000 + (after.ru_utime.tv_usec - before.ru_utime.tv_usec) / 1000;
}

/* Text made of nothing but anchors costs more with its length, and not with the length of what follows each: eight times as much is about eight times the time. */
START_TEST(anchors_everywhere)
{
	static const char *const anchors[] = { "-----BEG~IN PRIV~ATE KEY-----a: ", "LS0tLS1CRUdJTi~", "eyJh~", "T3Bl~bkFJ", "xox~b-", "_auth~Token=", "password=", "hv~s.", "PuTTY-User-Key-~File-" };
	for (size_t i = 0; i < sizeof(anchors) / sizeof(anchors[0]); i++) {
		long little = cost_of(anchors[i], KIB(512)), much = cost_of(anchors[i], MIB(4));
		ck_assert_msg(much < 20 * (little + 10), "%s: %ld ms for 512 KiB, and %ld for 4 MiB", anchors[i], little, much);
	}
}
END_TEST

/* Every kind has an id of its own and words. */
START_TEST(words)
{
	for (int a = 1; a < INGOT_SECRET_WHATS; a++) {
		ck_assert(ingot_secret_id((enum ingot_secret_what)a)[0] && ingot_secret_words((enum ingot_secret_what)a)[0]);
		for (int b = 1; b < a; b++)
			ck_assert_str_ne(ingot_secret_id((enum ingot_secret_what)a), ingot_secret_id((enum ingot_secret_what)b));
		bool tried = false;
		for (size_t i = 0; i < sizeof(hits) / sizeof(hits[0]); i++)
			tried = tried || hits[i].what == (enum ingot_secret_what)a;
		ck_assert_msg(tried, "%s is not tried here", ingot_secret_id((enum ingot_secret_what)a));
	}
	ck_assert(ingot_secret_is_hint(INGOT_S_PASSWORD) && !ingot_secret_is_hint(INGOT_S_PEM_KEY));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("facts_secrets");
	TCase *t = tcase_create("facts_secrets");
	tcase_set_timeout(t, 120);
	tcase_add_checked_fixture(t, fixture_begin, facts_end);
	tcase_add_loop_test(t, hit, 0, (int)(sizeof(hits) / sizeof(hits[0])));
	tcase_add_loop_test(t, at_an_edge, 0, (int)(sizeof(hits) / sizeof(hits[0])));
	tcase_add_loop_test(t, miss, 0, (int)(sizeof(misses) / sizeof(misses[0])));
	tcase_add_test(t, many);
	tcase_add_test(t, anchors_everywhere);
	tcase_add_test(t, words);
	suite_add_tcase(s, t);
	return run_suite(s);
}
