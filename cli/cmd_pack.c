/* cmd_pack: packs as their authors have them: checked, built, signed, sent. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/api.h"
#include "cli/exits.h"
#include "cli/pack_source.h"
#include "shared/jschema.h"
#include "shared/overlay.h"
#include "shared/table.h"

#define SCHEMA_MAX (256 << 10)

int cmd_pack_lint(struct call *call, struct err *err)
{
	CLEANUP(pack_source_done) struct pack_source source = { 0 };
	AUTO_FREE char *line = NULL;

	if (pack_source_read(&source, call->args.words[0], err))
		return -1;
	line = xasprintf("%s %s: %zu providers, no problems\n",
			 source.pack.manifest.pack_id,
			 source.pack.manifest.version, source.pack.count);
	return print_text(line, err);
}

static int write_file(const char *path, const char *bytes, size_t len,
		      struct err *err)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	bool ok = fd >= 0;

	for (size_t done = 0; ok && done < len;) {
		ssize_t n = write(fd, bytes + done, len - done);

		ok = n >= 0 || errno == EINTR;
		done += n > 0 ? (size_t)n : 0;
	}
	if (fd >= 0 && close(fd) != 0)
		ok = false;
	return ok ? 0 : err_set(err, ERR_INTERNAL, "'%s': %s", path,
				strerror(errno));
}

static int write_signature(const char *path, const char *signature,
			   struct err *err)
{
	AUTO_FREE char *beside = xasprintf("%s.sig", path);
	AUTO_FREE char *line = xasprintf("%s\n", signature);

	return *signature ? write_file(beside, line, strlen(line), err) : 0;
}

int cmd_pack_build(struct call *call, struct err *err)
{
	CLEANUP(pack_source_done) struct pack_source source = { 0 };
	const char *out = args_get(&call->args, OPT_OUT_FILE);
	const struct manifest_pack *m = &source.pack.manifest;
	AUTO_FREE char *named = NULL;
	AUTO_FREE char *line = NULL;

	if (pack_source_read(&source, call->args.words[0], err) ||
	    pack_source_bundle(&source, args_get(&call->args, OPT_SIGN), err))
		return -1;
	named = out ? xstrdup(out) : xasprintf("%s-%s.tar.gz", m->pack_id,
					       m->version);
	if (write_file(named, source.bytes.text, source.bytes.len, err) ||
	    write_signature(named, source.signature, err))
		return -1;
	line = xasprintf("%s: %zu bytes%s\n", named, source.bytes.len,
			 *source.signature ? ", signed" : "");
	return print_text(line, err);
}

int cmd_pack_keygen(struct call *call, struct err *err)
{
	const char *dir = args_get(&call->args, OPT_DIR);
	char key[SEAL_SIGNER_TEXT];
	AUTO_FREE char *line = NULL;

	if (seal_start(err))
		return -1;
	if (seal_signer_make(dir, key, err))
		return err_code(err, EXITS_CODE_KEYS);
	line = xasprintf("%s: pack-sign.key (keep it), pack-sign.pub\n"
			 "for packs.trusted_keys: %s\n", dir, key);
	return print_text(line, err);
}

#define SCHEMA_ID "https://crm.invalid/schema/"

static const struct {
	const char *word, *id, *title;
	const struct jdec_shape *shape;
} schemas[] = {
	{ "pack", SCHEMA_ID "pack.schema.json",
	  "pack.json: what a pack is", &manifest_pack_shape },
	{ "provider", SCHEMA_ID "provider.schema.json",
	  "providers/ID.json: one endpoint of a provider",
	  &manifest_provider_shape },
	{ "overlay", SCHEMA_ID "overlay.schema.json",
	  "overlays/NAME/overlay.json: patches for a host's source",
	  &overlay_document_shape },
};

int cmd_pack_schema(struct call *call, struct err *err)
{
	CLEANUP(jout_done) struct jout out = { .text.max = SCHEMA_MAX };
	json_auto_t *schema = NULL;
	AUTO_FREE char *text = NULL;
	AUTO_FREE char *line = NULL;
	size_t i = 0;

	while (i < COUNT(schemas) &&
	       strcmp(schemas[i].word, call->args.words[0]) != 0)
		i++;
	if (i == COUNT(schemas))
		return args_refuse(err, "there are schemas of pack, "
				   "provider and overlay");
	jschema_write(&out, schemas[i].id, schemas[i].title,
		      schemas[i].shape);
	schema = json_loadb(buf_str(&out.text), out.text.len, 0, NULL);
	text = json_dumps(schema, JSON_INDENT(1));
	line = xasprintf("%s\n", text ? text : "null");
	return print_text(line, err);
}

/* Installing. */

static const struct {
	const char *word, *parameter;
} choices[] = {
	{ "yes", "activate=true" },
	{ "no", "activate=false" },
};

static int read_choice(const struct call *call, const char **ret,
		       struct err *err)
{
	const char *word = args_get(&call->args, OPT_ACTIVATE);

	*ret = NULL;
	for (size_t i = 0; word && i < COUNT(choices); i++)
		if (strcmp(choices[i].word, word) == 0)
			*ret = choices[i].parameter;
	return word && !*ret ? args_refuse(err, "--activate must be yes or "
					   "no") : 0;
}

/* To standard error: each thing that the API found wrong, on a line. */
static void report_problems(const json_t *problem)
{
	size_t i;
	const json_t *p;

	json_array_foreach(json_object_get(problem, "problems"), i, p) {
		int64_t line = api_number(p, "line");

		fprintf(stderr, "%s:%d: %s %s\n", api_text(p, "file"),
			(int)line, api_text(p, "field"), api_text(p, "why"));
	}
}

static int send_bundle(struct call *call, const struct pack_source *source,
		       const char *choice, struct err *err)
{
	const struct jout body = { .text = source->bytes };
	const char *const query[] = { choice, NULL };
	AUTO_FREE char *header = xasprintf("Crm-Pack-Signature: %s",
					   source->signature);
	const struct api_call post = {
		.method = "POST",
		.path = API_PACKS "/install",
		.query = query,
		.body = &body,
		.content_type = "application/gzip",
		.header = *source->signature ? header : NULL,
	};
	int rc = client_call(call->client, &post, &call->reply, err);

	if (rc)
		report_problems(call->reply.body);
	return rc;
}

int cmd_pack_install(struct call *call, struct err *err)
{
	CLEANUP(pack_source_done) struct pack_source source = { 0 };
	const json_t *row;
	const char *choice;

	if (read_choice(call, &choice, err) ||
	    pack_source_read(&source, call->args.words[0], err) ||
	    pack_source_bundle(&source, args_get(&call->args, OPT_SIGN),
			       err) ||
	    send_bundle(call, &source, choice, err))
		return -1;
	row = call->reply.body;
	fprintf(stderr, "%s %s is %s%s\n", api_text(row, "pack_id"),
		api_text(row, "version"), call->reply.status == 201
		? "installed" : "there already", json_is_true(
		json_object_get(row, "active")) ? "" : ", another counts");
	return print_object(call->form, call->reply.body, NULL, err);
}
