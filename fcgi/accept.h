/*
 * accept: what a client would rather have, by Accept and Accept-Language
 * (RFC 9110, section 12.5).
 *
 * Pure.  A header that was not sent, or that takes nothing of what we have,
 * gets what stands first: better something than 406.
 */
#ifndef FCGI_ACCEPT_H
#define FCGI_ACCEPT_H

#include <stdbool.h>

/* Would this client rather read text/plain than application/json? */
bool accept_is_plain(const char *accept);

/* Would it rather have text/csv? */
bool accept_is_csv(const char *accept);

/* "zh" or "en"; zh unless it is clear that en is wanted more. */
const char *accept_lang(const char *accept_language);

#endif
