#include "schedd/known_hosts.h"

#include <string.h>

#include "shared/own.h"

#define KNOWN_MAX 16

struct known_hosts {
	struct {
		char *text;
		struct host_features features;
	} of[KNOWN_MAX];
	size_t next;		/* whose place is taken next */
};

struct known_hosts *known_hosts_new(void)
{
	return xcalloc(1, sizeof(struct known_hosts));
}

void known_hosts_free(struct known_hosts **known)
{
	if (!*known)
		return;
	for (size_t i = 0; i < KNOWN_MAX; i++)
		free((*known)->of[i].text);
	free(*known);
	*known = NULL;
}

static struct host_features understand(const char *capabilities)
{
	json_auto_t *seen = json_loads(capabilities, 0, NULL);

	return host_features_read(seen);
}

struct host_features known_hosts_features(struct known_hosts *known,
					  const char *capabilities)
{
	size_t i;

	if (!known)
		return understand(capabilities);
	for (i = 0; i < KNOWN_MAX && known->of[i].text; i++)
		if (strcmp(known->of[i].text, capabilities) == 0)
			return known->of[i].features;
	i = known->next++ % KNOWN_MAX;
	own_set(&known->of[i].text, capabilities);
	known->of[i].features = understand(capabilities);
	return known->of[i].features;
}
