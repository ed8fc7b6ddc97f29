/*
 * host_view: rows as the host shows them, written from tables.
 */
#ifndef TESTS_MODEL_HOST_VIEW_H
#define TESTS_MODEL_HOST_VIEW_H

#include "tests/model/host_store.h"

enum view_kind {
	VIEW_INT,
	VIEW_BOOL,
	VIEW_NUMBER,
	VIEW_TEXT,		/* NULL is "" */
	VIEW_TEXT_NULL,
	VIEW_TIME,
	VIEW_TIME_NULL,		/* 0 is null */
	VIEW_TIME_LATER,	/* 0 is left out */
	VIEW_ID_NULL,		/* 0 is null */
	VIEW_IDS_NULL,		/* empty is null */
	VIEW_JSON,		/* NULL is null */
	VIEW_CONST,		/* JSON text */
};

struct view_field {
	const char *name;
	enum view_kind kind;
	size_t offset;
	const char *text;		/* of VIEW_CONST */
	enum host_version since;
	enum host_version until;	/* last version, 0: all that follow */
};

/* A new object with the fields of `row` that this version has. */
json_t *view_row(const struct host_model *model,
		 const struct view_field *fields, size_t count,
		 const void *row);

json_t *view_time(int64_t at);

/* Group as an admin sees it, as a user sees it, and inside other rows. */
json_t *view_group(const struct host_model *model,
		   const struct host_group *group);
json_t *view_group_for_user(const struct host_model *model,
			    const struct host_group *group);
json_t *view_group_short(const struct host_model *model,
			 const struct host_group *group);

json_t *view_account(const struct host_model *model,
		     const struct host_account *account);

/* User as everybody sees it, and with what only admins see. */
json_t *view_user(const struct host_model *model,
		  const struct host_user *user);
json_t *view_user_for_admin(const struct host_model *model,
			    const struct host_user *user);

/* The bare key; with its group; with its group and user. */
json_t *view_key(const struct host_model *model, const struct host_key *key);
json_t *view_key_in_list(const struct host_model *model,
			 const struct host_key *key);
json_t *view_key_whole(const struct host_model *model,
		       const struct host_key *key);

/* With its group; with user, group and who assigned it. */
json_t *view_subscription(const struct host_model *model,
			  const struct host_subscription *subscription);
json_t *view_subscription_whole(const struct host_model *model,
				const struct host_subscription *subscription);

/* A new object of the settings of a group that nobody changed. */
json_t *view_group_defaults(const struct host_model *model);

#endif
