// Package galera reads the files that a Galera provider, and the scripts around
// it, leave in the data directory of a node: MariaDB, mysql-wsrep, Percona
// XtraDB Cluster, Manticore Search and the arbitrator garbd write the same.
//
// What a parser could read is kept, damage is returned beside it. State files
// are read twice: what is written, and what the provider believes after it
// has read them, which differs where a person or a disk has changed them. What
// a directory as a whole means is the business of package analyze/galera.
//
// Files named below without a repository are those of codership/galera, read
// at 26.4.23 (the Debian source of galera-4), at branch 3.x (25.3.37) and 2.x.
// "Measured" marks what was seen on directories of real servers (MariaDB
// 10.11.19 with galera 26.4.23, Manticore with 25.3.37) or by running the
// provider's own code. Numbers are little-endian.
//
// # Directory
//
//	name                      content
//	grastate.dat              position after a clean end, and whether to bootstrap
//	gvwstate.dat              last primary view; removed when the node leaves
//	gvwstate.dat.tmp          unfinished write of it
//	galera.cache              ring of the last write sets
//	gcache.page.NNNNNN        write sets that did not fit; nobody reads them again
//	xtrabackup_galera_info    position of a backup or state transfer; also
//	                          donor_galera_info, rsync_sst_complete and others
//	xtrabackup_info           times, versions and LSNs of it; …_checkpoints, too
//	sst_in_progress           empty; the directory is an incomplete copy
//	GRA_THREAD_SEQNO.log      write set that could not be applied; THREAD is the id
//	                          of the applier; with _v2 mysqlbinlog can read it
//
// See ParseName for the rest.
//
// # grastate.dat
//
// (galera/src/saved_state.cpp)
//
//	# GALERA saved state
//	version: 2.1
//	uuid:    <UUID of the history>
//	seqno:   <last committed seqno, or -1>
//	safe_to_bootstrap: <0 or 1>
//
// The reader takes lines in any order, the last of equal ones, any blanks, CR
// included, and skips lines that begin with # and keys that it does not know.
// A line without LF at the end of the file is not read. Defaults: version 0.8,
// the zero UUID, -1, and safe. Values are read by C++ streams, so that
// "18446744073709551615" is believed to be 9223372036854775807, "unknown" to
// be 0, and safe_to_bootstrap "true" to be 0 and "2" to be 1 (measured: 200,000
// mutations of real files through the same streams gave the same values).
// What is no UUID becomes the zero one; one that is followed by anything is
// taken. An empty file is what a node has before its first state transfer has
// ended (measured).
//
// The file is written in place. What is left of a longer text becomes blanks;
// one of more than 256 bytes is cut when the provider starts.
//
// Up to 3.18 the last line was "cert_index:" without a value, in place of
// safe_to_bootstrap (commit 63e0e48b); a file without both was made by no
// provider.
//
// # gvwstate.dat
//
// (gcomm/src/view.cpp, gcomm/src/pc.cpp)
//
//	my_uuid: <UUID of this process>
//	#vwbeg
//	view_id: <type> <UUID of the first member> <sequence number>
//	bootstrap: <0 or 1>
//	member: <UUID of a process> <segment>
//	#vwend
//
// Only primary views (type 3) are saved, through a temporary file. The reader
// believes a file that ends early, with what there is of it; it gives up at a
// UUID that does not parse and at a member that stands there twice. A value
// that is missing leaves what was in memory: a View has zero then. A blank
// line before #vwbeg makes the reader repeat the key before it on nothing; what
// follows is undefined and not modelled.
//
// A process that takes its UUID from the file adds one to bytes 8 and 9 of it,
// the incarnation, and writes the file again. Members are compared without
// these bytes, the view's UUID with them (gcomm/src/pc_proto.cpp).
//
// UUIDs of histories, processes and views are of version 1: 60 bits of time in
// units of 100 ns, and 6 random bytes. See UUID.Time.
//
// # galera.cache
//
// (gcache/src/gcache_rb_store.cpp, gcache/src/gcache_bh.hpp)
//
//	offset  size  field
//	     0  1024  preamble: text, then NULs
//	  1024   256  unused
//	  1280        ring; gcache.size bytes, and a buffer header
//
// Preamble: lines "key value". Version (2 since 2017; before, buffers were not
// aligned), GID (UUID of the history), synced (1: closed cleanly), and, of a
// process that closed it, seqno_min, seqno_max, offset (of the oldest buffer in
// the file). A GID that does not parse throws where nobody catches it: the
// provider does not load.
//
// A buffer in Galera 4 (26.x):
//
//	offset  size  field
//	     0     8  seqno; 0 not ordered, -1 discarded
//	     8     8  address in the process
//	    16     4  size, with this header, a multiple of 8
//	    20     2  flags: 1 released, 2 skipped
//	    22     1  store: 0 memory, 1 ring, 2 page
//	    23     1  type: 0 write set, 3 configuration change
//	    24        payload
//
// and in Galera 2 and 3 (25.x), where only write sets have seqnos:
//
//	offset  size  field
//	     0     8  seqno
//	     8     8  seqno that it depends on; -1: skipped, or not ordered
//	    16     8  size, with this header
//	    24     8  address in the process
//	    32     4  flags: 1 released
//	    36     4  store
//	    40        payload
//
// The file does not say which; a header of one is never one of the other,
// because of the store. A header of zeros ends a segment.
//
// With a known offset the provider walks from there to the end, then from the
// start of the ring to the offset. Without, it walks from the start, and from
// where that ends tries every multiple of 8 for the begin of the second
// segment. A buffer counts if its header is plausible and a plausible one, or
// zeros, follow. Of a seqno that is there twice both are dropped, and all below
// it, unless they are the same. What can be used is the run without gaps that
// ends at the highest seqno. See Cache.Outcome; the start position cuts it
// further. Galera 3 drops the cache at every start unless gcache.recover is
// set.
//
// The provider makes a file that is shorter than gcache.size whole with zeros
// before it scans, so that a buffer counts whose end was cut. A file that seems
// to be cut is read in that way: one whose last buffer reaches beyond its end,
// and whose size is not what gcache.size in KiB would make it.
//
// How well this holds (measured): 26 cases of real clusters, all ranges equal.
// Of 24,000 caches with one to three damages (bits, zeroed and copied blocks,
// wrong headers, cut files) given to the provider's own class RingBuffer of
// 26.4.23 and 25.3.37, 14 differed, each of them cut and damaged elsewhere, too.
//
// # Write sets
//
// (galera/src/write_set_ng.hpp, galerautils/src/gu_rset.cpp)
//
//	offset  size  field
//	     0     1  'G'
//	     1     1  version, and the lowest one that reads it: 4 bits each
//	     2     1  size of this header, 64
//	     3     1  version of keys (4 bits), of data (2 bits), has unordered data,
//	              has an annotation
//	     4     2  flags
//	     6     2  how many before it it can be applied together with
//	     8     8  last seqno that its source had seen; its own once certified
//	    16     8  ns of the source's monotonic clock
//	    24    16  UUID of the source
//	    40     8  connection
//	    48     8  transaction, all bits set for schema changes
//	    56     8  checksum of bytes 0 to 55
//	    64        keys, data, unordered data, annotation: record sets, if they are
//	              there
//
// Bytes 4 to 15 and 56 to 63 are the node's own. Keys and unordered data are
// not sent with ist.keep_keys=no (galera/src/write_set_ng.cpp gather). All
// else is the same on all nodes of one history; Buffer.Digest is over it. Of a
// skipped write set a node may have nothing (galera/src/ist_proto.hpp
// recv_ordered).
//
// A record set has a header of 8 bytes: version and checksum type, number of
// records and size in 24 bits, a checksum of these 4 bytes; or a longer one with
// both as ULEB128; then a checksum of records and header, of 4, 8 or 16 bytes;
// then the records, padded to a multiple of 8 (version 2). What is in the
// records, the events of the binary log, is not read.
//
// # Configuration changes
//
// (gcs/src/gcs_act_cchange.cpp; Galera 4 only)
//
//	size  field
//	   1  version, 0
//	      text, up to a NUL byte:
//	      0,<replication protocol>,<applier protocol>,<UUID>:<seqno>,<configuration>,
//	      <seqno of a vote>,<its result>,<members>
//	      members: UUID, name, address for clients, each up to a NUL byte; 8 bytes
//	      lowest seqno in its cache; 1 byte state
//	      zeros up to a multiple of 8
//	   8  checksum of all before
//
// # Checksums
//
// MurmurHash3 x64 of 128 bits, of which the first 64 are used, with the seeds
// 0x6C62272E07BB0142 and 0x62B821756295C58D; of 512 bytes and more SpookyHash
// V1 with seeds of zero (galerautils/src/gu_hash.h gu_fast_hash128). The
// headers of record sets have MurmurHash3 x86 of 32 bits with the seed
// 2166136261. All of them are checked. Nothing protects grastate.dat,
// gvwstate.dat, the preamble and the headers of buffers; of the last, the seqno
// can be compared with that in the content.
//
// # gcache.page
//
// Buffers back to back from the first byte on, with store 2
// (gcache/src/gcache_page.cpp). Not read at a start; the process removes them
// when it ends cleanly.
//
// # Not understood
//
//   - Caches that are encrypted, as later versions of Percona XtraDB Cluster can
//     do: keys in the preamble that are not known become damage.
//   - Write sets of Galera 2 (versions 0 to 2): they count, but have no header
//     that is read, and damage says so.
//   - Caches written by a process with other sizes of pointers or another byte
//     order.
//   - What the provider does when seqnos are 2^28 to 2^32 apart depends on its
//     memory; it is taken to have enough.
package galera
