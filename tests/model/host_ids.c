#include "tests/model/host_ids.h"

#include <string.h>

#include "shared/own.h"

bool host_ids_has(const struct host_ids *ids, int64_t id)
{
	for (size_t i = 0; i < ids->count; i++) {
		if (ids->list[i] == id)
			return true;
	}
	return false;
}

void host_ids_append(struct host_ids *ids, int64_t id)
{
	if (ids->count == ids->room) {
		ids->room = ids->room ? 2 * ids->room : 1;
		ids->list = xrealloc(ids->list,
				     ids->room * sizeof(ids->list[0]));
	}
	ids->list[ids->count++] = id;
}

void host_ids_add(struct host_ids *ids, int64_t id)
{
	if (!host_ids_has(ids, id))
		host_ids_append(ids, id);
}

void host_ids_drop(struct host_ids *ids, int64_t id)
{
	size_t kept = 0;

	for (size_t i = 0; i < ids->count; i++) {
		if (ids->list[i] != id)
			ids->list[kept++] = ids->list[i];
	}
	ids->count = kept;
}

void host_ids_done(struct host_ids *ids)
{
	free(ids->list);
	*ids = (struct host_ids){ 0 };
}

void host_ids_copy(struct host_ids *to, const struct host_ids *from)
{
	*to = (struct host_ids){ 0 };
	if (from->count == 0)
		return;
	to->list = xcalloc(from->count, sizeof(to->list[0]));
	memcpy(to->list, from->list, from->count * sizeof(to->list[0]));
	to->count = to->room = from->count;
}

void host_ids_read(struct host_ids *ids, const json_t *array)
{
	size_t i;
	json_t *value;

	host_ids_done(ids);
	json_array_foreach(array, i, value) {
		if (json_is_integer(value))
			host_ids_add(ids, json_integer_value(value));
	}
}

json_t *host_ids_json(const struct host_ids *ids)
{
	json_t *array = json_array();

	for (size_t i = 0; i < ids->count; i++)
		json_array_append_new(array, json_integer(ids->list[i]));
	return array;
}
