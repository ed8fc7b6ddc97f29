#include "schedd/checkpoint.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "shared/db.h"
#include "shared/log.h"

#define EVERY_S		1
#define RESTART_AT	(4 << 20)	/* bytes of the log */
#define TRUNCATE_AT	(64 << 20)

struct checkpoint {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	bool stopping;
	struct db *db;
	char *wal;		/* path of the log */
	int64_t refused;	/* in a row: a reader holds it up */
};

static int64_t wal_size(const struct checkpoint *c)
{
	struct stat st;

	return stat(c->wal, &st) == 0 ? st.st_size : 0;
}

static void look(struct checkpoint *c)
{
	int64_t size = wal_size(c), pages;
	struct err err;

	if (size < RESTART_AT)
		return;
	if (db_checkpoint(c->db, size >= TRUNCATE_AT, &pages, &err) == 0) {
		c->refused = 0;
		return;
	}
	/* Once is nothing; a log that keeps growing is worth a line. */
	if (++c->refused % 60 == 10)
		log_warn("checkpoint.refused", "times=%" PRId64 " bytes=%"
			 PRId64 " msg=%s", c->refused, size, err.msg);
}

static void *run(void *arg)
{
	struct checkpoint *c = arg;
	struct timespec until;

	pthread_mutex_lock(&c->lock);
	while (!c->stopping) {
		clock_gettime(CLOCK_REALTIME, &until);
		until.tv_sec += EVERY_S;
		pthread_cond_timedwait(&c->wake, &c->lock, &until);
		pthread_mutex_unlock(&c->lock);
		look(c);
		pthread_mutex_lock(&c->lock);
	}
	pthread_mutex_unlock(&c->lock);
	return NULL;
}

static void release(struct checkpoint *c)
{
	db_close(&c->db);
	pthread_cond_destroy(&c->wake);
	pthread_mutex_destroy(&c->lock);
	free(c->wal);
	free(c);
}

int checkpoint_start(struct checkpoint **ret, const char *database,
		     struct err *err)
{
	struct checkpoint *c = xcalloc(1, sizeof(*c));
	AUTO_FREE char *path = db_path(database);
	int rc;

	pthread_mutex_init(&c->lock, NULL);
	pthread_cond_init(&c->wake, NULL);
	c->wal = xasprintf("%s-wal", path);
	if (db_open(&c->db, database, DB_EXISTING, err)) {
		release(c);
		return -1;
	}
	rc = pthread_create(&c->thread, NULL, run, c);
	if (rc) {
		release(c);
		return err_set(err, ERR_INTERNAL, "checkpoint thread: %s",
			       strerror(rc));
	}
	*ret = c;
	return 0;
}

void checkpoint_stop(struct checkpoint **checkpoint)
{
	struct checkpoint *c = *checkpoint;

	if (!c)
		return;
	pthread_mutex_lock(&c->lock);
	c->stopping = true;
	pthread_cond_signal(&c->wake);
	pthread_mutex_unlock(&c->lock);
	pthread_join(c->thread, NULL);
	release(c);
	*checkpoint = NULL;
}
