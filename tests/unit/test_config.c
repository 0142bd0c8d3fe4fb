/* The documents of an image: exact bytes, and what no tool should ever see. */
#include "oci_support.h"

static struct ingot_image_layer layers[2];
static struct ingot_image image;

static void fresh(void)
{
	err = (struct ingot_err)INGOT_ERR_INIT;
	memset(layers[0].layer.digest.b, 0x11, 32);
	memset(layers[0].layer.diff_id.b, 0x22, 32);
	layers[0].layer.size = 1234;
	layers[0].created_by = "packages: a \"b\"";
	image = (struct ingot_image){ .reference = "registry.example.com/demo/app:1.0", .created = 1700000000, .architecture = "amd64", .layers = layers, .n_layers = 1 };
}

#define HEX32(x) x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x

START_TEST(smallest)
{
	_cleanup_(ingot_image_docs_done) struct ingot_image_docs d = { 0 };
	ok(ingot_image_describe(&image, &d, &err));
	ck_assert_str_eq(d.config_json.p, "{\"created\":\"2023-11-14T22:13:20Z\",\"architecture\":\"amd64\",\"os\":\"linux\",\"config\":{\"User\":\"0:0\",\"WorkingDir\":\"/\"},"
					  "\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"sha256:" HEX32("22") "\"]},"
					  "\"history\":[{\"created\":\"2023-11-14T22:13:20Z\",\"created_by\":\"packages: a \\\"b\\\"\"}]}");
	char hex[65];
	_cleanup_(ingot_freep) char *expected = ingot_strf(
		"{\"schemaVersion\":2,\"mediaType\":\"application/vnd.oci.image.manifest.v1+json\",\"config\":{\"mediaType\":\"application/vnd.oci.image.config.v1+json\",\"digest\":\"sha256:%s\",\"size\":%zu},"
		"\"layers\":[{\"mediaType\":\"application/vnd.oci.image.layer.v1.tar+zstd\",\"digest\":\"sha256:" HEX32("11") "\",\"size\":1234}],"
		"\"annotations\":{\"org.opencontainers.image.created\":\"2023-11-14T22:13:20Z\"}}",
		ingot_digest_hex(&d.config.digest, hex), d.config_json.n);
	ck_assert_str_eq(d.manifest_json.p, expected);
	struct ingot_digest is;
	ingot_sha256(d.manifest_json.p, d.manifest_json.n, &is);
	ck_assert(ingot_digest_eq(&is, &d.manifest.digest));
}
END_TEST

START_TEST(everything_in_its_place)
{
	static const char *const entrypoint[] = { "/bin/a", "\xc3\xa4" }, *const cmd[] = { "-x" }, *const ports[] = { "8080/tcp", "53/udp", "8080/tcp" };
	static const struct ingot_label env[] = { { "Z", "1" }, { "A", "=x=" } }, labels[] = { { "b", "" }, { "a", "1" } },
					 annotations[] = { { "z", "1" }, { "org.opencontainers.image.a", "2" } };
	image.variant = "v8";
	image.uid = 10001;
	image.gid = 4294967294U;
	image.entrypoint = entrypoint;
	image.n_entrypoint = 2;
	image.cmd = cmd;
	image.n_cmd = 1;
	image.env = env;
	image.n_env = 2;
	image.ports = ports;
	image.n_ports = 3;
	image.labels = labels;
	image.n_labels = 2;
	image.annotations = annotations;
	image.n_annotations = 2;
	image.workdir = "/srv";
	image.stop_signal = "SIGQUIT";
	_cleanup_(ingot_image_docs_done) struct ingot_image_docs d = { 0 };
	ok(ingot_image_describe(&image, &d, &err));
	ck_assert_ptr_nonnull(strstr(d.config_json.p, "\"architecture\":\"amd64\",\"variant\":\"v8\",\"os\":\"linux\",\"config\":{\"User\":\"10001:4294967294\",\"ExposedPorts\":{\"53/udp\":{},\"8080/tcp\":{}},"
						      "\"Env\":[\"Z=1\",\"A==x=\"],\"Entrypoint\":[\"/bin/a\",\"\xc3\xa4\"],\"Cmd\":[\"-x\"],\"WorkingDir\":\"/srv\",\"Labels\":{\"a\":\"1\",\"b\":\"\"},\"StopSignal\":\"SIGQUIT\"}"));
	ck_assert_ptr_nonnull(strstr(d.manifest_json.p, "\"annotations\":{\"org.opencontainers.image.a\":\"2\",\"org.opencontainers.image.created\":\"2023-11-14T22:13:20Z\",\"z\":\"1\"}}"));
}
END_TEST

/* Trap 7: dockerd refuses a history that counts more layers than there are. */
START_TEST(history_counts_layers)
{
	layers[1] = layers[0];
	layers[1].created_by = NULL;
	image.n_layers = 2;
	_cleanup_(ingot_image_docs_done) struct ingot_image_docs d = { 0 };
	ok(ingot_image_describe(&image, &d, &err));
	const char *h = strstr(d.config_json.p, "\"history\":[");
	ck_assert_ptr_nonnull(h);
	size_t n = 0;
	for (const char *p = h; (p = strstr(p, "\"created_by\"")); p++)
		n++;
	ck_assert_uint_eq(n, 2);
	ck_assert_ptr_null(strstr(d.config_json.p, "empty_layer"));
}
END_TEST

static const char *const not_utf8[] = { "\xff" };
static const struct ingot_label twice[] = { { "A", "1" }, { "A", "2" } }, no_name[] = { { "", "1" } }, equals[] = { { "A=B", "1" } }, made_here[] = { { "org.opencontainers.image.created", "x" } };
static const char *const bad_ports[] = { "0/tcp", "65536/tcp", "80", "80/http", "80/tcp/x", "080/tcp", "/tcp" };

static void spoil(int how)
{
	switch (how) {
	case 0: image.created = -1; break;
	case 1: image.created = 253402300800; break;
	case 2: image.n_layers = 0; break; /* umoci panics on it */
	case 3: image.architecture = NULL; break;
	case 4: image.architecture = "\xff"; break;
	case 5: image.entrypoint = not_utf8; image.n_entrypoint = 1; break;
	case 6: image.env = twice; image.n_env = 2; break;
	case 7: image.env = equals; image.n_env = 1; break;
	case 8: image.labels = no_name; image.n_labels = 1; break;
	case 9: image.labels = twice; image.n_labels = 2; break;
	case 10: image.annotations = made_here; image.n_annotations = 1; break;
	case 11: image.workdir = "srv"; break;
	case 12: image.workdir = "/a/../b"; break;
	case 13: image.stop_signal = "TERM"; break;
	case 14: image.stop_signal = "0"; break;
	case 15: image.stop_signal = "SIGterm"; break;
	case 16: image.reference = "App"; break;
	case 17: layers[0].created_by = "\xff"; break;
	default: image.ports = &bad_ports[how - 18]; image.n_ports = 1; break;
	}
}

START_TEST(refused_images)
{
	_cleanup_(ingot_image_docs_done) struct ingot_image_docs d = { 0 };
	spoil(_i);
	refused(ingot_image_describe(&image, &d, &err), INGOT_E_INPUT);
}
END_TEST

/* Traps 9 and 10: one entry, with the three annotations. These are the bytes that cosign, skopeo, docker and the others were tried with. */
START_TEST(index_is_the_sample)
{
	struct ingot_index_facts f = { .name = "registry.example.com/demo/app:1.0", .architecture = "amd64", .os = "linux", .manifest.size = 405 };
	ck_assert_int_eq(ingot_digest_parse(INGOT_SPAN("sha256:8e05f2724a07435683c81f70753987d7a3d9c2e4e0643c8b24d34c0177314c37"), &f.manifest.digest), 0);
	_cleanup_(ingot_buf_done) struct ingot_buf b = INGOT_BUF(4096);
	ok(ingot_index_json(&f, &b, &err));
	ck_assert_str_eq(b.p, "{\"schemaVersion\":2,\"mediaType\":\"application/vnd.oci.image.index.v1+json\",\"manifests\":[{\"mediaType\":\"application/vnd.oci.image.manifest.v1+json\",\"digest\":"
			      "\"sha256:8e05f2724a07435683c81f70753987d7a3d9c2e4e0643c8b24d34c0177314c37\",\"size\":405,\"platform\":{\"architecture\":\"amd64\",\"os\":\"linux\"},\"annotations\":{"
			      "\"org.opencontainers.image.ref.name\":\"1.0\",\"io.containerd.image.name\":\"registry.example.com/demo/app:1.0\",\"kind\":\"dev.cosignproject.cosign/image\"}}]}");
	ingot_buf_clear(&b);
	ok(ingot_docker_json("app:x", &f.manifest.digest, &f.manifest.digest, 1, &b, &err));
	ck_assert_str_eq(b.p, "[{\"Config\":\"blobs/sha256/8e05f2724a07435683c81f70753987d7a3d9c2e4e0643c8b24d34c0177314c37\",\"RepoTags\":[\"app:x\"],\"Layers\":["
			      "\"blobs/sha256/8e05f2724a07435683c81f70753987d7a3d9c2e4e0643c8b24d34c0177314c37\"]}]");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("config");
	TCase *t = tcase_create("config");
	tcase_add_checked_fixture(t, fresh, NULL);
	tcase_add_test(t, smallest);
	tcase_add_test(t, everything_in_its_place);
	tcase_add_test(t, history_counts_layers);
	tcase_add_loop_test(t, refused_images, 0, 18 + (int)(sizeof(bad_ports) / sizeof(bad_ports[0])));
	tcase_add_test(t, index_is_the_sample);
	suite_add_tcase(s, t);
	return run_suite(s);
}
