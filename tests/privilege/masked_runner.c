/* masked_runner -- PROGRAM...: a container that may make namespaces, but whose /proc has masks on it, so that the kernel mounts no new one. */
#include "runner.h"

int main(int argc, char **argv)
{
	fake_root(CLONE_NEWNS | CLONE_NEWPID);
	go_on_in_child();
	if (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 || mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) < 0)
		die("/proc");
	mask_proc();
	execute(argv + (argc > 1 && strcmp(argv[1], "--") == 0 ? 2 : 1));
}
