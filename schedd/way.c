#include "schedd/way.h"

void way_start(struct way *ret, enum peer peer,
	       const struct settings *settings)
{
	*ret = (struct way){
		.private_ok = peer == PEER_HOST ? settings->private_hosts
						: settings->private_providers,
	};
}

const char *way_private_setting(enum peer peer)
{
	return peer == PEER_HOST ? "exchange.private_hosts"
				 : "exchange.private_providers";
}
