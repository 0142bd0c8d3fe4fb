#define INGOT_ERR_C
#include <errno.h>
#include <ingot/err.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

__attribute__((format(printf, 4, 0))) static void record(struct ingot_err *err, enum ingot_code code, int sys, const char *fmt, va_list ap)
{
	err->code = code;
	err->sys = sys;
	err->where[0] = err->line[0] = err->hint[0] = '\0';
	err->column = 0;
	err->again = false;
	(void)vsnprintf(err->msg, sizeof(err->msg), fmt, ap);
}

int ingot_fail(struct ingot_err *err, enum ingot_code code, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	record(err, code, 0, fmt, ap);
	va_end(ap);
	return -1;
}

int ingot_fail_sys(struct ingot_err *err, enum ingot_code code, const char *fmt, ...)
{
	int sys = errno;
	va_list ap;
	va_start(ap, fmt);
	record(err, code, sys, fmt, ap);
	va_end(ap);
	size_t n = strlen(err->msg);
	(void)snprintf(err->msg + n, sizeof(err->msg) - n, ": %s", strerror(sys));
	return -1;
}

int ingot_hint(struct ingot_err *err, const char *fmt, ...)
{
	if (err->hint[0])
		return -1;
	va_list ap;
	va_start(ap, fmt);
	(void)vsnprintf(err->hint, sizeof(err->hint), fmt, ap);
	va_end(ap);
	return -1;
}

int ingot_again(struct ingot_err *err)
{
	err->again = true;
	return ingot_hint(err, "run the command again: it is made or fetched anew");
}

int ingot_context(struct ingot_err *err, const char *fmt, ...)
{
	char text[sizeof(err->msg)];
	va_list ap;
	va_start(ap, fmt);
	int n = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n + 3 >= sizeof(text))
		return -1; /* the message itself matters more than where it came from */
	size_t have = strlen(err->msg), head = (size_t)n + 2;
	if (have > sizeof(err->msg) - 1 - head)
		have = sizeof(err->msg) - 1 - head;
	memmove(err->msg + head, err->msg, have);
	err->msg[head + have] = '\0';
	memcpy(err->msg, text, (size_t)n);
	memcpy(err->msg + n, ": ", 2);
	return -1;
}

_Noreturn void ingot_panic(const char *fmt, ...)
{
	char text[512];
	va_list ap;
	va_start(ap, fmt);
	int n = vsnprintf(text, sizeof(text) - 1, fmt, ap);
	va_end(ap);
	if (n < 0)
		n = 0;
	if ((size_t)n > sizeof(text) - 2)
		n = sizeof(text) - 2;
	text[n++] = '\n';
	/* Whether this can be written changes nothing about what follows. */
	ssize_t ignored = write(STDERR_FILENO, text, (size_t)n);
	(void)ignored;
	_exit(INGOT_E_BUG);
}
