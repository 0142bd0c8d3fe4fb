/* no_overlay_runner -- PROGRAM...: what lies below TMPDIR (a store) is on a file system without attributes, to which overlayfs cannot write: an old kernel's tmpfs, NFS,
 * or the overlay of a container. */
#include "runner.h"

int main(int argc, char **argv)
{
	const char *tmp = getenv("TMPDIR");
	if (geteuid() != 0)
		fake_root(CLONE_NEWNS);
	else if (unshare(CLONE_NEWNS) < 0)
		die("unshare");
	if (!tmp || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 || mount("ramfs", tmp, "ramfs", MS_NOSUID, NULL) < 0)
		die(tmp ? tmp : "TMPDIR");
	execute(argv + (argc > 1 && strcmp(argv[1], "--") == 0 ? 2 : 1));
}
