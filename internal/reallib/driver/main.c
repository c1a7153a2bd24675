#include "driver.h"

#include <string.h>
#include <sys/resource.h>

void json_string(FILE *out, const char *s)
{
	fputc('"', out);
	for (; *s != 0; s++) {
		unsigned char c = (unsigned char)*s;
		if (c == '"' || c == '\\') {
			fprintf(out, "\\%c", c);
		} else if (c < 0x20) {
			fprintf(out, "\\u%04x", c);
		} else {
			fputc(c, out);
		}
	}
	fputc('"', out);
}

int main(int argc, char **argv)
{
	struct rlimit no_core = {0, 0};
	setrlimit(RLIMIT_CORE, &no_core);
	if (argc >= 2) {
		if (strcmp(argv[1], "load") == 0) {
			return load_main(argc - 2, argv + 2);
		}
		if (strcmp(argv[1], "node") == 0) {
			return node_main(argc - 2, argv + 2);
		}
		if (strcmp(argv[1], "recover") == 0) {
			return recover_main(argc - 2, argv + 2);
		}
		if (strcmp(argv[1], "version") == 0) {
			return version_main();
		}
	}
	fprintf(stderr,
		"usage: driver load [--no-auto-recovery] [--timeout-ms N]   directories on stdin\n"
		"       driver node --id ID --address ADDRESS DIRECTORY   peers on stdin\n"
		"       driver recover --member ID,ROLE,ADDRESS... DIRECTORY\n"
		"       driver version\n");
	return 3;
}
