// Package wesql reads what a WeSQL node leaves on disk beside its engines: the
// consensus log, which is a MySQL binary log and the raft log at once, its index
// file, auto.cnf, the raft rows that InnoDB holds, and the object store with the
// archived log and the snapshots. Numbers are little-endian unless another order
// is named. What is said here was read in wesql/wesql (an overlay on MySQL
// 8.0.35) and checked against files of its servers.
//
// # Consensus log
//
// A file is the magic fe 62 69 6e and events back to back; header, format
// description and checksums are those of package binlog. The type array of the
// format description has 104 bytes, which tells the log from an ordinary one.
// Four types are WeSQL's own (libbinlogevents/include/binlog_event.h):
//
//	101 Consensus_log              opens an entry
//	      0 4  flags, below
//	      4 8  term
//	     12 8  index
//	     20 8  LENGTH of the payload events that follow, headers and checksums included
//	     28 8  CRC-32 of the payload, or 0
//	102 Previous_consensus_index   u64: index of the first entry of this file, in spite of its name
//	103 Consensus_cluster_info     u32 n, n bytes of a membership change; with checksums a second one in front of the last
//	104 Consensus_empty            nothing: payload of a no-op and of fillers
//
// A file begins with the format description, 102, and Previous_gtids. An entry is
// 101 and events of exactly LENGTH bytes. Flags
// (plugin/raft_replication/consensus_log_manager.h):
//
//	  4  part of a large transaction, not the last     8  the last part
//	 16  membership change                            32  part of one large event, a filler
//	 64  the entry that holds the large event        128  first filler
//	256  first entry after a new leader began to write
//
// A Rotate event that names its own file stands in front of an entry with flag
// 256, one that names the next file ends a file; neither belongs to an entry. The
// in-use flag of the format description is set only while the node leads.
//
// # What a start does with the last file
//
// Scan follows plugin/raft_replication/consensus_binlog_recovery.cc: an entry
// counts once its payload has LENGTH bytes, a group of fillers counts with its
// last entry only, checksums are not looked at, a gap in the indexes is not
// noticed, an index that goes back is an error that ends the start. What lies
// behind the last event that counts is cut off. Log holds that verdict, and
// the strict one, which ends at the first event whose checksum is wrong.
//
// # Content of an entry
//
// Nodes write the same entry with different offsets, checksums, and, for 103 and
// 104, server ids (revise_buffer). Entry.Digest leaves these out, and depends on
// everything else; it is no cryptographic digest.
//
// # Raft rows in InnoDB
//
// With serverless=OFF mysql.consensus_info, consensus_applier_info and
// consensus_applier_worker are tables in mysql.ibd. ReadRows finds their rows by
// their shape (scripts/wesql_system_tables.sql): big-endian numbers, primary key
// first, then 6 bytes transaction and 7 bytes roll pointer.
//
// # Object store
//
// Below <bucket>/<repo>/<branch>/ (sql/binlog_archive.cc,
// sql/consistent_archive.cc):
//
//	data.lock                                            empty
//	binlog/binlog-index.<term, 20 digits>.index          slice|last index|first index of the log file - 1
//	binlog/binlog.<number, 6 digits>.<term, 20>.<end, 10> bytes of one archived log file up to end
//	snapshot/snapshot.index                              time|innodb|smartengine|binlog file|position|index|id
//	cluster_mgmt/<server>/cluster_info                   number of lines, index, members[, learners]
//
// Of the index files the one with the highest term counts. The number of a slice
// is the archive's own counter. The log of the archive holds committed entries
// only.
//
// # Members
//
// "ip:port#weight;ip:port#weightS;0@k": 0 is an empty slot, S forces synchronous
// replication, k is the position of the node itself; without @k the node is a
// learner (plugin/raft_replication/consensus_meta.cc).
package wesql
