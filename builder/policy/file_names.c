#include "names.h"
#include <ingot/glob.h>
#include <ingot/path.h>

struct named {
	const char *pattern; /* of the whole path */
	const char *is;
};

/* Names under which people keep what nobody else may have. Contents that show it are found wherever they lie; this is for what no form shows. */
static const struct named private_files[] = {
	{ "**/.env", "a file of settings, which are mostly secret" },
	{ "**/.env.*", "a file of settings, which are mostly secret" },
	{ "**/.netrc", "a file of passwords" },
	{ "**/.pgpass", "a file of passwords" },
	{ "**/.my.cnf", "a file of passwords" },
	{ "**/.git-credentials", "a file of passwords" },
	{ "**/.npmrc", "a file of registry tokens" },
	{ "**/.pypirc", "a file of registry tokens" },
	{ "**/.cargo/credentials.toml", "a file of registry tokens" },
	{ "**/.docker/config.json", "a file of registry logins" },
	{ "**/.dockercfg", "a file of registry logins" },
	{ "**/.config/containers/auth.json", "a file of registry logins" },
	{ "**/.aws/credentials", "a file of cloud keys" },
	{ "**/.azure/*.json", "a file of cloud keys" },
	{ "**/.config/gcloud/**", "a file of cloud keys" },
	{ "**/.boto", "a file of cloud keys" },
	{ "**/.s3cfg", "a file of cloud keys" },
	{ "**/.vault-token", "a token" },
	{ "**/.kube/config", "a file of cluster keys" },
	{ "**/kubeconfig", "a file of cluster keys" },
	{ "**/*.tfstate", "a state of Terraform, which holds secrets as they are" },
	{ "**/id_rsa", "an SSH key" },
	{ "**/id_dsa", "an SSH key" },
	{ "**/id_ecdsa", "an SSH key" },
	{ "**/id_ed25519", "an SSH key" },
	{ "**/*.ppk", "an SSH key" },
	{ "**/*.p12", "a store of private keys" },
	{ "**/*.pfx", "a store of private keys" },
	{ "**/*.kdbx", "a store of passwords" },
	{ "**/*.key", "a private key" },
	{ "**/*-key.pem", "a private key" },
	{ "**/*_key.pem", "a private key" },
	{ "**/key.pem", "a private key" },
	{ "**/privkey*.pem", "a private key" },
	{ "etc/ssh/ssh_host_*_key", "a host key, which all containers would share" },
	{ "**/.gnupg/**", "a keyring" },
	{ "**/.bash_history", "a history of what somebody typed" },
	{ "**/.ash_history", "a history of what somebody typed" },
	{ "**/.zsh_history", "a history of what somebody typed" },
	{ "**/.psql_history", "a history of what somebody typed" },
	{ "**/.mysql_history", "a history of what somebody typed" },
	{ "**/.python_history", "a history of what somebody typed" },
};

/* Public keys and certificates of distributions, which are named alike. */
static const char *const trusted[] = { "usr/share", "etc/ssl/certs", "etc/pki/ca-trust", "etc/apt/trusted.gpg.d", "usr/lib/ssl", "etc/dns", "var/lib/unbound", "usr/local/share/ca-certificates" };

/* What belongs to a project's directory, and shows that the whole of it was copied. */
static const struct named leftovers[] = {
	{ "**/.git", "a repository: every version of every file, deleted secrets among them" },
	{ "**/.hg", "a repository: every version of every file, deleted secrets among them" },
	{ "**/.svn", "data of a version control system" },
	{ "**/.bzr", "a repository: every version of every file, deleted secrets among them" },
	{ "**/CVS", "data of a version control system" },
	{ "**/.DS_Store", "a list of a desktop's file manager" },
	{ "**/Thumbs.db", "a list of a desktop's file manager" },
	{ "**/.*.sw[op]", "an editor's copy of a file" },
	{ "**/*~", "an editor's copy of a file" },
	{ "**/*.orig", "what a merge has left" },
	{ "**/*.rej", "what a merge has left" },
	{ "**/core.[0-9]*", "a memory dump of a program, with all that it knew" },
	{ "**/vgcore.*", "a memory dump of a program, with all that it knew" },
	{ "**/hs_err_pid*.log", "a memory dump of a program, with all that it knew" },
	{ "**/Dockerfile", "a recipe of an image" },
	{ "**/Dockerfile.*", "a recipe of an image" },
	{ "**/Containerfile", "a recipe of an image" },
	{ "**/.dockerignore", "a recipe of an image" },
	{ "**/docker-compose*.y*ml", "a description of a deployment" },
	{ "**/compose.y*ml", "a description of a deployment" },
	{ "**/.gitlab-ci.yml", "a description of a pipeline" },
	{ "**/.github/workflows", "a description of a pipeline" },
	{ "**/.travis.yml", "a description of a pipeline" },
	{ "**/Jenkinsfile", "a description of a pipeline" },
	{ "**/Vagrantfile", "a description of a machine" },
	{ "**/.idea", "settings of an editor" },
	{ "**/.vscode", "settings of an editor" },
	{ "**/.terraform", "working data of Terraform" },
	{ "**/.pytest_cache", "results of tests" },
	{ "**/.mypy_cache", "results of tests" },
	{ "**/.tox", "results of tests" },
	{ "**/.nyc_output", "results of tests" },
	{ "**/.coverage", "results of tests" },
	{ "**/node_modules/.cache", "a cache of a build" },
};

/* What package managers leave. */
static const struct named caches[] = {
	{ "var/lib/apt/lists/*_*", "an index of a package manager" },
	{ "var/cache/apt/*.bin", "a cache of a package manager" },
	{ "var/cache/apt/archives/*.deb", "a cache of a package manager" },
	{ "var/cache/apk/*", "a cache of a package manager" },
	{ "etc/apk/cache/*", "a cache of a package manager" },
	{ "var/cache/yum/*", "a cache of a package manager" },
	{ "var/cache/dnf/*", "a cache of a package manager" },
	{ "var/cache/pacman/pkg/*", "a cache of a package manager" },
	{ "**/.cache/pip", "a cache of a package manager" },
	{ "**/.npm/_cacache", "a cache of a package manager" },
	{ "**/.cache/yarn", "a cache of a package manager" },
	{ "**/.cache/go-build", "a cache of a compiler" },
	{ "**/.cargo/registry", "a cache of a package manager" },
	{ "**/.m2/repository", "a cache of a package manager" },
	{ "**/.gradle/caches", "a cache of a package manager" },
};

static bool is_wild(char c)
{
	return c == '*' || c == '?' || c == '[' || c == ']';
}

/* "dir" as a pattern means all below it, too; here the directory itself is meant, and is enough. */
static const char *find(const struct named *v, size_t n, struct ingot_span path)
{
	struct ingot_span base = ingot_path_base(path);
	for (size_t i = 0; i < n; i++) {
		struct ingot_span p = ingot_span_of(v[i].pattern);
		char end = p.p[p.n - 1];
		/* The last byte decides most of it, and the first the rest: this is asked of every name of an image. */
		if (!base.n || (!is_wild(end) && end != base.p[base.n - 1]))
			continue;
		struct ingot_span last = ingot_path_base(p);
		if ((!is_wild(last.p[0]) && last.p[0] != base.p[0]) || (!ingot_span_is(last, "**") && !ingot_glob_match(last, base)))
			continue;
		if (ingot_glob_match(p, path))
			return v[i].is;
	}
	return NULL;
}

const char *private_name(struct ingot_span path, enum ingot_type type)
{
	if (type != INGOT_FILE)
		return NULL;
	for (size_t i = 0; i < sizeof(trusted) / sizeof(trusted[0]); i++)
		if (ingot_path_under(path, ingot_span_of(trusted[i])))
			return NULL;
	if (ingot_span_ends(path, ".env.example") || ingot_span_ends(path, ".env.sample") || ingot_span_ends(path, ".env.template"))
		return NULL;
	return find(private_files, sizeof(private_files) / sizeof(private_files[0]), path);
}

const char *leftover_name(struct ingot_span path, const struct ingot_node *node)
{
	if (node->type == INGOT_LINK || ingot_path_under(path, INGOT_SPAN("usr/share")))
		return NULL;
	/* The name alone says little: Linux writes them for their owner alone. */
	if (ingot_span_is(ingot_path_base(path), "core") && node->type == INGOT_FILE && node->size >= 4096 && !(node->mode & 0177))
		return "a memory dump of a program, with all that it knew";
	return find(leftovers, sizeof(leftovers) / sizeof(leftovers[0]), path);
}

const char *cache_name(struct ingot_span path, enum ingot_type type)
{
	return type == INGOT_LINK ? NULL : find(caches, sizeof(caches) / sizeof(caches[0]), path);
}
