/*
 * model_dress: what relays put around the names of models, in words that no
 * model is made of: "[官转]glm-4.7", "满血-deepseek-v3.2", "假流式/glm-4.6".
 *
 * Only what is not ASCII is taken off: a word of Latin letters may be an
 * organisation or a version, and then it is another model.
 */
#ifndef SHARED_MODEL_DRESS_H
#define SHARED_MODEL_DRESS_H

#include <stdbool.h>
#include <stddef.h>

/*
 * *ret_from and *ret_len are the name within `id`; false if nothing stands
 * around it, or nothing is left.
 */
bool model_undress(const char *id, size_t len, size_t *ret_from,
		   size_t *ret_len);

#endif
