// Package innodb reads what InnoDB leaves on disk, without a server: Recover
// finds the position that a Galera node would recover to, Verifier checks the
// pages of files.
//
// Sources are MariaDB 10.11.18 and MySQL 8.0, files below storage/innobase
// unless another folder is named, and mariadbd 10.11.19 itself, which was
// started on copies of crashed and damaged directories. All numbers of pages
// and logs are big-endian; those inside a wsrep XID are little-endian.
//
// # Position
//
// Every commit of a replicated transaction writes an XID with group UUID and
// seqno into the header page of its rollback segment, in the mini-transaction
// that ends the undo log; so the position is as atomic as the commit. A start
// takes the XID with the greatest seqno (trx/trx0rseg.cc
// trx_rseg_read_wsrep_checkpoint). MySQL, and MariaDB before 10.3, keep one XID
// in the TRX_SYS page (trx/trx0sys.cc trx_sys_read_wsrep_checkpoint).
//
//	XID  u32 format 1, u32 global length 32 or 48, u32 branch length 0,
//	     128 bytes: "WSREPXi", version d, e or f, UUID, i64 seqno;
//	     f: u32 domain, u32 server, u64 sequence (sql/wsrep_xid.cc)
//
//	page 5 of the system tablespace, TRX_SYS (include/trx0sys.h)
//	  56           128 slots: u32 space id, u32 page number of a rollback segment
//	  size-200+10  u32 536853855, u32 and u32 where the doublewrite area is
//	  38+size-3500 u32 0x77737265, XID (MySQL; MariaDB at least 38+1596)
//
//	header page of a rollback segment (include/trx0rseg.h)
//	  38           u32 0 since MariaDB 10.3.5; anything else: no XID here
//	  72           size/16 slots: u32 first page of an undo log
//	  600+size/4   XID
//
//	first page of an undo segment (include/trx0undo.h)
//	  56           u16 state, 5 is prepared; u16 offset H of its last undo log
//	  H            u64 transaction, H+20 u8 has an XID, H+46 XID
//
// A prepared transaction with a wsrep XID is ordered in the group and not
// committed here. The binary log decides what a start does with it
// (Options.Resolve); without one see Continuation (sql/handler.cc
// xarecover_handlerton).
//
// # Redo log
//
// After a crash the pages are old, often by thousands of transactions, and the
// redo log has to be applied to them. Two formats hold the same records
// (log/log0recv.cc, include/log0log.h):
//
//	MariaDB 10.8 and later: ib_logfile0
//	  0      u32 0x50687973 "Phys", or 0xf09f979d: all of it encrypted
//	  8      u64 LSN of offset 12288
//	  16     creator, 32 bytes; 48 u32 not 0: encrypted; 508 u32 CRC-32C
//	  4096   and 8192: checkpoints: u64 LSN, u64 LSN of its record, zeros,
//	         60 u32 CRC-32C; the greater LSN counts
//	  12288  a ring of mini-transactions
//
// A mini-transaction is records, a byte that is 1 in the first lap, 0 in the
// next, and so on, with encryption a nonce of 8 bytes, and a CRC-32C of all but
// the byte. What does not check is the end of the log: a server cannot tell
// damage from it, and neither says nor notices that the log goes on.
//
//	MariaDB 10.5 to 10.7: ib_logfile0
//	  0      u32 0x50485953 "PHYS", with the first bit: encrypted
//	  512    and 1536: u64 number, u64 LSN, u64 offset, 508 u32 CRC-32C
//	  2048   a ring of blocks of 512 bytes: u32 LSN/512+1, u16 bytes in use,
//	         u16 first mini-transaction, u32, payload, 508 u32 CRC-32C
//
// Here a zero byte ends a mini-transaction, and the CRC is that of the block.
// The other logs of blocks (MySQL, MariaDB 10.2 to 10.4, numbers in Format) are
// only asked whether they are empty behind the checkpoint.
//
// A record is a byte with a type in bits 4 to 6 and its length in bits 0 to 3,
// or 0 and a longer length as a varint (include/mtr0types.h, mtr0log.h). Unless
// bit 7 says that it means the same page as the record before, varints of space
// id and page number follow. Behind them, by type:
//
//	00 FREE_PAGE, 10 INIT_PAGE  the page is made anew
//	20 EXTENDED                 2 UNDO_INIT, 3 UNDO_APPEND, 10 TRIM_PAGES
//	30 WRITE                    varint offset, bytes
//	40 MEMSET                   varint offset, varint length, pattern
//	50 MEMMOVE                  varint offset, varint length, varint distance
//	80 90 a0 b0 f0              FILE_CREATE, DELETE, RENAME, MODIFY, CHECKPOINT
//
// Offsets count from the end of the last write to the same page. Records of a
// mini-transaction that begins before the LSN of the page are in it already.
//
// Recover carries out the records while it reads, on the pages that matter
// only: TRX_SYS, the segments that it names, and the undo logs that these name.
// A page that becomes one of them is made anew by the mini-transaction that
// names it, which is then looked at a second time; so one pass is enough, and
// memory does not grow with the log.
//
// # Doublewrite
//
// A page with a bad checksum is replaced by a good copy from the doublewrite
// area of the system tablespace whose LSN is not below the checkpoint
// (buf/buf0dblwr.cc buf_dblwr_t::recover).
//
// # What is not exact
//
// Recovery.Position is what the server prints. Bound is Exact if nothing speaks
// against it being all that the node had. These speak against it, and a server
// says nothing: records of this lap behind the end of the log (Beyond), pages
// that are newer than the end, pages with an LSN at which nothing in the log
// ends that changes them (the log is that of another node), and a last record
// that runs over the end of the file.
//
// # Pages
//
// The checksums of pages are described at Space.Check, the formats of
// tablespaces at ReadSpace.
package innodb
