/*
 * story: a site that shares its host with others, and what is done there: by
 * operators of CRM, by strangers, by chance.
 *
 * Each deed is one line of a trail, for whoever repeats a seed.
 */
#ifndef TESTS_SIM_STORY_H
#define TESTS_SIM_STORY_H

#include "shared/resources.h"
#include "tests/sim/site.h"

#define STORY_TRAIL_MAX 96
#define STORY_RUNS_MAX 24
#define STORY_KEYS_MAX 32
#define STORY_LOST_MAX 4
#define STORY_ROTATIONS_MAX 16

/* A provider's key that operators have. */
struct story_key {
	size_t provider;
	char key[80];
};

/* An account is to have another key; perhaps it gets it. */
struct story_rotation {
	int64_t account;
	char old_key[80], new_key[80];
};

/* What CRM did then it does not know: a backup was put back. */
struct story_lost {
	int64_t from, until;
};

struct story {
	struct site site;
	struct site_plan plan;
	struct ledger ledger;
	struct db *backup;		/* or NULL */
	int64_t backup_at;
	struct story_lost lost[STORY_LOST_MAX];
	size_t nlost;
	struct story_key keys[STORY_KEYS_MAX];
	size_t nkeys;
	struct story_rotation rotations[STORY_ROTATIONS_MAX];
	size_t nrotations;
	char runs[STORY_RUNS_MAX][ID_MAX];
	size_t nruns;
	json_t *user;		/* whose key was given, before; or NULL */
	char *trail[STORY_TRAIL_MAX];
	size_t ntrail;
};

size_t story_dice(struct story *story, size_t sides);

/* A line of the trail. */
void story_say(struct story *story, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* A row of the host goes into the trail, as an administrator sees it. */
void story_show(struct story *story, enum host_kind kind, int64_t id);

/* What is of others may be changed by CRM, from now on. */
void story_lend(struct story *story, enum host_kind kind, int64_t id);

/* The world is there, with its strangers, and CRM knows the host. */
void story_begin(struct story *story);
void story_done(struct story *story);

/* One deed, by the seed. */
void story_deed(struct story *story);

/* Let the world go on: for `ms`, or until nothing is left to do. */
void story_pass(struct story *story, int64_t ms);
void story_rest(struct story *story);

/* Was something that happened `at` forgotten with a database? */
bool story_is_lost(const struct story *story, int64_t at);

/*
 * Is CRM not to blame for what it made, and does not know or has left?  Others
 * made it theirs, or deleted what it rested on.
 */
bool story_is_excused(struct story *story, enum host_kind kind, int64_t id);

/* The host's word for it; false: the host does not have such things. */
bool story_kind_of(enum resource_type type, enum host_kind *ret);

/* What must be true whenever nothing is left to do. */
void story_check(struct story *story);

#endif
