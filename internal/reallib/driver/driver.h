/* The driver puts directories through the real library and prints what the
 * library said, one JSON object a line. It is compiled on demand by the tests
 * (see ../build.go) and is no part of the product.
 *
 * Without a macro it speaks to libraft and libdqlite. REALLIB_COWSQL makes it
 * speak to the raft and cowsql of the cowsql project; REALLIB_BUNDLED_RAFT to a
 * libdqlite (1.17 and later) that carries its own raft. */
#ifndef DRIVER_H
#define DRIVER_H

#include <stdint.h>
#include <stdio.h>

/* Sub-commands: argv starts behind the name; the result is the exit status. */
int load_main(int argc, char **argv);
int node_main(int argc, char **argv);
int recover_main(int argc, char **argv);
int version_main(void);

/* Prints s as a JSON string. */
void json_string(FILE *out, const char *s);

#endif
