// Package sqlite reads what lastwrite needs of the SQLite 3 file format:
// database headers, write-ahead logs, single pages, and the rows of small
// databases. It never executes anything that a file contains, tolerates
// damage anywhere, and never puts row content into a message.
//
// All numbers in the format are big-endian; only the words that WAL checksums
// add up may be little-endian, as the WAL header says.
//
// The facts come from the SQLite documentation (fileformat2.html) and from
// sqlite/sqlite: src/btree.c (lockBtree, btreeInitPage, decodeFlags,
// btreeParseCellAdjustSizeForOverflow, ptrmapPageno), src/wal.c
// (walIndexRecover, walChecksumBytes, walDecodeFrame), src/vdbeaux.c
// (sqlite3VdbeSerialGet) and src/build.c (sqlite3AddPrimaryKey,
// sqlite3AffinityType).
//
// # Database header, the first 100 bytes of page 1
//
//	offset  size  field
//	     0    16  "SQLite format 3\0"
//	    16     2  page size in bytes, a power of two; 1 means 65536
//	    18     1  write version: 1 rollback journal, 2 WAL
//	    19     1  read version: 1 rollback journal, 2 WAL
//	    20     1  reserved bytes at the end of each page
//	    21     3  64, 32, 32
//	    24     4  change counter
//	    28     4  database size in pages, valid if 24 equals 92
//	    32     4  first free-list trunk page
//	    36     4  free pages
//	    40     4  schema cookie
//	    44     4  schema format, 1 to 4; 0 in a database without tables
//	    52     4  largest root page, not 0 in auto-vacuum databases only
//	    56     4  text encoding: 1 UTF-8, 2 UTF-16le, 3 UTF-16be; 0 without tables
//	    92     4  change counter when the size at 28 was written
//
// # B-tree page
//
// The header stands at the start of the page, on page 1 behind the database
// header.
//
//	offset  size  field
//	     0     1  2 index interior, 5 table interior, 10 index leaf, 13 table leaf
//	     1     2  first free block, 0 if none; a block holds the offset of the
//	              next (2) and its own size (2)
//	     3     2  number of cells
//	     5     2  start of the cell content; 0 means 65536
//	     7     1  fragmented free bytes
//	     8     4  right-most child, on interior pages only
//
// The offsets of the cells follow, 2 bytes each, in key order. A cell is: left
// child (4, interior pages), payload size (varint, not on table interior
// pages), rowid (varint, table pages), the local part of the payload, and the
// first overflow page (4) if the payload goes on there. An overflow page is
// the number of the next (4, 0 at the end) and payload. Free, overflow and
// pointer-map pages carry no mark that tells them from each other.
//
// A record is its header's size, a serial type for each value (varints), and
// the values. Serial types: 0 null; 1 to 6 integers of 1, 2, 3, 4, 6, 8 bytes;
// 7 a float; 8 and 9 the integers 0 and 1; from 12 on blobs (even) and text
// (odd) of (n-12)/2 bytes.
//
// # WAL
//
//	offset  size  field of the header
//	     0     4  magic 0x377f0682 (checksums over little-endian words) or
//	              0x377f0683 (big-endian words)
//	     4     4  version 3007000
//	     8     4  page size
//	    12     4  checkpoint sequence number
//	    16     8  two salts
//	    24     8  checksum over bytes 0 to 23
//
//	offset  size  field of a frame
//	     0     4  page number
//	     4     4  database size in pages after the commit; 0 if the frame is
//	              not the last of a transaction
//	     8     8  the salts of the header
//	    16     8  checksum over bytes 0 to 7 and the page, continued from the
//	              frame before (or from the header)
//	    24     n  the page
//
// A frame counts only while salts and checksums of all frames up to it hold.
// Frames whose first salt is lower by at most the checkpoint sequence number
// are left over from before a restart of the log and are no damage.
package sqlite
