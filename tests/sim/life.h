/*
 * life: operators of a simulated site, who pause and resume what it works on,
 * let a stopped run go on, and have failures tried again.
 */
#ifndef TESTS_SIM_LIFE_H
#define TESTS_SIM_LIFE_H

#include <stdbool.h>
#include <stdint.h>

struct site;
struct site_plan;

/* Zeroed: nobody has done anything yet. */
struct life {
	int64_t next_at;	/* when somebody does something */
	int64_t paused_at;	/* the host; 0: it is not */
	int64_t asked;		/* of the host, when it should have been quiet */
	bool noted;
	int deeds;
	int again;		/* how often failures were tried again */
};

/* Do what is due.  Returns `next`, or when somebody acts before. */
int64_t life_turn(struct site *site, const struct site_plan *plan,
		  int64_t next);

/* The run is over: is something of it tried again? */
bool life_again(struct site *site, const struct site_plan *plan);

#endif
