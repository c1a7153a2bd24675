// Package binlog reads binary logs of MariaDB and MySQL, their index files,
// and tc.log, the log that MariaDB uses in their place.
//
// A binary log is a magic of 4 bytes and events back to back. All numbers are
// little-endian.
//
//	fe 62 69 6e   a log               fd 62 69 6e   a log that MySQL encrypted
//
//	offset size  event header, version 4 (MariaDB/server sql/log_event.h)
//	     0    4  time, seconds since 1970
//	     4    1  type
//	     5    4  server id
//	     9    4  length of the event with header and checksum
//	    13    4  offset of the next event, modulo 2^32; in relay logs that of the source
//	    17    2  flags: 0x0001 in use (format description only), 0x0080 ignorable
//	    19       body
//	  last    4  CRC-32 (IEEE) of everything before, if the log has checksums
//
// The first event, of type 15, describes the format; its last 5 bytes are the
// checksum algorithm (0 none, 1 CRC-32) and a CRC-32, in servers that know
// checksums (MySQL since 5.6.1, MariaDB since 5.3) also when the algorithm is
// none. Its flag 0x0001 is set while the log is written and cleared when it is
// closed; the CRC is computed as if it were clear (sql/log_event.cc
// Log_event_writer, event_checksum_test).
//
// The type after format descriptions, 164, says that MariaDB encrypted what
// follows; nothing behind it can be read.
//
// The package never hands out text of statements or content of rows: only
// what kind of statement it is, databases, tables, and numbers.
package binlog
