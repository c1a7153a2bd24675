// Package smartengine reads the directory of WeSQL's storage engine: what a
// start of it would find, what it would lose without a word, and the raft tables
// whose rows are in it.
//
// Files named below are those of wesql/wesql (8.0.35), storage/smartengine/core.
// "Measured" is what the engine's library and complete servers did with damaged
// copies of their directories, "source" what was only read there. Numbers are
// little-endian unless another order is named. Read puts everything together;
// the other Read functions take one file each.
//
// # Directory
//
//	CURRENT        where to begin
//	N.checkpoint   tables and extents at some time
//	N.manifest     what changed since
//	N.wal          rows that are not in extents yet (smartengine_wal_dir)
//	N.sst          extents of 2 MiB, table_on_objectstore=OFF only
//	N.tmp, LOCK    leftovers of a rename; not looked at
//
// Manifests and checkpoints share one sequence of numbers. Names of other forms
// are ignored (util/file_name.cc).
//
// # CURRENT
//
//	C.checkpoint:M.manifest:L newline
//
// L is the log id of the first manifest record that is not in the checkpoint.
// The manifests M, M+1, … are replayed up to the first number that is missing;
// the number of a checkpoint is stepped over (storage/storage_logger.cc
// replay_after_ckpt). Every start begins a new manifest and leaves CURRENT as it
// is. Without CURRENT a start writes the three files of a new engine, over those
// that there are, and works on if nothing else had moved (measured).
//
// # Encodings
//
// (util/serialization.h)
//
//	varint     LEB128, for numbers of 32 and 64 bits
//	text       varint length, bytes
//	{…}        varint version, varint length, members; what follows the known
//	           members is skipped. The version is 1, of a layer position 0
//	handle     BlockHandle: u32 big-endian size, u32 big-endian version 1, u32
//	           big-endian offset in the extent, varints size, raw size, checksum,
//	           u8 compression
//	checksum   CRC-32C, rotated right by 15 bits, plus 0xa282ead8
//
// # Log framing of WALs and manifests
//
// (db/log_format.h, log_writer.cc, log_reader.cc) Blocks of 32 KiB. A record is
// one fragment or several:
//
//	0  u32 checksum of the whole record, without its first 6 bytes if it is
//	       longer than 8: the same in all fragments, and only the last is checked
//	4  u16 length
//	6  u8  type: 1 whole, 2 first, 3 middle, 4 last; 5 to 8 the same in a file
//	       that was used before
//	7  u32 number of the log, types 5 to 8 only
//	7  or 11: data
//
// Fewer than 7 bytes at the end of a block are padding. A header with type and
// length 0 makes the reader skip the rest of the block. A log number that is
// not the file's is the end of the log. So a single turned bit, 1 to 5, ends a
// WAL without a word (source); see Stop.Silent and WAL.Holes.
//
// # Manifest
//
// (storage/storage_log_entry.h, storage_logger.cc)
//
//	record  {2 bytes 12 34, varint checksum 0, varint log id, varint length}
//	        entries
//	entry   {varint transaction, varint number, varint type, varint length}, body
//
//	 0 begin, 1 commit
//	 2 add subtable, 3 remove subtable    {schema, varint table space}
//	 4 modify subtable                    {varint index id, change, point}
//	 5 extent                             {extent}
//	 6 modify schema                      {schema}
//	 7 acquire, 8 release backup snapshot (not decoded)
//
//	schema  {text database, varint primary index id, varint index id, …}
//	point   {varint WAL number, varint sequence}
//	change  {varint n, n of (varint level, changes), changes of large objects,
//	        varint task}
//	changes varint n, n of {{layer position}, varint file, varint extent number,
//	        u8 flag: 1 add, 2 delete}
//	extent  {u8, text smallest key, text largest key, varint file, varint extent
//	        number, varints smallest and largest sequence, raw size, size, data
//	        blocks, entries, deletes, table space, type, handle of the index
//	        block, schema, text prefix of the object's key}
//
// Only transactions with a commit, in whatever record of the chain, count. Log
// ids rise by 1 in a run of the server, transactions through all manifests,
// which shows whether a missing manifest was empty. A record whose checksum is
// wrong ends that manifest silently; the next one is replayed (measured; source
// for other damage, which is stepped over). The 6 bytes that are in no checksum
// are checked here, and reported, while the engine does not look at them. A
// manifest that the engine did not close is padded with zeros.
//
// # Checkpoint
//
// (storage/storage_logger.h, db/column_family.cc, storage_manager.cc,
// multi_version_extent_meta_layer.cc, large_object_extent_manager.cc)
//
//	0    u64 first log id, extents, subtables, blocks of extents, blocks of
//	     subtables, offset of either, backup snapshots
//	     blocks of 2 MiB, of several times that for one long entry:
//	0    u64 type, size, entries, offset of the data (56), its length, 2 unused
//	56   extents as in manifests, back to back; or subtables:
//	     (u64 size, u64 version) {schema, varint table space, point}
//	     (size, version) varint levels, of each (size, version) varint level,
//	     varint n, n layers, varint m, m layers of dumped memory tables;
//	     a layer is (size, version) varint sequence, ids, ids of large objects;
//	     (size, version) ids of large objects
//	ids  varint n, n of varint file, varint extent number
//
// No checksum. The default subtable 0 is counted and not written. The content of
// backup snapshots is not decoded; extents that only they hold are not live.
//
// # WAL
//
// (write_batch/write_batch.cc)
//
//	0   u64 sequence, u32 count, operations:
//	00 01 07     delete, put, single delete: text key [, text value]
//	04 05 08     the same with a varint index id in front
//	03           log data: text
//	09, 0a       begin of a prepare; its end, text XID
//	0b, 0c       commit, rollback: text XID
//	0d           nothing
//
//	XID  u64 big-endian format 1, u8 24, u8 0, MySQLXid, u64 server id, u64 number
//
// Sequences: a write takes one for every row, a prepare one, its commit as many
// as the prepare has rows, a rollback and an empty batch one. A prepare, a
// rollback or an empty batch that is the last before a start gives its number
// back. With that the numbers of all WALs follow one another (measured), which
// the engine does not check: see Gap.
//
// Damage, in the default recovery mode (db/db_impl_open.cc
// deal_with_log_record_corrution): in the newest WAL, when the reader has come
// to its last block, the file is cut in front of the damage and the engine
// opens; all records behind are lost with a warning. In older WALs (measured),
// and in earlier blocks of the newest (source), the engine refuses to open. What
// stands behind damage is looked for byte by byte and counted in Lost, but for
// records longer than a block. smartengine_parallel_wal_recovery is OFF, as by
// default; with it the engine also refuses damage to the last record (source).
// A WAL that is missing is not noticed.
//
// # Data files
//
// (storage/data_file.h, data_file.cc) The first extent holds the header at 0 and
// at 16384 (version 1: at 1 MiB): varints size 1664, version 2, first extent 1,
// extent size 2097152, block size 16384, file number, 6 more, magic
// 0x0f1e2d3c4b5a6978, texts name and bitmap, varints table space, type. The
// engine compares both and refuses if they differ; copying the good one over the
// other repairs the file (measured). A copy counts as good if the constants and
// the number in the file's name fit.
//
// An extent id is file and number: byte number × 2 MiB of N.sst, or with bit 31
// of the file the object <prefix><number × 2³² + file without that bit>.
//
// # Extents
//
// (table/block_struct.cc, row_block_iterator.cc) Data blocks from 0, the index
// block behind them where the extent's handle says, a footer that is not read.
//
//	block     entries, restart offsets u32 each, u32 their number
//	entry     varint shared, varint own, varint length, own bytes of the key, value
//	key       user key, u64 sequence << 8 | type: 0 delete, 1 put, 7 single delete
//	user key  u32 big-endian index id, memory-comparable primary key
//	index     value: u32 and u32 big-endian size and version, handle, text first
//	          key, varints rows, deletes, single deletes, smallest and largest
//	          sequence, u8 bits: 1 columns, 2 a filter follows
//
// Checksums are of the stored bytes. ZSTD, LZ4 and zlib are decompressed; no real
// compressed block was seen. Of blocks in column format and of extents of large
// objects only checksums are verified; neither was seen.
//
// # Raft tables
//
// (scripts/wesql_system_tables.sql, sql/consensus) Keys end with the primary key,
// u32 big-endian: 10, 3, the worker's id.
//
//	consensus_info           u8 0, 2 bytes of NULL bits, u64 vote_for,
//	                         current_term, recover_status, last_leader_term,
//	                         start_apply_index, texts with u16 length cluster_id
//	                         (older: u64), cluster_info, cluster_learner_info,
//	                         u64 cluster_config_recover_index
//	consensus_applier_info   u8 0, 1 byte of NULL bits, u32 workers, u64 index
//	consensus_applier_worker u8 0, u32 3, u64 index
//
// The newest version of a row is in the WAL or, after a clean stop, in an extent;
// older ones stay where they are, so the sequence decides. Index ids are in the
// dictionary (ReadSDI); without it the lowest subtable of database mysql with
// rows of that look is taken. Rows with instant columns (first byte 0x80) are
// not decoded.
package smartengine
