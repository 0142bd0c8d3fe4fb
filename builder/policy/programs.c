#include "programs.h"
#include <ingot/path.h>

/* Sources: each program's manual, and the EXPOSE and STOPSIGNAL of its official image. */
static const struct program programs[] = {
	{ "nginx", " 80 443 ", "SIGQUIT" },
	{ "openresty", " 80 443 ", "SIGQUIT" },
	{ "angie", " 80 443 ", "SIGQUIT" },
	{ "apache", " 80 443 ", "SIGWINCH" },
	{ "httpd", " 80 443 ", "SIGWINCH" },
	{ "httpd-foreground", " 80 443 ", "SIGWINCH" },
	{ "apachectl", " 80 443 ", "SIGWINCH" },
	{ "apache2ctl", " 80 443 ", "SIGWINCH" },
	{ "apache2-foreground", " 80 443 ", "SIGWINCH" },
	{ "php-fpm", " 9000 ", "SIGQUIT" },
	{ "haproxy", NULL, "SIGUSR1" },
	{ "postgres", " 5432 ", "SIGINT" },
	{ "postmaster", " 5432 ", "SIGINT" },
	{ "uwsgi", NULL, "SIGQUIT" },
	{ "unicorn", " 8080 ", "SIGQUIT" },
	{ "systemd", NULL, "SIGRTMIN+3" },
	{ "init", NULL, "SIGRTMIN+3" },
	{ "redis-server", " 6379 ", NULL },
	{ "valkey-server", " 6379 ", NULL },
	{ "memcached", " 11211 ", NULL },
	{ "mysqld", " 3306 33060 ", NULL },
	{ "mariadbd", " 3306 ", NULL },
	{ "mongod", " 27017 ", NULL },
	{ "rabbitmq-server", " 4369 5671 5672 15672 25672 ", NULL },
	{ "etcd", " 2379 2380 ", NULL },
	{ "prometheus", " 9090 ", NULL },
	{ "caddy", " 80 443 2019 ", NULL },
	{ "traefik", " 80 443 8080 ", NULL },
	{ "envoy", NULL, NULL },
	{ "varnishd", " 80 8443 ", NULL },
	{ "squid", " 3128 ", NULL },
	{ "unbound", " 53 ", NULL },
	{ "dnsmasq", " 53 67 69 ", NULL },
	{ "named", " 53 853 ", NULL },
	{ "sshd", " 22 ", NULL },
	{ "vsftpd", " 20 21 ", NULL },
	{ "exim", " 25 ", NULL },
	{ "postfix", " 25 ", NULL },
	{ "mosquitto", " 1883 ", NULL },
	{ "cron", NULL, NULL },
	{ "crond", NULL, NULL },
	{ "supervisord", NULL, NULL },
	{ "gunicorn", " 8000 ", NULL },
	{ "uvicorn", " 8000 ", NULL },
	{ "celery", NULL, NULL },
	{ "flask", " 5000 ", NULL },
	{ "rails", " 3000 ", NULL },
	{ "puma", " 9292 ", NULL },
	{ "python", NULL, NULL },
	{ "node", NULL, NULL },
	{ "npm", NULL, NULL },
	{ "yarn", NULL, NULL },
	{ "java", NULL, NULL },
	{ "ruby", NULL, NULL },
	{ "php", NULL, NULL },
	{ "perl", NULL, NULL },
	{ "dotnet", NULL, NULL },
	{ "service", NULL, NULL },
	{ "systemctl", NULL, NULL },
};

const struct program *program_find(struct ingot_span name)
{
	struct ingot_span base = ingot_path_base(name), plain = plain_name(base);
	for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]); i++)
		if (ingot_span_is(base, programs[i].name) || ingot_span_is(plain, programs[i].name))
			return &programs[i];
	return NULL;
}

static bool one_of(struct ingot_span s, const char *const *words)
{
	for (size_t i = 0; words[i]; i++)
		if (ingot_span_is(s, words[i]))
			return true;
	return false;
}

static const char *word_at(const struct command *c, size_t i)
{
	if (i < c->entrypoint->n)
		return c->entrypoint->v[i];
	return i - c->entrypoint->n < c->cmd->n ? c->cmd->v[i - c->entrypoint->n] : NULL;
}

struct command command_of(const struct ingot_config *c)
{
	static const char *const inits[] = { "tini", "dumb-init", "catatonit", "docker-init", "docker-entrypoint.sh", "docker-php-entrypoint", "entrypoint.sh", "env", "exec", "nice", NULL };
	struct command m = { &c->entrypoint, &c->cmd, 0 };
	const char *w;
	while ((w = word_at(&m, m.first)) && one_of(ingot_path_base(ingot_span_of(w)), inits)) {
		m.first++;
		while ((w = word_at(&m, m.first)) && w[0] == '-')
			m.first++;
	}
	return m;
}

const char *command_word(const struct command *c, size_t i)
{
	return word_at(c, c->first + i);
}

const char *shell_script(const struct ingot_words *w)
{
	static const char *const shells[] = { "sh", "bash", "ash", "dash", "zsh", "ksh", NULL };
	size_t i = 1;
	if (w->n < 2 || !one_of(ingot_path_base(ingot_span_of(w->v[0])), shells))
		return NULL;
	while (i < w->n && w->v[i][0] == '-' && w->v[i][strlen(w->v[i]) - 1] != 'c')
		i++;
	return i + 1 < w->n && w->v[i][0] == '-' ? w->v[i + 1] : NULL;
}

/* The program of one simple command: assignments and words that hand on to the next are skipped. */
static bool starts_service(struct ingot_span command)
{
	static const char *const before[] = { "exec", "nohup", "env", "command", "time", "setsid", "then", "do", "sudo", "{", "(", NULL };
	struct ingot_span rest = ingot_span_trim(command), word;
	while (ingot_span_next(&rest, ' ', &word))
		if (word.n && !ingot_span_has(word, '=') && !one_of(word, before))
			return program_find(word) != NULL;
	return false;
}

size_t script_services(struct ingot_span script, bool *ret_background)
{
	size_t n = 0, from = 0;
	char quote = 0;
	*ret_background = false;
	for (size_t i = 0; i <= script.n; i++) {
		char c = i < script.n ? script.p[i] : ';', next = i + 1 < script.n ? script.p[i + 1] : 0, before = i ? script.p[i - 1] : 0;
		if (quote) {
			quote = c == quote || i == script.n ? 0 : quote;
			if (i < script.n)
				continue;
		}
		if (c == '\'' || c == '"') {
			quote = c;
			continue;
		}
		/* 2>&1, &>file: no operators of their own */
		bool redirect = c == '&' && (before == '>' || before == '<' || next == '>');
		if ((c != ';' && c != '&' && c != '|' && c != '\n') || redirect)
			continue;
		n += starts_service((struct ingot_span){ script.p + from, i - from });
		*ret_background |= c == '&' && next != '&' && before != '&';
		from = i + 1;
	}
	return n;
}

bool looks_like_command(struct ingot_span word)
{
	struct ingot_span rest = word, first;
	return ingot_span_next(&rest, ' ', &first) && rest.n && program_find(first) != NULL && rest.p[0] != '=';
}
