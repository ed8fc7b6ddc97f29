/*
 * installation: which CRM this is; its short id is part of every mark.
 */
#ifndef SHARED_INSTALLATION_H
#define SHARED_INSTALLATION_H

#include "shared/db.h"
#include "shared/id.h"

/* Six characters [a-z0-9]. */
int installation_get(struct db *db, char ret[ID_SHORT_MAX], struct err *err)
	MUST_CHECK;

extern const struct db_query *const installation_queries[];

#endif
