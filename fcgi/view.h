/*
 * view: how rows look in JSON: one writer for each struct, for the single view
 * and the list alike.
 *
 * Members that are not known yet are null, moments are RFC 3339.  Nothing
 * here can show a secret: the rows hold none.
 */
#ifndef FCGI_VIEW_H
#define FCGI_VIEW_H

#include "shared/events.h"
#include "shared/hosts.h"
#include "shared/items.h"
#include "shared/jout.h"
#include "shared/proofs.h"
#include "shared/runs.h"

void host_write(struct jout *out, const char *name, const struct host *host);
void run_write(struct jout *out, const char *name, const struct run *run);
void event_write(struct jout *out, const char *name,
		 const struct event *event);
void proof_write(struct jout *out, const char *name,
		 const struct proof *proof);

/* An item is left open for lists of what belongs to it. */
void item_begin(struct jout *out, const char *name, const struct item *item);
void item_end(struct jout *out);

#endif
