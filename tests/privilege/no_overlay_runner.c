/* no_overlay_runner DIR -- PROGRAM...: what lies below DIR (a store) is on a file system without attributes, to which overlayfs cannot write: an old kernel's tmpfs, NFS,
 * or the overlay of a container. */
#include "runner.h"

int main(int argc, char **argv)
{
	if (geteuid() != 0)
		fake_root(CLONE_NEWNS);
	else if (unshare(CLONE_NEWNS) < 0)
		die("unshare");
	if (argc < 3 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 || mount("ramfs", argv[1], "ramfs", MS_NOSUID, "mode=0700") < 0)
		die("mounting a file system without attributes");
	execute(argv + (strcmp(argv[2], "--") == 0 ? 3 : 2));
}
