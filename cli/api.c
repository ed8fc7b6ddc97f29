#include "cli/api.h"

#include <stdio.h>
#include <string.h>

#define PAGE 200
#define PAGES_MAX 10000

int api_get(struct call *call, const char *path, struct err *err)
{
	const struct api_call get = { .method = "GET", .path = path };

	return client_call(call->client, &get, &call->reply, err);
}

int api_post(struct call *call, const char *path, const struct jout *body,
	     int64_t wait_s, struct err *err)
{
	const struct api_call post = {
		.method = "POST", .path = path, .body = body, .wait_s = wait_s,
	};

	return client_call(call->client, &post, &call->reply, err);
}

int api_put(struct call *call, const char *path, const struct jout *body,
	    struct err *err)
{
	const struct api_call put = {
		.method = "PUT", .path = path, .body = body,
	};

	return client_call(call->client, &put, &call->reply, err);
}

int api_patch(struct call *call, const char *path, const struct jout *body,
	      int64_t wait_s, struct err *err)
{
	const struct api_call patch = {
		.method = "PATCH", .path = path, .body = body,
		.wait_s = wait_s,
	};

	return client_call(call->client, &patch, &call->reply, err);
}

void api_filter(struct api_filters *filters, const char *name,
		const char *value)
{
	if (value && filters->count < API_FILTERS_MAX)
		filters->list[filters->count++] = xasprintf("%s=%s", name,
							    value);
}

void api_item_filters(struct api_filters *filters, const struct args *args)
{
	api_filter(filters, "current_stage", args_get(args, OPT_STAGE));
	api_filter(filters, "confirmation_status",
		   args_get(args, OPT_CONFIRMATION));
	api_filter(filters, "access_status", args_get(args, OPT_ACCESS));
	api_filter(filters, "class", args_get(args, OPT_CLASS));
	api_filter(filters, "provider_id", args_get(args, OPT_PROVIDER));
	api_filter(filters, "q", args_get(args, OPT_QUERY));
	api_filter(filters, "host_id", args_get(args, OPT_HOST));
	api_filter(filters, "warning",
		   args_has(args, OPT_WARNING) ? "true" : NULL);
}

void api_filters_done(struct api_filters *filters)
{
	for (size_t i = 0; i < filters->count; i++)
		free(filters->list[i]);
	*filters = (struct api_filters){ 0 };
}

/* The one array in the reply, whatever the list calls it. */
static json_t *elements(json_t *page)
{
	const char *name;
	json_t *member;

	json_object_foreach(page, name, member) {
		if (json_is_array(member))
			return member;
	}
	return NULL;
}

/* Ask for one page; *cursor becomes the next one's, NULL at the end. */
static int next_page(struct call *call, const char *path,
		     const char *const *filters, char **cursor, json_t *to,
		     struct err *err)
{
	AUTO_FREE char *page = xasprintf("limit=%d", PAGE);
	AUTO_FREE char *from = *cursor ? xasprintf("cursor=%s", *cursor)
				       : NULL;
	const char *query[API_FILTERS_MAX + 3] = { 0 };
	const struct api_call get = { .method = "GET", .path = path,
				      .query = query };
	size_t n = 0;
	json_t *list;

	for (; n < API_FILTERS_MAX && filters[n]; n++)
		query[n] = filters[n];
	query[n++] = page;
	query[n] = from;
	if (client_call(call->client, &get, &call->reply, err))
		return -1;
	list = elements(call->reply.body);
	if (!list)
		return err_set(err, ERR_UPSTREAM, "%s: the answer is no list",
			       path);
	json_array_extend(to, list);
	own_set(cursor, json_string_value(json_object_get(call->reply.body,
							  "next_cursor")));
	return 0;
}

int api_list(struct call *call, const char *path, const char *const *filters,
	     size_t limit, json_t **ret, struct err *err)
{
	json_auto_t *all = json_array();
	AUTO_FREE char *cursor = NULL;

	for (int i = 0; i < PAGES_MAX; i++) {
		if (next_page(call, path, filters, &cursor, all, err))
			return -1;
		if (!cursor || (limit && json_array_size(all) >= limit))
			break;
	}
	while (limit && json_array_size(all) > limit)
		json_array_remove(all, json_array_size(all) - 1);
	*ret = json_incref(all);
	return 0;
}

int api_path(char **ret, const char *folder, const char *id,
	     const char *rest, struct err *err)
{
	if (client_check_id(id, err))
		return -1;
	*ret = xasprintf("%s/%s%s", folder, id, rest);
	return 0;
}

const char *api_text(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text ? text : "";
}

int64_t api_number(const json_t *object, const char *name)
{
	return json_integer_value(json_object_get(object, name));
}
