/*
 * weather: what goes wrong in the simulated world over days, by the hour.
 *
 * A forecast is made from the seed.  Some of it passes by itself, some is
 * somebody's doing on the host that CRM is to undo, some it must leave alone.
 * What the providers really do at a moment is known here: the oracle for
 * proofs.
 */
#ifndef TESTS_SIM_WEATHER_H
#define TESTS_SIM_WEATHER_H

#include "tests/sim/site.h"

enum weather_kind {
	WEATHER_PROVIDER_DOWN,	/* 503 on every question */
	WEATHER_PROVIDER_DEAD,	/* never answers */
	WEATHER_PROVIDER_403,	/* refuses everything */
	WEATHER_STORM,		/* 429 on every question */
	WEATHER_FLAPPING,	/* 200 and 429 by turns */
	WEATHER_KEY_REVOKED,	/* 401 for this key */
	WEATHER_NO_MONEY,	/* 402 */
	WEATHER_HOST_DOWN,	/* connections die */
	WEATHER_HOST_502,	/* the proxy before it says so */
	WEATHER_MODE_REMOVED,	/* by somebody, once */
	WEATHER_FIGHT,		/* the same, whenever CRM has mended it */
	WEATHER_MAPPING_LOST,	/* somebody replaced it */
	WEATHER_SWITCHED_OFF,	/* somebody did, and switches it on later */
	WEATHER_JWT_REVOKED,	/* of all users */
	WEATHER_NO_SUBSCRIPTION, /* somebody let them expire */
	WEATHER_UPGRADE,	/* the host becomes a newer version */
	WEATHER_CLOCK,		/* CRM's clock jumps, for good */
	WEATHER__MAX
};

struct weather {
	enum weather_kind kind;
	int64_t from, until;	/* of the world; equal: a moment */
	size_t provider;	/* whose, if it is one's */
	int64_t jump_ms;	/* of WEATHER_CLOCK */
	bool begun, over;
};

#define WEATHERS_MAX 32

struct sky {
	struct weather list[WEATHERS_MAX];
	size_t count;
	struct provider_model *good[NET_PROVIDERS_MAX]; /* while replaced */
	int64_t bad_since[NET_PROVIDERS_MAX];	/* 0: it answers */
	int64_t look_at;	/* of the one who fights */
	enum host_version version; /* of the host, before the next upgrade */
};

const char *weather_name(enum weather_kind kind);

/* Is it a provider's or the host's, and passes without anybody's help? */
bool weather_passes(enum weather_kind kind);

/* Is it somebody's doing that CRM puts right? */
bool weather_is_mended(enum weather_kind kind);

/*
 * Make a forecast for `hours` from now.  `overlap`: several at once.  Only
 * `kind` if it is not WEATHER__MAX.
 */
void sky_forecast(struct sky *sky, struct site *site, int64_t hours,
		  bool overlap, enum weather_kind kind);

/* Only this, once, half an hour from now. */
void sky_forecast_one(struct sky *sky, struct site *site,
		      enum weather_kind kind);

/* When something begins or ends next; INT64_MAX: no more. */
int64_t sky_next(const struct sky *sky);

/* Let begin and end what is due. */
void sky_turn(struct sky *sky, struct site *site);

/* The last moment of bad weather. */
int64_t sky_clears_at(const struct sky *sky);

/* Is there bad weather of this kind now, or was there since `since`? */
bool sky_has(const struct sky *sky, const struct site *site,
	     enum weather_kind kind, size_t provider, int64_t since);

/* How many acts of people CRM had to mend of that provider a day before. */
int64_t sky_acts(const struct sky *sky, const struct weather *act);

/*
 * When all is over: somebody reads what CRM says of what is not its to mend,
 * or what it gave up, and does it.
 */
void sky_settle(const struct sky *sky, struct site *site);

void sky_done(struct sky *sky);

#endif
