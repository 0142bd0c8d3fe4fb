/* What is code: every row of the table by a path that it is for, and what is none. */
#include "../../builder/policy/code.h"
#include "core_support.h"

struct example {
	const char *path, *pattern; /* the row that gives the reason */
};

static const struct example places[] = {
	{ "usr/bin/curl", "bin" }, { "sbin/init", "sbin" }, { "usr/games/fortune", "games" }, { "opt/bin/tool", "opt/bin" }, { "opt/app/bin/run", "opt/*/bin" },
	{ "opt/app/sbin/d", "opt/*/sbin" }, { "opt/app/lib/x.dat", "opt/*/lib" }, { "opt/app/lib64/x", "opt/*/lib64" }, { "opt/app/libexec/x", "opt/*/libexec" },
	{ "etc/ld.so.preload", "etc/ld.so.preload" }, { "etc/ld.so.conf", "etc/ld.so.conf" }, { "etc/ld.so.conf.d/x86_64-linux-gnu.conf", "etc/ld.so.conf.d" },
	{ "etc/ld.so.cache", "etc/ld.so.cache" }, { "etc/ld-musl-x86_64.path", "etc/ld-musl-*.path" }, { "boot/vmlinuz", "boot" },
	{ "usr/lib/python3/dist-packages/yaml/__init__.py", "lib/python*" }, { "usr/lib/pypy3/x", "lib/pypy*" }, { "usr/share/python3/runtime.d/x", "share/python*" },
	{ "usr/share/perl5/Foo.pm", "share/perl*" }, { "usr/lib/x86_64-linux-gnu/perl5/auto/x", "lib/*/perl*" }, { "etc/perl/Net/libnet.cfg", "etc/perl" },
	{ "usr/lib/ruby/vendor_ruby/x", "lib/ruby" }, { "share/ruby-x/x", "share/ruby*" }, { "share/rubygems-integration/x", "share/rubygems-integration" },
	{ "var/lib/gems/x", "var/lib/gems" }, { "usr/local/lib/node_modules/npm/x", "lib/node_modules" }, { "usr/lib/nodejs/x", "lib/nodejs" },
	{ "share/nodejs/x", "share/nodejs" }, { "usr/lib/php/20220829/opcache.so", "lib/php" }, { "share/php-x/x", "share/php*" }, { "share/lua/x", "share/lua" },
	{ "usr/lib/x86_64-linux-gnu/lua/5.4/x", "lib/*/lua" }, { "usr/lib/jvm/java-17-openjdk-amd64/lib/modules", "lib/jvm" }, { "share/java/x", "share/java" },
	{ "share/maven-repo/x", "share/maven-repo" }, { "etc/java-17-openjdk/security/java.security", "etc/java*" }, { "lib/dotnet/x", "lib/dotnet" },
	{ "share/dotnet/x", "share/dotnet" }, { "lib/erlang/x", "lib/erlang" }, { "lib/ocaml/x", "lib/ocaml" }, { "usr/lib/go-1.19/src/x", "lib/go*" },
	{ "share/tcltk/x", "share/tcltk" }, { "share/guile/x", "share/guile" }, { "share/emacs/x", "share/emacs" }, { "share/vim/x", "share/vim" },
	{ "etc/vim/x", "etc/vim" }, { "etc/emacs/x", "etc/emacs" }, { "share/gdb/x", "share/gdb" }, { "etc/python3.11/sitecustomize.py", "etc/python*" },
	{ "etc/R/Rprofile.site", "etc/R" }, { "etc/octave.conf", "etc/octave*" }, { "usr/lib/systemd/system/ssh.service", "lib/systemd" },
	{ "usr/lib/udev/rules.d/50.rules", "lib/udev" }, { "lib/modules/6.1.0/modules.dep", "lib/modules" },
	{ "usr/lib/x86_64-linux-gnu/security/pam_unix.so", "lib/*/security" }, { "lib/security/pam_x", "lib/security" },
	{ "usr/lib/x86_64-linux-gnu/gconv/gconv-modules", "lib/*/gconv" }, { "usr/lib/cgi-bin/x", "lib/cgi-bin" }, { "lib/x86_64-linux-gnu/libc.so.6", "lib" },
	{ "lib32/x", "lib32" }, { "lib64/ld-linux-x86-64.so.2", "lib64" }, { "usr/libx32/x", "libx32" }, { "usr/libexec/git-core/x", "libexec" },
	{ "usr/share/nginx/modules-available/mod-mail.conf", "share/nginx/modules*" }, { "share/bash-completion/x", "share/bash-completion" },
	{ "share/zsh/x", "share/zsh" }, { "share/fish/x", "share/fish" }, { "share/debconf/x", "share/debconf" }, { "share/dbus-1/x", "share/dbus-1" },
	{ "share/polkit-1/x", "share/polkit-1" }, { "share/initramfs-tools/x", "share/initramfs-tools" }, { "etc/profile", "etc/profile" },
	{ "etc/profile.d/x", "etc/profile.d" }, { "etc/bash.bashrc", "etc/bash*" }, { "etc/zsh/zshrc", "etc/zsh*" }, { "etc/csh.login", "etc/csh*" },
	{ "etc/ksh.kshrc", "etc/ksh*" }, { "etc/fish/x", "etc/fish" }, { "etc/environment", "etc/environment" }, { "etc/environment.d/x", "etc/environment.d" },
	{ "etc/skel/x", "etc/skel" }, { "etc/shells", "etc/shells" }, { "etc/update-motd.d/x", "etc/update-motd.d" }, { "etc/xdg/x", "etc/xdg" },
	{ "etc/X11/x", "etc/X11" }, { "etc/inputrc", "etc/inputrc" }, { "etc/gitconfig", "etc/gitconfig" }, { "etc/mailcap", "etc/mailcap" }, { "etc/mc/x", "etc/mc" },
	{ "etc/screenrc", "etc/screenrc" }, { "etc/tmux.conf", "etc/tmux.conf" }, { "etc/wgetrc", "etc/wgetrc" }, { "etc/ImageMagick-x/x", "etc/ImageMagick*" },
	{ "etc/ghostscript/x", "etc/ghostscript" }, { "etc/passwd", "etc/passwd*" }, { "etc/group", "etc/group*" }, { "etc/shadow", "etc/shadow*" },
	{ "etc/gshadow", "etc/gshadow*" }, { "etc/subuid", "etc/subuid*" }, { "etc/subgid", "etc/subgid*" }, { "etc/login.defs", "etc/login.defs" },
	{ "etc/adduser.conf", "etc/adduser.conf" }, { "etc/deluser.conf", "etc/deluser.conf" }, { "etc/nsswitch.conf", "etc/nsswitch.conf" },
	{ "etc/sudoers.d/web", "etc/sudo*" }, { "etc/doas.conf", "etc/doas*" }, { "etc/pam.conf", "etc/pam.conf" }, { "etc/pam.d/common-auth", "etc/pam.d" },
	{ "etc/security/limits.conf", "etc/security" }, { "etc/securetty", "etc/securetty" }, { "etc/polkit-1/x", "etc/polkit-1" }, { "etc/krb5.conf", "etc/krb5*" },
	{ "etc/gss/x", "etc/gss" }, { "etc/sssd/x", "etc/sssd" }, { "etc/nslcd.conf", "etc/nslcd.conf" }, { "etc/ldap/ldap.conf", "etc/ldap*" },
	{ "etc/hosts.allow", "etc/hosts.allow" }, { "etc/hosts.deny", "etc/hosts.deny" }, { "etc/hosts.equiv", "etc/hosts.equiv" }, { "etc/ssh/sshd_config", "etc/ssh" },
	{ "etc/apparmor.d/x", "etc/apparmor*" }, { "etc/selinux/x", "etc/selinux" }, { "etc/crontab", "etc/crontab" }, { "etc/cron.daily/apt-compat", "etc/cron.*" },
	{ "etc/anacrontab", "etc/anacrontab" }, { "etc/incron-x/x", "etc/incron*" }, { "var/spool/cron/crontabs/root", "var/spool/cron" },
	{ "var/spool/at/x", "var/spool/at" }, { "var/spool/incron/x", "var/spool/incron" }, { "etc/init.d/ssh", "etc/init.d" }, { "etc/rc2.d/S01cron", "etc/rc*.d" },
	{ "etc/rc.local", "etc/rc.local" }, { "etc/rc.conf", "etc/rc.conf" }, { "etc/init/x", "etc/init" }, { "etc/inittab", "etc/inittab" },
	{ "etc/systemd/system/x.service", "etc/systemd" }, { "etc/default/x", "etc/default" }, { "etc/sysconfig/x", "etc/sysconfig" }, { "etc/conf.d/x", "etc/conf.d" },
	{ "etc/runlevels/x", "etc/runlevels" }, { "etc/supervisor/conf.d/app.conf", "etc/supervisor*" }, { "etc/s6-overlay/x", "etc/s6*" },
	{ "etc/services.d/x", "etc/services.d" }, { "etc/cont-init.d/x", "etc/cont-init.d" }, { "etc/cont-finish.d/x", "etc/cont-finish.d" },
	{ "etc/fix-attrs.d/x", "etc/fix-attrs.d" }, { "etc/service/x", "etc/service" }, { "etc/sv/x", "etc/sv" }, { "etc/runit/x", "etc/runit" },
	{ "etc/monit-x/x", "etc/monit*" }, { "etc/xinetd-x/x", "etc/xinetd*" }, { "etc/inetd.conf", "etc/inetd.conf" }, { "etc/network/if-up.d/x", "etc/network" },
	{ "etc/networkd-dispatcher/x", "etc/networkd-dispatcher" }, { "etc/NetworkManager/x", "etc/NetworkManager" }, { "etc/dhcp/dhclient-exit-hooks.d/x", "etc/dhcp*" },
	{ "etc/resolvconf/x", "etc/resolvconf" }, { "etc/ppp/x", "etc/ppp" }, { "etc/udev/x", "etc/udev" }, { "etc/modprobe.d/x", "etc/modprobe.d" },
	{ "etc/modules-load.d/x.conf", "etc/modules*" }, { "etc/binfmt.d/x", "etc/binfmt.d" }, { "etc/sysctl.d/x.conf", "etc/sysctl*" },
	{ "etc/tmpfiles.d/x", "etc/tmpfiles.d" }, { "etc/sysusers.d/x", "etc/sysusers.d" }, { "etc/dbus-1/x", "etc/dbus-1" }, { "etc/acpi/x", "etc/acpi" },
	{ "etc/kernel/x", "etc/kernel" }, { "etc/initramfs-tools/x", "etc/initramfs-tools" }, { "etc/grub.d/40_custom", "etc/grub*" }, { "etc/cloud/x", "etc/cloud" },
	{ "etc/fstab", "etc/fstab" }, { "etc/auto.master", "etc/auto.*" }, { "docker-entrypoint.d/x", "docker-entrypoint.d" },
	{ "docker-entrypoint-initdb.d/x", "docker-entrypoint-initdb.d" }, { "etc/apt/apt.conf.d/01hook", "etc/apt" }, { "etc/dpkg/dpkg.cfg.d/x", "etc/dpkg" },
	{ "var/lib/dpkg/info/bash.postinst", "var/lib/dpkg" }, { "etc/alternatives/editor", "etc/alternatives" }, { "etc/apk/x", "etc/apk" }, { "etc/yum-x/x", "etc/yum*" },
	{ "etc/dnf/x", "etc/dnf" }, { "etc/rpm/x", "etc/rpm" }, { "var/lib/rpm/x", "var/lib/rpm" }, { "etc/zypp/x", "etc/zypp" }, { "etc/pip.conf", "etc/pip.conf" },
	{ "etc/npmrc", "etc/npmrc" }, { "etc/ssl/certs/ca-certificates.crt", "etc/ssl" }, { "etc/pki/x", "etc/pki" }, { "etc/ca-certificates-x/x", "etc/ca-certificates*" },
	{ "usr/local/share/ca-certificates/x.crt", "share/ca-certificates*" }, { "etc/gnutls/x", "etc/gnutls" }, { "etc/crypto-policies/x", "etc/crypto-policies" },
	{ "etc/gnupg/x", "etc/gnupg" }, { "etc/nginx/conf.d/default.conf", "etc/nginx" }, { "etc/apache2/x", "etc/apache2" },
	{ "usr/local/etc/httpd/httpd.conf", "etc/httpd" }, { "etc/lighttpd/x", "etc/lighttpd" }, { "etc/caddy/x", "etc/caddy" },
	{ "etc/haproxy/haproxy.cfg", "etc/haproxy" }, { "etc/traefik/x", "etc/traefik" }, { "etc/envoy/x", "etc/envoy" }, { "etc/varnish/x", "etc/varnish" },
	{ "etc/squid-x/x", "etc/squid*" }, { "etc/php/8.2/fpm/pool.d/www.conf", "etc/php*" }, { "etc/uwsgi-x/x", "etc/uwsgi*" }, { "etc/gunicorn.d/x", "etc/gunicorn*" },
	{ "etc/tomcat-x/x", "etc/tomcat*" }, { "etc/jetty-x/x", "etc/jetty*" }, { "etc/redis/redis.conf", "etc/redis*" }, { "etc/valkey-x/x", "etc/valkey*" },
	{ "etc/memcached-x/x", "etc/memcached*" }, { "etc/postgresql/15/main/postgresql.conf", "etc/postgresql*" }, { "etc/pgbouncer/x", "etc/pgbouncer" },
	{ "etc/mysql/x", "etc/mysql" }, { "etc/my.cnf.d/x.cnf", "etc/my.cnf*" }, { "etc/mongo-x/x", "etc/mongo*" }, { "etc/cassandra/x", "etc/cassandra" },
	{ "etc/elasticsearch/x", "etc/elasticsearch" }, { "etc/opensearch/x", "etc/opensearch" }, { "etc/kafka/x", "etc/kafka" }, { "etc/zookeeper/x", "etc/zookeeper" },
	{ "etc/rabbitmq/x", "etc/rabbitmq" }, { "etc/mosquitto/x", "etc/mosquitto" }, { "etc/postfix/x", "etc/postfix" }, { "etc/dovecot/x", "etc/dovecot" },
	{ "etc/exim-x/x", "etc/exim*" }, { "etc/mail/x", "etc/mail" }, { "etc/aliases", "etc/aliases*" }, { "etc/opendkim-x/x", "etc/opendkim*" },
	{ "etc/spamassassin/x", "etc/spamassassin" }, { "etc/clamav/x", "etc/clamav" }, { "etc/bind/x", "etc/bind" }, { "etc/named-x/x", "etc/named*" },
	{ "etc/unbound/x", "etc/unbound" }, { "etc/powerdns/x", "etc/powerdns" }, { "etc/knot-x/x", "etc/knot*" }, { "etc/dnsmasq-x/x", "etc/dnsmasq*" },
	{ "etc/kea/x", "etc/kea" }, { "etc/ntp-x/x", "etc/ntp*" }, { "etc/chrony/x", "etc/chrony" }, { "etc/openvpn/x", "etc/openvpn" },
	{ "etc/wireguard/x", "etc/wireguard" }, { "etc/ipsec-x/x", "etc/ipsec*" }, { "etc/swanctl/x", "etc/swanctl" }, { "etc/keepalived/x", "etc/keepalived" },
	{ "etc/nftables-x/x", "etc/nftables*" }, { "etc/iptables-x/x", "etc/iptables*" }, { "etc/samba/x", "etc/samba" }, { "etc/exports-x/x", "etc/exports*" },
	{ "etc/proftpd-x/x", "etc/proftpd*" }, { "etc/vsftpd-x/x", "etc/vsftpd*" }, { "etc/rsync-x/x", "etc/rsync*" }, { "etc/snmp/x", "etc/snmp" },
	{ "etc/zabbix/x", "etc/zabbix" }, { "etc/nagios-x/x", "etc/nagios*" }, { "etc/munin/x", "etc/munin" }, { "etc/collectd-x/x", "etc/collectd*" },
	{ "etc/telegraf/x", "etc/telegraf" }, { "etc/prometheus/x", "etc/prometheus" }, { "etc/grafana/x", "etc/grafana" }, { "etc/fluent-x/x", "etc/fluent*" },
	{ "etc/logstash/x", "etc/logstash" }, { "etc/logrotate-x/x", "etc/logrotate*" }, { "etc/rsyslog-x/x", "etc/rsyslog*" }, { "etc/syslog-ng/x", "etc/syslog-ng" },
	{ "etc/fail2ban/x", "etc/fail2ban" }, { "etc/consul-x/x", "etc/consul*" }, { "etc/nomad-x/x", "etc/nomad*" }, { "etc/vault-x/x", "etc/vault*" },
	{ "etc/docker/x", "etc/docker" }, { "etc/containers/x", "etc/containers" }, { "etc/containerd/x", "etc/containerd" }, { "etc/cni/x", "etc/cni" },
	{ "etc/kubernetes/x", "etc/kubernetes" }, { "etc/salt/x", "etc/salt" }, { "etc/puppet-x/x", "etc/puppet*" }, { "etc/ansible/x", "etc/ansible" },
};

static const struct example names[] = {
	{ "home/u/.profile", ".profile" }, { "srv/app/.bash_profile", ".bash_profile" }, { "root/.bash_login", ".bash_login" }, { "home/u/.bash_logout", ".bash_logout" },
	{ "srv/app/.bashrc", ".bashrc" }, { "root/.bash_aliases", ".bash_aliases" }, { "home/u/.zshrc", ".zshrc" }, { "srv/app/.zshenv", ".zshenv" },
	{ "root/.zprofile", ".zprofile" }, { "home/u/.zlogin", ".zlogin" }, { "srv/app/.kshrc", ".kshrc" }, { "root/.cshrc", ".cshrc" }, { "home/u/.tcshrc", ".tcshrc" },
	{ "srv/app/.login", ".login" }, { "root/.xsession", ".xsession" }, { "home/u/.xinitrc", ".xinitrc" }, { "srv/app/.inputrc", ".inputrc" },
	{ "root/.vimrc", ".vimrc" }, { "home/u/.exrc", ".exrc" }, { "srv/app/.emacs", ".emacs" }, { "root/.emacs.d/x", ".emacs.d" }, { "home/u/.gdbinit", ".gdbinit" },
	{ "srv/app/.pdbrc", ".pdbrc" }, { "root/.irbrc", ".irbrc" }, { "home/u/.psqlrc", ".psqlrc" }, { "srv/app/.Rprofile", ".Rprofile" }, { "root/.my.cnf", ".my.cnf" },
	{ "home/u/.gitconfig", ".gitconfig" }, { "srv/app/.mailcap", ".mailcap" }, { "root/.forward", ".forward" }, { "home/u/.procmailrc", ".procmailrc" },
	{ "srv/app/.npmrc", ".npmrc" }, { "root/.ssh/x", ".ssh" }, { "home/u/.rhosts", ".rhosts" }, { "srv/app/.shosts", ".shosts" }, { "root/.k5login", ".k5login" },
	{ "home/u/.gnupg/x", ".gnupg" }, { "srv/app/.local/x", ".local" }, { "root/.config/x", ".config" }, { "home/u/.cargo/x", ".cargo" }, { "srv/app/.gem/x", ".gem" },
	{ "root/.m2/x", ".m2" }, { "home/u/.env", ".env" }, { "srv/app/.htaccess", ".htaccess" }, { "root/.user.ini", ".user.ini" }, { "home/u/php.ini", "php.ini" },
	{ "srv/app/cgi-bin/x", "cgi-bin" }, { "root/WEB-INF/x", "WEB-INF" }, { "home/u/META-INF/x", "META-INF" }, { "srv/app/node_modules/x", "node_modules" },
	{ "root/package.json", "package.json" }, { "home/u/site-packages/x", "site-packages" }, { "srv/app/dist-packages/x", "dist-packages" },
	{ "root/pyvenv.cfg", "pyvenv.cfg" }, { "home/u/__pycache__/x", "__pycache__" }, { "srv/app/Makefile", "Makefile" }, { "root/Rakefile", "Rakefile" },
	{ "home/u/Gemfile", "Gemfile" }, { "srv/app/Procfile", "Procfile" }, { "root/Caddyfile", "Caddyfile" }, { "home/u/nginx.conf", "nginx.conf" },
	{ "srv/app/haproxy.cfg", "haproxy.cfg" }, { "root/redis.conf", "redis.conf" }, { "home/u/postgresql.conf", "postgresql.conf" },
	{ "srv/app/postgresql.auto.conf", "postgresql.auto.conf" }, { "root/pg_hba.conf", "pg_hba.conf" }, { "home/u/authorized_keys", "authorized_keys" },
	{ "srv/app/sshd_config", "sshd_config" }, { "root/supervisord.conf", "supervisord.conf" },
};

static const struct example endings[] = {
	{ "srv/app/x.so", ".so" }, { "home/u/x.ko", ".ko" }, { "data/x.ko.xz", ".ko.xz" }, { "srv/app/x.ko.zst", ".ko.zst" }, { "home/u/x.dll", ".dll" },
	{ "data/x.exe", ".exe" }, { "srv/app/x.wasm", ".wasm" }, { "home/u/x.py", ".py" }, { "data/x.pyc", ".pyc" }, { "srv/app/x.pyz", ".pyz" },
	{ "home/u/x.pth", ".pth" }, { "data/x.egg", ".egg" }, { "srv/app/x.whl", ".whl" }, { "home/u/x.pl", ".pl" }, { "data/x.pm", ".pm" }, { "srv/app/x.rb", ".rb" },
	{ "home/u/x.gemspec", ".gemspec" }, { "data/x.js", ".js" }, { "srv/app/x.mjs", ".mjs" }, { "home/u/x.cjs", ".cjs" }, { "data/x.node", ".node" },
	{ "srv/app/x.php", ".php" }, { "home/u/x.phtml", ".phtml" }, { "data/x.phar", ".phar" }, { "srv/app/x.jsp", ".jsp" }, { "home/u/x.jar", ".jar" },
	{ "data/x.war", ".war" }, { "srv/app/x.ear", ".ear" }, { "home/u/x.class", ".class" }, { "data/x.groovy", ".groovy" }, { "srv/app/x.lua", ".lua" },
	{ "home/u/x.tcl", ".tcl" }, { "data/x.awk", ".awk" }, { "srv/app/x.beam", ".beam" }, { "home/u/x.el", ".el" }, { "data/x.elc", ".elc" },
	{ "srv/app/x.vim", ".vim" }, { "home/u/x.sh", ".sh" }, { "data/x.bash", ".bash" }, { "srv/app/x.zsh", ".zsh" }, { "home/u/x.cgi", ".cgi" },
	{ "data/x.fcgi", ".fcgi" }, { "srv/app/x.service", ".service" }, { "home/u/x.timer", ".timer" }, { "data/x.socket", ".socket" },
	{ "srv/app/x.desktop", ".desktop" },
};

/* What services write, and what programs only show. */
static const char *const harmless[] = {
	"tmp/x", "var/tmp/x", "var/log/nginx/access.log", "var/cache/nginx/proxy_temp/1", "var/lib/redis/dump.rdb", "var/lib/postgresql/15/main/base/1/1249", "var/lib/app/state.db", "run/nginx.pid",
	"srv/www/index.html", "srv/www/style.css", "srv/so/x", "home/u/notes.txt", "root/x", "data/x.json", "data/x.yaml", "data/x.soup", "data/py", "etc/hostname", "etc/motd", "etc/services", "etc/os-release", "etc/mime.types",
	"etc/localtime", "etc/debian_version", "usr/share/doc/curl/copyright", "usr/share/zoneinfo/UTC", "usr/share/locale/de/LC_MESSAGES/x.mo", "usr/share/nginx/html/index.html", "opt/app/data/x", "opt/app/bind", "var/spool/postfix/x",
	"binary", "library/x", "etcetera/cron.d/x", "srv/etc/cron.d/x", "var/lib/x", "x.so/y", "usr/include/stdio.h", "usr",
};

static const char *row_why(const struct code_row *rows, const char *pattern)
{
	for (; rows->pattern; rows++)
		if (strcmp(rows->pattern, pattern) == 0)
			return rows->why;
	ck_abort_msg("there is no row %s", pattern);
	return NULL;
}

static const char *why(const char *path, const struct ingot_node *node)
{
	return code_why(ingot_span_of(path), node, NULL, NULL);
}

static void check_rows(const struct code_row *rows, const struct example *v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const char *want = row_why(rows, v[i].pattern), *got = why(v[i].path, NULL);
		ck_assert_msg(got && strcmp(got, want) == 0, "/%s: %s; %s says: %s", v[i].path, got ? got : "is no code", v[i].pattern, want);
	}
	for (; rows->pattern; rows++) {
		size_t i = 0;
		while (i < n && strcmp(v[i].pattern, rows->pattern) != 0)
			i++;
		ck_assert_msg(i < n, "no example for the row %s", rows->pattern);
	}
}
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

START_TEST(rows_of_places)
{
	check_rows(code_places, places, COUNT(places));
	for (const struct code_row *r = code_places; r->pattern; r++) /* code.c knows of no other wildcard */
		ck_assert_msg(strcspn(r->pattern, "*?[/") > 0 && !strpbrk(r->pattern, "?["), "%s", r->pattern);
}
END_TEST

START_TEST(rows_of_names)
{
	check_rows(code_names, names, COUNT(names));
}
END_TEST

START_TEST(rows_of_endings)
{
	check_rows(code_endings, endings, COUNT(endings));
	ck_assert_str_eq(why("srv/app/libx.so.1.2", NULL), row_why(code_endings, ".so"));
}
END_TEST

START_TEST(no_code)
{
	for (size_t i = 0; i < COUNT(harmless); i++)
		ck_assert_msg(!why(harmless[i], NULL), "/%s: %s", harmless[i], why(harmless[i], NULL));
}
END_TEST

static const char *why_below(const char *path, const struct code_places *more, const char *want_place)
{
	struct ingot_span place = INGOT_SPAN("?");
	const char *got = code_why_below(ingot_span_of(path), more, &place);
	if (!ingot_span_is(place, want_place))
		ck_abort_msg("/%s leads to '%.*s'", path, INGOT_SPAN_ARG(place));
	return got;
}

START_TEST(what_it_is)
{
	const struct ingot_node plain = { .type = INGOT_FILE, .mode = 0644 }, runs = { .type = INGOT_FILE, .mode = 0654 }, dir = { .type = INGOT_DIR, .mode = 0755 };
	const struct code_place v[] = { { INGOT_SPAN("srv/tools"), "PATH" } };
	const struct code_places more = { v, 1 };
	ck_assert_ptr_null(why("data/x", &plain));
	ck_assert_str_eq(why("data/x", &runs), "its mode lets it be executed");
	ck_assert_ptr_null(why("data/x", &dir));
	ck_assert_str_eq(code_why(INGOT_SPAN("data/x"), &plain, "an ELF program", NULL), "an ELF program");
	ck_assert_str_eq(code_why(INGOT_SPAN("srv/tools/x"), &plain, NULL, &more), "PATH");
	ck_assert_str_eq(code_why(INGOT_SPAN("srv/tools"), &plain, NULL, &more), "PATH");
	ck_assert_ptr_null(code_why(INGOT_SPAN("srv/toolsx"), &plain, NULL, &more));
	ck_assert_str_eq(why_below("srv", &more, "srv/tools"), "PATH");
	ck_assert_str_eq(why_below("srv/tools/x", &more, ""), "PATH");
	ck_assert_ptr_null(why_below("data", &more, ""));
}
END_TEST

/* Directories: what is made in them is code under some name. */
START_TEST(below)
{
	static const struct {
		const char *path, *place;
	} routes[] = {
		{ "", "bin" }, { "usr", "bin" }, { "usr/local", "bin" }, { "etc", "etc/ld.so.preload" }, { "etc/cron.d", "" }, { "etc/systemd/system", "" }, { "lib", "" }, { "opt", "opt/bin" },
		{ "opt/app", "opt/*/bin" }, { "opt/app/bin", "" }, { "var", "var/lib/gems" }, { "var/spool", "var/spool/cron" }, { "var/spool/cron", "" }, { "var/lib", "var/lib/gems" }, { "usr/share/nginx", "share/nginx/modules*" },
		{ "usr/share/perl5/X", "" }, { "home/u/.ssh", "" }, { "home/u/.config/fish", "" }, { "srv/app/node_modules", "" }, { "srv/venv/lib/python3.11/site-packages", "" },
	};
	static const char *const none[] = { "tmp", "run", "srv", "home", "home/u", "data", "var/log", "var/lib/app", "var/www/html", "opt/app/data", "usr/share/doc", "etc/fonts", "srv/x.py" };
	for (size_t i = 0; i < COUNT(routes); i++)
		ck_assert_msg(why_below(routes[i].path, NULL, routes[i].place) != NULL, "/%s", routes[i].path);
	for (size_t i = 0; i < COUNT(none); i++)
		ck_assert_msg(!why_below(none[i], NULL, ""), "/%s: %s", none[i], why_below(none[i], NULL, ""));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("code");
	TCase *t = tcase_create("code");
	tcase_add_test(t, rows_of_places);
	tcase_add_test(t, rows_of_names);
	tcase_add_test(t, rows_of_endings);
	tcase_add_test(t, no_code);
	tcase_add_test(t, what_it_is);
	tcase_add_test(t, below);
	suite_add_tcase(s, t);
	return run_suite(s);
}
