#include "documents.h"
#include <ingot/limits.h>
#include <ingot/mem.h>

static void descriptor(struct ingot_json *j, const char *key, const char *media_type, const struct ingot_digest *digest, uint64_t size)
{
	ingot_json_object(j, key);
	ingot_json_str(j, "mediaType", media_type);
	ingot_json_str(j, "digest", INGOT_DIGEST(digest));
	ingot_json_u64(j, "size", size);
}

void manifest_json(const struct ingot_image *image, const struct ingot_blob_ref *config, struct ingot_buf *out)
{
	struct ingot_json j = INGOT_JSON(out);
	ingot_json_object(&j, NULL);
	ingot_json_u64(&j, "schemaVersion", 2);
	ingot_json_str(&j, "mediaType", INGOT_MT_MANIFEST);
	descriptor(&j, "config", INGOT_MT_CONFIG, &config->digest, config->size);
	ingot_json_end(&j, '}');
	ingot_json_array(&j, "layers");
	for (size_t i = 0; i < image->n_layers; i++) {
		const struct ingot_layer *l = &image->layers[i].layer;
		descriptor(&j, NULL, ingot_compression_media_type(l->compression), &l->digest, l->size);
		ingot_json_end(&j, '}');
	}
	ingot_json_end(&j, ']');

	char when[24] = "";
	ingot_assert(rfc3339(image->created, when) == 0);
	struct ingot_label *v = ingot_alloc_array(image->n_annotations + 1, sizeof(*v));
	_cleanup_(ingot_freep) void *owner = v;
	if (image->n_annotations)
		memcpy(v, image->annotations, image->n_annotations * sizeof(*v));
	v[image->n_annotations] = (struct ingot_label){ "org.opencontainers.image.created", when };
	const struct ingot_label **by_name = sorted_labels(v, image->n_annotations + 1);
	_cleanup_(ingot_freep) void *owner2 = by_name;
	write_labels(&j, "annotations", by_name, image->n_annotations + 1);
	ingot_json_end(&j, '}');
}

void ingot_image_docs_done(struct ingot_image_docs *d)
{
	ingot_buf_done(&d->config_json);
	ingot_buf_done(&d->manifest_json);
}

int ingot_image_describe(const struct ingot_image *image, struct ingot_image_docs *ret, struct ingot_err *err)
{
	struct ingot_reference reference;
	ingot_pass(ingot_reference_parse(ingot_span_of(image->reference), &reference, err));
	ingot_pass(check_image(image, err));
	_cleanup_(ingot_image_docs_done) struct ingot_image_docs d = { .config_json = INGOT_BUF(INGOT_MAX_CONFIG), .manifest_json = INGOT_BUF(INGOT_MAX_MANIFEST) };
	d.reference = reference;
	config_json(image, &d.config_json);
	ingot_pass(ingot_buf_check(&d.config_json, "the image's config", err));
	d.config.size = d.config_json.n;
	d.config.fresh = true;
	ingot_sha256(d.config_json.p, d.config_json.n, &d.config.digest);
	manifest_json(image, &d.config, &d.manifest_json);
	ingot_pass(ingot_buf_check(&d.manifest_json, "the image's manifest", err));
	d.manifest.size = d.manifest_json.n;
	d.manifest.fresh = true;
	ingot_sha256(d.manifest_json.p, d.manifest_json.n, &d.manifest.digest);
	*ret = d;
	d.config_json = d.manifest_json = (struct ingot_buf){ 0 };
	return 0;
}

int ingot_image_make(struct ingot_store *s, const struct ingot_image *image, struct ingot_image_docs *ret, struct ingot_err *err)
{
	_cleanup_(ingot_image_docs_done) struct ingot_image_docs d = { 0 };
	ingot_try(err, ingot_image_describe(image, &d, err), "the image's documents");
	struct ingot_digest stored;
	ingot_pass(ingot_store_put(s, d.config_json.p, d.config_json.n, &stored, err));
	ingot_assert(ingot_digest_eq(&stored, &d.config.digest));
	ingot_pass(ingot_store_put(s, d.manifest_json.p, d.manifest_json.n, &stored, err));
	ingot_assert(ingot_digest_eq(&stored, &d.manifest.digest));
	*ret = d;
	d.config_json = d.manifest_json = (struct ingot_buf){ 0 };
	return 0;
}

int ingot_index_json(const struct ingot_index_facts *facts, struct ingot_buf *out, struct ingot_err *err)
{
	struct ingot_reference name;
	ingot_pass(ingot_reference_parse(ingot_span_of(facts->name), &name, err));
	struct ingot_json j = INGOT_JSON(out);
	ingot_json_object(&j, NULL);
	ingot_json_u64(&j, "schemaVersion", 2);
	ingot_json_str(&j, "mediaType", INGOT_MT_INDEX);
	/* One entry: every tool that takes an archive without a name takes it as the one image (interop 0.2). */
	ingot_json_array(&j, "manifests");
	descriptor(&j, NULL, facts->manifest_type ? facts->manifest_type : INGOT_MT_MANIFEST, &facts->manifest.digest, facts->manifest.size);
	ingot_json_object(&j, "platform");
	ingot_json_str(&j, "architecture", facts->architecture);
	ingot_json_str(&j, "os", facts->os);
	if (facts->variant)
		ingot_json_str(&j, "variant", facts->variant);
	ingot_json_end(&j, '}');
	ingot_json_object(&j, "annotations");
	ingot_json_str(&j, "org.opencontainers.image.ref.name", name.tag);      /* skopeo, oras, umoci: the tag alone */
	ingot_json_str(&j, "io.containerd.image.name", name.full);              /* docker, podman, ctr: the full name */
	ingot_json_str(&j, "kind", "dev.cosignproject.cosign/image");           /* cosign verify --local-image */
	ingot_json_end(&j, '}');
	ingot_json_end(&j, '}');
	ingot_json_end(&j, ']');
	ingot_json_end(&j, '}');
	return ingot_buf_check(out, "index.json", err);
}

int ingot_docker_json(const char *name, const struct ingot_digest *config, const struct ingot_digest *layers, size_t n_layers, struct ingot_buf *out,
		      struct ingot_err *err)
{
	struct ingot_reference r;
	ingot_pass(ingot_reference_parse(ingot_span_of(name), &r, err));
	struct ingot_json j = INGOT_JSON(out);
	char path[96] = "blobs/sha256/";
	ingot_json_array(&j, NULL);
	ingot_json_object(&j, NULL);
	(void)ingot_digest_hex(config, path + 13);
	ingot_json_str(&j, "Config", path);
	ingot_json_array(&j, "RepoTags");
	ingot_json_str(&j, NULL, r.familiar);
	ingot_json_end(&j, ']');
	ingot_json_array(&j, "Layers");
	for (size_t i = 0; i < n_layers; i++) {
		(void)ingot_digest_hex(&layers[i], path + 13);
		ingot_json_str(&j, NULL, path);
	}
	ingot_json_end(&j, ']');
	ingot_json_end(&j, '}');
	ingot_json_end(&j, ']');
	return ingot_buf_check(out, "manifest.json", err);
}
