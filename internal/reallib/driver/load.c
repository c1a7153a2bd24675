/* driver load: what raft_init and the load step of raft_start make of a
 * directory. Each directory is loaded in a child process of its own, so that
 * crashes and endless loops of the library are results too. */
#include "driver.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <uv.h>

#ifdef REALLIB_BUNDLED_RAFT
#include "raft.h"
#else
#include <raft.h>
#include <raft/uv.h>
#endif

/* The 64-bit FNV-1a hash. */
static uint64_t fnv(uint64_t h, const void *data, size_t n)
{
	const unsigned char *p = data;
	for (size_t i = 0; i < n; i++) {
		h = (h ^ p[i]) * 1099511628211ULL;
	}
	return h;
}

static const uint64_t fnv_start = 14695981039346656037ULL;

static uint64_t fnv_u64(uint64_t h, uint64_t v)
{
	return fnv(h, &v, sizeof v);
}

/* The integer types of the versions differ, a conversion makes them one. */
static void print_number(const char *key, unsigned long long value)
{
	printf("\"%s\":%llu", key, value);
}

static void print_servers(const struct raft_configuration *c)
{
	printf("[");
	for (unsigned i = 0; i < c->n; i++) {
		printf(i ? ",{" : "{");
		print_number("id", c->servers[i].id);
		printf(",\"address\":");
		json_string(stdout, c->servers[i].address);
		printf(",\"raft_role\":%d}", c->servers[i].role);
	}
	printf("]");
}

static void print_failure(const char *stage, int rv, const char *message)
{
	printf("\"outcome\":\"refuses\",\"stage\":\"%s\",\"rv\":%d,\"code\":", stage, rv);
	json_string(stdout, raft_strerror(rv));
	printf(",\"error\":");
	json_string(stdout, message);
	printf("}\n");
}

/* The digests cost more than the load itself, so that a caller who measures
 * the library can leave them out. */
static bool without_digest;

/* Type and payload digest of every entry, in order: the caller recognises
 * entries by it without seeing them. */
static void print_entries(const struct raft_entry *entries, size_t n, unsigned long long first)
{
	uint64_t digest = fnv_start;
	const struct raft_entry *change = NULL;
	unsigned long long change_index = 0;
	printf(",\"term_ranges\":[");
	for (size_t i = 0; i < n; i++) {
		const struct raft_entry *e = &entries[i];
		if (i == 0 || entries[i - 1].term != e->term) {
			printf(i ? ",{" : "{");
			print_number("term", e->term);
			printf(",\"first\":%llu", first + i);
		}
		if (i + 1 == n || entries[i + 1].term != e->term) {
			printf(",\"last\":%llu}", first + i);
		}
		unsigned char type = (unsigned char)e->type;
		digest = fnv_u64(digest, e->term);
		digest = fnv(digest, &type, 1);
		digest = fnv_u64(digest, e->buf.len);
		if (!without_digest) {
			digest = fnv(digest, e->buf.base, e->buf.len);
		}
		if (e->type == RAFT_CHANGE) {
			change = e;
			change_index = first + i;
		}
	}
	printf("],");
	print_number("digest", digest);
	if (change != NULL) {
		printf(",\"change\":{");
		print_number("index", change_index);
		printf(",");
		print_number("term", change->term);
		printf(",\"bytes\":\"");
		for (size_t i = 0; i < change->buf.len; i++) {
			printf("%02x", ((unsigned char *)change->buf.base)[i]);
		}
		printf("\"}");
	}
}

/* Loads one directory the way a node start does and prints the result. */
static void load_directory(const char *dir, bool auto_recovery)
{
	static struct uv_loop_s loop;
	static struct raft_uv_transport transport;
	static struct raft_io io;
	static struct raft_fsm fsm;
	static struct raft raft;
	char message[RAFT_ERRMSG_BUF_SIZE + 32];
	int rv;

	printf("{\"dir\":");
	json_string(stdout, dir);
	printf(",");
	if (uv_loop_init(&loop) != 0) {
		print_failure("driver", 0, "uv_loop_init failed");
		return;
	}
#if defined(REALLIB_COWSQL) || defined(REALLIB_BUNDLED_RAFT)
	transport.version = 1;
#endif
	rv = raft_uv_tcp_init(&transport, &loop);
	if (rv != 0) {
		print_failure("driver", rv, "raft_uv_tcp_init failed");
		return;
	}
	rv = raft_uv_init(&io, &loop, dir, &transport);
	if (rv != 0) {
		snprintf(message, sizeof message, "raft_uv_init(): %s", io.errmsg);
		print_failure("raft_uv_init", rv, message);
		return;
	}
	raft_uv_set_auto_recovery(&io, auto_recovery);
	fsm.version = 1;
	rv = raft_init(&raft, &io, &fsm, 1, "127.0.0.1:1");
	if (rv != 0) {
		snprintf(message, sizeof message, "raft_init(): %s", raft_errmsg(&raft));
		print_failure("raft_init", rv, message);
		return;
	}

	raft_term term = 0;
	raft_id voted_for = 0;
	struct raft_snapshot *snapshot = NULL;
	raft_index start_index = 0;
	struct raft_entry *entries = NULL;
	size_t n = 0;
	rv = io.load(&io, &term, &voted_for, &snapshot, &start_index, &entries, &n);
	if (rv != 0) {
		char wrapped[RAFT_ERRMSG_BUF_SIZE]; /* raft_start wraps and cuts like this */
		snprintf(wrapped, sizeof wrapped, "io: %.*s", RAFT_ERRMSG_BUF_SIZE - 5, io.errmsg);
		snprintf(message, sizeof message, "raft_start(): %s", wrapped);
		print_failure("raft_start", rv, message);
		return;
	}

	unsigned long long last_term = 0;
	printf("\"outcome\":\"loads\",");
	print_number("term", term);
	printf(",");
	print_number("voted_for", voted_for);
	printf(",");
	print_number("start_index", start_index);
	printf(",");
	print_number("entries", n);
	if (snapshot != NULL) {
		uint64_t digest = fnv_start;
		size_t bytes = 0;
		for (unsigned i = 0; i < snapshot->n_bufs; i++) {
			if (!without_digest) {
				digest = fnv(digest, snapshot->bufs[i].base, snapshot->bufs[i].len);
			}
			bytes += snapshot->bufs[i].len;
		}
		last_term = snapshot->term;
		printf(",\"snapshot\":{");
		print_number("term", snapshot->term);
		printf(",");
		print_number("index", snapshot->index);
		printf(",");
		print_number("configuration_index", snapshot->configuration_index);
		printf(",");
		print_number("bytes", bytes);
		printf(",");
		print_number("digest", digest);
		printf(",\"servers\":");
		print_servers(&snapshot->configuration);
		printf("}");
	}
	if (n > 0) {
		last_term = entries[n - 1].term;
		print_entries(entries, n, start_index);
	}
	printf(",");
	print_number("last_term", last_term);
	printf(",");
	print_number("last_index", start_index + n - 1);
	printf("}\n");
}

/* A growing buffer that is filled from a pipe. */
struct text
{
	char *data;
	size_t len, cap;
};

/* Reads what is there. Returns false at the end of the stream. */
static bool text_read(struct text *t, int fd)
{
	if (t->cap - t->len < 4096) {
		t->cap = t->cap * 2 + 65536;
		t->data = realloc(t->data, t->cap);
		if (t->data == NULL) {
			abort();
		}
	}
	ssize_t n = read(fd, t->data + t->len, t->cap - t->len - 1);
	if (n < 0 && errno == EINTR) {
		return true;
	}
	if (n <= 0) {
		return false;
	}
	t->len += (size_t)n;
	t->data[t->len] = 0;
	return true;
}

static int64_t now_ms(void)
{
	struct timespec ts;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static void print_death(const char *dir, const char *outcome, int signal, int status, struct text *err)
{
	printf("{\"dir\":");
	json_string(stdout, dir);
	printf(",\"outcome\":\"%s\",\"signal\":%d,\"exit_status\":%d,\"stderr\":", outcome, signal, status);
	const size_t keep = 2000; /* the end: assertion texts follow the backtrace */
	json_string(stdout, err->len == 0 ? "" : err->data + (err->len > keep ? err->len - keep : 0));
	printf("}\n");
}

/* Loads dir in a child process and passes its line on, or tells how it died. */
static int load_in_child(const char *dir, bool auto_recovery, int64_t timeout_ms)
{
	int out[2], err[2];
	if (pipe(out) != 0 || pipe(err) != 0) {
		perror("pipe");
		return 1;
	}
	pid_t pid = fork();
	if (pid < 0) {
		perror("fork");
		return 1;
	}
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		dup2(out[1], STDOUT_FILENO);
		dup2(err[1], STDERR_FILENO);
		close(out[0]);
		close(out[1]);
		close(err[0]);
		close(err[1]);
		close(STDIN_FILENO);
		load_directory(dir, auto_recovery);
		fflush(stdout);
		_exit(0);
	}
	close(out[1]);
	close(err[1]);

	struct text line = {0}, complaint = {0};
	struct pollfd fds[2] = {{.fd = out[0], .events = POLLIN}, {.fd = err[0], .events = POLLIN}};
	int64_t deadline = now_ms() + timeout_ms;
	bool late = false;
	while (fds[0].fd >= 0 || fds[1].fd >= 0) {
		int64_t left = deadline - now_ms();
		if (left <= 0) {
			late = true;
			kill(pid, SIGKILL);
			break;
		}
		if (poll(fds, 2, (int)left) < 0 && errno != EINTR) {
			perror("poll");
			break;
		}
		if (fds[0].fd >= 0 && fds[0].revents != 0 && !text_read(&line, out[0])) {
			fds[0].fd = -1;
		}
		if (fds[1].fd >= 0 && fds[1].revents != 0 && !text_read(&complaint, err[0])) {
			fds[1].fd = -1;
		}
	}
	int status = 0;
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
	}
	if (late) {
		print_death(dir, "hangs", 0, 0, &complaint);
	} else if (WIFSIGNALED(status)) {
		print_death(dir, "crashes", WTERMSIG(status), 0, &complaint);
	} else if (WEXITSTATUS(status) != 0 || line.len == 0) {
		print_death(dir, "crashes", 0, WEXITSTATUS(status), &complaint);
	} else {
		fputs(line.data, stdout);
	}
	fflush(stdout);
	close(out[0]);
	close(err[0]);
	free(line.data);
	free(complaint.data);
	return 0;
}

int load_main(int argc, char **argv)
{
	bool auto_recovery = true;
	int64_t timeout_ms = 20000;
	for (int i = 0; i < argc; i++) {
		if (strcmp(argv[i], "--no-auto-recovery") == 0) {
			auto_recovery = false;
		} else if (strcmp(argv[i], "--no-digest") == 0) {
			without_digest = true;
		} else if (strcmp(argv[i], "--timeout-ms") == 0 && i + 1 < argc) {
			timeout_ms = atoll(argv[++i]);
		} else {
			fprintf(stderr, "driver load: unknown argument %s\n", argv[i]);
			return 3;
		}
	}
	char *dir = NULL;
	size_t cap = 0;
	ssize_t n;
	int status = 0;
	while (status == 0 && (n = getline(&dir, &cap, stdin)) > 0) {
		if (dir[n - 1] == '\n') {
			dir[n - 1] = 0;
		}
		status = load_in_child(dir, auto_recovery, timeout_ms);
	}
	free(dir);
	return status;
}
