#include "shared/seal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sodium.h>

#include "shared/buf.h"

#define FORMAT 1
#define KEY_ID_BYTES 4
#define HEAD_BYTES (1 + KEY_ID_BYTES)
#define FINGERPRINT_BYTES 16
#define LAST4_MIN 12		/* shorter secrets show nothing of themselves */

_Static_assert(crypto_box_PUBLICKEYBYTES == SEAL_KEY_BYTES, "key size");
_Static_assert(crypto_box_SECRETKEYBYTES == SEAL_KEY_BYTES, "key size");
_Static_assert(crypto_generichash_KEYBYTES == SEAL_KEY_BYTES, "key size");

/* The files of a key, by what is in them. */
enum key_file {
	FILE_PUBLIC,
	FILE_PRIVATE,
	FILE_FINGERPRINT,
	FILE_SIGNER,
	FILE_VERIFIER,
	FILE__MAX
};

static const struct {
	const char *name;
	const char *magic;	/* the first word of the line */
	mode_t mode;
} key_files[FILE__MAX] = {
	[FILE_PUBLIC]	   = { "seal.pub", "crm-seal-public-1", 0640 },
	[FILE_PRIVATE]	   = { "seal.key", "crm-seal-private-1", 0600 },
	[FILE_FINGERPRINT] = { "fingerprint.key", "crm-fingerprint-1", 0640 },
	[FILE_SIGNER]	   = { "pack-sign.key", "crm-pack-sign-1", 0600 },
	[FILE_VERIFIER]	   = { "pack-sign.pub", "crm-pack-verify-1", 0644 },
};

int seal_start(struct err *err)
{
	if (sodium_init() < 0)
		return err_set(err, ERR_INTERNAL, "libsodium does not start");
	return 0;
}

void seal_generate(struct seal_private *ret)
{
	crypto_box_keypair(ret->pub.box, ret->box);
	crypto_generichash_keygen(ret->pub.fingerprint);
}

void seal_private_done(struct seal_private *key)
{
	sodium_memzero(key, sizeof(*key));
}

static int write_file(const char *dir, enum key_file file,
		      const unsigned char *key, struct err *err)
{
	AUTO_FREE char *path = xasprintf("%s/%s", dir, key_files[file].name);
	char hex[2 * SEAL_KEY_BYTES + 1];
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
		      key_files[file].mode);
	bool ok;

	if (fd < 0)
		return err_set(err, errno == EEXIST ? ERR_CONFLICT
			       : ERR_INTERNAL, "key file '%s': %s", path,
			       strerror(errno));
	sodium_bin2hex(hex, sizeof(hex), key, SEAL_KEY_BYTES);
	ok = dprintf(fd, "%s %s\n", key_files[file].magic, hex) > 0 &&
	     fsync(fd) == 0;
	sodium_memzero(hex, sizeof(hex));
	if (close(fd) != 0 || !ok)
		return err_set(err, ERR_INTERNAL, "key file '%s': %s", path,
			       strerror(errno));
	return 0;
}

int seal_write_files(const struct seal_private *key, const char *dir,
		     struct err *err)
{
	if (write_file(dir, FILE_PRIVATE, key->box, err) ||
	    write_file(dir, FILE_PUBLIC, key->pub.box, err) ||
	    write_file(dir, FILE_FINGERPRINT, key->pub.fingerprint, err))
		return -1;
	return 0;
}

/* Read the one line of a key file into `text`. */
static int read_line(const char *path, const char *maker, char *text,
		     size_t size, struct err *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	ssize_t len = -1;

	if (fd < 0)
		return err_set(err, ERR_NOT_FOUND, "key file '%s': %s; make it"
			       " with `%s`", path, strerror(errno), maker);
	if (fstat(fd, &st) == 0)
		len = read(fd, text, size - 1);
	close(fd);
	if (len < 0)
		return err_set(err, ERR_INTERNAL, "key file '%s': %s", path,
			       strerror(errno));
	if (st.st_mode & S_IRWXO)
		return err_set(err, ERR_INVALID, "key file '%s' is open to "
			       "everybody; chmod o= it", path);
	text[len] = '\0';
	return 0;
}

static int read_file(const char *path, enum key_file file, unsigned char *ret,
		     struct err *err)
{
	char text[128];
	size_t magic = strlen(key_files[file].magic);
	size_t len = 0;
	bool ok;

	if (read_line(path, file == FILE_SIGNER ? "crmctl pack keygen"
		      : "crmctl key init", text, sizeof(text), err))
		return -1;
	text[strcspn(text, "\r\n")] = '\0';
	ok = strncmp(text, key_files[file].magic, magic) == 0 &&
	     text[magic] == ' ' &&
	     sodium_hex2bin(ret, SEAL_KEY_BYTES, text + magic + 1,
			    strlen(text + magic + 1), NULL, &len, NULL) == 0 &&
	     len == SEAL_KEY_BYTES;
	sodium_memzero(text, sizeof(text));
	if (!ok)
		return err_set(err, ERR_INVALID, "key file '%s' is not a '%s' "
			       "file", path, key_files[file].magic);
	return 0;
}

int seal_read_public(struct seal_public *ret, const char *public_path,
		     const char *fingerprint_path, struct err *err)
{
	if (read_file(public_path, FILE_PUBLIC, ret->box, err) ||
	    read_file(fingerprint_path, FILE_FINGERPRINT, ret->fingerprint,
		      err))
		return -1;
	return 0;
}

int seal_read_private(struct seal_private *ret, const char *private_path,
		      const char *fingerprint_path, struct err *err)
{
	if (read_file(private_path, FILE_PRIVATE, ret->box, err) ||
	    read_file(fingerprint_path, FILE_FINGERPRINT,
		      ret->pub.fingerprint, err))
		return -1;
	crypto_scalarmult_base(ret->pub.box, ret->box);
	return 0;
}

static void key_id(const struct seal_public *key,
		   unsigned char ret[KEY_ID_BYTES])
{
	unsigned char hash[crypto_generichash_BYTES];

	crypto_generichash(hash, sizeof(hash), key->box, sizeof(key->box),
			   NULL, 0);
	memcpy(ret, hash, KEY_ID_BYTES);
}

void seal_close(const struct seal_public *key, const char *label,
		const char *secret, unsigned char **ret, size_t *ret_len)
{
	size_t label_len = strlen(label) + 1;
	size_t plain_len = label_len + strlen(secret);
	size_t len = HEAD_BYTES + crypto_box_SEALBYTES + plain_len;
	unsigned char *plain = xcalloc(1, plain_len + 1);
	unsigned char *sealed = xcalloc(1, len);

	memcpy(plain, label, label_len);
	memcpy(plain + label_len, secret, plain_len - label_len);
	sealed[0] = FORMAT;
	key_id(key, sealed + 1);
	crypto_box_seal(sealed + HEAD_BYTES, plain, plain_len, key->box);
	sodium_memzero(plain, plain_len);
	free(plain);
	*ret = sealed;
	*ret_len = len;
}

/* Is this sealed text one of ours, made for this key? */
static bool head_fits(const struct seal_public *key, const void *sealed,
		      size_t len)
{
	const unsigned char *head = sealed;
	unsigned char id[KEY_ID_BYTES];

	key_id(key, id);
	return len >= HEAD_BYTES + crypto_box_SEALBYTES &&
	       len <= HEAD_BYTES + crypto_box_SEALBYTES + SEAL_SECRET_MAX +
		      256 &&
	       head[0] == FORMAT && memcmp(head + 1, id, KEY_ID_BYTES) == 0;
}

int seal_open(const struct seal_private *key, const char *label,
	      const void *sealed, size_t len, char **ret, struct err *err)
{
	size_t plain_len, label_len = strlen(label) + 1;
	char *plain;
	bool ok;

	if (!head_fits(&key->pub, sealed, len))
		return err_set(err, ERR_INVALID, "%s was sealed for another "
			       "key", label);
	plain_len = len - HEAD_BYTES - crypto_box_SEALBYTES;
	plain = xcalloc(1, plain_len + 1);
	ok = crypto_box_seal_open((unsigned char *)plain,
				  (const unsigned char *)sealed + HEAD_BYTES,
				  len - HEAD_BYTES, key->pub.box,
				  key->box) == 0 &&
	     plain_len >= label_len && memcmp(plain, label, label_len) == 0;
	if (ok)
		*ret = xstrdup(plain + label_len);
	sodium_memzero(plain, plain_len);
	free(plain);
	return ok ? 0 : err_set(err, ERR_INVALID, "%s does not open", label);
}

void seal_fingerprint(const struct seal_public *key, const char *secret,
		      char ret[SEAL_FINGERPRINT_TEXT])
{
	unsigned char hash[FINGERPRINT_BYTES];

	crypto_generichash(hash, sizeof(hash), (const unsigned char *)secret,
			   strlen(secret), key->fingerprint,
			   sizeof(key->fingerprint));
	sodium_bin2hex(ret, SEAL_FINGERPRINT_TEXT, hash, sizeof(hash));
}

void seal_mac(const struct seal_public *key, const char *domain,
	      const void *data, size_t len, char ret[SEAL_HASH_TEXT])
{
	unsigned char personal[crypto_generichash_blake2b_PERSONALBYTES] = { 0 };
	unsigned char hash[32];

	memcpy(personal, domain, strnlen(domain, sizeof(personal)));
	if (crypto_generichash_blake2b_salt_personal(hash, sizeof(hash), data,
			len, key->fingerprint, sizeof(key->fingerprint), NULL,
			personal))
		abort();
	sodium_bin2hex(ret, SEAL_HASH_TEXT, hash, sizeof(hash));
}

bool seal_mac_is(const char mac[SEAL_HASH_TEXT], const char *text)
{
	return strlen(text) == SEAL_HASH_TEXT - 1 &&
	       sodium_memcmp(mac, text, SEAL_HASH_TEXT - 1) == 0;
}

void seal_hash_text(const void *data, size_t len, char ret[SEAL_HASH_TEXT])
{
	unsigned char hash[32];

	crypto_generichash(hash, sizeof(hash), data, len, NULL, 0);
	sodium_bin2hex(ret, SEAL_HASH_TEXT, hash, sizeof(hash));
}

void seal_keyed_hash(const struct seal_public *key, const void *data,
		     size_t len, char ret[SEAL_HASH_TEXT])
{
	unsigned char hash[32];

	crypto_generichash(hash, sizeof(hash), data, len, key->fingerprint,
			   sizeof(key->fingerprint));
	sodium_bin2hex(ret, SEAL_HASH_TEXT, hash, sizeof(hash));
}

void seal_last4(const char *secret, char ret[5])
{
	size_t len = strlen(secret);

	memset(ret, 0, 5);
	if (len >= LAST4_MIN)
		memcpy(ret, secret + len - 4, 4);
}

uint64_t seal_random(void)
{
	uint64_t value;

	randombytes_buf(&value, sizeof(value));
	return value;
}

const char *seal_random_id(char ret[ID_SHORT_MAX], size_t len)
{
	return id_short(ret, len, seal_random());
}

static const char url_alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	"abcdefghijklmnopqrstuvwxyz0123456789-_";

static void draw(char *ret, size_t len, uint32_t characters)
{
	for (size_t i = 0; i < len; i++)
		ret[i] = url_alphabet[randombytes_uniform(characters)];
	ret[len] = '\0';
}

void seal_random_text(char *ret, size_t len)
{
	draw(ret, len, 62);
}

void seal_random_url_text(char *ret, size_t len)
{
	draw(ret, len, 64);
}

void seal_sha256_tail8(const char *text, char ret[9])
{
	unsigned char hash[crypto_hash_sha256_BYTES];

	crypto_hash_sha256(hash, (const unsigned char *)text, strlen(text));
	sodium_bin2hex(ret, 9, hash + sizeof(hash) - 4, 4);
}

void seal_sha256(const void *data, size_t len, char ret[SEAL_HASH_TEXT])
{
	unsigned char hash[crypto_hash_sha256_BYTES];

	crypto_hash_sha256(hash, data, len);
	sodium_bin2hex(ret, SEAL_HASH_TEXT, hash, sizeof(hash));
}

_Static_assert(crypto_sign_SEEDBYTES == SEAL_KEY_BYTES, "key size");
_Static_assert(crypto_sign_PUBLICKEYBYTES == SEAL_KEY_BYTES, "key size");

int seal_signer_make(const char *dir, char ret[SEAL_SIGNER_TEXT],
		     struct err *err)
{
	unsigned char seed[SEAL_KEY_BYTES], pub[SEAL_KEY_BYTES];
	unsigned char secret[crypto_sign_SECRETKEYBYTES];
	int rc;

	randombytes_buf(seed, sizeof(seed));
	crypto_sign_seed_keypair(pub, secret, seed);
	sodium_bin2hex(ret, SEAL_SIGNER_TEXT, pub, sizeof(pub));
	rc = write_file(dir, FILE_SIGNER, seed, err);
	if (rc == 0)
		rc = write_file(dir, FILE_VERIFIER, pub, err);
	sodium_memzero(seed, sizeof(seed));
	sodium_memzero(secret, sizeof(secret));
	return rc;
}

/* What is signed says what it is, so that it is good for nothing else. */
static void hash_signed(const void *data, size_t len,
			unsigned char ret[crypto_hash_sha512_BYTES])
{
	static const char what[] = "crm-pack-bundle-1";
	crypto_hash_sha512_state state;

	crypto_hash_sha512_init(&state);
	crypto_hash_sha512_update(&state, (const unsigned char *)what,
				  sizeof(what));
	crypto_hash_sha512_update(&state, data, len);
	crypto_hash_sha512_final(&state, ret);
}

int seal_sign(const char *key_path, const void *data, size_t len,
	      char ret[SEAL_SIGNATURE_TEXT], struct err *err)
{
	unsigned char seed[SEAL_KEY_BYTES], pub[SEAL_KEY_BYTES];
	unsigned char secret[crypto_sign_SECRETKEYBYTES];
	unsigned char hash[crypto_hash_sha512_BYTES];
	unsigned char signature[crypto_sign_BYTES];

	if (read_file(key_path, FILE_SIGNER, seed, err))
		return -1;
	crypto_sign_seed_keypair(pub, secret, seed);
	hash_signed(data, len, hash);
	crypto_sign_detached(signature, NULL, hash, sizeof(hash), secret);
	sodium_memzero(seed, sizeof(seed));
	sodium_memzero(secret, sizeof(secret));
	sodium_bin2base64(ret, SEAL_SIGNATURE_TEXT, signature,
			  sizeof(signature), sodium_base64_VARIANT_ORIGINAL);
	return 0;
}

static bool read_signer(const char *text, unsigned char ret[SEAL_KEY_BYTES])
{
	size_t len = 0;

	return strlen(text) == SEAL_SIGNER_TEXT - 1 &&
	       sodium_hex2bin(ret, SEAL_KEY_BYTES, text, strlen(text), NULL,
			      &len, NULL) == 0 && len == SEAL_KEY_BYTES;
}

bool seal_is_signer(const char *text)
{
	unsigned char pub[SEAL_KEY_BYTES];

	return read_signer(text, pub);
}

bool seal_signed_by(const char *signer, const char *signature,
		    const void *data, size_t len)
{
	unsigned char pub[SEAL_KEY_BYTES], bytes[crypto_sign_BYTES];
	unsigned char hash[crypto_hash_sha512_BYTES];
	size_t n = 0;

	if (!read_signer(signer, pub) ||
	    sodium_base642bin(bytes, sizeof(bytes), signature,
			      strlen(signature), " \r\n", &n, NULL,
			      sodium_base64_VARIANT_ORIGINAL) ||
	    n != sizeof(bytes))
		return false;
	hash_signed(data, len, hash);
	return crypto_sign_verify_detached(bytes, hash, sizeof(hash),
					   pub) == 0;
}
