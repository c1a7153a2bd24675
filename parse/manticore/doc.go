// Package manticore reads the files of a Manticore Search node that takes part
// in replication: the tables and clusters of its data_dir, the transaction log,
// table headers, the shared memory copy of cluster positions, the server's
// configuration and its log. grastate.dat, gvwstate.dat and galera.cache are
// those of the Galera provider: package parse/galera.
//
// What could be read is kept, damage is returned beside it. What a node means
// is the business of package analyze/manticore.
//
// Files named below are those of manticoresoftware/manticoresearch below src,
// read at release-29.0.2. "Measured" marks what was seen in directories of that
// release with the provider galera-3 25.3.37.
//
// Integers are little-endian, offsets are in bytes. varint is a number in
// groups of seven bits, the most significant group first, the high bit set on
// all bytes but the last (std/zip_impl.h ZipValueBE); leb128 has the least
// significant group first (memio.h UnzipInt). zstr is a varint length and bytes,
// str a u32 length and bytes. CRC is CRC-32 (IEEE).
//
// # Directory
//
//	name                          content
//	manticore.json                clusters and tables
//	manticore.json.new, .old      a save that did not end (searchdconfig.cpp
//	                              ConfigWrite: write .new, rename to .old, rename
//	                              .new, unlink .old); .old alone means that .new is
//	                              whole
//	PATH/grastate.dat, PATH/gvwstate.dat, PATH/galera.cache
//	                              state of one cluster; PATH is the cluster's path, ""
//	                              by default
//	PATH/grastate.dat.new, .old   a start with --new-cluster-force that did not end
//	                              (replication/grastate.cpp NewClusterForce)
//	TABLE/TABLE.meta, .ram, …     a table
//	binlog/binlog.meta, .NNNN     the transaction log; binlog_path moves it, an empty
//	                              value turns it off
//	/dev/shm/mcrpl_…              positions of the clusters, outside of data_dir
//
// # manticore.json
//
// (searchdconfig.cpp ClusterDesc_t::Parse, IndexDesc_t::Parse, ConfigRead)
// An object; the server's parser also takes unquoted names and single quotes.
// An empty or missing file is a node without tables. A syntax error ends the
// start.
//
//	/clusters/NAME/nodes                      array of "host:port", or one text with commas
//	/clusters/NAME/options                    object, or one text "name=value;…"
//	/clusters/NAME/indexes                    array of table names
//	/clusters/NAME/path                       directory below data_dir
//	/clusters/NAME/cluster_epoch              number, since 24.0.0
//	/clusters/NAME/self_bootstrap_on_startup  since 28.3.1
//	/clusters/NAME/user                       since 28.4.1
//	/indexes/NAME/type, path                  the directory's name; if it holds a slash, the
//	                                          table's files without their endings
//
// Of two clusters with the same name or the same path the second is left out,
// with a warning.
//
// # binlog.meta
//
// (binlog.cpp Binlog_c::LoadMeta, SaveMeta) u32 magic "SPLI", u32 version, u8
// digits, varint count, count varint numbers in the order of replay. digits is
// the width of the number in binlog.NNNN; before version 15 it is 1 and the
// names have three digits. A log that is not listed is not replayed, and if
// binlog.meta is missing none is. A clean stop leaves an empty list.
//
// # binlog.NNNN
//
// (binlog.cpp ReplayBinlog, ReplayIndexAdd, ReplayTxn, ReplayCacheAdd) u32 magic
// "SPBL", u32 version, then records. Versions 15 and 16:
//
//	u32 marker "TXN!"   not part of the CRC
//	u8 operation
//	1: varint id, zstr table           the id counts from 0 within the file
//	2: varint id, varint TID, u32 size, payload
//	3: varint n, n × (zstr table, 3 × varint TID)
//	u32 CRC             of everything from the operation on
//
// The first byte of a payload: 0 update of attributes, 1 commit, 2 percolate. A
// commit goes on with the number of rows, 0 if it only kills rows. Nodes of a
// cluster write the same payload for the same TID (measured in seven clusters,
// 141 transactions), which makes a difference a proof of other content.
//
// Replay stops at the first bad record of a file. A record whose TID the table
// has already is passed over. Versions before 15 (binlog.cpp of 6.2 and 5.0):
//
//	u32 marker "TXN!"
//	varint operation: 1 commit, 2 update, 5 reconfigure, 6 to 8 percolate
//	    varint id, varint TID, varint time in µs, payload without a length
//	3: varint id, str table, varint generation, varint TID, varint time
//	4: closing record
//	u32 CRC
//
// The end of such a record is where the CRC of all bytes since the operation
// stands in front of the next marker, or at the end of the file.
//
// # TABLE.meta
//
// (sphinxrt.cpp LoadMetaJson, LoadMetaLegacy; sphinxpq.cpp) An object with
// meta_created_time_utc, meta_version, total_documents, total_bytes, tid,
// chunk_names and settings; in percolate tables also pqs, the stored queries,
// which are not kept. Before 5.0.0: u32 magic "SPRT", u32 version 14 to 19, u32
// documents, i64 bytes, i64 TID. TRUNCATE saves it with the same TID and no
// documents. TID -1 is a table without a log.
//
// # Shared memory
//
// (replication/cluster_binlog.cpp) u32 magic "SPBL", u32 version 1, leb128 count,
// then for each cluster: str name, 16 bytes UUID in the order of its text, i64
// seqno. The rest is zero. The seqno is patched in place after each commit;
// nothing protects it. The name is "mcrpl_" and the first 20 hexadecimal digits
// of the SHA-1 of the configured data_dir.
//
// # manticore.conf, searchd.log
//
// Only what says where files are, who the node is and what the server did: see
// ServerConf and ServerLog. Passwords in either stay behind.
package manticore
