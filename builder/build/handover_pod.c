/* A Pod (k8s.io/api/core/v1) that fulfils the "restricted" profile of the Pod Security Standards wherever the image's user is not root. Strings are written as JSON has them,
 * which is YAML, too. */
#include "handover.h"
#include <ingot/json.h>
#include <string.h>

static void put_string(struct ingot_buf *out, const char *key, const char *value)
{
	_cleanup_(ingot_buf_done) struct ingot_buf text = INGOT_BUF(KIB(64));
	struct ingot_json j = INGOT_JSON(&text);
	ingot_json_array(&j, NULL);
	ingot_json_str(&j, NULL, value);
	ingot_json_end(&j, ']');
	/* without the brackets */
	ingot_buf_fmt(out, "%s: %.*s\n", key, (int)(text.n > 2 ? text.n - 2 : 0), text.p ? text.p + 1 : "");
}

/* "localhost/team/web:1.0" -> "web" */
static const char *short_name(struct ingot_arena *arena, const char *image)
{
	const char *slash = strrchr(image, '/'), *base = slash ? slash + 1 : image;
	return handover_volume(arena, ingot_arena_strf(arena, "/%.*s", (int)strcspn(base, ":@"), base));
}

static int put_ports(const struct ingot_runtime *r, struct ingot_buf *out, uint32_t *lowest, struct ingot_err *err)
{
	if (r->n_ports)
		ingot_buf_str(out, "    ports:\n");
	for (size_t i = 0; i < r->n_ports; i++) {
		uint32_t port;
		const char *protocol;
		ingot_pass(handover_port(r->ports[i], &port, &protocol, err));
		ingot_buf_fmt(out, "    - containerPort: %u\n      protocol: %s\n", port, protocol[0] == 'u' ? "UDP" : "TCP");
		*lowest = port < *lowest ? port : *lowest;
	}
	return 0;
}

static void put_security(const struct ingot_handover *h, struct ingot_buf *out)
{
	const struct ingot_runtime *r = h->runtime;
	ingot_buf_fmt(out, "    securityContext:\n      runAsNonRoot: %s\n      runAsUser: %u\n      runAsGroup: %u\n", r->uid ? "true" : "false", r->uid, r->gid);
	ingot_buf_str(out, "      readOnlyRootFilesystem: true\n      allowPrivilegeEscalation: false\n      capabilities:\n        drop: [ALL]\n      seccompProfile:\n");
	if (!h->seccomp) {
		ingot_buf_str(out, "        type: RuntimeDefault\n");
		return;
	}
	/* A path below the kubelet's directory of profiles, into which the file has to be laid on each node. */
	const char *slash = strrchr(h->seccomp, '/');
	ingot_buf_str(out, "        type: Localhost\n");
	put_string(out, "        localhostProfile", slash ? slash + 1 : h->seccomp);
}

static void put_mounts(const struct ingot_runtime *r, struct ingot_arena *arena, struct ingot_buf *out)
{
	ingot_buf_str(out, "    volumeMounts:\n    - name: mem-tmp\n      mountPath: /tmp\n    - name: mem-run\n      mountPath: /run\n");
	for (size_t i = 0; i < r->n_writable; i++) {
		ingot_buf_fmt(out, "    - name: w-%s\n", handover_place(r, arena, i));
		put_string(out, "      mountPath", r->writable[i].path);
	}
}

static void put_volumes(const struct ingot_runtime *r, struct ingot_arena *arena, struct ingot_buf *out)
{
	ingot_buf_str(out, "  volumes:\n");
	for (size_t i = 0; i < 2; i++)
		ingot_buf_fmt(out, "  - name: %s\n    emptyDir:\n      medium: Memory\n      sizeLimit: 64Mi\n", i ? "mem-run" : "mem-tmp");
	for (size_t i = 0; i < r->n_writable; i++) {
		/* Nothing is copied into one, unlike volumes of docker and podman. */
		if (r->writable[i].filled)
			ingot_buf_fmt(out, "  # the image has files in this place, which an empty volume hides\n");
		ingot_buf_fmt(out, "  - name: w-%s\n    emptyDir: {}\n", handover_place(r, arena, i));
	}
}

int handover_pod(const struct ingot_handover *h, struct ingot_buf *out, struct ingot_err *err)
{
	const struct ingot_runtime *r = h->runtime;
	_cleanup_(ingot_arena_freep) struct ingot_arena *arena = ingot_arena_new();
	_cleanup_(ingot_buf_done) struct ingot_buf ports = INGOT_BUF(MIB(1));
	uint32_t lowest = 1024;
	ingot_pass(put_ports(r, &ports, &lowest, err));
	ingot_buf_str(out, "apiVersion: v1\nkind: Pod\nmetadata:\n");
	put_string(out, "  name", short_name(arena, h->image));
	ingot_buf_str(out, "spec:\n  automountServiceAccountToken: false\n  enableServiceLinks: false\n");
	if (r->gid || (lowest < 1024 && r->uid))
		ingot_buf_str(out, "  securityContext:\n");
	if (r->gid)
		ingot_buf_fmt(out, "    fsGroup: %u\n", r->gid);
	if (lowest < 1024 && r->uid)
		ingot_buf_fmt(out, "    sysctls:\n    - name: net.ipv4.ip_unprivileged_port_start\n      value: \"%u\"\n", lowest);
	ingot_buf_str(out, "  containers:\n");
	put_string(out, "  - name", short_name(arena, h->image));
	put_string(out, "    image", h->image);
	ingot_buf_span(out, ingot_buf_view(&ports));
	put_security(h, out);
	put_mounts(r, arena, out);
	put_volumes(r, arena, out);
	return 0;
}
