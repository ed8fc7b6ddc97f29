/*
 * host_stage: a modelled host brought into a state by words, and recorded
 * requests sent to it there.
 *
 * "exclusive account=mode user=0 login allow key" is such a state.  The
 * words stand in a table in host_stage_words.c.
 */
#ifndef TESTS_MODEL_HOST_STAGE_H
#define TESTS_MODEL_HOST_STAGE_H

#include <jansson.h>

#include "tests/model/host_driver.h"
#include "tests/model/host_mock.h"

/* Who sends the recorded request, if not whom its path suggests. */
enum host_sender {
	HOST_SENDER_BY_PATH,
	HOST_SENDER_ADMIN,
	HOST_SENDER_USER,
	HOST_SENDER_KEY,
	HOST_SENDER_BAD,
};

struct host_stage {
	struct host_driver *driver;
	struct host_mock mock;
	enum host_version version;
	const char *folder;		/* of the recordings, borrowed */
	const char *file;		/* the recording of this stage */
	char *admin_token;
	char *admin_key;
	char *user_token;
	char *refresh_token;
	char *user_email;
	char *user_password;
	char *key;
	char *custom_key;
	int64_t groups[4];		/* in the order they were made */
	size_t ngroups;
	int64_t account_id;
	int64_t user_id;
	int64_t key_id;
	int64_t subscription_id;
	int64_t channel_id;
	enum host_sender sender;
	bool short_password;
	bool bad_refresh;
};

/*
 * `folder` holds the recordings of this version, NULL if none are played.
 * "gated", "limits", "simple" and "seed=N" among the words are options of
 * the host; the words themselves are still to be set.
 */
struct host_stage *host_stage_new(enum host_version version,
				  const char *folder, const char *words);
void host_stage_free(struct host_stage **stage);

/* Do all words; NULL, or the word that nobody knows or that failed. */
const char *host_stage_set(struct host_stage *stage, const char *words);

/* Send what was recorded, with this stage's own names and ids. */
uint64_t host_stage_start(struct host_stage *stage, const json_t *recorded);
void host_stage_play(struct host_stage *stage, const json_t *recorded,
		     struct model_answer *ret);

/* A request of the test's own.  Members are borrowed. */
struct host_ask {
	const char *method;
	const char *path;
	const char *token;		/* NULL: none */
	const char *body;		/* NULL: none */
	const char *headers[7];		/* name, value, ...; ends in NULL */
};

void host_stage_send(struct host_stage *stage, const struct host_ask *ask,
		     struct model_answer *ret);

/*
 * Send a request of the test's own; `token` NULL for none, `body` NULL for
 * none.  The JSON of the answer, a new reference.
 */
json_t *host_stage_ask(struct host_stage *stage, const char *method,
		       const char *path, const char *token,
		       const char *body);

/* The same, and the status; *ret_status may be NULL. */
json_t *host_stage_ask_status(struct host_stage *stage, const char *method,
			      const char *path, const char *token,
			      const char *body, int *ret_status);

/* Note the ids and secrets in the answer to such a request. */
void host_stage_note(struct host_stage *stage, const char *method,
		     const char *path, const json_t *answer);

int64_t host_stage_group(const struct host_stage *stage);

/* Read a recording; ends the program if it cannot. */
json_t *host_stage_load(const char *folder, const char *file);

#endif
