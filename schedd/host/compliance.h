/*
 * compliance: the statement that a host of 0.1.136 or later wants its
 * administrator to accept before anything else.
 *
 * It is a commitment of a person.  CRM shows what it is about and never
 * accepts by itself: host_ask_compliance_accept() is sent only when an
 * operator typed the phrase.
 */
#ifndef SCHEDD_HOST_COMPLIANCE_H
#define SCHEDD_HOST_COMPLIANCE_H

#include "schedd/host/answer.h"
#include "schedd/host/peer.h"

#define HOST_COMPLIANCE_TEXT 256

/* Plain data; "" what is not said. */
struct host_compliance {
	bool required;
	char version[HOST_COMPLIANCE_TEXT];	/* of the statement */
	char url_zh[HOST_COMPLIANCE_TEXT];
	char url_en[HOST_COMPLIANCE_TEXT];
	char phrase_zh[HOST_COMPLIANCE_TEXT];
	char phrase_en[HOST_COMPLIANCE_TEXT];
};

/* Not behind the gate; hosts before 0.1.136 have no such route. */
void host_ask_compliance(struct request *request,
			 const struct host_peer *peer);

/*
 * FAILURE_HOST_UNSUPPORTED if the host has no such gate; then nothing is
 * required.
 */
enum failure host_judge_compliance(const struct answer *answer,
				   struct host_compliance *ret);

/* What a 423 says of it: version and addresses; known phrases stay. */
void host_compliance_of_423(const struct answer *answer,
			    struct host_compliance *ret);

/* The phrase decides the language: one with characters beyond ASCII is zh. */
void host_ask_compliance_accept(struct request *request,
				const struct host_peer *peer,
				const char *phrase);

/*
 * FAILURE_COMPLIANCE_REQUIRED if the phrase is not the one
 * (ADMIN_COMPLIANCE_INVALID_PHRASE): the statement is as open as before.
 */
enum failure host_judge_compliance_accept(const struct answer *answer);

/*
 * What the operator has to do, in both languages: what to read, what to type
 * and where.  The caller frees it.
 */
char *host_compliance_words_zh(const struct host_compliance *compliance)
	GIVES_MEMORY;
char *host_compliance_words_en(const struct host_compliance *compliance)
	GIVES_MEMORY;

/* Members "required", "version", "url_zh" ... of an object. */
void host_compliance_write(struct jout *out, const char *name,
			   const struct host_compliance *compliance);
void host_compliance_read(const json_t *object, struct host_compliance *ret);

#endif
