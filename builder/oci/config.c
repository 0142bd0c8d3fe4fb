/* The image config (image-spec, config.md): compact, keys in the order of the specification's table. */
#include "documents.h"
#include <ingot/mem.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

int rfc3339(int64_t seconds, char ret[24])
{
	struct tm tm;
	if (seconds < 0 || seconds > 253402300799) /* 9999-12-31T23:59:59Z */
		return -1;
	time_t t = (time_t)seconds;
	if (!gmtime_r(&t, &tm))
		return -1;
	return strftime(ret, 24, "%Y-%m-%dT%H:%M:%SZ", &tm) == 20 ? 0 : -1;
}

static int by_name(const void *a, const void *b)
{
	const struct ingot_label *x = *(const struct ingot_label *const *)a, *y = *(const struct ingot_label *const *)b;
	return strcmp(x->name, y->name);
}

const struct ingot_label **sorted_labels(const struct ingot_label *labels, size_t n)
{
	const struct ingot_label **v = ingot_alloc_array(n + 1, sizeof(*v));
	for (size_t i = 0; i < n; i++)
		v[i] = &labels[i];
	qsort(v, n, sizeof(*v), by_name);
	return v;
}

void write_labels(struct ingot_json *j, const char *key, const struct ingot_label *const *labels, size_t n)
{
	ingot_json_object(j, key);
	for (size_t i = 0; i < n; i++)
		ingot_json_str(j, labels[i]->name, labels[i]->value);
	ingot_json_end(j, '}');
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void write_ports(struct ingot_json *j, const struct ingot_image *image)
{
	const char **v = ingot_alloc_array(image->n_ports, sizeof(*v));
	_cleanup_(ingot_freep) void *owner = v;
	for (size_t i = 0; i < image->n_ports; i++)
		v[i] = image->ports[i];
	qsort(v, image->n_ports, sizeof(*v), by_text);
	ingot_json_object(j, "ExposedPorts");
	for (size_t i = 0; i < image->n_ports; i++) {
		if (i && strcmp(v[i], v[i - 1]) == 0)
			continue; /* said twice means no more than once */
		ingot_json_object(j, v[i]);
		ingot_json_end(j, '}');
	}
	ingot_json_end(j, '}');
}

static void write_words(struct ingot_json *j, const char *key, const char *const *v, size_t n)
{
	ingot_json_array(j, key);
	for (size_t i = 0; i < n; i++)
		ingot_json_str(j, NULL, v[i]);
	ingot_json_end(j, ']');
}

static void write_run(struct ingot_json *j, const struct ingot_image *image)
{
	char user[32];
	(void)snprintf(user, sizeof(user), "%u:%u", image->uid, image->gid);
	ingot_json_object(j, "config");
	ingot_json_str(j, "User", user); /* numbers: a name would be looked up in a passwd that another layer may bring */
	if (image->n_ports)
		write_ports(j, image);
	if (image->n_env) {
		ingot_json_array(j, "Env");
		for (size_t i = 0; i < image->n_env; i++) {
			_cleanup_(ingot_freep) char *pair = ingot_strf("%s=%s", image->env[i].name, image->env[i].value);
			ingot_json_str(j, NULL, pair);
		}
		ingot_json_end(j, ']');
	}
	if (image->n_entrypoint)
		write_words(j, "Entrypoint", image->entrypoint, image->n_entrypoint);
	if (image->n_cmd)
		write_words(j, "Cmd", image->cmd, image->n_cmd);
	ingot_json_str(j, "WorkingDir", image->workdir ? image->workdir : "/");
	if (image->n_labels) {
		const struct ingot_label **v = sorted_labels(image->labels, image->n_labels);
		_cleanup_(ingot_freep) void *owner = v;
		write_labels(j, "Labels", v, image->n_labels);
	}
	if (image->stop_signal)
		ingot_json_str(j, "StopSignal", image->stop_signal);
	ingot_json_end(j, '}');
}

void config_json(const struct ingot_image *image, struct ingot_buf *out)
{
	struct ingot_json j = INGOT_JSON(out);
	char when[24] = "";
	ingot_assert(rfc3339(image->created, when) == 0);
	ingot_json_object(&j, NULL);
	ingot_json_str(&j, "created", when);
	ingot_json_str(&j, "architecture", image->architecture);
	if (image->variant)
		ingot_json_str(&j, "variant", image->variant);
	ingot_json_str(&j, "os", "linux");
	write_run(&j, image);
	ingot_json_object(&j, "rootfs");
	ingot_json_str(&j, "type", "layers");
	ingot_json_array(&j, "diff_ids");
	for (size_t i = 0; i < image->n_layers; i++)
		ingot_json_str(&j, NULL, INGOT_DIGEST(&image->layers[i].layer.diff_id));
	ingot_json_end(&j, ']');
	ingot_json_end(&j, '}');
	/* One entry a layer, none of them empty: dockerd refuses a history that counts more layers than there are. */
	ingot_json_array(&j, "history");
	for (size_t i = 0; i < image->n_layers; i++) {
		ingot_json_object(&j, NULL);
		ingot_json_str(&j, "created", when);
		ingot_json_str(&j, "created_by", image->layers[i].created_by ? image->layers[i].created_by : "ingot");
		ingot_json_end(&j, '}');
	}
	ingot_json_end(&j, ']');
	ingot_json_end(&j, '}');
}
