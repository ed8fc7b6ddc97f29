#include "schedd/judge.h"

#include "shared/table.h"
#include "shared/verdict_signal.h"

static const enum failure of_transport[] = {
	[TRANSPORT_OK] = FAILURE_NONE,
	[TRANSPORT_DNS] = FAILURE_DNS,
	[TRANSPORT_REFUSED] = FAILURE_REFUSED,
	[TRANSPORT_TLS] = FAILURE_TLS,
	[TRANSPORT_TIMEOUT] = FAILURE_TIMEOUT,
	[TRANSPORT_SILENT] = FAILURE_DEAD_END,
	[TRANSPORT_RESET] = FAILURE_RESET,
	[TRANSPORT_TOO_LARGE] = FAILURE_TOO_LARGE,
	[TRANSPORT_BAD_URL] = FAILURE_INTERNAL,
	[TRANSPORT_FORBIDDEN] = FAILURE_ADDRESS_FORBIDDEN,
	[TRANSPORT_PROXY] = FAILURE_PROXY_FAILED,
};
_Static_assert(COUNT(of_transport) == TRANSPORT__MAX, "class every end");

enum failure judge_delivery(const struct answer *answer)
{
	enum failure why = of_transport[answer->transport];

	if (why == FAILURE_NONE && answer->status >= 300 &&
	    answer->status < 400)
		return FAILURE_REDIRECTED;
	return why;
}

bool judge_is_success(const struct answer *answer)
{
	return answer->transport == TRANSPORT_OK && answer->status >= 200 &&
	       answer->status < 300;
}

bool judge_is_html(const struct answer *answer)
{
	return !answer->json &&
	       signal_is_page(answer->content_type, answer->body);
}

bool judge_is_doubtful(const struct answer *answer)
{
	switch (answer->transport) {
	case TRANSPORT_DNS:
	case TRANSPORT_REFUSED:
	case TRANSPORT_TLS:
	case TRANSPORT_TIMEOUT:
	case TRANSPORT_BAD_URL:
	case TRANSPORT_FORBIDDEN:
	case TRANSPORT_PROXY:
		return false;	/* the request never left */
	case TRANSPORT_OK:
		break;
	default:
		return true;
	}
	/* A success that cannot be read has happened all the same. */
	return answer->status >= 500 || answer->status == 408 ||
	       (judge_is_success(answer) && !answer->json);
}
