#include "tests/helpers/sim_exchange.h"

#include <errno.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "shared/table.h"

#define BODY_MAX (64u << 20)
#define ENDLESS_MAX (64u << 20)
#define BLOCK (64u << 10)

/* The server library makes these itself. */
static const char *const own_headers[] = {
	"Content-Length", "Transfer-Encoding", "Connection", "Date",
	"x-sim-endless",
};

struct sim_exchange *sim_exchange_new(struct sim_server *server, bool *hurry,
				      const char *target)
{
	struct sim_exchange *exchange = xcalloc(1, sizeof(*exchange));

	exchange->server = server;
	exchange->hurry = hurry;
	exchange->request.target = xstrdup(target);
	exchange->body.max = BODY_MAX;
	return exchange;
}

void sim_exchange_free(struct sim_exchange **exchange)
{
	if (!*exchange)
		return;
	model_request_done(&(*exchange)->request);
	model_answer_done(&(*exchange)->answer);
	buf_done(&(*exchange)->body);
	free((*exchange)->fault.body);
	free(*exchange);
	*exchange = NULL;
}

static enum MHD_Result add_header(void *context, enum MHD_ValueKind kind,
				  const char *name, const char *value)
{
	struct model_request *request = context;

	(void)kind;
	if (request->nheaders < MODEL_HEADERS_MAX)
		model_request_add_header(request, name, value ? value : "");
	return MHD_YES;
}

void sim_exchange_begin(struct sim_exchange *exchange,
			struct MHD_Connection *connection, const char *method)
{
	exchange->state = EXCHANGE_READING;
	exchange->connection = connection;
	exchange->request.method = xstrdup(method);
	MHD_get_connection_values(connection, MHD_HEADER_KIND, add_header,
				  &exchange->request);
}

bool sim_exchange_read_all(struct sim_exchange *exchange)
{
	bool whole = !exchange->body.failed;

	exchange->request.body_len = exchange->body.len;
	exchange->request.body = buf_take(&exchange->body);
	return whole;
}

static int socket_of(const struct sim_exchange *exchange)
{
	return MHD_get_connection_info(exchange->connection,
				MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
}

bool sim_exchange_is_left(const struct sim_exchange *exchange)
{
	char byte;
	ssize_t got = recv(socket_of(exchange), &byte, 1,
			   MSG_PEEK | MSG_DONTWAIT);

	return got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR);
}

/* The library closes a chunked answer in its next run, which may be late. */
static ssize_t break_off(const struct sim_exchange *exchange)
{
	*exchange->hurry = true;
	return MHD_CONTENT_READER_END_WITH_ERROR;
}

/* The next bytes of an answer that ends early. */
static ssize_t read_cut(void *context, uint64_t at, char *to, size_t max)
{
	const struct model_answer *answer =
		&((struct sim_exchange *)context)->answer;
	size_t left = at < answer->body_len ? answer->body_len - at : 0;

	if (left == 0)
		return break_off(context);
	if (left > max)
		left = max;
	memcpy(to, answer->body + at, left);
	return (ssize_t)left;
}

/* The body over and over, until even the server has had enough. */
static ssize_t read_endless(void *context, uint64_t at, char *to, size_t max)
{
	const struct model_answer *answer =
		&((struct sim_exchange *)context)->answer;
	size_t from = answer->body_len ? at % answer->body_len : 0;
	size_t left = answer->body_len - from;

	if (left == 0 || at >= ENDLESS_MAX)
		return break_off(context);
	if (left > max)
		left = max;
	memcpy(to, answer->body + from, left);
	return (ssize_t)left;
}

/* One event of a stream per call, so that each is a chunk of its own. */
static ssize_t read_event(void *context, uint64_t at, char *to, size_t max)
{
	const struct model_answer *answer =
		&((struct sim_exchange *)context)->answer;
	const char *from = answer->body + at;
	size_t left = at < answer->body_len ? answer->body_len - at : 0;
	const char *end = left ? memmem(from, left, "\n\n", 2) : NULL;

	if (left == 0)
		return MHD_CONTENT_READER_END_OF_STREAM;
	if (end)
		left = (size_t)(end + 2 - from);
	if (left > max)
		left = max;
	memcpy(to, from, left);
	return (ssize_t)left;
}

static bool is_events(const struct model_answer *answer)
{
	const char *type = model_answer_header(answer, "Content-Type");

	return type && strncasecmp(type, "text/event-stream", 17) == 0;
}

static struct MHD_Response *response_for(struct sim_exchange *exchange)
{
	struct model_answer *answer = &exchange->answer;
	MHD_ContentReaderCallback reader = read_cut;
	uint64_t size = MHD_SIZE_UNKNOWN;
	size_t len = answer->body_len;

	if (answer->end == MODEL_END_COMPLETE && !is_events(answer))
		return MHD_create_response_from_buffer(len,
			TAKE(answer->body), MHD_RESPMEM_MUST_FREE);
	if (answer->end == MODEL_END_COMPLETE)
		reader = read_event;
	else if (model_answer_header(answer, "x-sim-endless"))
		reader = read_endless;
	else if (!is_events(answer))
		size = 2 * len + 1;	/* more is promised than comes */
	return MHD_create_response_from_callback(size, BLOCK, reader,
						 exchange, NULL);
}

static void add_headers(struct MHD_Response *response,
			const struct model_answer *answer)
{
	for (size_t i = 0; i < answer->nheaders; i++) {
		const struct model_header *header = &answer->headers[i];
		bool own = false;

		for (size_t j = 0; j < COUNT(own_headers); j++)
			own |= strcasecmp(header->name, own_headers[j]) == 0;
		if (!own)
			MHD_add_response_header(response, header->name,
						header->value);
	}
}

enum MHD_Result sim_exchange_give(struct sim_exchange *exchange)
{
	const struct linger at_once = { .l_onoff = 1 };
	const struct model_answer *answer = &exchange->answer;
	struct MHD_Response *response;
	enum MHD_Result result;

	if (answer->end != MODEL_END_COMPLETE && answer->end != MODEL_END_CUT) {
		/* Closed like this, the client sees a reset and not an end. */
		setsockopt(socket_of(exchange), SOL_SOCKET, SO_LINGER,
			   &at_once, sizeof(at_once));
		return MHD_NO;
	}
	response = response_for(exchange);
	add_headers(response, answer);
	result = MHD_queue_response(exchange->connection,
				    (unsigned int)answer->status, response);
	MHD_destroy_response(response);
	return result;
}
