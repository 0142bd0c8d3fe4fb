/* A full disk (safety.md T3), a real one: a small tmpfs, of every size from nothing to enough, by bytes and by inodes.
 *
 * The work fails with an error that names the host and the way out; what was there stays readable; gc works on the full disk; and once there
 * is room the same work succeeds. */
#include "world.h"
#include <sched.h>
#include <sys/mount.h>

static char mount_point[200];

static bool write_text(const char *name, const char *text)
{
	int fd = open(name, O_WRONLY | O_CLOEXEC);
	bool good = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);
	if (fd >= 0)
		(void)close(fd);
	return good;
}

/* A mount namespace of our own; as an ordinary user with a user namespace around it. */
static bool own_namespace(void)
{
	unsigned uid = geteuid(), gid = getegid();
	if (uid != 0) {
		char map[64];
		if (unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0)
			return false;
		(void)snprintf(map, sizeof(map), "0 %u 1", uid);
		if (!write_text("/proc/self/setgroups", "deny") || !write_text("/proc/self/uid_map", map))
			return false;
		(void)snprintf(map, sizeof(map), "0 %u 1", gid);
		if (!write_text("/proc/self/gid_map", map))
			return false;
	} else if (unshare(CLONE_NEWNS) < 0) {
		return false;
	}
	return mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0;
}

static void remount(const char *options, bool anew)
{
	must(mount("tmpfs", mount_point, "tmpfs", anew ? 0 : MS_REMOUNT, options) == 0, options);
}

static int work(struct ingot_store *s, struct ingot_err *err)
{
	for (unsigned slot = 0; slot < 3; slot++) {
		ingot_pass(put_version(s, slot, 2, err));
		told->done[slot] = 2;
	}
	return check_out(s, 1, 2, err);
}

static char what[4000];

/* One size: 1 it was enough, 0 it was not and all went well, -1. */
static int one(const char *option, unsigned n)
{
	struct ingot_err err = INGOT_ERR_INIT;
	struct ingot_store *s = NULL;
	char options[100];
	remount("size=4m,mode=0700", true);
	memset(told, 0, sizeof(*told));
	must(ingot_store_open(world_path, NULL, &s, &err) == 0 && put_version(s, 5, 1, &err) == 0 && ingot_store_put(s, "garbage", 7, NULL, &err) == 0, err.msg);
	told->done[5] = 1;
	ingot_store_close(TAKE_PTR(s));
	/* what is used now, and n more */
	(void)snprintf(options, sizeof(options), "%s=%u", option, n);
	if (mount("tmpfs", mount_point, "tmpfs", MS_REMOUNT, options) < 0) {
		must(umount2(mount_point, MNT_DETACH) == 0, "umount");
		return 0; /* less than is in use already */
	}
	must(ingot_store_open(world_path, NULL, &s, &err) == 0, err.msg);
	int r = work(s, &err);
	const char *bad = NULL;
	uint64_t version = 0;
	struct ingot_err other = INGOT_ERR_INIT;
	if (r == -2 || (r < 0 && (err.code != INGOT_E_HOST || err.sys != ENOSPC || !strstr(err.hint, "ingot store gc"))))
		bad = r == -2 ? told->wrong : err.msg;
	else if (get_version(s, 5, &version, &other) != 1 || version != 1)
		bad = "what was there cannot be read";
	else if (ingot_store_gc(s, 1000000, 100, NULL, &other) < 0)
		bad = other.msg;
	ingot_store_close(TAKE_PTR(s));
	if (!bad && check_world(0) < 0)
		bad = told->wrong;
	remount("size=8m,nr_inodes=10000", false);
	must(ingot_store_open(world_path, NULL, &s, &other) == 0, other.msg);
	if (!bad && work(s, &other) < 0)
		bad = other.msg;
	ingot_store_close(s);
	if (bad)
		(void)snprintf(what, sizeof(what), "%s: %s", options, bad);
	must(umount2(mount_point, MNT_DETACH) == 0, "umount");
	return bad ? -1 : r == 0;
}

static void sweep(const char *option, unsigned step, unsigned most, const char *name)
{
	int r = 0;
	unsigned n = step, sizes = 0;
	for (; r == 0 && n < most; n += step, sizes++)
		r = one(option, n);
	printf("# %u sizes, up to %s=%u\n", sizes, option, n - step);
	if (r < 0)
		printf("# %s\n", what);
	ok(r == 1 && sizes > 10, name);
}

int main(void)
{
	world_new();
	(void)snprintf(mount_point, sizeof(mount_point), "%s", world_path);
	if (!own_namespace()) {
		printf("1..0 # SKIP no mount namespace here: %s\n", strerror(errno));
		world_rm();
		return 77;
	}
	sweep("size", 4096, 4 << 20, "every size of the disk");
	sweep("nr_inodes", 1, 1000, "every number of inodes");
	world_rm();
	return plan();
}
