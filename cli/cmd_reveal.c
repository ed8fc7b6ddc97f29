/*
 * cmd_reveal: the key that CRM made for a user of the operator's.
 *
 * Only on the machine itself and with schedd's private key: over HTTP nobody
 * gets it.  That it was shown is in the audit log before it is printed.
 */
#include <stdio.h>
#include <string.h>

#include "cli/command.h"
#include "cli/exits.h"
#include "cli/machine.h"
#include "shared/accesses.h"
#include "shared/clock.h"
#include "shared/resources.h"
#include "shared/secrets.h"

/* Keys of somebody real were lent to us, to prove with. */
static int find_key(struct machine *machine, const struct access *access,
		    struct resource *ret, struct err *err)
{
	const char *source = access->key_source ? access->key_source : "";

	if (!access->key_resource_id ||
	    strncmp(source, "managed_", 8) != 0)
		return err_set(err, ERR_CONFLICT, "access %s goes by a key "
			       "that somebody gave; CRM shows only those that "
			       "it made", access->access_id);
	if (resources_get(machine->db, access->key_resource_id, ret, err))
		return -1;
	if (ret->state != RESOURCE_PRESENT || !ret->secret_id)
		return err_set(err, ERR_CONFLICT, "access %s has no key now",
			       access->access_id);
	return 0;
}

static int tell(struct machine *machine, const struct access *access,
		struct err *err)
{
	CLEANUP(db_tx_done) struct db_tx tx = { 0 };
	json_auto_t *shown = json_pack("{s:s, s:s}", "selector",
				       access->selector, "endpoint",
				       access->endpoint_key);
	AUTO_FREE char *after = shown ? json_dumps(shown, JSON_COMPACT)
				      : NULL;

	if (db_tx_begin(&tx, machine->db, err) ||
	    machine_audit(machine, &(struct machine_deed){
			.action = "access.reveal-key",
			.object = "access",
			.object_id = access->access_id,
			.host_id = access->host_id,
			.after = after,
		}, clock_wall_ms(), err))
		return -1;
	return db_tx_commit(&tx, err);
}

int cmd_access_reveal_key(struct call *call, struct err *err)
{
	CLEANUP(machine_done) struct machine machine = { .opens = true };
	CLEANUP(access_done) struct access access = { 0 };
	CLEANUP(resource_done) struct resource resource = { 0 };
	AUTO_WIPE char *key = NULL;

	if (machine_open_ready(&machine, &call->args, err) ||
	    accesses_get(machine.db, call->args.words[0], &access, err) ||
	    find_key(&machine, &access, &resource, err) ||
	    secrets_open(machine.db, &machine.private, resource.secret_id,
			 &key, err) ||
	    tell(&machine, &access, err) || print_text(key, err))
		return -1;
	return print_text("\n", err);
}
