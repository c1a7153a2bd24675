/* driver node and driver recover: a whole node on a directory, and the
 * library's own rewriting of the membership. */
#include "driver.h"

#include <netinet/in.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#ifdef REALLIB_COWSQL
#include <cowsql.h>
#define NODE(name) cowsql_node_##name
#define INFO_SIZE COWSQL_NODE_INFO_EXT_SZ_ORIG
typedef cowsql_node node;
typedef cowsql_node_info_ext info;
#define FLAVOUR "cowsql"
#define LIBRARY_VERSION COWSQL_VERSION_NUMBER
#else
#include <dqlite.h>
#define NODE(name) dqlite_node_##name
#define INFO_SIZE DQLITE_NODE_INFO_EXT_SZ_ORIG
typedef dqlite_node node;
typedef dqlite_node_info_ext info;
#ifdef REALLIB_BUNDLED_RAFT
#define FLAVOUR "dqlite"
#else
#define FLAVOUR "dqlite-separate-raft"
#endif
#define LIBRARY_VERSION DQLITE_VERSION_NUMBER
#endif

#define MAX_MEMBERS 64

int version_main(void)
{
	printf("{\"flavour\":\"%s\",\"version\":\"%d.%d.%d\"}\n", FLAVOUR, LIBRARY_VERSION / 10000,
	       LIBRARY_VERSION / 100 % 100, LIBRARY_VERSION % 100);
	return 0;
}

/* Where the members listen: the log names addresses of machines that are gone,
 * here each of them stands for a port of the loopback interface. */
struct peers
{
	int n;
	char *address[MAX_MEMBERS];
	in_port_t port[MAX_MEMBERS]; /* network byte order */
};

/* Reads lines PORT ADDRESS up to an empty line. */
static int read_peers(struct peers *peers)
{
	char *line = NULL;
	size_t cap = 0;
	ssize_t n;
	while ((n = getline(&line, &cap, stdin)) > 1 && peers->n < MAX_MEMBERS) {
		char *rest;
		line[n - 1] = 0;
		peers->port[peers->n] = htons((uint16_t)strtoul(line, &rest, 10));
		peers->address[peers->n++] = strdup(*rest == ' ' ? rest + 1 : rest);
	}
	free(line);
	return n == 1 ? 0 : -1;
}

static int connect_peer(void *arg, const char *address, int *fd)
{
	const struct peers *peers = arg;
	for (int i = 0; i < peers->n; i++) {
		if (strcmp(peers->address[i], address) != 0) {
			continue;
		}
		struct sockaddr_in to = {
			.sin_family = AF_INET,
			.sin_port = peers->port[i],
			.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
		};
		*fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (*fd < 0) {
			return 1;
		}
		if (connect(*fd, (struct sockaddr *)&to, sizeof to) != 0) {
			close(*fd);
			return 1;
		}
		return 0;
	}
	return 1;
}

/* The port that the kernel chose for the only socket that is bound to a port.
 * The library does not tell. */
static int bound_port(void)
{
	for (int fd = 3; fd < 1024; fd++) {
		struct sockaddr_in at;
		socklen_t len = sizeof at;
		if (getsockname(fd, (struct sockaddr *)&at, &len) == 0 && at.sin_family == AF_INET && at.sin_port != 0) {
			return ntohs(at.sin_port);
		}
	}
	return 0;
}

static void print_result(const char *stage, int rv, const char *message)
{
	printf("{\"ok\":%s,\"stage\":\"%s\",\"rv\":%d,\"error\":", rv == 0 ? "true" : "false", stage, rv);
	json_string(stdout, rv == 0 ? "" : message);
	printf("}\n");
	fflush(stdout);
}

/* Ends the process when the parent closes stdin, even while the library hangs.
 * The end is abrupt, as after kill -9. */
static void *watch_stdin(void *arg)
{
	char c;
	(void)arg;
	while (read(STDIN_FILENO, &c, 1) > 0) {
	}
	_exit(0);
}

int node_main(int argc, char **argv)
{
	static struct peers peers;
	unsigned long long id = 0;
	const char *address = NULL, *dir = NULL;
	for (int i = 0; i < argc; i++) {
		if (strcmp(argv[i], "--id") == 0 && i + 1 < argc) {
			id = strtoull(argv[++i], NULL, 10);
		} else if (strcmp(argv[i], "--address") == 0 && i + 1 < argc) {
			address = argv[++i];
		} else {
			dir = argv[i];
		}
	}
	if (id == 0 || address == NULL || dir == NULL) {
		fprintf(stderr, "driver node: needs --id, --address and a directory\n");
		return 3;
	}
	node *n = NULL;
	const char *stage = "create";
	int rv = NODE(create)(id, address, dir, &n);
	if (rv == 0) {
		stage = "set_bind_address";
		rv = NODE(set_bind_address)(n, "127.0.0.1:0");
	}
	if (rv == 0) {
		printf("{\"port\":%d}\n", bound_port());
		fflush(stdout);
		if (read_peers(&peers) != 0) {
			_exit(0);
		}
		pthread_t watcher;
		stage = "watch stdin";
		rv = pthread_create(&watcher, NULL, watch_stdin, NULL);
	}
	if (rv == 0) {
		stage = "set_connect_func";
		rv = NODE(set_connect_func)(n, connect_peer, &peers);
	}
	if (rv == 0) {
		stage = "set_network_latency_ms"; /* elections within a second instead of several */
		rv = NODE(set_network_latency_ms)(n, 50);
	}
	if (rv == 0) {
		stage = "start";
		rv = NODE(start)(n);
	}
	print_result(stage, rv, NODE(errmsg)(n));
	if (rv != 0) {
		_exit(1); /* a node that failed to start cannot be freed safely in all versions */
	}
	for (;;) {
		pause();
	}
}

int recover_main(int argc, char **argv)
{
	info members[MAX_MEMBERS];
	int n_members = 0;
	const char *dir = NULL;
	memset(members, 0, sizeof members);
	for (int i = 0; i < argc; i++) {
		if (strcmp(argv[i], "--member") == 0 && i + 1 < argc && n_members < MAX_MEMBERS) {
			info *m = &members[n_members++];
			char *rest;
			m->size = INFO_SIZE;
			m->id = strtoull(argv[++i], &rest, 10);
			uint64_t role = *rest == ',' ? strtoull(rest + 1, &rest, 10) : 0;
			if (*rest != ',') {
				fprintf(stderr, "driver recover: member %s is not ID,ROLE,ADDRESS\n", argv[i]);
				return 3;
			}
#ifdef REALLIB_COWSQL
			m->cowsql_role = role;
#else
			m->dqlite_role = role;
#endif
			m->address = (uint64_t)(uintptr_t)(rest + 1);
		} else {
			dir = argv[i];
		}
	}
	if (n_members == 0 || dir == NULL) {
		fprintf(stderr, "driver recover: needs members and a directory\n");
		return 3;
	}
	/* The language bindings open the directory under this identity. */
	node *n = NULL;
	const char *stage = "create";
	int rv = NODE(create)(1, "1", dir, &n);
	if (rv == 0) {
		stage = "recover";
		rv = NODE(recover_ext)(n, members, n_members);
	}
	print_result(stage, rv, NODE(errmsg)(n));
	_exit(rv == 0 ? 0 : 1);
}
