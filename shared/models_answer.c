#include "shared/models_answer.h"

#include "shared/model_listing.h"

/* No list under this path, in one of the ways to say so. */
static bool is_absent(const struct verdict_answer *answer)
{
	if (answer->status == 404 || answer->status == 405 ||
	    answer->status == 501)
		return true;
	return verdict_is_page(answer) && answer->status < 500;
}

enum failure models_answer_read(const struct verdict_answer *answer,
				json_t **ret_models)
{
	struct finding finding;
	json_t *models;

	if (answer->delivery != FAILURE_NONE)
		return answer->delivery;
	models = verdict_is_success(answer) ? model_listing(answer->json)
					    : NULL;
	if (models) {
		*ret_models = models;
		return FAILURE_NONE;
	}
	if (is_absent(answer))
		return FAILURE_ENDPOINT_UNSUPPORTED;
	finding = verdict_of(answer);
	return finding.class == FAILURE_NONE ||
	       finding.class == FAILURE_INSPECT_BODY
	       ? FAILURE_ENDPOINT_UNSUPPORTED : finding.class;
}
