/* driver node and driver recover: a whole node on a directory, and the
 * library's own rewriting of the membership. */
#include "driver.h"

#include <errno.h>
#include <pthread.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
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

/* Where the members' sockets are: the log names addresses of machines that are
 * gone, here every address is an abstract Unix socket. */
struct peers
{
	int n;
	char *address[MAX_MEMBERS];
	char *socket[MAX_MEMBERS]; /* without the @ */
};

static int connect_peer(void *arg, const char *address, int *fd)
{
	const struct peers *peers = arg;
	for (int i = 0; i < peers->n; i++) {
		if (strcmp(peers->address[i], address) != 0) {
			continue;
		}
		struct sockaddr_un to = {.sun_family = AF_UNIX};
		size_t len = strlen(peers->socket[i]);
		if (len > sizeof to.sun_path - 1) {
			return 1;
		}
		memcpy(to.sun_path + 1, peers->socket[i], len);
		*fd = socket(AF_UNIX, SOCK_STREAM, 0);
		if (*fd < 0) {
			return 1;
		}
		if (connect(*fd, (struct sockaddr *)&to, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + len)) != 0) {
			close(*fd);
			return 1;
		}
		return 0;
	}
	return 1;
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
	const char *address = NULL, *socket = NULL, *dir = NULL;
	for (int i = 0; i < argc; i++) {
		if (strcmp(argv[i], "--id") == 0 && i + 1 < argc) {
			id = strtoull(argv[++i], NULL, 10);
		} else if (strcmp(argv[i], "--address") == 0 && i + 1 < argc) {
			address = argv[++i];
		} else if (strcmp(argv[i], "--socket") == 0 && i + 1 < argc) {
			socket = argv[++i];
		} else if (strcmp(argv[i], "--peer") == 0 && i + 1 < argc && peers.n < MAX_MEMBERS) {
			char *at = strstr(argv[++i], "=@");
			if (at == NULL) {
				break;
			}
			*at = 0;
			peers.address[peers.n] = argv[i];
			peers.socket[peers.n++] = at + 2;
		} else {
			dir = argv[i];
		}
	}
	if (id == 0 || address == NULL || socket == NULL || dir == NULL) {
		fprintf(stderr, "driver node: needs --id, --address, --socket and a directory\n");
		return 3;
	}
	pthread_t watcher;
	if (pthread_create(&watcher, NULL, watch_stdin, NULL) != 0) {
		perror("pthread_create");
		return 1;
	}
	node *n = NULL;
	const char *stage = "create";
	int rv = NODE(create)(id, address, dir, &n);
	if (rv == 0) {
		stage = "set_bind_address";
		rv = NODE(set_bind_address)(n, socket);
	}
	if (rv == 0) {
		stage = "set_connect_func";
		rv = NODE(set_connect_func)(n, connect_peer, &peers);
	}
	if (rv == 0) {
		stage = "start";
		rv = NODE(start)(n);
	}
	print_result(stage, rv, NODE(errmsg)(n));
	if (rv != 0) {
		_exit(1); /* a node that failed to start cannot be freed safely in all versions */
	}
	pthread_join(watcher, NULL);
	return 0;
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
