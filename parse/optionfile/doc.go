// Package optionfile reads the option files of MySQL, MariaDB, Percona
// XtraDB Cluster and WeSQL (my.cnf and what it includes), and the few shell
// files beside them that change how a server or an arbitrator starts.
//
// The rules are those of mysys/my_default.c search_default_file_with_ext and
// remove_end_comment (MariaDB/server, mysql/mysql-server), checked against
// my_print_defaults of MariaDB 10.11:
//
//	[group]              until the first "]"; blanks behind the name are cut, those before it are part of it;
//	                     case does not matter (mysys/typelib.c find_type)
//	name                 an option without argument
//	name = value         blanks around both are cut, one pair of equal quotes around the value too
//	                     \n \t \r \b \s \" \' \\ are replaced, another backslash stays
//	# ; in front         comment; behind an option only #, outside of quotes, escaped or not
//	!include FILE        read in place; the group of the including file goes on behind it
//	!includedir DIR      every *.cnf in the order of their bytes, hidden ones too
//
// "-" and "_" are equal in names (mysys/my_getopt.c getopt_compare_strings);
// names are kept with "_" here. Of several settings with one name the last one
// counts, wherever it stands. A line is read in pieces of 4094 bytes, each of
// them a line of its own for the server; here only the first is read.
//
// An option before the first group, a "[" without "]" and a directive without
// argument end the reading of a file. In an included file that is all; in the
// first one the server refuses to start.
//
// Values of options that are or may be secrets are replaced before anything
// leaves the package: see Setting.Redacted.
package optionfile
