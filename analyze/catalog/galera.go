package catalog

// MariaDB and Percona XtraDB Cluster with Galera. The numbers are never
// reused; titles may change. The notes are the meaning in short.
var galeraEntries = []Entry{
	// grastate.dat has seqno -1 and a group UUID: the server ran or was
	// killed. The position comes from InnoDB: pages, redo log, prepared
	// transactions and binary log. A bare `mariadbd --wsrep-new-cluster`
	// (containers) would start a new history and drop the write-set cache;
	// the systemd unit passes the recovered position on.
	{"LWG001", "info", "The server did not stop cleanly: the position comes from InnoDB"},
	// No gvwstate.dat, a seqno in grastate.dat, a clean redo log.
	{"LWG002", "info", "A clean stop"},
	// safe_to_bootstrap: 0. The provider refuses --wsrep-new-cluster.
	{"LWG003", "info", "A bootstrap of this node is refused: it was not the last one to leave"},
	// Nobody has a credible safe_to_bootstrap: 1: all crashed, or an
	// arbitrator left last, or the last one left from a non-primary component.
	{"LWG004", "warning", "No complete node may be bootstrapped as it is"},
	// sst_in_progress, or only a part of the files is there: an incomplete
	// copy, which the server starts and bootstraps all the same.
	{"LWG005", "error", "The state transfer to this node never finished"},
	// InnoDB and the state files hold no group UUID: freshly installed. A
	// bootstrap from here makes a new and empty cluster.
	{"LWG006", "warning", "This directory never joined a cluster"},
	// Inconsistency vote or apply error: zero UUID in grastate.dat with a
	// graceful leave, GRA_*.log, error-log lines. InnoDB's position includes
	// the failed seqno. Only a full SST makes the node good again.
	{"LWG007", "error", "The cluster expelled this node as inconsistent"},
	// Zero UUID while a statement runs in total order isolation; InnoDB's
	// position is good. A bootstrap as it is makes a new UUID, so everybody
	// needs an SST; UUID and position are written back into a copy.
	{"LWG008", "error", "Killed inside a schema change: grastate.dat has lost the group UUID"},
	// Zero UUID or an empty file on a node that holds data, and neither
	// inconsistency nor a schema change explains it.
	{"LWG009", "error", "grastate.dat has lost the group UUID, and nothing tells why"},
	// InnoDB holds a position, the file is gone: a bootstrap makes a new
	// history even with --wsrep-start-position.
	{"LWG010", "error", "grastate.dat is missing although InnoDB holds a position"},
	// The seqno in the file is not InnoDB's. The file wins over InnoDB at a
	// start, whatever it says; the server continues at the invented number
	// and throws its write-set cache away.
	{"LWG011", "error", "grastate.dat contradicts InnoDB: edited by hand or copied from elsewhere"},
	// A paused provider (donor, FTWRL) writes its seqno: the file has one
	// though the process was killed. It agrees with InnoDB.
	{"LWG012", "info", "grastate.dat holds a position although the server was killed"},
	// Text that the provider reads differently from what it says, or not.
	{"LWG013", "warning", "grastate.dat or gvwstate.dat is damaged"},
	// Different group UUIDs in one cluster: one side was re-initialised or
	// comes from elsewhere. Seqnos of different UUIDs are not comparable.
	{"LWG014", "error", "Different histories: the group UUIDs differ"},
	// Write sets of equal UUID and seqno differ, and both sides committed
	// some: a person has to choose, the other side loses its transactions.
	{"LWG015", "error", "Split brain: equal seqnos hold different write sets"},
	// The caches do not overlap where they would have to be compared, and the
	// views or flags say that two sides may have gone on separately.
	{"LWG016", "warning", "A split brain cannot be excluded"},
	// Two nodes with safe_to_bootstrap 1 cannot come from one orderly stop.
	{"LWG017", "warning", "Several nodes claim to be safe to bootstrap"},
	// The flag stands on a node that lacks what others hold.
	{"LWG018", "warning", "A node that is not the newest claims to be safe to bootstrap"},
	// seqno -1 and the flag: it was alone in the primary component and then
	// crashed.
	{"LWG019", "info", "This node was alone in the primary component when it died"},
	// Other nodes saw this node in a view after the end of its directory.
	{"LWG020", "warning", "An old copy: the cluster has seen this node later than its directory ends"},
	// Two directories have the same process UUID or the same node name.
	{"LWG021", "warning", "Two directories of one node"},
	// What the node lacks, itemised: transactions, schema changes, views.
	{"LWG022", "info", "A node is behind"},
	// All that lies between two positions is members that came and went.
	{"LWG023", "info", "Positions differ by view changes alone: the data is the same"},
	// In the caches, beyond the best position: received, never applied here,
	// and no server applies them at a start.
	{"LWG024", "warning", "Write sets were ordered and are committed on no given node"},
	// The server's own message; the data may still be the newest.
	{"LWG025", "error", "InnoDB does not open this directory"},
	// A bad record inside the redo log with valid ones behind it: the server
	// takes it for the end and starts at an older state without a word.
	{"LWG026", "error", "The redo log is damaged in the middle: a start silently goes back"},
	// Redo log missing, encrypted, damaged or of an unknown format: bounds
	// from pages, transfers and logs; the upper bound is the cache.
	{"LWG027", "warning", "The position of this node is known within bounds only"},
	// Binary log on: prepared transactions in InnoDB are committed if the
	// binary log in use has them, and rolled back otherwise.
	{"LWG028", "info", "Prepared transactions are decided by the binary log"},
	// Half-written pages that the doublewrite buffer or the log makes good.
	{"LWG029", "info", "Torn pages that the server repairs at a start"},
	// Cache of the recommended node does not reach back, or no UUID.
	{"LWG030", "info", "This node needs a full state transfer to join"},
	// Same last view everywhere and gvwstate.dat in place.
	{"LWG031", "info", "The cluster restores itself if all members of the last view are started"},
	// A view on another node does not contain this one.
	{"LWG032", "info", "The others went on without this node"},
	// bootstrap: 1 in gvwstate.dat.
	{"LWG033", "warning", "A part of the cluster was made primary by hand"},
	// garbd: a vote and no data.
	{"LWG034", "info", "An arbitrator holds no data"},
	// Data nodes of the last view that were not given and not declared lost.
	{"LWG035", "warning", "Members of the last view were not given"},
	// Which of the published recovery scenarios this is.
	{"LWG036", "info", "A known recovery scenario"},
	// galera.cache cannot serve IST: unreadable, empty, other history.
	{"LWG037", "info", "The write-set cache cannot serve joining nodes"},
	// Overflow pages are left of a crash and never read again.
	{"LWG038", "info", "Pages of the write-set cache that no start reads"},
	// *_galera_info and the like: a lower bound, not the position.
	{"LWG039", "info", "A state transfer or backup left its position behind"},
	// GRA_*.log: write sets that failed to apply here, at whatever time.
	{"LWG040", "info", "Write sets that failed to apply were saved"},
	// #sql-... tables of an ALTER that did not end.
	{"LWG041", "warning", "An interrupted schema change left tables behind"},
	// "Reversing history": a node ahead of the group refuses to join it.
	{"LWG042", "warning", "A node that is ahead aborts when it joins an older one"},
	// From the error log: last component was non-primary, then a clean stop.
	{"LWG043", "info", "Stopped cleanly without quorum"},
	// wsrep_cluster_address=gcomm:// or wsrep_new_cluster in an option file.
	{"LWG044", "warning", "The option file bootstraps a new cluster at every start"},
	// gcache.recover=no, pc.recovery=no, wsrep_start_position,
	// innodb_force_recovery, wsrep_on=OFF.
	{"LWG045", "warning", "Settings in the option file get in the way of a recovery"},
	// ibdata1 is gone: the server makes a new, empty one where it can.
	{"LWG046", "error", "The system tablespace is missing"},
	// A data directory without any link to the others.
	{"LWG047", "warning", "A directory of another cluster"},
	// Pages that neither the doublewrite buffer nor the log makes good.
	{"LWG048", "error", "Damaged pages in the files that hold the position"},
	// With --deep: pages whose checksum does not hold, or tablespaces cut short,
	// and nothing that a start does makes them good.
	{"LWG049", "error", "Damaged pages in tablespaces"},
	// With --deep: the doublewrite area has copies, or the redo log makes the
	// pages anew.
	{"LWG050", "info", "Torn pages in tablespaces that the server repairs at a start"},
	// With --deep: the checksum holds, the page number or the tablespace's id
	// is another: written or copied to the wrong place.
	{"LWG051", "error", "Pages at places where they do not belong"},
	// With --deep: the LSN of a page is behind the end of the redo log. The
	// server prints "log sequence number ... is in the future" and goes on.
	{"LWG052", "error", "Pages that are newer than the redo log"},
	// innodb_flush_log_at_trx_commit=0 or 2 and a binary log: a later prepared
	// transaction is committed at the start, an earlier one is gone.
	{"LWG053", "error", "Committed transactions are missing below the position of this node"},
}
