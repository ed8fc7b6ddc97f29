#include "cli/machine.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/exits.h"
#include "shared/audit.h"
#include "shared/migrate.h"

struct owner {
	uid_t uid;
	gid_t gid;
};

static int owner_by_name(const char *name, struct owner *ret, struct err *err)
{
	const struct passwd *user = getpwnam(name);

	if (!user)
		return args_refuse(err, "there is no user %s", name);
	*ret = (struct owner){ user->pw_uid, user->pw_gid };
	return 0;
}

/* Whose the folder of the database is; root if there is none. */
static struct owner owner_of_folder(const char *database)
{
	AUTO_FREE char *folder = xstrdup(database);
	char *slash = strrchr(folder, '/');
	struct stat st;

	if (slash == folder)
		slash++;
	if (slash)
		*slash = '\0';
	if (stat(slash ? folder : ".", &st) != 0)
		return (struct owner){ 0, 0 };
	return (struct owner){ st.st_uid, st.st_gid };
}

static int become(const struct owner *owner, struct err *err)
{
	if (owner->uid == 0)
		return 0;
	if (setgroups(1, &owner->gid) || setgid(owner->gid) ||
	    setuid(owner->uid))
		return err_set(err, ERR_INTERNAL, "cannot become user %u: %s",
			       (unsigned)owner->uid, strerror(errno));
	return 0;
}

static int become_owner(const struct args *args, const char *location,
			struct err *err)
{
	const char *name = args_get(args, OPT_SYSTEM_USER);
	AUTO_FREE char *path = db_path(location);
	struct owner owner = owner_of_folder(path);

	umask(027);
	if (geteuid() != 0)
		return name ? args_refuse(err, "--user is for root") : 0;
	if (name && owner_by_name(name, &owner, err))
		return -1;
	return become(&owner, err);
}

/* Before we become somebody else: who may not read it now may not later. */
static void read_key(struct machine *machine)
{
	const char *sudo = getenv("SUDO_USER");
	const struct passwd *user = getpwuid(getuid());

	if (sudo && *sudo)
		snprintf(machine->user, sizeof(machine->user), "%s", sudo);
	else if (user)
		snprintf(machine->user, sizeof(machine->user), "%s",
			 user->pw_name);
	else
		snprintf(machine->user, sizeof(machine->user), "uid %u",
			 (unsigned)getuid());
	machine->no_key = (struct err){ 0 };
	if (seal_read_public(&machine->key, machine->settings.seal_public,
			     machine->settings.fingerprint_key,
			     &machine->no_key) &&
	    machine->no_key.kind == ERR_NONE)
		err_set(&machine->no_key, ERR_INTERNAL, "no key");
}

/* schedd's own, which is root's alone: also read before. */
static int read_private(struct machine *machine, struct err *err)
{
	const struct settings *s = &machine->settings;

	if (!machine->opens ||
	    seal_read_private(&machine->private, s->seal_private,
			      s->fingerprint_key, err) == 0)
		return 0;
	return err_code(err, EXITS_CODE_KEYS);
}

int machine_audit(struct machine *machine, const struct machine_deed *deed,
		  int64_t now, struct err *err)
{
	if (machine->no_key.kind != ERR_NONE) {
		*err = machine->no_key;
		err_wrap(err, "the audit log is kept under a key");
		return err_code(err, EXITS_CODE_KEYS);
	}
	return audit_add(machine->db, &machine->key, &(struct audit_entry){
		.at = now,
		.cell = {
			[AUDIT_ACTOR] = AUDIT_BY_MACHINE,
			[AUDIT_TOKEN_NAME] = machine->user,
			[AUDIT_ACTION] = deed->action,
			[AUDIT_OBJECT] = deed->object,
			[AUDIT_OBJECT_ID] = deed->object_id,
			[AUDIT_HOST_ID] = deed->host_id,
			[AUDIT_BEFORE] = deed->before,
			[AUDIT_AFTER] = deed->after,
			[AUDIT_RESULT] = "ok",
		},
	}, err);
}

int machine_open(struct machine *ret, const struct args *args,
		 enum db_mode mode, struct err *err)
{
	const char *file = settings_file(args_get(args, OPT_CONFIG));

	if (settings_read(&ret->settings, file, err))
		return err_code(err, EXITS_CODE_USAGE);
	read_key(ret);
	if (read_private(ret, err))
		return -1;
	if (become_owner(args, ret->settings.database, err))
		return -1;
	if (db_open(&ret->db, ret->settings.database, mode, err))
		return err_code(err, EXITS_CODE_DATABASE);
	return 0;
}

int machine_open_ready(struct machine *ret, const struct args *args,
		       struct err *err)
{
	if (machine_open(ret, args, DB_EXISTING, err))
		return -1;
	if (migrate_check(ret->db, err))
		return err_code(err, EXITS_CODE_DATABASE);
	return 0;
}

void machine_done(struct machine *machine)
{
	db_close(&machine->db);
	settings_done(&machine->settings);
	explicit_bzero(&machine->key, sizeof(machine->key));
	seal_private_done(&machine->private);
}
