/* What the config says: how the image starts, its ports, its surroundings. */
#pragma once
#include "policy_cases.h"

#define START(rest) CONFIG("\"Entrypoint\":[" rest "]")
#define SHELL(script) START("\"/bin/sh\",\"-c\",\"" script "\"")
#define ENV(pair) CONFIG("\"Entrypoint\":[\"/web\"],\"Env\":[\"" pair "\"]")
#define PORTS(rest, ports) CONFIG("\"Entrypoint\":[" rest "],\"ExposedPorts\":{" ports "}")
#define RECIPE(rest) "version: \"1\"\nimage:\n  user: web\n  entrypoint: [/web]\n" rest

static const struct policy_case cases_config[] = {
	/* what it starts */
	{ "nothing", "warning entrypoint-missing /config/Entrypoint; ", .config = CONFIG("\"Env\":[]") },
	{ "nothing, as a recipe", "warning entrypoint-missing /config/Entrypoint; ", .recipe = "version: \"1\"\nimage: { user: web }\n" },
	{ "a shell first", "warning shell-form /config/Entrypoint; ", .config = SHELL("/app/my-app-entrypoint.sh") },
	{ "as Cmd", "warning shell-form /config/Cmd; ", .config = CONFIG("\"Cmd\":[\"sh\",\"-ec\",\"web\"]") },
	{ "a shell that reads a file", "", .config = START("\"/bin/sh\",\"/app/run.sh\"") },
	{ "two services in one Cmd", "warning several-services /config/Cmd/3; warning stop-signal-missing /config/StopSignal; ", .config = CONFIG("\"Cmd\":[\"nginx\",\"-g\",\"daemon off;\",\"python app.py\"]") },
	{ "two services in one Cmd, as a recipe", "warning several-services /config/Cmd/2; ", .recipe = "version: \"1\"\nimage:\n  user: web\n  entrypoint: [/usr/sbin/nginx]\n  cmd: [-g, \"daemon off;\", python app.py]\n  stop-signal: SIGQUIT\n" },
	{ "one after the other", "warning several-services /config/Entrypoint; warning shell-form /config/Entrypoint; ", .config = SHELL("service cron start && exec nginx -g 'daemon off;'") },
	{ "one in the background", "warning several-services /config/Entrypoint; warning shell-form /config/Entrypoint; ", .config = SHELL("/a >/dev/null 2>&1 & exec /b") },
	{ "preparations are no service", "warning shell-form /config/Entrypoint; ", .config = SHELL("mkdir -p /x 2>&1 && exec nginx") },
	{ "operators in quotes", "warning shell-form /config/Entrypoint; ", .config = SHELL("echo 'nginx & python; java'") },
	{ "a supervisor", "warning several-services /config/Entrypoint; ", .config = START("\"/usr/bin/supervisord\",\"-n\"") },
	{ "an init", "", .config = START("\"/sbin/tini\",\"--\",\"/web\"") },
	{ "the signal of a server", "warning stop-signal-missing /config/StopSignal; ", .config = START("\"tini\",\"-s\",\"--\",\"/usr/sbin/php-fpm8.2\"") },
	{ "is set", "", .config = CONFIG("\"Cmd\":[\"nginx\"],\"StopSignal\":\"SIGQUIT\"") },
	{ "a signal that nothing answers", "warning stop-signal-kill /config/StopSignal; ", .config = CONFIG("\"Cmd\":[\"web\"],\"StopSignal\":\"9\"") },
	{ "no health check", "note healthcheck /config/Healthcheck; ", .config = PORTS("\"/web\"", "\"8080/tcp\":{}"), .profile = INGOT_PROFILE_STRICT },
	{ "a health check", "", .config = PORTS("\"/web\"", "\"8080/tcp\":{}}, \"Healthcheck\":{\"Test\":[\"CMD\",\"/web\"]"), .profile = INGOT_PROFILE_STRICT },
	/* ports */
	{ "below 1024", "warning port-privileged /config/ExposedPorts/80/tcp; ", .config = PORTS("\"/web\"", "\"80/tcp\":{}") },
	{ "below 1024, allowed", "allowed port-privileged /config/ExposedPorts/80/tcp; ", .config = PORTS("\"/web\"", "\"80/tcp\":{}"), .allow = { { "port-privileged", REASON, NULL, "80/tcp" } } },
	{ "for root", "error user-root /config/User; ", .config = "{\"config\":{\"User\":\"0\",\"Cmd\":[\"/web\"],\"ExposedPorts\":{\"80/tcp\":{}}}}" },
	{ "the port of ssh", "warning port-admin /config/ExposedPorts/22/tcp; warning port-privileged /config/ExposedPorts/22/tcp; ", .config = PORTS("\"/web\"", "\"22/tcp\":{}") },
	{ "a port for nobody", "warning entrypoint-missing /config/Entrypoint; note port-unused /config/ExposedPorts/8080/tcp; ", .config = CONFIG("\"ExposedPorts\":{\"8080/tcp\":{}}") },
	{ "a port that redis does not have", "note port-unused /config/ExposedPorts/8080/tcp; ", .config = PORTS("\"redis-server\"", "\"8080/tcp\":{},\"6379/tcp\":{}") },
	{ "the same as a recipe", "note port-unused /config/ExposedPorts/8080/tcp; ", .recipe = "version: \"1\"\nimage:\n  user: web\n  entrypoint: [/usr/bin/redis-server]\n  ports: [8080]\n" },
	{ "a file may say so", "", .config = PORTS("\"redis-server\",\"/etc/redis.conf\"", "\"8080/tcp\":{}") },
	{ "an argument says so", "", .config = PORTS("\"redis-server\",\"--port\",\"8080\"", "\"8080/tcp\":{}") },
	{ "a port that is not declared", "warning port-undeclared /config/Entrypoint/1; ", .config = START("\"/web\",\"--port=8080\"") },
	{ "a port of a variable", "warning port-undeclared /config/Env/0; ", .config = ENV("PORT=8080") },
	{ "no port", "", .config = START("\"/web\",\"--port=0\"") },
	/* surroundings */
	{ "the directory one is in", "error path-relative /config/Env/0; error path-relative /config/Env/0; ", .config = ENV("PATH=.:/bin:") },
	{ "a place on the path", "error path-writable /config/Env/0; ", ROOT D("/bin") D("/data"), ENV("PATH=/bin:/data/bin"), .writable = { "/data" } },
	{ "a path that only root can make", "", ROOT D("/bin"), ENV("PATH=/bin:/usr/local/bin") },
	{ "a path of the user's", "error path-writable /config/Env/0; error writable-code /home; error writable-path /home; ", ROOT D("/bin") "d 0755 10001 0 1 /home\n", ENV("PATH=/home/bin") },
	{ "a library for all", "note preload /config/Env/0; ", ROOT, ENV("LD_PRELOAD=/usr/lib/a.so") },
	{ "from where one can write", "error search-writable /config/Env/0; ", ROOT D("/data"), ENV("PYTHONPATH=/data/lib"), .writable = { "/data" } },
	{ "from where one is", "error search-writable /config/Env/0; ", .config = ENV("LD_LIBRARY_PATH=lib") },
	{ "from where root can write", "", ROOT D("/usr"), ENV("PYTHONPATH=/usr/lib/web") },
	{ "no certificates", "warning tls-off /config/Env/0; ", .config = ENV("NODE_TLS_REJECT_UNAUTHORIZED=0") },
	{ "certificates", "", .config = ENV("NODE_TLS_REJECT_UNAUTHORIZED=1") },
	{ "a relative directory", "error workdir-relative /config/WorkingDir; ", .config = CONFIG("\"Cmd\":[\"/web\"],\"WorkingDir\":\"app\"") },
	{ "code of the user's", "error writable-code /app; error writable-path /app; warning workdir-code /app; ", ROOT "d 0755 10001 10001 1 /app\n" FILE_("0644 0 0 1", "/app/app.py"), CONFIG("\"Cmd\":[\"/web\"],\"WorkingDir\":\"/app\"") },
	{ "data of the user's", "", ROOT "d 0755 10001 10001 1 /app\n" FILE_("0644 10001 0 1", "/app/app.db"), CONFIG("\"Cmd\":[\"/web\"],\"WorkingDir\":\"/app\""), .writable = { "/app" } },
	{ "code of root's", "", ROOT D("/app") FILE_("0644 0 0 1", "/app/app.py"), CONFIG("\"Cmd\":[\"/web\"],\"WorkingDir\":\"/app\"") },
	{ "an engine", "warning docker-socket /config/Env/0; ", .config = ENV("DOCKER_HOST=unix:///var/run/docker.sock") },
	{ "an engine's volume", "warning docker-socket /config/Volumes//var/run/docker.sock; ", .config = CONFIG("\"Cmd\":[\"/web\"],\"Volumes\":{\"/var/run/docker.sock\":{}}") },
	{ "volumes", "error volume-system /config/Volumes//etc; note volume-declared /config/Volumes//var/lib/web; ", .config = CONFIG("\"Cmd\":[\"/web\"],\"Volumes\":{\"/etc\":{},\"/var/lib/web\":{}}") },
	{ "for those who come after", "warning on-build /config/OnBuild; ", .config = CONFIG("\"Cmd\":[\"/web\"],\"OnBuild\":[\"RUN x\"]") },
	{ "who made it", "note maintainer /author; ", .config = "{\"author\":\"me\",\"config\":{\"User\":\"1:1\",\"Cmd\":[\"/web\"]}}", .profile = INGOT_PROFILE_STRICT },
	{ "no version", "note tag-latest ; ", .recipe = "image: { user: web, entrypoint: [/web] }\n" },
	{ "a version", "", .recipe = RECIPE("") },
};
