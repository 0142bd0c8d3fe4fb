/* Secrets in the config. The tokens are put together here, so that no scanner takes this file for one that holds them. */
#pragma once
#include "policy_cases_config.h"

#define X36 "abcdefghijklmnopqrstuvwxyz0123456789"
#define TOKEN "ghp" "_" X36
#define HISTORY(text) "{\"history\":[{\"created_by\":\"" text "\"}],\"config\":{\"User\":\"1:1\",\"Cmd\":[\"/web\"]}}"

static const struct policy_case cases_secrets[] = {
	{ "MySQL's best known password", "error default-credentials /config/Env/0; ", .config = ENV("MYSQL_ROOT_PASSWORD=root") },
	{ "MySQL's best known password, as a recipe", "error default-credentials /config/Env/1; ", .recipe = RECIPE("  env: { MYSQL_ROOT_PASSWORD: root }\n") },
	{ "a number", "error default-credentials /config/Env/0; ", .config = ENV("redis-password=1234567890") },
	{ "a short one", "error default-credentials /config/Env/0; ", .config = ENV("DB_PASS=x7-q") },
	{ "none at all", "error default-credentials /config/Env/0; ", .config = ENV("MYSQL_ALLOW_EMPTY_PASSWORD=yes") },
	{ "trust", "error default-credentials /config/Env/0; ", .config = ENV("POSTGRES_HOST_AUTH_METHOD=trust") },
	{ "a good one is as public", "warning secret-name /config/Env/0; ", .config = ENV("DB_PASSWORD=correct-horse-battery") },
	{ "allowed", "allowed secret-name /config/Env/0; ", .config = ENV("CSRF_TOKEN=x-not-a-secret"), .allow = { { "secret-name", REASON, NULL, "CSRF_TOKEN" } } },
	{ "a file that holds it", "", .config = ENV("DB_PASSWORD_FILE=/run/secrets/db") },
	{ "a path", "", .config = ENV("DB_PASSWORD=/run/secrets/db") },
	{ "a name without a value", "", .config = ENV("DB_PASSWORD=") },
	{ "names that only sound so", "", .config = ENV("TOKENIZERS_PARALLELISM=false") },
	{ "a token under any name", "error secret-env /config/Env/0; ", .config = ENV("X=" TOKEN) },
	{ "a word that begins like one", "", .config = ENV("X=ghp_short") },
	{ "AWS", "error secret-env /config/Env/0; ", .config = ENV("ID=AKIA" "ABCDEFGHIJKLMNOP") },
	{ "no id of AWS, being longer", "", .config = ENV("ID=AKIA" "ABCDEFGHIJKLMNOPQ") },
	{ "in the middle of a word", "", .config = ENV("ID=XAKIA" "ABCDEFGHIJKLMNOP") },
	{ "a password in a URL", "error secret-env /config/Env/0; ", .config = ENV("URL=postgres://web:hunter2hunter2@db/web") },
	{ "a variable in a URL", "", .config = ENV("URL=postgres://web:$PW@db/web") },
	{ "a user in a URL", "", .config = ENV("URL=postgres://web@db:5432/web") },
	{ "a private key", "error secret-env /config/Env/0; ", .config = ENV("K=-----BEGIN RSA " "PRIVATE KEY-----") },
	{ "a label", "error secret-label /config/Labels/a; ", .config = CONFIG("\"Cmd\":[\"/web\"],\"Labels\":{\"a\":\"" TOKEN "\"}") },
	{ "a label's name", "warning secret-name /config/Labels/api-key; ", .config = CONFIG("\"Cmd\":[\"/web\"],\"Labels\":{\"api-key\":\"qwertzuiop\",\"b\":\"c\"}") },
	{ "an argument", "error secret-args /config/Entrypoint/1; ", .config = START("\"/web\",\"" TOKEN "\"") },
	{ "an option", "warning secret-name /config/Entrypoint/1; ", .config = START("\"/web\",\"--password=correct-horse\"") },
	{ "an option and its word", "error default-credentials /config/Entrypoint/1; ", .config = START("\"/web\",\"--requirepass-password\",\"secret\"") },
	{ "an option with a file", "", .config = START("\"/web\",\"--password-file\",\"/run/secrets/x\"") },
	{ "the history", "warning secret-history /history/0/created_by; ", .config = HISTORY("|1 NPM_TOKEN=qwertzuiop /bin/sh -c npm ci") },
	{ "a token in the history", "warning secret-history /history/0/created_by; ", .config = HISTORY("RUN curl -H " TOKEN) },
	{ "a history without", "", .config = HISTORY("RUN TOKEN=$(cat /run/secrets/x) make") },
	{ "a variable is not told twice", "error default-credentials /config/Env/0; ",
	  .config = "{\"history\":[{\"created_by\":\"ENV A_PASSWORD=root\"}],\"config\":{\"User\":\"1:1\",\"Cmd\":[\"/web\"],\"Env\":[\"A_PASSWORD=root\"]}}" },
};
