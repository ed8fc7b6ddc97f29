#include "schedd/host/export.h"

#include <inttypes.h>
#include <string.h>

#include "schedd/host/mark.h"
#include "shared/buf.h"

/* A number and its comma. */
#define ID_CHARS 21

/* Of a fingerprint, in hex: see shared/seal.h, which is not for us. */
#define FINGERPRINT_CHARS 32

void host_ask_export(struct request *request, const struct host_peer *peer,
		     const int64_t *ids, size_t count)
{
	struct buf list = { .max = HOST_EXPORT_MAX * ID_CHARS };

	for (size_t i = 0; i < count; i++)
		buf_addf(&list, "%s%" PRId64, i ? "," : "", ids[i]);
	host_start(request, peer, METHOD_GET, HOST_ROLE_ADMIN,
		   "/api/v1/admin/accounts/data?ids=%s&include_proxies=false",
		   buf_str(&list));
	buf_done(&list);
}

/* Whatever its status: 503 too, which waiting does not help. */
static bool wants_step_up(const struct answer *answer)
{
	const char *reason = host_reason(answer);

	return reason && strncmp(reason, "STEP_UP_", 8) == 0;
}

enum failure host_judge_export(const struct answer *answer,
			       const json_t **ret_accounts)
{
	enum failure why = host_judge(answer);
	const json_t *list = json_object_get(host_data(answer), "accounts");

	if (why != FAILURE_NONE)
		return wants_step_up(answer) ? FAILURE_HOST_REFUSED : why;
	if (!json_is_array(list))
		return FAILURE_HOST_UNSUPPORTED;
	*ret_accounts = list;
	return FAILURE_NONE;
}

/* Somebody may have given it another name; or other notes. */
static bool carries(const json_t *account, const char *mark)
{
	const char *notes = host_member_text(account, "notes");

	return host_mark_matches(host_member_text(account, "name"), mark) ||
	       (notes && strstr(notes, mark));
}

const char *host_exported_key(const json_t *accounts, const char *mark)
{
	const json_t *found = NULL, *account;
	const char *key;
	size_t i;

	json_array_foreach(accounts, i, account) {
		if (!carries(account, mark))
			continue;
		if (found)
			return NULL;
		found = account;
	}
	key = host_member_text(json_object_get(found, "credentials"),
			       "api_key");
	return key && strlen(key) == FINGERPRINT_CHARS &&
	       strspn(key, "0123456789abcdef") == FINGERPRINT_CHARS
		? key : NULL;
}
