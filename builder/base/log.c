#include <ingot/log.h>
#include <stdarg.h>
#include <stdio.h>

void ingot_say(const struct ingot_log *log, enum ingot_level level, const char *fmt, ...)
{
	if (!log || !log->event)
		return;
	char text[2048];
	va_list ap;
	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	log->event(log->ctx, level, text);
}

void ingot_progress(const struct ingot_log *log, const char *what, uint64_t done, uint64_t total)
{
	if (log && log->progress)
		log->progress(log->ctx, what, done, total);
}
