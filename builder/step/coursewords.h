/* coursewords.h - a course on the channel (private to this room). */
#pragma once
#include <ingot/chan.h>
#include <ingot/course.h>

int step_course_check(const struct ingot_course *c, struct ingot_err *err) INGOT_MUST_USE; /* before anything is started */
int step_course_send(struct ingot_chan *c, const struct ingot_course *s, struct ingot_err *err) INGOT_MUST_USE;
void step_course_take(const struct ingot_msg_course *m, struct ingot_course_result *ret);
