#include "jail.h"
#include <errno.h>
#include <fcntl.h>
#include <ingot/fd.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* From linux/landlock.h (uapi, stable); Debian 12's copy ends at ABI 2. */
#define LL_FS_READ_FILE (1ULL << 2)
#define LL_FS_READ_DIR (1ULL << 3)
#define LL_FS_REFER (1ULL << 13)
#define LL_CREATE_RULESET_VERSION 1U
#define LL_RULE_PATH_BENEATH 1
#define LL_NET_BIND_TCP (1ULL << 0)
#define LL_NET_CONNECT_TCP (1ULL << 1)
#define LL_SCOPE_ABSTRACT_UNIX_SOCKET (1ULL << 0)
#define LL_SCOPE_SIGNAL (1ULL << 1)
struct ll_ruleset {
	uint64_t fs, net, scoped;
};
struct ll_beneath {
	uint64_t allowed;
	int32_t fd;
} __attribute__((packed));
#define LL_CREATE 444
#define LL_ADD 445
#define LL_RESTRICT 446

/* What a resolver and a TLS library read. Directories of private keys (/etc/ssl/private) are not among them. */
static const char *const network_files[] = {
	"/etc/resolv.conf", "/etc/hosts", "/etc/host.conf", "/etc/nsswitch.conf", "/etc/gai.conf", "/etc/services", "/etc/protocols", "/etc/ld.so.cache",
	"/etc/ssl/certs", "/etc/ssl/openssl.cnf", "/etc/ssl/cert.pem", "/etc/pki/tls/certs", "/etc/pki/tls/openssl.cnf", "/etc/pki/ca-trust/extracted",
	"/etc/ca-certificates", "/etc/crypto-policies", "/usr/share/ca-certificates", "/usr/local/share/ca-certificates", "/usr/share/pki", "/usr/share/crypto-policies",
	"/usr/lib/ssl", "/usr/lib", "/usr/lib64", "/lib", "/lib64", "/run/systemd/resolve", "/run/resolvconf", "/run/NetworkManager", "/dev/urandom", "/dev/random", "/dev/null",
};

static int allow_reading(int ruleset, const char *path, struct ingot_err *err)
{
	_cleanup_(ingot_closep) int fd = open(path, O_PATH | O_CLOEXEC);
	struct stat st;
	if (fd < 0 || fstat(fd, &st) < 0)
		return 0; /* not on this host */
	struct ll_beneath rule = { .allowed = LL_FS_READ_FILE, .fd = fd };
	if (S_ISDIR(st.st_mode))
		rule.allowed |= LL_FS_READ_DIR;
	if (syscall(LL_ADD, ruleset, LL_RULE_PATH_BENEATH, &rule, 0) < 0)
		return ingot_fail_sys(err, INGOT_E_HOST, "Landlock: allowing %s", path);
	return 0;
}

/* What stays possible of what is handled. */
struct left {
	bool network; /* connecting, and the files of a resolver */
	const int *dirs;
	size_t n_dirs;
	bool reading; /* below dirs */
};

long ingot_landlock_abi(void)
{
	return syscall(LL_CREATE, NULL, 0, LL_CREATE_RULESET_VERSION);
}

static int allow_below(int ruleset, int dir, uint64_t rights, struct ingot_err *err)
{
	struct ll_beneath rule = { .allowed = rights, .fd = dir };
	if (syscall(LL_ADD, ruleset, LL_RULE_PATH_BENEATH, &rule, 0) < 0)
		return ingot_fail_sys(err, INGOT_E_HOST, "Landlock: allowing a directory");
	return 0;
}

static int enter(unsigned what, const struct left *left, struct ingot_err *err)
{
	long abi = ingot_landlock_abi();
	bool network = left->network;
	if (abi < 1 || (what == INGOT_LANDLOCK_SCOPE && abi < INGOT_LANDLOCK_ABI_SCOPE) || (left->n_dirs && abi < INGOT_LANDLOCK_ABI_BELOW))
		return 1; /* ENOSYS: old kernel or a filter around us; EOPNOTSUPP: switched off at boot */
	/* All rights that this ABI knows are handled, so that none is left open. */
	static const uint64_t fs_rights[] = { 0, (1ULL << 13) - 1, (1ULL << 14) - 1, (1ULL << 15) - 1, (1ULL << 15) - 1 };
	struct ll_ruleset r = { 0 };
	if (what & INGOT_LANDLOCK_FILES) {
		r.fs = abi < 5 ? fs_rights[abi] : (1ULL << 16) - 1;
		if (abi >= 4)
			r.net = network ? LL_NET_BIND_TCP : LL_NET_BIND_TCP | LL_NET_CONNECT_TCP;
	}
	if ((what & INGOT_LANDLOCK_SCOPE) && abi >= INGOT_LANDLOCK_ABI_SCOPE)
		r.scoped = LL_SCOPE_ABSTRACT_UNIX_SOCKET | LL_SCOPE_SIGNAL;
	/* A rule set that says nothing of this right takes it away (landlock(7): "denied by default"): renaming and linking into another directory would end. */
	if (!r.fs && abi >= INGOT_LANDLOCK_ABI_BELOW)
		r.fs = LL_FS_REFER;
	size_t size = abi < 4 ? sizeof(r.fs) : abi < 6 ? 2 * sizeof(uint64_t) : sizeof(r);
	_cleanup_(ingot_closep) int ruleset = (int)syscall(LL_CREATE, &r, size, 0);
	if (ruleset < 0)
		return ingot_fail_sys(err, INGOT_E_HOST, "Landlock: making a rule set (ABI %ld)", abi);
	for (size_t i = 0; network && i < sizeof(network_files) / sizeof(network_files[0]); i++)
		ingot_pass(allow_reading(ruleset, network_files[i], err));
	if (r.fs == LL_FS_REFER) {
		_cleanup_(ingot_closep) int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
		ingot_pass(allow_below(ruleset, root, LL_FS_REFER, err));
	}
	for (size_t i = 0; i < left->n_dirs; i++)
		ingot_pass(allow_below(ruleset, left->dirs[i], left->reading ? LL_FS_READ_FILE | LL_FS_READ_DIR : r.fs, err));
	if (syscall(LL_RESTRICT, ruleset, 0) < 0)
		return ingot_fail_sys(err, INGOT_E_HOST, "Landlock: entering the rule set (ABI %ld)", abi);
	return 0;
}

int ingot_landlock(unsigned what, struct ingot_err *err)
{
	return enter(what, &(struct left){ 0 }, err);
}

int ingot_landlock_below(unsigned what, const int *dirs, size_t n_dirs, bool reading, struct ingot_err *err)
{
	return enter(what, &(struct left){ .dirs = dirs, .n_dirs = n_dirs, .reading = reading }, err);
}

int ingot_landlock_set(enum ingot_jail jail, struct ingot_err *err)
{
	return enter(INGOT_LANDLOCK_FILES | INGOT_LANDLOCK_SCOPE, &(struct left){ .network = jail == INGOT_JAIL_NETWORK }, err);
}

int ingot_landlock_verify(struct ingot_err *err)
{
	static const char *const closed[] = { "/", "/etc/passwd", "/proc/self/maps", "/usr/bin/env" };
	for (size_t i = 0; i < sizeof(closed) / sizeof(closed[0]); i++) {
		_cleanup_(ingot_closep) int fd = open(closed[i], O_RDONLY | O_CLOEXEC);
		if (fd >= 0 || (errno != EACCES && errno != ENOENT))
			return ingot_fail(err, INGOT_E_BUG, "the jail does not hold: Landlock lets %s be opened", closed[i]);
	}
	_cleanup_(ingot_closep) int fd = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0 || errno != EACCES)
		return ingot_fail(err, INGOT_E_BUG, "the jail does not hold: Landlock lets / be listed");
	return 0;
}
