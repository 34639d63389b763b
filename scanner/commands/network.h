/*
 * From options to what the engine is started with: name servers, address families, our own names
 * and addresses, and the rates that one shard may take. Reads /etc/resolv.conf and the interfaces;
 * sends nothing.
 */
#ifndef STSWEEP_COMMANDS_NETWORK_H
#define STSWEEP_COMMANDS_NETWORK_H

#include "commands/knowledge.h"
#include "commands/options.h"
#include "steps/request.h"
#include "workers/engine.h"

enum { NAME_SERVERS_MAX = 64, LOCAL_ADDRESSES_MAX = 256 };

struct network {
	struct limits limits; /* the options' with this shard's share of every rate */
	struct step_settings steps;
	struct engine_settings engine;
	struct name_server name_servers[NAME_SERVERS_MAX];
	struct address local_addresses[LOCAL_ADDRESSES_MAX];
	struct arena arena;
	char host_name[NAME_MAX_BYTES + 1];
};

/*
 * `options` and `knowledge` are borrowed and outlive the network. On a fault one line on standard
 * error says what is wrong, and the result is false; network_free is due in any case.
 */
bool network_init(struct network *network, const struct options *options,
		  const struct knowledge *knowledge);
void network_free(struct network *network);

#endif
