/* The filter's whole table: what the compiled instructions answer to each call and each form is compared with the table that is kept (../golden/filter-ARCH), and
 * with what really happens in a step. After a change that was meant: ./dev golden. */
#include "../unit/run_suite.h"
#include "../unit/step_root.h"
#include "bpf.h"
#include "filter_forms.h"
#include "filters.h"
#include <linux/audit.h>
#include <seccomp.h>
#include <stdarg.h>
#include <sys/wait.h>

#if defined(__x86_64__)
#define ARCH AUDIT_ARCH_X86_64
#define ARCH_NAME "x86_64"
#elif defined(__aarch64__)
#define ARCH AUDIT_ARCH_AARCH64
#define ARCH_NAME "aarch64"
#else
#error "which architecture?"
#endif

static struct ingot_err err;
/* The tables of ingot-step itself; the kernel loads them in this order and takes the strictest answer. */
#define PARTS 3
#define PART(name) { filter_##name, sizeof(filter_##name) / sizeof(filter_##name[0]) }
struct part {
	const struct sock_filter *code;
	size_t n;
};
static const struct mode {
	const char *name;
	unsigned flags;
	struct part parts[PARTS];
} modes[] = {
	{ "without a network", 0, { PART(forms), PART(calls), PART(asks_ledger) } },
	{ "with a loopback device", INGOT_STEP_LOOPBACK, { PART(forms_inet), PART(calls), PART(asks_ledger) } },
	{ "with identities", INGOT_STEP_IDENTITY, { PART(forms), PART(calls), PART(asks_identity) } },
	{ "in a read-only root", INGOT_STEP_READONLY, { PART(forms), PART(calls), PART(asks_nothing) } },
};
#define MODES (sizeof(modes) / sizeof(modes[0]))
static const struct mode *mode = &modes[0];
static unsigned char reached[PARTS][BPF_MAXINSNS];

static struct bpf_answer ask(uint32_t arch, long nr, const unsigned long *args)
{
	struct seccomp_data d = { .nr = (int)nr, .arch = arch };
	struct bpf_answer strictest = { SECCOMP_RET_ALLOW, false };
	for (size_t i = 0; args && i < 6; i++)
		d.args[i] = args[i];
	for (size_t i = 0; i < PARTS; i++) {
		bool ok;
		struct bpf_answer a = bpf_run(mode->parts[i].code, mode->parts[i].n, &d, reached[i], &ok);
		ck_assert(ok);
		strictest.by_arguments = strictest.by_arguments || a.by_arguments;
		/* As numbers with a sign, the stricter is the smaller (kernel/seccomp.c, seccomp_run_filters()). */
		if ((int32_t)(a.action & SECCOMP_RET_ACTION_FULL) < (int32_t)(strictest.action & SECCOMP_RET_ACTION_FULL))
			strictest.action = a.action;
	}
	return strictest;
}

static const char *verdict(struct bpf_answer a)
{
	switch (a.action & SECCOMP_RET_ACTION_FULL) {
	case SECCOMP_RET_ALLOW: return "allow";
	case SECCOMP_RET_USER_NOTIF: return "notify";
	case SECCOMP_RET_KILL_PROCESS: return "kill";
	case SECCOMP_RET_ERRNO: return strerrorname_np((int)(a.action & SECCOMP_RET_DATA)) ? strerrorname_np((int)(a.action & SECCOMP_RET_DATA)) : "?";
	default: return "?";
	}
}

INGOT_PRINTF(2, 3) static void add(struct ingot_buf *b, const char *fmt, ...)
{
	char line[512];
	va_list ap;
	va_start(ap, fmt);
	int n = vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	ingot_buf_put(b, line, (size_t)n < sizeof(line) ? (size_t)n : sizeof(line) - 1);
}

static const char *const families[] = { "unspec", "unix", "inet", "ax25", "ipx", "appletalk", "netrom", "bridge", "atmpvc", "x25", "inet6", "rose", "decnet", "netbeui", "security", "key",
					"netlink", "packet", "ash", "econet", "atmsvc", "rds", "sna", "irda", "pppox", "wanpipe", "llc", "ib", "mpls", "can", "tipc", "bluetooth",
					"iucv", "rxrpc", "isdn", "phonet", "ieee802154", "caif", "alg", "nfc", "vsock", "kcm", "qipcrtr", "smc", "xdp", "mctp" };

static void add_families(struct ingot_buf *t)
{
	for (unsigned long family = 0; family < FORM_FAMILIES; family++)
		for (int pair = 0; pair < 2; pair++) {
			const char *v[FORM_TYPES];
			bool same = true;
			for (size_t i = 0; i < FORM_TYPES; i++) {
				v[i] = verdict(ask(ARCH, pair ? SYS_socketpair : SYS_socket, (const unsigned long[6]){ family, (unsigned long)form_types[i].type }));
				same = same && strcmp(v[i], v[0]) == 0;
			}
			add(t, "%s(%lu %s", pair ? "socketpair" : "socket", family, family < sizeof(families) / sizeof(families[0]) ? families[family] : "-");
			if (same)
				add(t, "), every type: %s\n", v[0]);
			for (size_t i = 0; !same && i < FORM_TYPES; i++)
				add(t, "%s%s: %s", i ? ", " : "), ", form_types[i].name, v[i]);
			if (!same)
				add(t, "\n");
		}
}

/* The foreign ABIs in one line: which verdicts there are. */
static void add_foreign(struct ingot_buf *t, const char *name, uint32_t arch, long bits)
{
	const char *first = verdict(ask(arch, bits, NULL));
	bool same = true;
	for (long nr = 0; nr <= FORM_CALLS; nr++)
		same = same && strcmp(first, verdict(ask(arch, nr | bits, NULL))) == 0;
	add(t, "%s, all of 0 to %d: %s\n", name, FORM_CALLS, same ? first : "different verdicts");
}

static void make_table(struct ingot_buf *t)
{
	const char *const plain = "# What a step may ask of the kernel (" ARCH_NAME "); made by ./dev golden\n";
	ingot_buf_str(t, plain);
	for (mode = modes; mode < modes + MODES; mode++) {
		add(t, "\n[calls, %s]\n", mode->name);
		for (long nr = 0; nr <= FORM_CALLS; nr++) {
			char *name = seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, (int)nr);
			struct bpf_answer a = ask(ARCH, nr, NULL);
			if (mode == modes || strcmp(verdict(a), "notify") == 0 || a.by_arguments) /* the first says everything, the others what they are about */
				add(t, "%ld %s: %s\n", nr, name ? name : "-", a.by_arguments ? "by its arguments" : verdict(a));
			free(name);
		}
		add(t, "\n[arguments, %s]\n", mode->name);
		for (size_t i = 0; i < FORMS; i++)
			add(t, "%s: %s\n", forms[i].name, verdict(ask(ARCH, forms[i].call, forms[i].args)));
		add_families(t);
	}
	mode = modes;
	add(t, "\n[foreign ABIs]\n");
#ifdef __x86_64__
	add_foreign(t, "x32", ARCH, 0x40000000);
	add_foreign(t, "i386", AUDIT_ARCH_I386, 0);
#else
	add_foreign(t, "arm", AUDIT_ARCH_ARM, 0);
#endif
}

/* A call that this libseccomp has a name for and that of the kept table had not is no difference: it is newer than Debian 12. */
static bool same_line(struct ingot_span kept, struct ingot_span now)
{
	struct ingot_span number, name;
	if (ingot_span_eq(kept, now))
		return true;
	struct ingot_span rest = kept;
	return ingot_span_next(&rest, ' ', &number) && ingot_span_next(&rest, ':', &name) && ingot_span_is(name, "-") && now.n > number.n && memcmp(now.p, kept.p, number.n + 1) == 0;
}

#define MOST 4096

static size_t split(const struct ingot_buf *text, struct ingot_span ret[MOST])
{
	struct ingot_span rest = ingot_buf_view(text);
	size_t n = 0;
	while (n < MOST && ingot_span_next(&rest, '\n', &ret[n]))
		n++;
	return n;
}

START_TEST(golden)
{
	struct ingot_buf now = INGOT_BUF(MIB(1)), kept = INGOT_BUF(MIB(1)), diff = INGOT_BUF(KIB(256));
	static const char path[] = INGOT_TESTS "/golden/filter-" ARCH_NAME;
	make_table(&now);
	bool update = getenv("INGOT_UPDATE_GOLDEN") != NULL;
	if (ingot_read_file(path, MIB(1), &kept, &err) < 0 && !update)
		ck_abort_msg("%s: ./dev golden makes it", err.msg);
	struct ingot_span a[MOST], b[MOST];
	size_t na = split(&kept, a), nb = split(&now, b);
	int differences = 0;
	for (size_t i = 0, j = 0; i < na || j < nb;) {
		if (i < na && j < nb && same_line(a[i], b[j])) {
			i++;
			j++;
			continue;
		}
		/* What was put in or taken out: the nearest line at which both go on alike. */
		size_t skip = 0, more_a = 1, more_b = 1;
		for (skip = 1; skip < 100; skip++) {
			if (i < na && j + skip < nb && same_line(a[i], b[j + skip])) {
				more_a = 0;
				more_b = skip;
				break;
			}
			if (j < nb && i + skip < na && same_line(a[i + skip], b[j])) {
				more_a = skip;
				more_b = 0;
				break;
			}
			if (i + skip < na && j + skip < nb && same_line(a[i + skip], b[j + skip])) {
				more_a = more_b = skip;
				break;
			}
		}
		for (; more_a && i < na; i++, more_a--, differences++)
			add(&diff, "- %.*s\n", INGOT_SPAN_ARG(a[i]));
		for (; more_b && j < nb; j++, more_b--, differences++)
			add(&diff, "+ %.*s\n", INGOT_SPAN_ARG(b[j]));
	}
	if (update && differences) {
		FILE *f = fopen(path, "w");
		ck_assert_ptr_nonnull(f);
		ck_assert(fwrite(now.p, 1, now.n, f) == now.n && fclose(f) == 0);
		printf("%s", ingot_buf_cstr(&diff));
	}
	ck_assert_msg(update || !differences, "%d lines of %s differ; look at them, and ./dev golden if they were meant:\n%s", differences, path, ingot_buf_cstr(&diff));
	ingot_buf_done(&now);
	ingot_buf_done(&kept);
	ingot_buf_done(&diff);
}
END_TEST

static void check_reached(size_t p, size_t i)
{
	const struct sock_filter *f = mode->parts[p].code + i;
	size_t n = mode->parts[p].n;
	/* libseccomp ends in a kill, whether or not anything leads there. */
	if (i == n - 1 && f->code == (BPF_RET | BPF_K) && f->k == SECCOMP_RET_KILL_PROCESS)
		return;
	bool jump = BPF_CLASS(f->code) == BPF_JMP && BPF_OP(f->code) != BPF_JA;
	/* A search among numbers has leaves with one number left. All numbers were tried: what they do not reach, nothing does. */
	bool leaf = jump && p > 0 && BPF_OP(f->code) == BPF_JEQ && (reached[p][i] & BPF_TRUE);
	/* It compares the upper half of an argument also where the mask leaves nothing of it, and with 0 what is not above 0. */
	bool masked = i > 0 && f[-1].code == (BPF_ALU | BPF_AND | BPF_K) && f[-1].k == 0;
	bool vacuous = jump && f->k == 0 && (masked || (i > 0 && f[-1].code == (BPF_JMP | BPF_JGT | BPF_K) && f[-1].k == 0));
	ck_assert_msg(leaf || reached[p][i] == (vacuous ? 3 : jump ? 7 : 1), "%s, filter %zu, instruction %zu of %zu (%#x %u %u %#x): %u", mode->name, p, i, n, f->code, f->jt, f->jf, f->k, reached[p][i]);
}

/* Every instruction and both ways of every jump: nothing in the filter is there without the table showing what it does. */
START_TEST(every_instruction_is_reached)
{
	struct ingot_buf ignored = INGOT_BUF(MIB(1));
	make_table(&ignored);
	for (mode = modes; mode < modes + MODES; mode++) {
		memset(reached, 0, sizeof(reached));
		for (long nr = -1; nr <= 2 * FORM_CALLS; nr++) /* single flags and families, and with them the upper half of the arguments */
			for (int bit = -1; bit < 64; bit++)
				for (size_t i = 0; i < 3 && (bit < 0 ? i == 0 : true); i++) {
					unsigned long args[6] = { 0 };
					if (bit >= 0)
						args[i] = 1UL << bit;
					(void)ask(ARCH, nr, args);
				}
		for (size_t i = 0; i < FORMS; i++)
			for (int bit = 0; bit < 4 * 64; bit++) { /* each form, and each with one more bit */
				unsigned long args[6];
				(void)ask(ARCH, forms[i].call, forms[i].args);
				memcpy(args, forms[i].args, sizeof(args));
				args[bit / 64] ^= 1UL << (bit % 64);
				(void)ask(ARCH, forms[i].call, args);
			}
		for (unsigned long family = 0; family < FORM_FAMILIES; family++)
			for (long call = 0; call < 2; call++)
				(void)ask(ARCH, call ? SYS_socket : SYS_socketpair, (const unsigned long[6]){ family, 1 });
		(void)ask(0, 0, NULL);
		(void)ask(ARCH, 0x40000000, NULL);
		for (size_t p = 0; p < PARTS; p++)
			for (size_t i = 0; i < mode->parts[p].n; i++)
				check_reached(p, i);
	}
	mode = modes;
	ingot_buf_done(&ignored);
}
END_TEST

/* --- in a step --- */

static void run_loose(struct ingot_buf *ret)
{
	char program[4096 + 64];
	int p[2];
	ck_assert_int_eq(ingot_helper_path("filter_probe", program, sizeof(program), &err), 0);
	size_t n = strlen(program);
	(void)snprintf(program + n, sizeof(program) - n, "/filter_probe");
	ck_assert_int_eq(pipe(p), 0);
	pid_t pid = fork();
	if (pid == 0) {
		(void)dup2(p[1], 1);
		(void)close(p[0]);
		(void)setsid();
		(void)execl(program, "filter_probe", "loose", (char *)NULL);
		_exit(9);
	}
	close(p[1]);
	ck_assert_int_eq(ingot_read_all(p[0], ret, &err), 0);
	close(p[0]);
	int status;
	ck_assert(waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

/* What was asked in this line, as the filter sees it. False: no such line. */
static bool line_verdict(struct ingot_span what, const char **ret)
{
	static const unsigned long bad[6] = { FORM_BAD, FORM_BAD, FORM_BAD, FORM_BAD, FORM_BAD, FORM_BAD };
	char text[128], type[32];
	long nr;
	(void)snprintf(text, sizeof(text), "%.*s", INGOT_SPAN_ARG(what));
	if (sscanf(text, "call %ld", &nr) == 1) {
		*ret = verdict(ask(ARCH, nr, bad));
		return true;
	}
	if (strncmp(text, "x32 ", 4) == 0 || strncmp(text, "i386 ", 5) == 0) {
		*ret = "kill";
		return true;
	}
	for (size_t i = 0; i < FORMS; i++)
		if (strcmp(text, forms[i].name) == 0) {
			*ret = verdict(ask(ARCH, forms[i].call, forms[i].args));
			return true;
		}
	bool pair = strncmp(text, "socketpair ", 11) == 0;
	if (sscanf(text, pair ? "socketpair %ld %31s" : "socket %ld %31s", &nr, type) == 2)
		for (size_t i = 0; i < FORM_TYPES; i++)
			if (strcmp(type, form_types[i].name) == 0) {
				*ret = verdict(ask(ARCH, pair ? SYS_socketpair : SYS_socket, (const unsigned long[6]){ (unsigned long)nr, (unsigned long)form_types[i].type }));
				return true;
			}
	return false;
}

/* uretprobe and uprobe: Linux 6.14 and newer ask no filter about these two (kernel/seccomp.c, seccomp_uprobe_exception()), and answer them only where they themselves put
 * the call into a traced program. */
static bool no_filter_sees(struct ingot_span what)
{
	return ingot_span_is(what, "call 335") || ingot_span_is(what, "call 336");
}

/* ENOSYS, EPERM and EAFNOSUPPORT may come from the kernel, too: then they come without a filter as well. */
static bool agrees(const char *expected, struct ingot_span inside, struct ingot_span outside)
{
	if (strcmp(expected, "kill") == 0)
		return ingot_span_is(inside, "SIGSYS");
	if (strcmp(expected, "notify") == 0)
		return !ingot_span_is(inside, "SIGSYS") && !ingot_span_is(inside, "ENOSYS"); /* init's own answer */
	if (strcmp(expected, "allow") != 0)
		return ingot_span_is(inside, expected);
	if (ingot_span_is(inside, "SIGSYS"))
		return false;
	bool doubtful = ingot_span_is(inside, "ENOSYS") || ingot_span_is(inside, "EPERM") || ingot_span_is(inside, "EAFNOSUPPORT");
	return !doubtful || ingot_span_eq(inside, outside);
}

static bool next_answer(struct ingot_span *rest, struct ingot_span *what, struct ingot_span *answer)
{
	struct ingot_span line;
	if (!ingot_span_next(rest, '\n', &line) || !line.n)
		return false;
	size_t n = line.n;
	while (n && line.p[n - 1] != ' ')
		n--;
	*what = (struct ingot_span){ line.p, n ? n - 1 : 0 };
	*answer = (struct ingot_span){ line.p + n, line.n - n };
	return true;
}

static void walk(const struct mode *m)
{
	struct ingot_step_result r = INGOT_STEP_RESULT_INIT;
	struct ingot_buf loose = INGOT_BUF(MIB(1)), wrong = INGOT_BUF(KIB(64));
	run_loose(&loose);
	copy_program("filter_probe", root_fd, "bin/walk");
	PLAN("show");
	plan.argv = (const char *const[]){ "/bin/walk", NULL };
	plan.n_argv = 1;
	plan.flags = m->flags;
	plan.timeout = 120;
	ck_assert_msg(ingot_step_run(&plan, NULL, &r, &err) == 0, "%s", err.msg);
	ck_assert_msg(r.reason == INGOT_STEP_ENDED && r.status == 0, "reason %d status %u: %s", (int)r.reason, r.status, ingot_buf_cstr(&r.tail));
	mode = m;
	struct ingot_span in = ingot_buf_view(&r.tail), out = ingot_buf_view(&loose), what, answer, what2, answer2;
	int lines = 0, bad = 0;
	while (next_answer(&in, &what, &answer)) {
		const char *expected = "nothing";
		ck_assert(next_answer(&out, &what2, &answer2) && ingot_span_eq(what, what2));
		lines++;
		if (line_verdict(what, &expected) && (agrees(expected, answer, answer2) || (no_filter_sees(what) && ingot_span_eq(answer, answer2) && !ingot_span_is(answer, "0"))))
			continue;
		bad++;
		add(&wrong, "%.*s: the filter says %s, the step saw %.*s (without a filter: %.*s)\n", INGOT_SPAN_ARG(what), expected, INGOT_SPAN_ARG(answer), INGOT_SPAN_ARG(answer2));
	}
	ck_assert_msg(bad == 0, "%s", ingot_buf_cstr(&wrong));
	ck_assert_int_ge(lines, FORM_CALLS + 1 + (int)FORMS + 2 * FORM_FAMILIES * (int)FORM_TYPES);
	ingot_step_result_done(&r);
	ingot_buf_done(&loose);
	ingot_buf_done(&wrong);
}

START_TEST(walked)
{
	walk(&modes[_i]);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("filter");
	TCase *t = tcase_create("filter");
	tcase_set_timeout(t, 120);
	tcase_add_checked_fixture(t, make_root, remove_root);
	TCase *g = tcase_create("golden");
	tcase_add_test(g, golden);
	suite_add_tcase(s, g);
	tcase_add_test(t, every_instruction_is_reached);
	tcase_add_loop_test(t, walked, 0, (int)MODES);
	suite_add_tcase(s, t);
	return run_suite(s);
}
