/* session.h - requests to one registry with everything that stands between a question and its answer: who we are, tokens, trying again. Internal to registry. */
#pragma once
#include <ingot/credentials.h>
#include <ingot/exchange.h>
#include <ingot/registry.h>

struct ingot_registry {
	struct ingot_remote remote;
	struct ingot_registry_options o; /* its strings are copies, in the arena */
	const struct ingot_log *log;
	struct ingot_arena *arena;
	struct ingot_exchange *exchange; /* NULL: not connected */
	struct ingot_credential credential;
	bool has_credential, push, basic;
	bool settled; /* the scheme of base: it was answered in it */
	char *base;  /* "https://HOST" */
	char *token; /* the last one, or NULL */
	char *also;  /* another repository to read from (mount), or NULL */
};

struct session_call {
	struct ingot_request request;
	const char *doing; /* for messages: "reading the manifest 1.0" */
	/* Before it is made again: what of the body was given, and of the answer was taken, is void. NULL: once and never again. */
	int (*again)(void *ctx, struct ingot_request *r, struct ingot_err *err);
	struct ingot_response response;
	struct ingot_buf refusal; /* what the server said in words */
};
/* 0: there is an answer, whatever its status, but none that trying again or a token would have mended. */
int session_ask(struct ingot_registry *g, struct session_call *c, struct ingot_err *err) INGOT_MUST_USE;
/* doing is borrowed. On the heap, because answers are large. */
struct session_call *session_call_new(const char *doing);
void session_call_free(struct session_call *c);
INGOT_CLEANUP(struct session_call, session_call_free)
/* "DOING: the registry answers with status 403 (DENIED: ...)". Returns -1. */
int session_refused(struct ingot_registry *g, const struct session_call *c, struct ingot_err *err);

/* A text as the body of a request: the ctx and the function for it. */
struct session_text {
	struct ingot_span text;
	size_t at; /* given so far */
};
ssize_t session_give_text(void *ctx, void *p, size_t n, struct ingot_err *err);

/* token.c: get one for what the last answer asked for. */
int session_token(struct ingot_registry *g, const struct ingot_response *asked, struct ingot_err *err) INGOT_MUST_USE;
void session_forget_token(struct ingot_registry *g);
/* Another repository that later tokens have to be good for. */
void session_also(struct ingot_registry *g, const char *repository);
/* Where a credential could be, and is not looked for: the hint of a refusal. Returns -1. */
int session_no_credential(const struct ingot_registry *g, struct ingot_err *err);
/* The sleep before try n (from 1), at least so many seconds. */
void session_pause(const struct ingot_registry *g, unsigned n, uint32_t at_least);
