#include "handover.h"
#include <ingot/escape.h>
#include <ingot/json.h>
#include <ingot/num.h>
#include <ingot/path.h>
#include <string.h>

#define MEMORY "rw,noexec,nosuid,nodev,size=64m"

enum tool { PODMAN, DOCKER };

struct command {
	struct ingot_arena *arena;
	const char **v;
	size_t n, cap;
};

static void command_done(struct command *c)
{
	free(c->v);
}

static void add(struct command *c, const char *word)
{
	ingot_reserve(c->v, c->n, c->cap);
	c->v[c->n++] = word;
}

/* "/var/lib/web" -> "var-lib-web": the name of a volume; DNS labels of Kubernetes and names of docker both take it. */
const char *handover_volume(struct ingot_arena *arena, const char *path)
{
	char *name = ingot_arena_strf(arena, "%.60s", path + 1);
	size_t n = strlen(name);
	for (size_t i = 0; i < n; i++) {
		char ch = name[i];
		if (ch >= 'A' && ch <= 'Z')
			name[i] = (char)(ch - 'A' + 'a');
		else if (!(ch >= 'a' && ch <= 'z') && !(ch >= '0' && ch <= '9'))
			name[i] = '-';
	}
	while (n && name[n - 1] == '-')
		name[--n] = '\0';
	return *name == '-' || !n ? ingot_arena_strf(arena, "data%s", name) : name;
}

/* Two paths may come to one name; then all are numbered. */
static bool names_differ(const struct ingot_runtime *r, struct ingot_arena *arena)
{
	for (size_t i = 0; i < r->n_writable; i++)
		for (size_t k = 0; k < i; k++)
			if (strcmp(handover_volume(arena, r->writable[i].path), handover_volume(arena, r->writable[k].path)) == 0)
				return false;
	return true;
}

const char *handover_place(const struct ingot_runtime *r, struct ingot_arena *arena, size_t i)
{
	const char *name = handover_volume(arena, r->writable[i].path);
	return names_differ(r, arena) ? name : ingot_arena_strf(arena, "%.50s-%zu", name, i);
}

int handover_port(const char *text, uint32_t *ret, const char **ret_protocol, struct ingot_err *err)
{
	struct ingot_span rest = ingot_span_of(text), number;
	bool fine = ingot_span_next(&rest, '/', &number) && ingot_parse_u32(number, UINT16_MAX, ret) == 0 && *ret;
	if (!fine || (rest.n && !ingot_span_is(rest, "tcp") && !ingot_span_is(rest, "udp")))
		return ingot_fail(err, INGOT_E_OUTSIDE, "the image's port '%s' is none", INGOT_SHOW(ingot_span_of(text)));
	*ret_protocol = ingot_span_is(rest, "udp") ? "udp" : "tcp";
	return 0;
}

/* --volume and --tmpfs split at colons and commas, and know no way to write one. */
static int check_paths(const struct ingot_handover *h, struct ingot_err *err)
{
	for (size_t i = 0; i < h->runtime->n_writable; i++)
		for (const char *p = h->runtime->writable[i].path; *p; p++)
			if ((unsigned char)*p < 0x21 || (unsigned char)*p >= 0x7f || strchr(":,\"'\\$`", *p))
				return ingot_fail(err, INGOT_E_OUTSIDE, "the writable place %s has a name that no command line can carry", INGOT_SHOW(ingot_span_of(h->runtime->writable[i].path)));
	for (const char *p = h->image; *p; p++)
		if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-/:@", *p) || (p == h->image && *p == '-'))
			return ingot_fail(err, INGOT_E_OUTSIDE, "the image's name '%s' is none that a command line can carry", INGOT_SHOW(ingot_span_of(h->image)));
	return 0;
}

static int add_ports(const struct ingot_runtime *r, struct command *c, struct ingot_err *err)
{
	uint32_t lowest = 1024;
	if (!r->n_ports)
		add(c, "--network=none");
	for (size_t i = 0; i < r->n_ports; i++) {
		uint32_t port;
		const char *protocol;
		ingot_pass(handover_port(r->ports[i], &port, &protocol, err));
		/* An ordinary user of the host may not bind the lower ones. */
		add(c, ingot_arena_strf(c->arena, "--publish=127.0.0.1:%u:%u/%s", port < 1024 ? port + 8000 : port, port, protocol));
		lowest = port < lowest ? port : lowest;
	}
	if (lowest < 1024 && r->uid)
		add(c, ingot_arena_strf(c->arena, "--sysctl=net.ipv4.ip_unprivileged_port_start=%u", lowest));
	return 0;
}

static int make_command(const struct ingot_handover *h, enum tool tool, struct command *c, struct ingot_err *err)
{
	const struct ingot_runtime *r = h->runtime;
	add(c, tool == PODMAN ? "podman" : "docker");
	add(c, "run");
	add(c, "--rm");
	add(c, "--read-only");
	if (tool == PODMAN)
		add(c, "--read-only-tmpfs=false"); /* its own ones can be executed from */
	add(c, "--cap-drop=ALL");
	add(c, "--security-opt=no-new-privileges");
	if (h->seccomp)
		add(c, ingot_arena_strf(c->arena, "--security-opt=seccomp=%s", h->seccomp));
	add(c, ingot_arena_strf(c->arena, "--user=%u:%u", r->uid, r->gid));
	add(c, "--tmpfs=/tmp:" MEMORY ",mode=1777");
	/* podman 4 knows no uid for it, so everybody in the container may write there; there is nobody but this user. */
	add(c, tool == PODMAN ? "--tmpfs=/run:" MEMORY ",mode=1777" : ingot_arena_strf(c->arena, "--tmpfs=/run:" MEMORY ",mode=0755,uid=%u,gid=%u", r->uid, r->gid));
	for (size_t i = 0; i < r->n_writable; i++)
		add(c, ingot_arena_strf(c->arena, "--volume=%s:%s%s", handover_place(r, c->arena, i), r->writable[i].path, tool == PODMAN ? ":noexec,nosuid,nodev" : ""));
	ingot_pass(add_ports(r, c, err));
	add(c, h->image);
	return 0;
}

/* As it is typed: the words hold nothing that a shell would read as more than itself but, perhaps, the profile's path. */
static void put_word(struct ingot_buf *out, const char *word)
{
	bool plain = true;
	for (const char *p = word; *p; p++)
		plain = plain && strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-/:@=,+", *p);
	if (plain) {
		ingot_buf_str(out, word);
		return;
	}
	ingot_buf_char(out, '\'');
	for (const char *p = word; *p; p++)
		ingot_buf_fmt(out, *p == '\'' ? "'\\''" : "%c", *p);
	ingot_buf_char(out, '\'');
}

static void put_command(struct ingot_buf *out, const struct command *c)
{
	for (size_t i = 0; i < c->n; i++) {
		if (i)
			ingot_buf_str(out, i < 3 ? " " : " \\\n  ");
		put_word(out, c->v[i]);
	}
	ingot_buf_char(out, '\n');
}

int ingot_handover_text(const struct ingot_handover *h, struct ingot_buf *out, struct ingot_err *err)
{
	_cleanup_(ingot_arena_freep) struct ingot_arena *arena = ingot_arena_new();
	_cleanup_(command_done) struct command podman = { .arena = arena }, docker = { .arena = arena };
	ingot_pass(check_paths(h, err));
	ingot_pass(make_command(h, PODMAN, &podman, err));
	ingot_pass(make_command(h, DOCKER, &docker, err));
	put_command(out, &podman);
	ingot_buf_char(out, '\n');
	put_command(out, &docker);
	ingot_buf_str(out, "\n---\n");
	return handover_pod(h, out, err);
}

static void put_words(struct ingot_json *j, const char *key, const struct command *c)
{
	ingot_json_array(j, key);
	for (size_t i = 0; i < c->n; i++)
		ingot_json_str(j, NULL, c->v[i]);
	ingot_json_end(j, ']');
}

int ingot_handover_json(const struct ingot_handover *h, struct ingot_buf *out, struct ingot_err *err)
{
	_cleanup_(ingot_arena_freep) struct ingot_arena *arena = ingot_arena_new();
	_cleanup_(command_done) struct command podman = { .arena = arena }, docker = { .arena = arena };
	_cleanup_(ingot_buf_done) struct ingot_buf pod = INGOT_BUF(MIB(1));
	struct ingot_json j = INGOT_JSON(out);
	ingot_pass(check_paths(h, err));
	ingot_pass(make_command(h, PODMAN, &podman, err));
	ingot_pass(make_command(h, DOCKER, &docker, err));
	ingot_pass(handover_pod(h, &pod, err));
	ingot_json_object(&j, NULL);
	ingot_json_str(&j, "image", h->image);
	ingot_json_u64(&j, "user", h->runtime->uid);
	ingot_json_u64(&j, "group", h->runtime->gid);
	ingot_json_array(&j, "writable");
	for (size_t i = 0; i < h->runtime->n_writable; i++) {
		ingot_json_object(&j, NULL);
		ingot_json_str(&j, "path", h->runtime->writable[i].path);
		ingot_json_bool(&j, "filled", h->runtime->writable[i].filled);
		ingot_json_end(&j, '}');
	}
	ingot_json_end(&j, ']');
	ingot_json_array(&j, "ports");
	for (size_t i = 0; i < h->runtime->n_ports; i++)
		ingot_json_str(&j, NULL, h->runtime->ports[i]);
	ingot_json_end(&j, ']');
	put_words(&j, "podman", &podman);
	put_words(&j, "docker", &docker);
	ingot_json_span(&j, "kubernetes", ingot_buf_view(&pod));
	ingot_json_end(&j, '}');
	ingot_buf_char(out, '\n');
	return 0;
}
