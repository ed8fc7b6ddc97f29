/*
 * view: how rows look in JSON: one writer for each struct, for the single view
 * and the list alike.
 *
 * Members that are not known yet are null, moments are RFC 3339.  Nothing
 * here can show a secret: the rows hold none.
 */
#ifndef FCGI_VIEW_H
#define FCGI_VIEW_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/accesses.h"
#include "shared/changes.h"
#include "shared/checks.h"
#include "shared/endpoints.h"
#include "shared/events.h"
#include "shared/hosts.h"
#include "shared/item_list.h"
#include "shared/jout.h"
#include "shared/notices.h"
#include "shared/proofs.h"
#include "shared/run_events.h"
#include "shared/run_list.h"

/* The class in words, as the members `zh` and `en`; NULL class: null. */
void view_class(struct jout *out, const char *zh, const char *en,
		const char *class);

/* "diagnosis", and in one sentence each "diagnosis_zh" and "diagnosis_en". */
void view_diagnosis(struct jout *out, const char *json, int64_t now);

/* A number for which 0 means that there is none. */
void view_known(struct jout *out, const char *name, int64_t value);

/* `notices`: how many are open of it. */
void host_write(struct jout *out, const char *name, const struct host *host,
		int64_t notices);
void endpoint_write(struct jout *out, const char *name,
		    const struct endpoint_row *row);
void notice_write(struct jout *out, const char *name,
		  const struct notice *notice);
/* null if it was never asked. */
void balance_write(struct jout *out, const char *name,
		   const struct balance *balance);
void run_write(struct jout *out, const char *name, const struct run *run);
/* The same, left open for what the caller adds. */
void run_begin(struct jout *out, const char *name, const struct run *run);
void event_write(struct jout *out, const char *name,
		 const struct event *event);
/* An event of a run, with a line's worth of its item. */
void run_event_write(struct jout *out, const char *name,
		     const struct run_event *event);
void item_brief_write(struct jout *out, const char *name,
		      const struct item_brief *item);
/* How many items, and runs, are in each state; all states are there. */
void view_item_counts(struct jout *out, const char *name,
		      const struct item_counts *counts);
void view_run_counts(struct jout *out, const char *name,
		     const int64_t counts[RUN_STATE__MAX]);
void proof_write(struct jout *out, const char *name,
		 const struct proof *proof);

void change_write(struct jout *out, const char *name,
		  const struct change *change);

/* What an item's view says beside its row. */
struct item_view {
	const struct run *run;
	const struct proof *proof;	/* the newest; zeroed: none */
	int64_t now;
};

/* An item is left open for lists of what belongs to it. */
void item_begin(struct jout *out, const char *name, const struct item *item,
		const struct item_view *view);
void item_end(struct jout *out);

/* What an access's view says beside its row. */
struct access_view {
	bool other_active;		/* in the other mode */
	int64_t now;
};

/* So are an access, and a check. */
void access_write_begin(struct jout *out, const char *name,
			const struct access *access,
			const struct access_view *view);
void access_write_end(struct jout *out);
void access_event_write(struct jout *out, const char *name,
			const struct access_event *event);
void check_write_begin(struct jout *out, const char *name,
		       const struct check *check, int64_t now);
void check_write_end(struct jout *out);

#endif
