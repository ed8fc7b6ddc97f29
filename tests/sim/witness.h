/*
 * witness: what must hold while a simulated site is watched over days.
 *
 * Looks after every commit, remembers what each check of each access came to,
 * and compares what CRM says with what the providers and the host really do.
 */
#ifndef TESTS_SIM_WITNESS_H
#define TESTS_SIM_WITNESS_H

#include "shared/accesses.h"
#include "tests/sim/weather.h"

#define WITNESS_ACCESSES_MAX 32
#define WITNESS_HOURS_MAX 240

/* Failures in a row, of one class; times of the world. */
struct streak {
	char class[48];
	size_t count;
	int64_t at[16];		/* the last ones, count % 16 is next */
};

struct seen {
	char access_id[ID_MAX];
	size_t provider;
	enum access_status status;
	int64_t checked_at;	/* CRM's */
	struct streak streak;
};

struct witness {
	struct site *site;
	const struct sky *sky;
	struct seen list[WITNESS_ACCESSES_MAX];
	size_t count;
	int64_t commits;	/* looked at */
	int64_t proofs;		/* the last one that was looked at */
	int64_t looked_at;	/* by the world's clock */
	int64_t began;
	int64_t exchanges;	/* with the host, before this hour */
	int64_t by_hour[WITNESS_HOURS_MAX];
	int64_t chats;		/* at the beginning */
	int64_t checks;		/* that ended */
	int64_t broken;		/* times that an access became so */
	bool dual;		/* for the providers any mode is right */
	bool overlap;		/* causes cannot be told apart */
};

/* After the import: all accesses are there and active. */
void witness_begin(struct witness *witness, struct site *site,
		   const struct sky *sky, bool overlap);

/* After each turn. */
void witness_look(struct witness *witness);

/* Is every access active? */
bool witness_all_well(const struct witness *witness);

/* When the weather is over and all has come to rest. */
void witness_end(struct witness *witness);

#endif
