/*
 * seal: secrets, fingerprints, tokens and randomness, by libsodium.
 *
 * Whoever receives a secret seals it to schedd's public key at once; only
 * schedd can open it.  Beside the sealed secret stand a keyed fingerprint,
 * for "have we seen this one", and the last four characters, for people.
 * Sealed text carries the id of its key and a label that says what it is, so
 * that a ciphertext moved to another place does not open there.
 */
#ifndef SHARED_SEAL_H
#define SHARED_SEAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/err.h"
#include "shared/id.h"
#include "shared/own.h"

#define SEAL_KEY_BYTES 32
#define SEAL_SECRET_MAX (16 << 10)

/* Hex text of a fingerprint or hash, with its NUL. */
#define SEAL_FINGERPRINT_TEXT 33
#define SEAL_HASH_TEXT 65

/* What fcgi holds: enough to seal and to recognise, not to read. */
struct seal_public {
	unsigned char box[SEAL_KEY_BYTES];
	unsigned char fingerprint[SEAL_KEY_BYTES];
};

/* What schedd holds besides.  Wipe with seal_private_done(). */
struct seal_private {
	struct seal_public pub;
	unsigned char box[SEAL_KEY_BYTES];
};

/* Call once in each program, before anything else of this file. */
int seal_start(struct err *err) MUST_CHECK;

/* Draw a new pair and fingerprint key. */
void seal_generate(struct seal_private *ret);
void seal_private_done(struct seal_private *key);

/*
 * The three key files, each one line of text: seal.pub and fingerprint.key
 * for fcgi and schedd, seal.key for schedd alone.  Reading refuses a file
 * that others than owner and group can read.
 */
int seal_write_files(const struct seal_private *key, const char *dir,
		     struct err *err) MUST_CHECK;
int seal_read_public(struct seal_public *ret, const char *public_path,
		     const char *fingerprint_path, struct err *err)
	MUST_CHECK;
int seal_read_private(struct seal_private *ret, const char *private_path,
		      const char *fingerprint_path, struct err *err)
	MUST_CHECK;

/*
 * Seal `secret`.  `label` is what it is and where it belongs, and must be
 * given again to open it.  *ret is for free().
 */
void seal_close(const struct seal_public *key, const char *label,
		const char *secret, unsigned char **ret, size_t *ret_len);

/* *ret is plaintext: AUTO_WIPE it.  ERR_INVALID if key or label differ. */
int seal_open(const struct seal_private *key, const char *label,
	      const void *sealed, size_t len, char **ret, struct err *err)
	MUST_CHECK;

/* Keyed, so that a stolen database does not tell which keys are in it. */
void seal_fingerprint(const struct seal_public *key, const char *secret,
		      char ret[SEAL_FINGERPRINT_TEXT]);

/*
 * A keyed hash of what this installation wrote and wants to know again.
 * `domain` says what it is, so that one kind never passes for another, nor for
 * a fingerprint.  At most 16 characters of it count.
 */
void seal_mac(const struct seal_public *key, const char *domain,
	      const void *data, size_t len, char ret[SEAL_HASH_TEXT]);

/* Are they the same?  Takes as long whether they are or not. */
bool seal_mac_is(const char mac[SEAL_HASH_TEXT], const char *text);

/* Hash of a random token, or of any text: not keyed. */
void seal_hash_text(const void *data, size_t len, char ret[SEAL_HASH_TEXT]);

/* The same under the key of fingerprints: who lacks it cannot make one. */
void seal_keyed_hash(const struct seal_public *key, const void *data,
		     size_t len, char ret[SEAL_HASH_TEXT]);

/* The last four characters, or "" of what is too short to show any. */
void seal_last4(const char *secret, char ret[5]);

uint64_t seal_random(void);

/* `len` random characters [a-z0-9]. */
const char *seal_random_id(char ret[ID_SHORT_MAX], size_t len);

/*
 * Write `len` random characters [A-Za-z0-9] and a NUL: passwords and keys.
 * Each character is as likely as every other.
 */
void seal_random_text(char *ret, size_t len);

/* As above with '-' and '_' too: 6 bits each, for tokens in URLs. */
void seal_random_url_text(char *ret, size_t len);

/* SHA-256 in hexadecimal digits: checksums that others can make, too. */
void seal_sha256(const void *data, size_t len, char ret[SEAL_HASH_TEXT]);

/* SHA-256, the eight hex digits that end it: endpoint keys are made of it. */
void seal_sha256_tail8(const char *text, char ret[9]);

/*
 * Signatures (Ed25519) of files that are passed on.  A key is the 64 hex
 * digits of its public half; a signature is a line of base64.
 */
#define SEAL_SIGNER_TEXT 65
#define SEAL_SIGNATURE_TEXT 89

/* Draw a pair: DIR/pack-sign.key for who signs, DIR/pack-sign.pub to give. */
int seal_signer_make(const char *dir, char ret[SEAL_SIGNER_TEXT],
		     struct err *err) MUST_CHECK;

int seal_sign(const char *key_path, const void *data, size_t len,
	      char ret[SEAL_SIGNATURE_TEXT], struct err *err) MUST_CHECK;

bool seal_is_signer(const char *text);

/* Did this key sign that?  False too for what is no key or no signature. */
bool seal_signed_by(const char *signer, const char *signature,
		    const void *data, size_t len);

#endif
