#include "fcgi/way_out.h"

#include <string.h>

#include "fcgi/pem.h"
#include "shared/proxy.h"

void way_out_done(struct way_out *way)
{
	free(way->proxy);
	secret_sealed_done(&way->sealed);
	*way = (struct way_out){ 0 };
}

void way_out_check(struct way_out *way, const char *proxy, const char *ca_pem,
		   struct jdec_problems *problems)
{
	const char *why = ca_pem && *ca_pem ? pem_why_not(ca_pem) : NULL;
	bool has_credentials;
	struct err err;

	if (proxy && *proxy &&
	    proxy_check(proxy, &way->proxy, &has_credentials, &err))
		jdec_problem(problems, "", "proxy", "%.120s", err.msg);
	if (why)
		jdec_problem(problems, "", "ca_pem", "%s", why);
	if (way->proxy)
		way->url = proxy;
	if (ca_pem && *ca_pem)
		way->ca_pem = ca_pem;
}

void way_out_seal(struct way_out *way, const struct request *req)
{
	if (way->url)
		secrets_seal(req->worker->key, SECRET_PROXY, way->url,
			     req->now, seal_random(), &way->sealed);
}

int way_out_store(const struct way_out *way, const struct request *req,
		  struct err *err)
{
	return way->url ? secrets_store(req->db, &way->sealed, req->now, err)
			: 0;
}

const char *way_out_secret(const struct way_out *way)
{
	return way->url ? way->sealed.face.secret_id : NULL;
}
