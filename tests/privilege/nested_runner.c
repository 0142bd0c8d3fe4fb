/* nested_runner -- PROGRAM...: fake root inside a user namespace, as unshare --map-root-user and bwrap --unshare-user make it. */
#include "runner.h"

int main(int argc, char **argv)
{
	fake_root(CLONE_NEWNS);
	execute(argv + (argc > 1 && strcmp(argv[1], "--") == 0 ? 2 : 1));
}
