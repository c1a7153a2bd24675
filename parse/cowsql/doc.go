// Package cowsql reads the data directory of a node that keeps its log with
// the C raft library: cowsql and dqlite, and what is built upon them (Incus,
// LXD, MicroCloud, MicroK8s and others).
//
// What a parser could read is kept, damage is returned beside it. The order of
// the checks is that of the real loader, so that a caller can tell which
// message a server would print. What a directory as a whole means is the
// business of package analyze/cowsql.
//
// Files named below without a repository are those of cowsql/raft (read at
// 0.22.1+45, 2d8dfe8d); canonical/raft and the directory src/raft of
// canonical/dqlite (1.18.6, 4ac95cde) have files of the same names with the
// same formats. "fsm.c" and "command.c" are those of cowsql/cowsql src and
// canonical/dqlite src. "Measured" marks what was seen on directories of real
// servers or by running the real libraries; the corpus in package fixtures
// holds them.
//
// Integers are little-endian and unsigned, offsets are in bytes. pad8(n) is n
// rounded up to a multiple of 8.
//
// # Directory
//
//	name                        content
//	metadata1, metadata2        term and vote, written in turn
//	FIRST-LAST                  closed segment: the entries with the indexes FIRST to
//	                            LAST, both included
//	open-COUNTER                open segment, being written or prepared
//	snapshot-TERM-INDEX-TIME    data of a snapshot that holds all entries up to INDEX
//	snapshot-…-TIME.meta        the configuration at that snapshot
//	tmp-NAME                    unfinished write of NAME, deleted at the next start
//	corrupt-NANOSECONDS-NAME    segment that automatic recovery set aside (uv_segment.c
//	                            uvMoveCorruptSegment); ignored from then on
//	.probe                      left over from a crash while a start tested the disk
//
// Names of 128 characters or more are ignored (uv_os.h UV__FILENAME_LEN). The
// numbers are decimal. FIRST and LAST are written with 16 digits and read with
// up to 16: shorter ones are loaded, with a 17th the file is ignored (measured;
// uv_segment.c uvSegmentInfoMatch). LAST can be lower than FIRST in files left
// behind by old versions. COUNTER starts at 1 with every start of the process.
// TIME is in milliseconds of the event loop's clock, which counts from boot
// (uv_snapshot.c UvSnapshotPut; measured), so that it orders nothing across
// reboots and nodes. All other files belong to applications; see package
// parse/hostlayout.
//
// # Checksum
//
// CRC-32 with polynomial 0x04C11DB7, most significant bit first, initial value
// 0, no final inversion (byte.c byteCrc32). The CRC of "123456789" is
// 0x89A1897F. The CRC of one block is the initial value for the next. Leading
// zero bytes do not count and zeros have the checksum 0, so that a zeroed
// header would pass; the loader's check of the entry count catches it.
//
// It is not the one of hash/crc32: that reflects its bits. See CRC.
//
// Nothing protects metadata files, plain snapshot data, the format words and
// the file names.
//
// # metadata1, metadata2
//
// (uv_metadata.c uvMetadataDecode, uvMetadataLoadN, uvMetadataStore)
//
//	offset  size  field
//	     0     8  format, 1
//	     8     8  version: one more with every write, from 1
//	    16     8  current term
//	    24     8  id of the server voted for in that term, 0 if none
//
// Odd versions go to metadata1, even ones to metadata2, in place. The higher
// version counts. A file that is shorter is deleted and taken for missing; one
// that is longer, or of another format, or of version 0, stops the start, and
// so do two files of the same version.
//
// # Segments
//
// (uv_segment.c uvSegmentLoadClosed, uvSegmentLoadOpen, uvLoadEntriesBatch;
// uv_encoding.c uvEncodeBatchHeader, uvDecodeBatchHeader)
//
//	offset  size  field
//	     0     8  format, 1
//	     8        batches, back to back
//
// A batch of n entries:
//
//	  offset  size  field
//	       0     4  CRC of the header: the 8+16n bytes from offset 8
//	       4     4  CRC of the payloads, all of them together
//	       8     8  n, from 1 to 262144
//	16 + 16i     8  term of entry i
//	24 + 16i     1  its type: 1 command, 2 barrier, 3 configuration change
//	25 + 16i     3  unused; in some dqlite entries not zero (measured)
//	28 + 16i     4  size of its payload, a multiple of 8
//	16 + 16n        payloads
//
// Entries carry no index: it follows from the name of a closed segment and
// from the segment before an open one. A closed segment ends with its last
// batch. An open one has the size it was allocated with, 8 MiB (uv.h
// UV__MAX_SEGMENT_SIZE) or more if a single batch is longer, and zeros behind
// the last batch. One append makes one batch: leaders write mostly one entry,
// followers that catch up write many. Every byte of a batch is protected; the
// format word is compared.
//
// Where reading stops, and why, is a Stop. Behind damage, Islands are found in
// two ways: if the header of the damaged batch holds, the next one begins
// right behind its payloads, and the number of lost entries is known; else
// every multiple of 8 is tried for a batch header whose checksum holds, and it
// is not.
//
// # Configuration
//
// The payload of configuration changes, and a part of .meta files
// (configuration.c configurationDecode):
//
//	offset  size  field
//	     0     1  encoding, 1
//	     1     8  number of servers
//	     9        servers: 8 bytes id, address up to a NUL byte, 1 byte role
//	              (0 standby, 1 voter, 2 spare)
//	              padding up to pad8: zeros in cowsql, in dqlite and old raft
//	              what was in memory (measured)
//
// Ids and addresses are unique. cluster.yaml, info.yaml and the client protocol
// number the roles differently: 0 voter, 1 standby, 2 spare (cowsql/cowsql
// src/translate.c). The payload of a barrier is 8 bytes without meaning.
//
// # Snapshot metadata
//
// (uv_snapshot.c uvSnapshotLoadMeta, UvSnapshotPut)
//
//	offset  size  field
//	     0     8  format, 1
//	     8     8  CRC of all that follows; only 32 bits are compared
//	    16     8  index of the entry with the configuration
//	    24     8  n, size of the configuration, from 1 to 1048576
//	    32     n  configuration
//
// Bytes behind it are ignored. Term and index of the snapshot stand in the
// name only.
//
// # Snapshot data
//
// (fsm.c fsm__snapshot, encodeDatabase, decodeDatabase)
//
//	offset  size  field
//	     0     8  format, 1
//	     8     8  number of databases
//	    16        databases
//
// A database:
//
//	size     field
//	pad8     name up to a NUL byte, padded with zeros
//	8        size of the main part
//	8        size of the WAL
//	         main part: the pages of the SQLite file
//	         WAL: a SQLite write-ahead log with valid checksums, or nothing;
//	         all of it is committed
//
// The pages number in page 1 of the main part (big-endian, at offset 28) times
// the page size is the size of the main part. The servers check nothing of
// this: a cut file makes them read behind their buffer, and of a damaged WAL
// SQLite uses what stands before the damage, without a word (measured). What
// can be checked is that the sizes add up to the file's size, the checksums of
// the WAL, and the structure of the pages; see package parse/sqlite.
//
// The data file is plain, or one LZ4 frame (magic 0x184D2204) that states the
// size of its content and a checksum over it (canonical/raft src/compress.c
// Compress). Servers ignore bytes behind the frame (compress.c Decompress).
//
// # Commands
//
// (command.h, command.c command__decode)
//
//	offset  size  field
//	     0     1  format, 1
//	     1     1  type
//	     2     6  unused
//	     8        body
//
//	type  name        body
//	   1  open        file name
//	   2  frames      file name, 8 bytes transaction, 4 bytes truncate, 1 byte
//	                  is_commit, 3 bytes unused, 4 bytes number of pages, 2 bytes
//	                  page size, 2 bytes unused; 8 bytes number of each page; the
//	                  pages
//	   3  undo        8 bytes transaction
//	   4  checkpoint  file name
//
// File names end with a NUL byte and are padded with zeros to a multiple of 8
// bytes; SQLite gets names of up to 512 bytes here (cowsql/cowsql src/vfs.c
// VFS__MAX_PATHNAME). Only frames change data: current servers write a whole
// transaction into each, with transaction 0, truncate 0 and is_commit 1
// (measured). Open and checkpoint have no effect.
//
// # Versions
//
//	                      cowsql/raft 0.22   canonical/raft    canonical/dqlite
//	                                         up to 0.18.1      1.17 to 1.18.6
//	formats above         1                  the same          the same
//	snapshot data         plain; reads both  LZ4 by default;   LZ4 by default; from
//	                                         reads both        1.18.3 on reads only
//	                                                           the configured kind
//	WAL in snapshots      yes                yes               none from 1.18.3 on
//	term of an entry made last entry's       1                 1
//	by raft_io.recover
//	frames without commit accepted           accepted          refused
//
// (uv_snapshot.c uvSnapshotLoadData, compress.c, uv.c uvRecover, fsm.c
// apply_frames; the terms and the refusal of plain data are measured.)
//
// # Not understood, not covered
//
//   - Frames without commit and undo are read as the source says; no directory
//     at hand holds one.
//   - For some months dqlite could keep database pages in files of their own
//     ("disk mode"); its snapshots were not seen.
//   - Nothing tells whether the entries behind a damaged batch header belong to
//     the same log except their terms and the comparison with other nodes.
//   - A batch header that stands inside a payload, because somebody stored a
//     segment in a database, would be taken for an island. Its Skipped is -1.
package cowsql
