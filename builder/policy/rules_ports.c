/* rules_ports.c - the ports that the image says it listens on: all of them, no others, none that needs root. */
#include "look.h"
#include "programs.h"
#include "rows.h"
#include <ingot/escape.h>
#include <ingot/num.h>
#include <stdio.h>

#define HIGH "image:\n  user: web\n  entrypoint: [/usr/bin/web, --port, \"8080\"]\n  ports: [8080/tcp]\n"

static const struct ingot_rule rows[] = {
	{ "port-privileged", SEV(WARNING, ERROR, ERROR), "an ordinary user listens on ports from 1024 on", "Below, a program needs root or a capability, unless the runtime has moved the border: Docker has, Kubernetes and Podman have not.",
	  "CIS Docker Benchmark 5.8", "listen on a higher port; the runtime publishes it as any other", HIGH, "value" },
	{ "port-admin", SEV(WARNING, WARNING, ERROR), "no port for logins or for remote control is declared", "ssh, telnet, rdp, vnc and Docker's API give whoever reaches them the container, or the host.", "CIS Docker Benchmark 5.6, 2.6",
	  "leave the server out; the runtime has exec", HIGH, "value" },
	{ "port-undeclared", SEV(WARNING, WARNING, ERROR), "a port that the program is told to listen on is declared", "Who writes the firewall rule or the network policy reads the declaration.", "CIS Docker Benchmark 5.9", "name it under ports:", HIGH, "value" },
	{ "port-unused", SEV(NOTE, WARNING, WARNING), "a declared port is one that something listens on", "A port that nobody needs is opened by those who believe the declaration.", "CIS Docker Benchmark 5.9", "take it out of ports:", HIGH, "value" },
};

/* "8080/tcp", "8000-8010/tcp": the first number; 0: none. */
static uint32_t number_of(const char *port)
{
	struct ingot_span s = ingot_span_of(port), number = s;
	uint32_t n = 0;
	(void)ingot_span_next(&s, '/', &number);
	s = number;
	(void)ingot_span_next(&s, '-', &number);
	return ingot_parse_u32(number, 65535, &n) < 0 ? 0 : n;
}

static bool declared(const struct ingot_config *c, uint32_t port)
{
	for (size_t i = 0; i < c->ports.n; i++)
		if (number_of(c->ports.v[i]) == port || strchr(c->ports.v[i], '-'))
			return true;
	return false;
}

static bool is_config_file(const char *word)
{
	struct ingot_span s = ingot_span_of(word);
	static const char *const ends[] = { ".conf", ".cfg", ".cnf", ".ini", ".yml", ".yaml", ".json", ".toml", ".xml", "Caddyfile" };
	for (size_t i = 0; i < N_ROWS(ends); i++)
		if (ingot_span_ends(s, ends[i]))
			return true;
	return ingot_span_starts(s, "/etc/");
}

/* Nothing says that the program listens there, and it is known where it does. */
static bool unused(const struct ingot_config *c, uint32_t port)
{
	char digits[16];
	struct command m = command_of(c);
	const char *word = command_word(&m, 0);
	const struct program *p = word ? program_find(ingot_span_of(word)) : NULL;
	if (!word)
		return true; /* it starts nothing */
	(void)snprintf(digits, sizeof(digits), "%u", port);
	if (!p || !p->ports)
		return false;
	for (size_t i = 1; (word = command_word(&m, i)); i++)
		if (strstr(word, digits) || is_config_file(word))
			return false;
	for (size_t i = 0; i < c->env.n; i++)
		if (strstr(c->env.v[i], digits))
			return false;
	(void)snprintf(digits, sizeof(digits), " %u ", port);
	return !strstr(p->ports, digits);
}

static void check_declared(struct look *l, const struct ingot_config *c, const char *port)
{
	static const struct {
		uint32_t port;
		const char *is;
	} admin[] = { { 22, "ssh" }, { 23, "telnet" }, { 512, "rexec" }, { 513, "rlogin" }, { 2375, "Docker's API without encryption" }, { 2376, "Docker's API" }, { 3389, "rdp" }, { 5900, "vnc" }, { 10250, "kubelet's API" } };
	uint32_t n = number_of(port);
	const char *field = ingot_arena_strf(l->out->arena, "/config/ExposedPorts/%s", port), *shown = INGOT_SHOW(ingot_span_of(port));
	if (n && n < 1024 && c->numeric && c->uid)
		(void)look_field(l, "port-privileged", field, port, "port %s needs root or a capability, and the image's user is %u", shown, c->uid);
	for (size_t i = 0; i < N_ROWS(admin); i++)
		if (n == admin[i].port)
			(void)look_field(l, "port-admin", field, port, "port %s is that of %s", shown, admin[i].is);
	if (n && unused(c, n))
		(void)look_field(l, "port-unused", field, port, "port %s is declared, and nothing in the config shows that something listens on it", shown);
}

static void check_told(struct look *l, const struct ingot_config *c, const char *number, const char *field)
{
	uint32_t n = 0;
	if (ingot_parse_u32(ingot_span_of(number), 65535, &n) == 0 && n && !declared(c, n))
		(void)look_field(l, "port-undeclared", field, number, "the program is told to listen on port %u, which is not declared", n);
}

static void check_list(struct look *l, const struct ingot_config *c, const struct ingot_words *w, const char *name)
{
	for (size_t i = 0; i < w->n; i++) {
		const char *field = ingot_arena_strf(l->out->arena, "/config/%s/%zu", name, i);
		if (strncmp(w->v[i], "--port=", 7) == 0)
			check_told(l, c, w->v[i] + 7, field);
		else if (strcmp(w->v[i], "--port") == 0 && i + 1 < w->n)
			check_told(l, c, w->v[i + 1], field);
	}
}

static void check(struct look *l)
{
	const struct ingot_config *c = l->config;
	if (!c)
		return;
	for (size_t i = 0; i < c->ports.n; i++)
		check_declared(l, c, c->ports.v[i]);
	check_list(l, c, &c->entrypoint, "Entrypoint");
	check_list(l, c, &c->cmd, "Cmd");
	for (size_t i = 0; i < c->env.n; i++)
		if (strncmp(c->env.v[i], "PORT=", 5) == 0)
			check_told(l, c, c->env.v[i] + 5, ingot_arena_strf(l->out->arena, "/config/Env/%zu", i));
}

const struct rule_group rules_ports = { rows, N_ROWS(rows), check };
