/*
 * host_ids: a small ordered set of ids, as groups of an account are.
 */
#ifndef TESTS_MODEL_HOST_IDS_H
#define TESTS_MODEL_HOST_IDS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Zeroed is empty.  Release with host_ids_done(). */
struct host_ids {
	int64_t *list;
	size_t count;
	size_t room;
};

bool host_ids_has(const struct host_ids *ids, int64_t id);
/* One that is certainly not there: a group may have thousands. */
void host_ids_append(struct host_ids *ids, int64_t id);
void host_ids_add(struct host_ids *ids, int64_t id);
void host_ids_drop(struct host_ids *ids, int64_t id);
void host_ids_done(struct host_ids *ids);
void host_ids_copy(struct host_ids *to, const struct host_ids *from);

/* Replace the content by the integers of a JSON array. */
void host_ids_read(struct host_ids *ids, const json_t *array);

/* A new JSON array. */
json_t *host_ids_json(const struct host_ids *ids);

#endif
