/* The recipe language. Each line here is a key: decoded, described in the schema and documented from this one place. */
#include "recipe_finish.h"
#include "rules.h"
#include <ingot/limits.h>

#define N(a) sizeof(a) / sizeof((a)[0])
#define AT(type, member) offsetof(struct type, member)

static const char *const w_distributions[] = { "debian", NULL };
static const char *const w_architectures[] = { "amd64", NULL };
static const char *const w_later_architectures[] = { "arm64", "armhf", "i386", "ppc64el", "riscv64", "s390x", NULL };
static const char *const w_compressions[] = { "zstd", "gzip", NULL };
static const char *const w_networks[] = { "none", "host", NULL };
static const char *const w_later_networks[] = { "all", "fetch", NULL };
static const char *const w_signals[] = { "SIGHUP", "SIGINT", "SIGQUIT", "SIGABRT", "SIGKILL", "SIGUSR1", "SIGUSR2", "SIGALRM", "SIGTERM", "SIGCONT", "SIGSTOP", "SIGWINCH", "SIGRTMIN+3", NULL };
static const char *const w_profiles[] = { "default", "strict", "release", NULL };

static const struct field f_source[] = {
	{ "packages", SLOT_STRING, 0, AT(ingot_source, distribution), .words = w_distributions, .example = "\"debian\"",
	  .doc = "Packages of this distribution. Which mirror they come from is the host's business (option, configuration, or its own apt sources)." },
	{ "suites", SLOT_STRINGS, NONEMPTY, AT(ingot_source, suites), .rule = &rule_suite, .with = "packages", .example = "[\"bookworm\", \"bookworm-updates\", \"bookworm-security\"]",
	  .fallback = "[\"bookworm\", \"bookworm-updates\", \"bookworm-security\"]", .doc = "Suites of the archive, all searched; the newest version of a package wins." },
	{ "components", SLOT_STRINGS, NONEMPTY, AT(ingot_source, components), .rule = &rule_suite, .with = "packages", .example = "[\"main\"]", .fallback = "[\"main\"]",
	  .doc = "Components of the suites." },
	{ "files", SLOT_STRING, 0, AT(ingot_source, root), .rule = &rule_relative, .example = "\".\"", .doc = "Files of the project: a directory relative to the recipe's own." },
	{ "include", SLOT_STRINGS, NONEMPTY | REQUIRED, AT(ingot_source, include), .rule = &rule_glob, .with = "files", .example = "[\"main.c\", \"static/**\"]",
	  .doc = "Which of the files: an allow-list of patterns. * stays within a directory, ** crosses directories. Nothing else is ever read." },
	{ "exclude", SLOT_STRINGS, 0, AT(ingot_source, exclude), .rule = &rule_glob, .with = "files", .example = "[\"static/*.tmp\"]", .doc = "Cuts files out of what include lists." },
	{ "image", SLOT_STRING, LATER, AT(ingot_source, reference), .rule = &rule_image, .example = "\"oci-archive:base.tar\"",
	  .doc = "A base image: an archive, a layout or a registry reference. Its digest is locked; nothing of its config is inherited." },
	{ "verify", SLOT_STRING, 0, AT(ingot_source, verify), .rule = &rule_relative, .with = "image", .example = "\"keys/base.pub\"", .doc = "The public key that must have signed the base image." },
	{ "fetch", SLOT_STRING, LATER, AT(ingot_source, reference), .rule = &rule_url, .example = "\"https://example.org/tzdata.tar.gz\"", .doc = "A file from the web, locked by its sha256." },
	{ "sha256", SLOT_STRING, 0, AT(ingot_source, sha256), .rule = &rule_sha256, .with = "fetch", .example = "\"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\"",
	  .doc = "What the fetched file must hash to." },
	{ "unpack", SLOT_BOOL, 0, AT(ingot_source, unpack), .with = "fetch", .fallback = "false", .doc = "Whether the fetched file is an archive whose content is meant." },
};
static const struct object o_source = { "a source", "One thing that comes from outside. Exactly one of packages, files, image and fetch says what it is.", f_source, N(f_source), sizeof(struct ingot_source),
					AT(ingot_source, at), { "packages", "files", "image", "fetch" }, .finish = finish_source };

static const struct field f_packages[] = {
	{ "from", SLOT_STRING, 0, AT(ingot_install, from), .rule = &rule_name, .example = "\"debian\"",
	  .doc = "The packages source; may be left out when there is only one. Without any, a source named debian with the default suites is implied." },
	{ "install", SLOT_STRINGS, REQUIRED | NONEMPTY, AT(ingot_install, install), .rule = &rule_package, .example = "[\"nginx\", \"ca-certificates\"]",
	  .doc = "Packages to install, NAME or NAME=VERSION. Their dependencies follow; recommended packages do not." },
	{ "exclude", SLOT_STRINGS, 0, AT(ingot_install, exclude), .rule = &rule_package_name, .example = "[\"perl-base\"]",
	  .doc = "Dependencies that are left out on purpose, with everything that only they needed." },
	{ "skip-scripts", SLOT_PAIRS, 0, AT(ingot_install, skip_scripts), .rule = &rule_line, .key_rule = &rule_package_name, .example = "{\"nginx\": \"restarts a service\"}",
	  .doc = "Packages whose maintainer scripts the image does not need, each with the reason: ends the warning about what such a script would do." },
	{ "configure", SLOT_BOOL, 0, AT(ingot_install, configure), .fallback = "false",
	  .doc = "Run the packages' maintainer scripts in the sandbox, by dpkg itself, in place of the built-in transforms. What the scripts need beyond the packages is locked with them and does not enter the image." },
};
static const struct object o_packages = { "packages", "Packages to unpack. A plain list is short for {install: list}.", f_packages, N(f_packages), sizeof(struct ingot_install), AT(ingot_install, at),
					  .list_key = "install" };

static const struct field f_copy[] = {
	{ "from", SLOT_STRING, REQUIRED, AT(ingot_copy, from), .rule = &rule_name, .example = "\"app\"", .doc = "The stage or source to copy from." },
	{ "path", SLOT_STRING, 0, AT(ingot_copy, path), .rule = &rule_copy_path, .example = "\"/out/usr/bin/web\"",
	  .doc = "What to copy: absolute in a stage; relative to the root of a files source, whose whole content is meant when it is left out." },
	{ "to", SLOT_STRING, REQUIRED, AT(ingot_copy, to), .rule = &rule_absolute, .example = "\"/usr/bin/web\"", .doc = "Where it goes. With a slash at the end: into this directory." },
	{ "mode", SLOT_MODE, SCALARS, AT(ingot_copy, mode), .rule = &rule_mode, .example = "\"0640\"", .doc = "Mode of copied files. Left out: out of a stage as it is there, set-id bits included; out of a files source 0755 for what is executable, 0644 for the rest." },
};
static const struct object o_copy = { "a copy", "Copies a file or directory.", f_copy, N(f_copy), sizeof(struct ingot_copy), AT(ingot_copy, at), .finish = finish_copy };

static const struct field f_tmpfs[] = {
	{ "path", SLOT_STRING, REQUIRED, AT(ingot_tmpfs, path), .rule = &rule_directory, .example = "\"/var/tmp/work\"", .doc = "Where it is." },
	{ "size", SLOT_SIZE, SCALARS, AT(ingot_tmpfs, size), .rule = &rule_size, .example = "\"4GiB\"", .fallback = "\"1GiB\"", .doc = "The most that it holds." },
};
static const struct object o_tmpfs = { "a tmpfs", "A directory in memory, empty at first and gone after the step. A plain path is short for {path: PATH}.", f_tmpfs, N(f_tmpfs), sizeof(struct ingot_tmpfs), AT(ingot_tmpfs, at),
				       .scalar_key = "path" };

static const struct field f_bind[] = {
	{ "from", SLOT_STRING, REQUIRED, AT(ingot_bind, from), .rule = &rule_name, .example = "\"build\"", .doc = "The stage whose files are shown." },
	{ "path", SLOT_STRING, 0, AT(ingot_bind, path), .rule = &rule_absolute, .example = "\"/out\"", .fallback = "\"/\"", .doc = "Which directory of that stage." },
	{ "to", SLOT_STRING, REQUIRED, AT(ingot_bind, to), .rule = &rule_directory, .example = "\"/in\"", .doc = "Where the step sees it." },
};
static const struct object o_bind = { "a bind", "A directory of another stage, shown to a step for reading. Nothing is copied, and nothing of it enters the stage.", f_bind, N(f_bind), sizeof(struct ingot_bind), AT(ingot_bind, at) };

static const struct field f_step[] = {
	{ "copy", SLOT_OBJECT, 0, AT(ingot_step, copy), .object = &o_copy, .doc = "Copy files into the stage." },
	{ "run", SLOT_COMMAND, RAW | REPEATS | NONEMPTY | SCALARS, AT(ingot_step, script), AT(ingot_step, argv), .rule = &rule_word, .example = "\"make -C /src install DESTDIR=/out\"",
	  .doc = "Run something in the sandbox: a string is a script for the shell, a list is a command with its arguments, run without a shell. ${NAME} is not replaced here: variables arrive in the environment." },
	{ "env", SLOT_PAIRS, SCALARS, AT(ingot_step, env), .rule = &rule_text, .key_rule = &rule_env_name, .with = "run", .example = "{\"CFLAGS\": \"-O2\"}",
	  .doc = "Environment of this step. Nothing of the caller's environment is passed on." },
	{ "workdir", SLOT_STRING, 0, AT(ingot_step, workdir), .rule = &rule_absolute, .with = "run", .example = "\"/src\"", .fallback = "\"/\"", .doc = "Directory to run in." },
	{ "user", SLOT_U32, 0, AT(ingot_step, user), .min = 0, .max = INGOT_MAX_ID, .with = "run", .example = "10001", .fallback = "0", .doc = "The uid that the step runs as, inside the sandbox." },
	{ "shell", SLOT_STRING, 0, AT(ingot_step, shell), .rule = &rule_directory, .with = "run", .example = "\"/bin/bash\"", .fallback = "\"/bin/sh\"",
	  .doc = "The shell that reads a script; the stage must hold it. It is called with -e: the first failing command ends the step." },
	{ "memory", SLOT_SIZE, SCALARS, AT(ingot_step, memory), .rule = &rule_size, .with = "run", .example = "\"2GiB\"", .doc = "The step is ended when its processes and what it has in memory take more than this. Left out: three quarters of what the host has." },
	{ "timeout", SLOT_U32, 0, AT(ingot_step, timeout), .min = 1, .max = 604800, .with = "run", .example = "600", .fallback = "3600", .doc = "Seconds after which the step is ended and the build fails." },
	{ "cache", SLOT_STRINGS, 0, AT(ingot_step, cache), .rule = &rule_directory, .with = "run", .example = "[\"/root/.cache/ccache\"]",
	  .doc = "Directories that are kept from build to build and never enter the image. Each step works on a copy of its own; what it leaves there is kept if it succeeds." },
	{ "tmpfs", SLOT_LIST, 0, AT(ingot_step, tmpfs), AT(ingot_step, n_tmpfs), .object = &o_tmpfs, .with = "run", .doc = "Directories in memory that vanish after the step, beside /tmp and /run, which always are." },
	{ "bind", SLOT_LIST, 0, AT(ingot_step, binds), AT(ingot_step, n_binds), .object = &o_bind, .with = "run", .doc = "Directories of other stages that this step can read." },
	{ "secrets", SLOT_STRINGS, 0, AT(ingot_step, secrets), .rule = &rule_name, .with = "run", .example = "[\"token\"]",
	  .doc = "Secrets that this step alone can read, as /run/secrets/NAME. Their values are given on the command line: --secret id=NAME,src=FILE." },
	{ "network", SLOT_STRING, 0, AT(ingot_step, network), .words = w_networks, .later_words = w_later_networks, .with = "run", .fallback = "\"none\"",
	  .doc = "none, or host: the network of the host, which a build permits with --allow-network only, and which makes it one that nobody can repeat for certain." },
};
static const struct object o_step = { "a step", "One step of a stage: exactly one of copy and run.", f_step, N(f_step), sizeof(struct ingot_step), AT(ingot_step, at), { "copy", "run" }, .finish = finish_step };

static const struct field f_stage[] = {
	{ "base", SLOT_STRING, 0, AT(ingot_stage, base), .rule = &rule_name, .example = "\"build\"", .doc = "Begin with the content of another stage or of an image source. Left out: with nothing." },
	{ "packages", SLOT_OBJECT, 0, AT(ingot_stage, packages), .object = &o_packages, .doc = "Packages to unpack first." },
	{ "steps", SLOT_LIST, 0, AT(ingot_stage, steps), AT(ingot_stage, n_steps), .object = &o_step, .doc = "What to do then, in this order." },
};
static const struct object o_stage = { "a stage", "A file system to build with. Only what is copied out of it reaches the image.", f_stage, N(f_stage), sizeof(struct ingot_stage), AT(ingot_stage, at) };

static const struct field f_user[] = {
	{ "name", SLOT_STRING, 0, AT(ingot_user, name), .rule = &rule_account, .example = "\"web\"", .doc = "The account's name; the builder writes it into passwd and group, with a locked password and no shell." },
	{ "uid", SLOT_U32, 0, AT(ingot_user, uid), .min = 1, .max = INGOT_MAX_ID, .with = "name", .example = "10001", .fallback = "10001", .doc = "Its numeric id." },
	{ "gid", SLOT_U32, 0, AT(ingot_user, gid), .min = 1, .max = INGOT_MAX_ID, .with = "name", .example = "10001", .doc = "The numeric id of its group. Left out: the same as uid." },
	{ "group", SLOT_STRING, 0, AT(ingot_user, group), .rule = &rule_account, .with = "name", .example = "\"web\"", .doc = "The name of its group. Left out: the same as name." },
	{ "home", SLOT_STRING, 0, AT(ingot_user, home), .rule = &rule_directory, .with = "name", .example = "\"/home/web\"", .fallback = "\"/nonexistent\"", .doc = "Its home directory, which is created only when it is given here." },
	{ "root", SLOT_STRING, 0, AT(ingot_user, root_reason), .rule = &rule_line, .example = "\"binds port 80 on hosts with old kernels\"", .doc = "Run as root, for this reason; it is recorded." },
};
static const struct object o_user = { "the user", "The account that the image runs as. A plain name is short for {name: NAME}, with uid and gid 10001.", f_user, N(f_user), sizeof(struct ingot_user), AT(ingot_user, at), { "name", "root" },
				      .scalar_key = "name", .finish = finish_user };

static const struct field f_image[] = {
	{ "base", SLOT_STRING, 0, AT(ingot_image_spec, stage.base), .rule = &rule_name, .example = "\"build\"", .doc = "Begin with the content of a stage or of an image source. Left out: with nothing." },
	{ "packages", SLOT_OBJECT, 0, AT(ingot_image_spec, stage.packages), .object = &o_packages, .doc = "Packages to unpack first." },
	{ "copy", SLOT_LIST, 0, AT(ingot_image_spec, copies), AT(ingot_image_spec, n_copies), .object = &o_copy, .doc = "Then files to copy, in this order." },
	{ "steps", SLOT_LIST, 0, AT(ingot_image_spec, stage.steps), AT(ingot_image_spec, stage.n_steps), .object = &o_step, .doc = "Then steps, in this order. Better run them in a stage and copy the result: tools stay out of the image." },
	{ "user", SLOT_OBJECT, REQUIRED, AT(ingot_image_spec, user), .object = &o_user, .example = "\"web\"", .doc = "The account that the image runs as: a name, or a mapping. Root must be asked for with a reason." },
	{ "writable", SLOT_STRINGS, 0, AT(ingot_image_spec, writable), .rule = &rule_directory, .example = "[\"/var/lib/web\"]",
	  .doc = "Directories that belong to the user. Everything else is not writable for it; this is checked." },
	{ "entrypoint", SLOT_STRINGS, REPEATS | NONEMPTY | SCALARS, AT(ingot_image_spec, entrypoint), .rule = &rule_word, .example = "[\"/usr/bin/web\"]", .doc = "The command that the image runs, as a list: program and arguments." },
	{ "cmd", SLOT_STRINGS, REPEATS | SCALARS, AT(ingot_image_spec, cmd), .rule = &rule_word, .example = "[\"--port\", \"8080\"]", .doc = "Arguments after the entrypoint that a caller may replace." },
	{ "env", SLOT_PAIRS, SCALARS, AT(ingot_image_spec, env), .rule = &rule_text, .key_rule = &rule_env_name, .example = "{\"LANG\": \"C.UTF-8\"}", .doc = "Environment of the running image. It is public: nothing secret belongs here." },
	{ "workdir", SLOT_STRING, 0, AT(ingot_image_spec, workdir), .rule = &rule_absolute, .example = "\"/var/lib/web\"", .fallback = "\"/\"", .doc = "Directory that the image starts in." },
	{ "labels", SLOT_PAIRS, SCALARS, AT(ingot_image_spec, labels), .rule = &rule_text, .key_rule = &rule_label, .example = "{\"org.opencontainers.image.source\": \"https://example.org/web\"}", .doc = "Labels of the image's config." },
	{ "ports", SLOT_STRINGS, SCALARS, AT(ingot_image_spec, ports), .rule = &rule_port, .example = "[\"8080/tcp\"]", .doc = "Ports that the program listens on: a note for people and tools, it opens nothing. tcp when no protocol is named." },
	{ "stop-signal", SLOT_STRING, 0, AT(ingot_image_spec, stop_signal), .words = w_signals, .example = "\"SIGQUIT\"", .doc = "The signal that asks the program to end." },
	{ "size-budget", SLOT_SIZE, SCALARS, AT(ingot_image_spec, size_budget), .rule = &rule_size, .example = "\"30MiB\"", .doc = "The build fails when the image's layers, unpacked, are larger than this." },
	{ "architecture", SLOT_STRING, 0, AT(ingot_image_spec, architecture), .words = w_architectures, .later_words = w_later_architectures, .fallback = "\"amd64\"", .doc = "The processor that the image is for, in Debian's words." },
	{ "compression", SLOT_STRING, 0, AT(ingot_image_spec, compression), .words = w_compressions, .fallback = "\"zstd\"", .doc = "How layers are compressed: zstd, or gzip for old readers." },
	{ "reference", SLOT_STRING, 0, AT(ingot_image_spec, reference), .rule = &rule_reference, .example = "\"registry.example.org/team/web:1.4.2\"",
	  .doc = "The image's full name, which signatures are bound to. Left out: localhost/NAME:VERSION. Without a tag, the recipe's version is the tag." },
};
static const struct object o_image = { "the image", "What is built.", f_image, N(f_image), sizeof(struct ingot_image_spec), AT(ingot_image_spec, at), .finish = finish_image };

static const struct field f_file[] = {
	{ "path", SLOT_STRING, REQUIRED, AT(ingot_test_file, path), .rule = &rule_directory, .example = "\"/var/lib/web/db\"", .doc = "Where it is." },
	{ "absent", SLOT_BOOL, 0, AT(ingot_test_file, absent), .fallback = "false", .doc = "Whether it must not be there." },
	{ "contains", SLOT_STRING, SCALARS, AT(ingot_test_file, contains), .rule = &rule_bytes, .example = "\"ready\"", .doc = "What must be somewhere in the file's first 16 MiB." },
};
static const struct object o_file = { "a file", "What a test must leave behind in a place that it can write to. A plain path is short for {path: PATH}.", f_file, N(f_file), sizeof(struct ingot_test_file), AT(ingot_test_file, at),
				      .scalar_key = "path", .finish = finish_test_file };

static const struct field f_test[] = {
	{ "run", SLOT_STRINGS, RAW | REPEATS | NONEMPTY | SCALARS, AT(ingot_test, run), .rule = &rule_word, .example = "[\"/usr/bin/web\", \"--version\"]",
	  .doc = "A command of the image and its arguments; there is no shell in between. With a service: run beside it, once its port has answered." },
	{ "service", SLOT_BOOL, 0, AT(ingot_test, service), .fallback = "false", .doc = "Start the image's own entrypoint and cmd, and end it with its stop signal when the rest of the test is done. A port asks for this, too." },
	{ "stdin", SLOT_STRING, SCALARS, AT(ingot_test, stdin_text), .rule = &rule_bytes, .with = "run", .example = "\"PING\\n\"", .doc = "What the command reads. Left out: nothing." },
	{ "exit", SLOT_U32, 0, AT(ingot_test, exit), .min = 0, .max = 255, .example = "0",
	  .doc = "The exit status that it must have, 128 and its number for a signal; of run where there is one, else of the service. Left out: 0 of run, and of a service any but the signal's own, which no process 1 is ended by." },
	{ "stdout", SLOT_STRING, SCALARS, AT(ingot_test, stdout_text), .rule = &rule_bytes, .example = "\"1.4.2\\n\"", .doc = "What run (or without it the service) must print, to the byte. Left out: anything." },
	{ "stderr", SLOT_STRING, SCALARS, AT(ingot_test, stderr_text), .rule = &rule_bytes, .example = "\"\"", .doc = "The same for its error output." },
	{ "stdout-contains", SLOT_STRINGS, SCALARS | NONEMPTY, AT(ingot_test, stdout_contains), .rule = &rule_bytes, .example = "[\"1.4\"]", .doc = "What must occur in what it prints, each somewhere." },
	{ "stderr-contains", SLOT_STRINGS, SCALARS | NONEMPTY, AT(ingot_test, stderr_contains), .rule = &rule_bytes, .example = "[\"ready\"]", .doc = "The same for its error output." },
	{ "port", SLOT_STRING, SCALARS, AT(ingot_test, port), .rule = &rule_port, .example = "\"8080/tcp\"", .doc = "The port of the service that must answer, on its loopback. tcp when no protocol is named; udp needs something to send." },
	{ "wait", SLOT_U32, 0, AT(ingot_test, wait), .min = 1, .max = 3600, .example = "30", .fallback = "10", .doc = "Seconds in which the port must answer. Without a port: how long the service must stay up before it is asked to end, 1 when left out." },
	{ "send", SLOT_STRING, SCALARS, AT(ingot_test, send), .rule = &rule_bytes, .with = "port", .example = "\"GET / HTTP/1.0\\r\\n\\r\\n\"", .doc = "Bytes to send once connected." },
	{ "expect", SLOT_STRING, SCALARS, AT(ingot_test, expect), .rule = &rule_bytes, .with = "port", .example = "\"200 OK\"", .doc = "What must occur in the first 64 KiB of the answer. It is asked again until it does, or the time is over." },
	{ "signal", SLOT_STRING, 0, AT(ingot_test, signal), .words = w_signals, .example = "\"SIGTERM\"", .doc = "The signal that must end the service. Left out: the image's stop-signal, else SIGTERM." },
	{ "within", SLOT_U32, 0, AT(ingot_test, within), .min = 1, .max = 3600, .example = "5", .fallback = "10", .doc = "Seconds in which it must." },
	{ "files", SLOT_LIST, 0, AT(ingot_test, files), AT(ingot_test, n_files), .object = &o_file, .doc = "Files and directories that must be there, or must not, when every process has ended." },
	{ "timeout", SLOT_U32, 0, AT(ingot_test, timeout), .min = 1, .max = 3600, .example = "10", .fallback = "60", .doc = "Seconds after which run has failed." },
};
static const struct object o_test = { "a test", "Something that must hold of the image under production conditions: its user, a read-only root, no capabilities, no network but a loopback; only the writable places, /tmp and /run can be written to, "
						"and are in memory. A command (run), or the image's own service (service, port), or both.", f_test, N(f_test), sizeof(struct ingot_test), AT(ingot_test, at), .finish = finish_test };

static const struct field f_allow[] = {
	{ "rule", SLOT_STRING, REQUIRED, AT(ingot_allow, rule), .rule = &rule_name, .example = "\"setuid\"", .doc = "The rule that is set aside; ingot explain lists them." },
	{ "path", SLOT_STRING, 0, AT(ingot_allow, path), .rule = &rule_directory, .example = "\"/usr/bin/sudo\"", .doc = "For this file or directory alone." },
	{ "value", SLOT_STRING, SCALARS, AT(ingot_allow, value), .rule = &rule_line, .example = "\"80/tcp\"", .doc = "For this variable, port or word alone, where the rule is about no path." },
	{ "reason", SLOT_STRING, REQUIRED, AT(ingot_allow, reason), .rule = &rule_line, .example = "\"operators raise rights on purpose\"", .doc = "Why. It is recorded." },
};
static const struct object o_allow = { "an exception", "One exception from the policy, with its reason.", f_allow, N(f_allow), sizeof(struct ingot_allow), AT(ingot_allow, at), { "path", "value" } };

static const char *const w_severities[] = { "note", "warning", "error", NULL };
static const char *const w_types[] = { "file", "directory", "link", "device", "fifo", NULL };
static const struct field f_own_rule[] = {
	{ "id", SLOT_STRING, REQUIRED, AT(ingot_own_rule, id), .rule = &rule_own_id, .example = "\"own-no-locales\"", .doc = "Its name, for findings and exceptions." },
	{ "severity", SLOT_STRING, 0, AT(ingot_own_rule, severity), .words = w_severities, .example = "\"error\"", .fallback = "\"warning\"", .doc = "How grave a finding is, whatever the profile: an error ends the build." },
	{ "message", SLOT_STRING, REQUIRED, AT(ingot_own_rule, message), .rule = &rule_line, .example = "\"locales are not for images\"", .doc = "What is wrong, for who reads it." },
	{ "mend", SLOT_STRING, 0, AT(ingot_own_rule, mend), .rule = &rule_line, .example = "\"exclude the package\"", .doc = "What to do about it." },
	{ "path", SLOT_STRING, 0, AT(ingot_own_rule, path), .rule = &rule_directory, .example = "\"/usr/share/locale/**\"", .doc = "Files and directories of the image: a pattern, as of include:. What stands beside it must hold, too." },
	{ "type", SLOT_STRING, 0, AT(ingot_own_rule, type), .words = w_types, .with = "path", .example = "\"file\"", .doc = "Only these. Left out: everything but links." },
	{ "mode", SLOT_MODE, SCALARS, AT(ingot_own_rule, mode), .rule = &rule_mode, .with = "path", .example = "\"0022\"", .doc = "Only with any of these bits." },
	{ "owner", SLOT_STRING, SCALARS, AT(ingot_own_rule, owner), .rule = &rule_owner, .with = "path", .example = "\"not 0\"", .doc = "Only of this uid, of any other (not N), or of the image's user (user)." },
	{ "origin", SLOT_STRING, 0, AT(ingot_own_rule, origin), .rule = &rule_line, .with = "path", .example = "\"package perl*\"", .doc = "Only what this brought; * stands for anything. ingot tree shows origins." },
	{ "field", SLOT_STRING, 0, AT(ingot_own_rule, field), .rule = &rule_directory, .example = "\"/config/Labels/*\"", .doc = "Members of the image's config, by a pattern for their JSON pointer." },
	{ "value", SLOT_STRING, SCALARS, AT(ingot_own_rule, value), .rule = &rule_line, .with = "field", .example = "\"DEBUG=*\"", .doc = "Only with this value; * stands for anything. Of ports and volumes the name is the value." },
	{ "required", SLOT_BOOL, 0, AT(ingot_own_rule, required), .fallback = "false", .doc = "Turned around: the finding is that nothing matches." },
};
const struct object schema_own_rule = { "an own rule", "A rule of your own: what it matches is a finding. Exactly one of path and field says what it is about.", f_own_rule, N(f_own_rule), sizeof(struct ingot_own_rule),
					AT(ingot_own_rule, at), { "path", "field" }, .finish = finish_own_rule };

/* The members of this one lie in struct ingot_recipe itself. */
static const struct field f_policy[] = {
	{ "profile", SLOT_STRING, 0, AT(ingot_recipe, profile), .words = w_profiles, .example = "\"strict\"", .fallback = "\"default\"",
	  .doc = "How strictly the rules are meant: strict makes errors of most advice, release is for what others will run. --profile asks for a stricter one." },
	{ "allow", SLOT_LIST, 0, AT(ingot_recipe, allow), AT(ingot_recipe, n_allow), .object = &o_allow, .doc = "Exceptions. An exception that nothing needs is reported." },
	{ "rules", SLOT_LIST, 0, AT(ingot_recipe, own.v), AT(ingot_recipe, own.n), .object = &schema_own_rule, .doc = "Rules of your own, beside those of the catalogue." },
	{ "rules-file", SLOT_STRING, 0, AT(ingot_recipe, rules_file), .rule = &rule_relative, .example = "\"rules.yaml\"", .doc = "More of them in a file, for several recipes: ingot-rules: 1, and rules: as here." },
};
static const struct object o_policy = { "the policy", "What the final tree may hold although a rule is against it.", f_policy, N(f_policy), 0, NO_PLACE };

static const char *const w_formats[] = { "1", NULL };
static const struct field f_recipe[] = {
	{ "ingot", SLOT_NONE, REQUIRED, .words = w_formats, .example = "1", .doc = "The version of the recipe language: 1. Everything that decides a digest is pinned by it." },
	{ "name", SLOT_STRING, REQUIRED, AT(ingot_recipe, name), .rule = &rule_name, .example = "\"web\"", .doc = "The image's name." },
	{ "version", SLOT_STRING, SCALARS, AT(ingot_recipe, version), .rule = &rule_tag, .example = "\"1.4.2\"", .doc = "Its version, which becomes the tag. 1.10 is taken as written, with or without quotes." },
	{ "vars", SLOT_PAIRS, SCALARS | RAW, AT(ingot_recipe, vars), .rule = &rule_text, .key_rule = &rule_var_name, .example = "{\"VERSION\": \"1.4.2\"}",
	  .doc = "Variables with their defaults; --set NAME=VALUE overrides one. ${NAME} stands for the value in any string but run:, where it arrives as an environment variable. $${ stands for ${." },
	{ "sources", SLOT_NAMED, 0, AT(ingot_recipe, sources), AT(ingot_recipe, n_sources), .key_rule = &rule_name, .object = &o_source, .doc = "Everything that comes from outside, by a name of your choice. All of it is locked." },
	{ "stages", SLOT_NAMED, 0, AT(ingot_recipe, stages), AT(ingot_recipe, n_stages), .key_rule = &rule_name, .object = &o_stage, .doc = "File systems to build with, by a name of your choice." },
	{ "image", SLOT_OBJECT, REQUIRED, AT(ingot_recipe, image), .object = &o_image, .doc = "What is built." },
	{ "tests", SLOT_LIST, 0, AT(ingot_recipe, tests), AT(ingot_recipe, n_tests), .object = &o_test, .doc = "What must hold of the image before it is signed." },
	{ "policy", SLOT_OBJECT, 0, 0, .object = &o_policy, .doc = "Exceptions from the rules for the final tree." },
};
const struct object schema_recipe = { "the recipe", "A recipe of ingot: what an image is made of.", f_recipe, N(f_recipe), sizeof(struct ingot_recipe), NO_PLACE };

const struct object *const schema_objects[] = { &o_source, &o_stage, &o_step, &o_tmpfs, &o_bind, &o_packages, &o_copy, &o_image, &o_user, &o_test, &o_file, &o_policy, &o_allow, &schema_own_rule, NULL };
