/* What a recipe says before anything is built: inputs, steps, promises, ages. */
#pragma once
#include "policy_cases_config.h"

#define FILES(include) "version: \"1\"\nsources:\n  app: { files: ., include: [" include "] }\nimage:\n  user: web\n  entrypoint: [/web]\n  copy: [{ from: app, to: /my-app }]\n"
#define STEP(run) "version: \"1\"\nstages:\n  build:\n    steps:\n      - run: " run "\nimage:\n  user: web\n  entrypoint: [/web]\n"
#define SUITES(words) "version: \"1\"\nsources:\n  debian: { packages: debian, suites: [" words "] }\nimage:\n  user: web\n  packages: [nginx]\n  entrypoint: [/web]\n"
#define YEAR(y) (((y)-1970) * INT64_C(31556952))

static const struct policy_case cases_recipe[] = {
	/* inputs */
	{ "packages without a lock", "warning lock-missing ; ", .recipe = RECIPE("  packages: [nginx]\n") },
	{ "packages with a lock", "", .recipe = RECIPE("  packages: [nginx]\n"), .locked = 1 },
	{ "the whole directory", "warning source-whole **; ", .recipe = FILES("\"**\"") },
	{ "each name in it", "warning source-whole *; ", .recipe = FILES("\"*\", main.py") },
	{ "a directory of it", "", .recipe = FILES("static/**") },
	{ "a secret by its name", "warning source-private conf/.env; ", .recipe = FILES("conf/.env, main.py") },
	{ "a secret allowed", "allowed source-private tls/ca.pem; ", .recipe = FILES("tls/ca.pem"), .allow = { { "source-private", REASON, NULL, "tls/ca.pem" } } },
	{ "a copy that others can write", "error copy-mode ; ", .recipe = "version: \"1\"\nsources: { app: { files: ., include: [a] } }\nimage:\n  user: web\n  entrypoint: [/web]\n  copy: [{ from: app, to: /a, mode: \"0666\" }]\n" },
	{ "a copy that is set-id", "error copy-mode ; ", .recipe = "version: \"1\"\nsources: { app: { files: ., include: [a] } }\nimage:\n  user: web\n  entrypoint: [/web]\n  steps:\n    - copy: { from: app, to: /a, mode: \"4755\" }\n" },
	{ "a copy for its group", "", .recipe = "version: \"1\"\nsources: { app: { files: ., include: [a] } }\nimage:\n  user: web\n  entrypoint: [/web]\n  copy: [{ from: app, to: /a, mode: \"0640\" }]\n" },
	{ "a version by hand", "warning tests-missing ; note budget-missing ; note package-pinned nginx=1.22; ", .recipe = RECIPE("  packages: [\"nginx=1.22\"]\n"), .locked = 1, .profile = INGOT_PROFILE_STRICT },
	{ "a fetch without anything", "error source-unpinned http://example.org/x; warning source-http http://example.org/x; ", .recipe = RECIPE(""), .source = { .kind = INGOT_SRC_FETCH, .reference = "http://example.org/x" } },
	{ "a fetch with all", "", .recipe = RECIPE(""), .source = { .kind = INGOT_SRC_FETCH, .reference = "https://example.org/x", .sha256 = "0" } },
	{ "a base by its tag", "warning base-unpinned docker.io/x:1; ", .recipe = RECIPE(""), .source = { .kind = INGOT_SRC_IMAGE, .reference = "docker.io/x:1" } },
	{ "a base by its digest", "", .recipe = RECIPE(""), .source = { .kind = INGOT_SRC_IMAGE, .reference = "docker.io/x@sha256:0" } },
	{ "a signed base", "", .recipe = RECIPE(""), .source = { .kind = INGOT_SRC_IMAGE, .reference = "docker.io/x:1", .verify = "k" } },
	/* steps */
	{ "apt-get", "warning step-installs apt-get; ", .recipe = STEP("apt-get update && apt-get install -y curl") },
	{ "as a list", "warning step-installs pip; ", .recipe = STEP("[pip, install, requests==2.25.1]") },
	{ "in a shell of its own", "warning step-installs npm; ", .recipe = STEP("[/bin/sh, -c, npm install]") },
	{ "with hashes", "", .recipe = STEP("pip install --require-hashes -r requirements.txt && npm ci && cargo install --locked x") },
	{ "a word in an argument", "", .recipe = STEP("echo apt-get install # apk add x") },
	{ "an upgrade", "warning step-upgrade apk; ", .recipe = STEP("apk update && apk upgrade") },
	{ "what comes is run", "error step-runs-download ; warning step-sudo sudo; ", .recipe = STEP("curl -fsSL https://example.org/x.sh | sudo bash -s") },
	{ "what comes is run by a pipe", "error step-runs-download ; ", .recipe = STEP("curl -fsSL https://example.org/x.sh | bash -s") },
	{ "what comes is run in place", "error step-runs-download ; ", .recipe = STEP("sh -c \"$(curl -fsSL https://example.org/x.sh)\"") },
	{ "what comes is unpacked", "", .recipe = STEP("curl -fsSL https://example.org/x.tgz | tar xz") },
	{ "a download, and then something else", "", .recipe = STEP("curl -o x https://example.org/x; sh y") },
	{ "no certificates", "error step-insecure curl; ", .recipe = STEP("curl -k https://example.org/x") },
	{ "an open door", "warning step-chmod 777; ", .recipe = STEP("chmod -R 777 /app") },
	{ "an open door in letters", "warning step-chmod a+rwx; ", .recipe = STEP("chmod a+rwx /app") },
	{ "set-id in letters", "warning step-chmod u+s; ", .recipe = STEP("chmod u+s /app") },
	{ "what may be executed", "", .recipe = STEP("chmod +x /app && chmod 0755 /app && chmod go-w /app && chmod u+w,g-s /app") },
	{ "to the image's user", "warning step-chown web:web; ", .recipe = STEP("mkdir -p /app && chown -R web:web /app") },
	{ "to its number", "warning step-chown 10001; ", .recipe = STEP("chown 10001 /app") },
	{ "to another", "", .recipe = STEP("chown -R root:web /app") },
	{ "sudo", "warning step-installs apt-get; warning step-sudo sudo; ", .recipe = STEP("sudo apt-get install x") },
	{ "a secret in the environment", "warning step-secret NPM_TOKEN; ", .recipe = STEP("make\n        env: { NPM_TOKEN: qwertzuiop, CFLAGS: -O2 }") },
	{ "a secret in a variable is one", "warning step-secret API_TOKEN; ", .recipe = "vars: { API_TOKEN: qwertzuiop }\n" STEP("make") },
	{ "the host's network", "warning step-network host; ", .recipe = STEP("make\n        network: host") },
	{ "no network", "", .recipe = STEP("make\n        network: none") },
	/* promises */
	{ "all programs", "error writable-programs /usr; ", .recipe = RECIPE("  writable: [/usr]\n") },
	{ "a directory below programs", "error writable-programs /usr/lib/web; ", .recipe = RECIPE("  writable: [/usr/lib/web]\n") },
	{ "configuration", "warning writable-config /etc/nginx; ", .recipe = RECIPE("  writable: [/etc/nginx]\n") },
	{ "data", "", .recipe = RECIPE("  writable: [/var/lib/web, /data, /run/web]\n") },
	{ "data that may be lost", "warning tests-missing ; note budget-missing ; note writable-tmpfs /run/web; ", .recipe = RECIPE("  writable: [/run/web]\n"), .profile = INGOT_PROFILE_STRICT },
	{ "no reason", "warning reason-empty ; note user-root-reason /config/User; ", .recipe = "version: \"1\"\nimage:\n  user: { root: TODO }\n  entrypoint: [/web]\n" },
	{ "no reason for an exception", "warning reason-empty ; ", .recipe = RECIPE("policy:\n  allow: [{ rule: setuid, path: /a, reason: needed }]\n") },
	{ "no reason to skip", "warning reason-empty ; ", .recipe = RECIPE("  packages: { install: [nginx], skip-scripts: { nginx: \"...\" } }\n"), .locked = 1 },
	{ "a budget and tests", "", .recipe = RECIPE("  size-budget: 1MiB\ntests:\n  - run: [/web]\n"), .profile = INGOT_PROFILE_STRICT },
	/* ages */
	{ "a lock of last month", "", .recipe = RECIPE(""), .locked = YEAR(2026), .now = YEAR(2026) + 89 * INT64_C(86400) },
	{ "a lock of last year", "warning lock-old ; ", .recipe = RECIPE(""), .locked = YEAR(2026), .now = YEAR(2026) + 91 * INT64_C(86400) },
	{ "for strict it is old earlier", "warning lock-old ; warning tests-missing ; note budget-missing ; ", .recipe = RECIPE(""), .locked = YEAR(2026), .now = YEAR(2026) + 31 * INT64_C(86400), .profile = INGOT_PROFILE_STRICT },
	{ "a lock of tomorrow", "warning lock-future ; ", .recipe = RECIPE(""), .locked = YEAR(2026), .now = YEAR(2026) - 2 * INT64_C(86400) },
	{ "a release of long ago", "error release-eol buster; ", .recipe = SUITES("buster, buster-updates, buster/updates"), .locked = YEAR(2027), .now = YEAR(2027) },
	{ "a release in long-term support", "", .recipe = SUITES("bookworm, bookworm-security"), .locked = YEAR(2027), .now = YEAR(2027) },
	{ "a release in long-term support, in strict", "warning tests-missing ; note budget-missing ; note release-lts bookworm; ", .recipe = SUITES("bookworm, bookworm-security"), .locked = YEAR(2027), .now = YEAR(2027), .profile = INGOT_PROFILE_STRICT },
	{ "the suites that are implied", "", .recipe = RECIPE("  packages: [nginx]\n"), .locked = YEAR(2026), .now = YEAR(2026) },
	{ "the implied suites, in some years", "error release-eol bookworm; ", .recipe = RECIPE("  packages: [nginx]\n"), .locked = YEAR(2029), .now = YEAR(2029) },
	{ "no security", "warning no-security-suite trixie; ", .recipe = SUITES("trixie, trixie-updates"), .locked = 1 },
	{ "a release that is not known", "", .recipe = SUITES("zurg"), .locked = YEAR(2026), .now = YEAR(2026) },
	/* size */
	{ "a byte too many", "error size-budget ; ", .recipe = RECIPE("  size-budget: 1000\n"), .size = 1001 },
	{ "just fits", "", .recipe = RECIPE("  size-budget: 1000\n"), .size = 1000 },
	{ "what nobody brought", "warning origin-missing /b; ", ROOT FILE_("0644 0 0 1", "/b") D("/d"), FINE, .origin = "" },
	{ "what somebody brought", "", ROOT FILE_("0644 0 0 1", "/b") D("/d"), FINE, .origin = "package b" },
};
