/*
 * signal: what a provider's answer says, out of the many shapes it comes in.
 *
 * OpenAI's {"error":{"code","type","message"}}, flat {"code","message"},
 * MiniMax's base_resp, {"errors":{"message"}}, {"detail"}, a bare string,
 * plain text, a page of HTML.
 */
#ifndef SCHEDD_UPSTREAM_SIGNAL_H
#define SCHEDD_UPSTREAM_SIGNAL_H

#include "schedd/exchange.h"

#define SIGNAL_CODE_MAX 96
#define SIGNAL_TEXT_MAX 1024

struct signal {
	int status;
	bool html;
	char code[SIGNAL_CODE_MAX];	/* "" if there is none */
	char type[SIGNAL_CODE_MAX];
	char inner[SIGNAL_CODE_MAX];	/* base_resp.status_code, if not 0 */
	char text[SIGNAL_TEXT_MAX];	/* message, or the plain body, cut */
};

struct signal signal_of(const struct answer *answer);

#endif
