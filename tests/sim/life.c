#include "tests/sim/life.h"

#include <inttypes.h>
#include <stdio.h>

#include "shared/canary.h"
#include "shared/endpoint.h"
#include "shared/pauses.h"
#include "shared/retry.h"
#include "shared/runs.h"
#include "tests/sim/check.h"

#define DEEDS_MAX 30		/* then all that is paused is resumed */
#define AGAIN_MAX 2
#define QUIET_MS 1500		/* after which a paused host is asked nothing */

static void endpoint_of(const struct site *site, size_t i,
			char ret[ENDPOINT_KEY_MAX])
{
	char url[64];

	(void)site;
	net_provider_url(url, sizeof(url), i);
	endpoint_key(url, ret);
}

/* Whatever is held by the canary goes on; nothing is wrong if nothing is. */
static int resume_run(struct site *site, struct err *err)
{
	if (canary_resume(site->db, site->run_id, site->net.now, err) == 0)
		return 0;
	return err->kind == ERR_CONFLICT ? 0 : -1;
}

/* A host that is paused was asked nothing since it had a moment to be quiet. */
static void look_at_pause(struct site *site)
{
	struct life *life = &site->life;

	if (life->paused_at == 0 || site->net.now < life->paused_at + QUIET_MS)
		return;
	if (!life->noted)
		life->asked = site->net.host_exchanges;
	else if (life->asked != site->net.host_exchanges)
		site_fault(site, "a paused host was asked %" PRId64 " times",
			   site->net.host_exchanges - life->asked);
	life->noted = true;
}

static int pause_host(struct site *site, struct err *err)
{
	struct life *life = &site->life;

	if (life->paused_at)
		return 0;
	life->paused_at = site->net.now;
	life->noted = false;
	return pauses_host(site->db, site->host_id, site->net.now, err);
}

static int resume_host(struct site *site, struct err *err)
{
	site->life.paused_at = 0;
	return pauses_resume_host(site->db, site->host_id, true,
				  site->net.now, err);
}

static int act(struct site *site, const struct site_plan *plan,
	       struct err *err)
{
	char key[ENDPOINT_KEY_MAX];

	endpoint_of(site, net_random(&site->net) % plan->nproviders, key);
	switch (net_random(&site->net) % 6) {
	case 0:
		return pause_host(site, err);
	case 1:
	case 2:
		return resume_host(site, err);
	case 3:
		return pauses_endpoint(site->db, key, site->net.now, err);
	case 4:
		return pauses_resume_endpoint(site->db, key, true,
					      site->net.now, err);
	default:
		return resume_run(site, err);
	}
}

static int resume_all(struct site *site, const struct site_plan *plan,
		      struct err *err)
{
	char key[ENDPOINT_KEY_MAX];

	for (size_t i = 0; i < plan->nproviders; i++) {
		endpoint_of(site, i, key);
		if (pauses_resume_endpoint(site->db, key, true, site->net.now,
					   err))
			return -1;
	}
	return resume_host(site, err) ? -1 : resume_run(site, err);
}

static void do_something(struct site *site, const struct site_plan *plan)
{
	CLEANUP(db_tx_done) struct db_tx tx = { 0 };
	bool enough = site->life.deeds++ >= DEEDS_MAX;
	struct err err;

	if (db_tx_begin(&tx, site->db, &err) ||
	    (enough ? resume_all(site, plan, &err)
		    : act(site, plan, &err)) ||
	    db_tx_commit(&tx, &err))
		site_fault(site, "an operator: %s", err.msg);
}

int64_t life_turn(struct site *site, const struct site_plan *plan,
		  int64_t next)
{
	struct life *life = &site->life;

	if (!plan->lively || *site->run_id == '\0')
		return next;
	look_at_pause(site);
	if (site->net.now >= life->next_at) {
		do_something(site, plan);
		life->next_at = site->net.now +
				(int64_t)(net_random(&site->net) % 3000);
	}
	return life->next_at < next ? life->next_at : next;
}

static uint64_t random_of(void *arg)
{
	return net_random(arg);
}

bool life_again(struct site *site, const struct site_plan *plan)
{
	CLEANUP(db_tx_done) struct db_tx tx = { 0 };
	const struct retry retry = { .by = "tok_sim", .now = site->net.now,
				     .random = random_of,
				     .random_arg = &site->net };
	int64_t count = 0;
	struct err err;

	if (!plan->lively || site->cancelled ||
	    site->life.again++ >= AGAIN_MAX)
		return false;
	if (db_tx_begin(&tx, site->db, &err) ||
	    retry_run(site->db, site->run_id, RETRY_FAILED, &retry, &count,
		      &err) || db_tx_commit(&tx, &err))
		site_fault(site, "trying again: %s", err.msg);
	return count > 0;
}
