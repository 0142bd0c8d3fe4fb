#include "load_impl.h"
#include <ingot/escape.h>
#include <stdio.h>

/* As the field names them (GOARCH). */
#if defined(__x86_64__)
static const char host_architecture[] = "amd64";
#elif defined(__aarch64__)
static const char host_architecture[] = "arm64";
#elif defined(__riscv) && __riscv_xlen == 64
static const char host_architecture[] = "riscv64";
#elif defined(__s390x__)
static const char host_architecture[] = "s390x";
#elif defined(__powerpc64__) && defined(__LITTLE_ENDIAN__)
static const char host_architecture[] = "ppc64le";
#elif defined(__i386__)
static const char host_architecture[] = "386";
#else
static const char host_architecture[] = "arm";
#endif

const char *ingot_host_architecture(void)
{
	return host_architecture;
}

static bool word_valid(struct ingot_span s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!(s.p[i] >= 'a' && s.p[i] <= 'z') && !(s.p[i] >= '0' && s.p[i] <= '9') && s.p[i] != '_' && s.p[i] != '.' && s.p[i] != '-')
			return false;
	return s.n && s.n < 64;
}

int platform_parse(const char *text, struct platform *ret, struct ingot_err *err)
{
	struct platform p = { .os = "linux" };
	(void)snprintf(p.architecture, sizeof(p.architecture), "%s", host_architecture);
	if (text) {
		struct ingot_span rest = ingot_span_of(text), part;
		char *const fields[] = { p.os, p.architecture, p.variant };
		size_t n = 0;
		p.asked = true;
		for (; n < 3 && ingot_span_next(&rest, '/', &part) && word_valid(part); n++)
			(void)snprintf(fields[n], sizeof(p.os), "%.*s", INGOT_SPAN_ARG(part));
		if (n < 2 || rest.n || !word_valid(part) || ingot_span_ends(ingot_span_of(text), "/")) {
			(void)ingot_fail(err, INGOT_E_INPUT, "the platform '%s' is not OS/ARCHITECTURE or OS/ARCHITECTURE/VARIANT", INGOT_SHOW(ingot_span_of(text)));
			return ingot_hint(err, "for example linux/amd64, linux/arm64, linux/arm/v7");
		}
	}
	*ret = p;
	return 0;
}

/* What no variant stands for: containerd's and the registries' reading of GOARM and GOAMD64. */
static struct ingot_span variant_of(struct ingot_span architecture, struct ingot_span variant)
{
	if (variant.n)
		return variant;
	return ingot_span_is(architecture, "arm64") ? INGOT_SPAN("v8") : ingot_span_is(architecture, "arm") ? INGOT_SPAN("v7") : ingot_span_is(architecture, "amd64") ? INGOT_SPAN("v1") : variant;
}

static struct ingot_span field(const struct ingot_doc *d, const char *at, const char *name)
{
	const struct ingot_doc_value *v = ingot_doc_getf(d, "%s/%s", at, name);
	return v && v->kind == INGOT_J_STRING ? v->value : (struct ingot_span){ 0 };
}

bool platform_matches(const struct platform *p, const struct ingot_doc *d, const char *at)
{
	struct ingot_span architecture = field(d, at, "architecture");
	return ingot_span_is(field(d, at, "os"), p->os) && ingot_span_is(architecture, p->architecture) &&
	       ingot_span_eq(variant_of(architecture, field(d, at, "variant")), variant_of(architecture, ingot_span_of(p->variant)));
}

int platform_check(const struct platform *p, const struct ingot_doc *config, struct ingot_err *err)
{
	struct ingot_span os = field(config, "", "os"), architecture = field(config, "", "architecture"), variant = field(config, "", "variant");
	if (!p->asked && !p->decided)
		return 0;
	/* Many configs leave the variant to the index. */
	bool same = ingot_span_is(os, p->os) && ingot_span_is(architecture, p->architecture) && (!variant.n || ingot_span_eq(variant, variant_of(architecture, ingot_span_of(p->variant))));
	if (same)
		return 0;
	return ingot_fail(err, INGOT_E_OUTSIDE, "the config says that it is for %s/%s%s%s, not for %s/%s%s%s", INGOT_SHOW(os), INGOT_SHOW(architecture), variant.n ? "/" : "", INGOT_SHOW(variant), p->os,
			  p->architecture, p->variant[0] ? "/" : "", p->variant);
}
