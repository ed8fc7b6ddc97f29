#include "tests/model/faults.h"

#include <fnmatch.h>
#include <string.h>

#include "shared/table.h"

/* No JSON, no UTF-8, and yet it starts like an answer. */
#define GARBAGE "{\"data\": [{\xff\xfe\x80"

/* What a web server in front of a host shows. */
#define PAGE "<!doctype html><html><head><title>Sign in</title></head>" \
	     "<body><h1>Sign in</h1></body></html>"

static const char *const kind_names[] = {
	[FAULT_NONE]	= "none",
	[FAULT_DELAY]	= "delay",
	[FAULT_STATUS]	= "status",
	[FAULT_GARBAGE]	= "garbage",
	[FAULT_CUT]	= "cut",
	[FAULT_LOST]	= "lost",
	[FAULT_RESET]	= "reset",
	[FAULT_TWICE]	= "twice",
	[FAULT_HANG]	= "hang",
	[FAULT_HTML]	= "html",
	[FAULT_HALF]	= "half",
	[FAULT_NULLS]	= "nulls",
	[FAULT_CODE_TEXT]	= "code-text",
	[FAULT_CODE_NUMBER]	= "code-number",
	[FAULT_INSERTED]	= "inserted",
	[FAULT_REMOVED]	= "removed",
	[FAULT_ABANDON]	= "abandon",
	[FAULT_ABANDON_EARLY]	= "abandon-early",
};
_Static_assert(COUNT(kind_names) == FAULT_KIND__MAX, "name every kind");

/* Rules lie apart from the list: it may grow while one is being obeyed. */
struct faults {
	struct counted **rules;
	size_t count;
};

struct counted {
	struct fault_rule rule;
	int64_t passed;		/* of `skip` */
	int64_t hit;		/* of `count` */
};

struct faults *faults_new(void)
{
	return xcalloc(1, sizeof(struct faults));
}

void faults_clear(struct faults *faults)
{
	for (size_t i = 0; i < faults->count; i++) {
		struct fault_rule *rule = &faults->rules[i]->rule;

		free(rule->method);
		free(rule->path);
		free(rule->body);
		free(faults->rules[i]);
	}
	free(faults->rules);
	*faults = (struct faults){ 0 };
}

void faults_free(struct faults **faults)
{
	if (!*faults)
		return;
	faults_clear(*faults);
	free(*faults);
	*faults = NULL;
}

void faults_add(struct faults *faults, const struct fault_rule *rule)
{
	struct counted *counted = xcalloc(1, sizeof(*counted));

	counted->rule = *rule;
	counted->rule.method = xstrdup_null(rule->method);
	counted->rule.path = xstrdup_null(rule->path);
	counted->rule.body = xstrdup_null(rule->body);
	faults->rules = xrealloc(faults->rules, (faults->count + 1) *
				 sizeof(struct counted *));
	faults->rules[faults->count++] = counted;
}

/* Strings of the JSON object, borrowed by a rule until it is added. */
struct wish {
	const char *kind;
	const char *method;
	const char *path;
	const char *body;
	json_int_t skip;
	json_int_t count;
	json_int_t delay_ms;
	int status;
};

static const char *read_rule(json_t *object, struct wish *wish)
{
	json_error_t error;
	int kind;

	/* '!' refuses members that nobody knows: they are misspelt. */
	if (json_unpack_ex(object, &error, 0,
			   "{s:s, s?s, s?s, s?s, s?I, s?I, s?I, s?i !}",
			   "kind", &wish->kind, "method", &wish->method,
			   "path", &wish->path, "body", &wish->body,
			   "skip", &wish->skip, "count", &wish->count,
			   "delay_ms", &wish->delay_ms,
			   "status", &wish->status))
		return "a rule has members of a wrong name or type";
	if (!table_find(kind_names, COUNT(kind_names), wish->kind, &kind))
		return "a rule has a kind that does not exist";
	if (wish->skip < 0 || wish->count < 0 || wish->delay_ms < 0)
		return "skip, count and delay_ms must not be negative";
	if (kind == FAULT_STATUS && (wish->status < 200 || wish->status > 599))
		return "kind status wants a status from 200 to 599";
	if (kind == FAULT_DELAY && wish->delay_ms == 0)
		return "kind delay wants delay_ms";
	return NULL;
}

static void add_wish(struct faults *faults, const struct wish *wish)
{
	AUTO_FREE char *method = xstrdup_null(wish->method);
	AUTO_FREE char *path = xstrdup_null(wish->path);
	AUTO_FREE char *body = xstrdup_null(wish->body);
	int kind = FAULT_NONE;
	bool known = table_find(kind_names, COUNT(kind_names), wish->kind,
				&kind);

	if (!known)
		return;
	faults_add(faults, &(struct fault_rule){
		.kind = (enum fault_kind)kind,
		.method = method,
		.path = path,
		.skip = wish->skip,
		.count = wish->count,
		.delay_ms = wish->delay_ms,
		.status = wish->status,
		.body = body,
	});
}

const char *faults_add_json(struct faults *faults, const json_t *rules)
{
	json_t *object;
	size_t i;

	if (!json_is_array(rules))
		return "the script must be an array of rules";
	/* All or none: look at every one before the first is added. */
	json_array_foreach(rules, i, object) {
		struct wish wish = { 0 };
		const char *wrong = read_rule(object, &wish);

		if (wrong)
			return wrong;
	}
	json_array_foreach(rules, i, object) {
		struct wish wish = { 0 };

		if (!read_rule(object, &wish))
			add_wish(faults, &wish);
	}
	return NULL;
}

/* The path of a target, which for calls to an upstream is a URL. */
static const char *path_of(const char *target)
{
	const char *scheme = strstr(target, "://");

	return scheme ? strchrnul(scheme + 3, '/') : target;
}

static bool concerns(const struct fault_rule *rule,
		     const struct model_request *request)
{
	const char *path = path_of(request->target);

	if (rule->method && strcmp(rule->method, request->method) != 0)
		return false;
	if (!rule->path)
		return true;
	if (strchr(rule->path, '*'))
		return fnmatch(rule->path, path, 0) == 0;
	return strncmp(rule->path, path, strlen(rule->path)) == 0;
}

const struct fault_rule *faults_match(struct faults *faults,
				      const struct model_request *request)
{
	for (size_t i = 0; i < faults->count; i++) {
		struct counted *counted = faults->rules[i];

		if (!concerns(&counted->rule, request))
			continue;
		if (counted->passed < counted->rule.skip) {
			counted->passed++;
			continue;
		}
		if (counted->rule.count > 0 &&
		    counted->hit >= counted->rule.count)
			continue;
		counted->hit++;
		return &counted->rule;
	}
	return NULL;
}

static const char *type_of(const char *body)
{
	if (body[0] == '{' || body[0] == '[')
		return "application/json";
	return body[0] == '<' ? "text/html" : "text/plain";
}

static void replace(struct model_answer *answer, int status, const char *type,
		    const char *body)
{
	int64_t delay_ms = answer->delay_ms;

	model_answer_done(answer);
	model_answer_set(answer, status, type, body);
	answer->delay_ms = delay_ms;
}

/* Nothing comes back, and `end` is how. */
static void silence(struct model_answer *answer, enum model_end end)
{
	int64_t delay_ms = answer->delay_ms;

	model_answer_done(answer);
	answer->body = xstrdup("");
	answer->end = end;
	answer->delay_ms = delay_ms;
}

/* Only half of the body, and the answer ends like this. */
static void halve(struct model_answer *answer, enum model_end end)
{
	if (answer->end != MODEL_END_COMPLETE)
		return;
	answer->end = end;
	answer->body_len /= 2;
	if (answer->body)
		answer->body[answer->body_len] = '\0';
}

/* What becomes of a member; NULL: it stays, and is walked into. */
typedef json_t *change_fn(const char *name, const json_t *value);

static json_t *null_for_empty(const char *name, const json_t *value)
{
	(void)name;
	return json_is_array(value) && json_array_size(value) == 0 ?
		json_null() : NULL;
}

static json_t *text_for_code(const char *name, const json_t *value)
{
	char text[32];

	if (strcmp(name, "code") != 0 || !json_is_integer(value))
		return NULL;
	snprintf(text, sizeof(text), "%" JSON_INTEGER_FORMAT,
		 json_integer_value(value));
	return json_string(text);
}

static json_t *number_for_code(const char *name, const json_t *value)
{
	return strcmp(name, "code") == 0 && json_is_string(value) ?
		json_integer(1) : NULL;
}

static void change_all(json_t *value, change_fn *change)
{
	const char *name;
	json_t *member, *other;
	size_t i;
	void *next;

	json_object_foreach_safe(value, next, name, member) {
		other = change(name, member);
		if (other)
			json_object_set_new(value, name, other);
		else
			change_all(member, change);
	}
	json_array_foreach(value, i, member)
		change_all(member, change);
}

static void rewrite(struct model_answer *answer, change_fn *change)
{
	json_auto_t *body = answer->body ? json_loads(answer->body, 0, NULL)
					 : NULL;

	if (!body)
		return;
	change_all(body, change);
	free(answer->body);
	answer->body = json_dumps(body, JSON_COMPACT);
	answer->body_len = strlen(answer->body);
}

void fault_mark(const struct fault_rule *rule, struct model_request *request)
{
	switch (rule->kind) {
	case FAULT_ABANDON:
		model_request_add_header(request, FAULT_HEADER_ABANDONED,
					 "made");
		break;
	case FAULT_ABANDON_EARLY:
		model_request_add_header(request, FAULT_HEADER_ABANDONED,
					 "unmade");
		break;
	case FAULT_INSERTED:
		model_request_add_header(request, FAULT_HEADER_SHIFT, "-1");
		break;
	case FAULT_REMOVED:
		model_request_add_header(request, FAULT_HEADER_SHIFT, "1");
		break;
	default:
		break;
	}
}

void fault_apply(const struct fault_rule *rule, struct model_answer *answer)
{
	const char *body = rule->body ? rule->body :
		"{\"error\":{\"message\":\"fault\",\"type\":\"server_error\"}}";

	answer->delay_ms += rule->delay_ms;
	switch (rule->kind) {
	case FAULT_STATUS:
		replace(answer, rule->status, type_of(body), body);
		break;
	case FAULT_GARBAGE:
		replace(answer, 200, "application/json",
			rule->body ? rule->body : GARBAGE);
		break;
	case FAULT_CUT:
		halve(answer, MODEL_END_CUT);
		break;
	case FAULT_HALF:
		halve(answer, MODEL_END_COMPLETE);
		break;
	case FAULT_HTML:
		replace(answer, rule->status ? rule->status : 200,
			"text/html; charset=utf-8", rule->body ? rule->body :
			PAGE);
		break;
	case FAULT_NULLS:
		rewrite(answer, null_for_empty);
		break;
	case FAULT_CODE_TEXT:
		rewrite(answer, text_for_code);
		break;
	case FAULT_CODE_NUMBER:
		rewrite(answer, number_for_code);
		break;
	case FAULT_LOST:
	case FAULT_RESET:
	case FAULT_ABANDON:
	case FAULT_ABANDON_EARLY:
		silence(answer, MODEL_END_RESET);
		break;
	case FAULT_HANG:
		silence(answer, MODEL_END_HANG);
		break;
	case FAULT_NONE:
	case FAULT_DELAY:
	case FAULT_TWICE:
	case FAULT_INSERTED:
	case FAULT_REMOVED:
	case FAULT_KIND__MAX:
		break;
	}
}
