package galera

import (
	"regexp"
	"strconv"
	"strings"
)

// A FileKind says what a file in a data directory is, by its name.
type FileKind uint8

// The kinds of files.
const (
	KindOther             FileKind = iota
	KindState                      // grastate.dat
	KindStateCopy                  // grastate.dat.new, .old: left by an interrupted forced start of Manticore
	KindView                       // gvwstate.dat
	KindViewTemporary              // gvwstate.dat.tmp: being written
	KindCache                      // galera.cache
	KindPage                       // gcache.page.NNNNNN: Number
	KindTransferInfo               // position of a backup or state transfer
	KindBackupInfo                 // xtrabackup_info and its like: times, versions, LSNs
	KindBackupCheckpoints          // xtrabackup_checkpoints and its like
	KindTransferRunning            // sst_in_progress: the directory is an incomplete copy
	KindTransferWork               // what scripts of a state transfer leave: pid files, configurations, .sst
	KindTransferLog                // mariabackup.{backup,prepare,move}.log and its like
	KindFailedWriteSet             // GRA_<thread>_<seqno>[_v2].log: Number, Seqno, Readable
	KindRecoveryLog                // wsrep_recovery.{ok,fail} and temporary ones
	KindErrorLog                   // error.log, *.err, *.log of the arbitrator
	KindSystemTablespace           // ibdataN: Number
	KindUndoTablespace             // undoNNN, undo_NNN: Number
	KindRedoLog                    // ib_logfileN: Number
	KindTemporary                  // ibtmpN: only while the server runs
	KindBinlog                     // <base>.NNNNNN: Base, Number
	KindBinlogIndex                // <base>.index: Base
	KindCoordinatorLog             // tc.log: only while the server runs
	KindDDLLog                     // ddl_recovery.log, ddl_log.log: only while the server runs
)

// A Name is a classified file name.
type Name struct {
	File     string // without directories
	Kind     FileKind
	Number   uint64 // of the page, tablespace, log; of the thread for a failed write set
	Seqno    int64  // KindFailedWriteSet
	Readable bool   // KindFailedWriteSet: has the header that mysqlbinlog needs
	Base     string // KindBinlog, KindBinlogIndex
}

var failedName = regexp.MustCompile(`^GRA_([0-9]+)_(-?[0-9]+)(_v2)?\.log$`)

// fixedKind classifies the names that have no numbers in them.
func fixedKind(file string) FileKind {
	switch file {
	case "grastate.dat":
		return KindState
	case "grastate.dat.new", "grastate.dat.old":
		return KindStateCopy
	case "gvwstate.dat":
		return KindView
	case "gvwstate.dat.tmp":
		return KindViewTemporary
	case "galera.cache":
		return KindCache
	case "xtrabackup_galera_info", "xtrabackup_galera_info_SST", "mariadb_backup_galera_info", "mariadb_backup_galera_info_SST",
		"donor_galera_info", "rsync_sst_complete", "backup_sst_complete":
		return KindTransferInfo
	case "xtrabackup_info", "mariadb_backup_info":
		return KindBackupInfo
	case "xtrabackup_checkpoints", "mariadb_backup_checkpoints":
		return KindBackupCheckpoints
	case "sst_in_progress":
		return KindTransferRunning
	case "wsrep_sst.pid", "rsync_sst.pid", "rsync_sst.conf", "stunnel.pid", "stunnel.conf", ".sst", "xtrabackup_binlog_pos_innodb",
		"xtrabackup_binlog_info", "mariadb_backup_binlog_info", "mariadb_backup_binlog_pos_innodb", "backup-my.cnf", "sst_donor_success":
		return KindTransferWork
	case "mariabackup.backup.log", "mariabackup.prepare.log", "mariabackup.move.log", "innobackup.backup.log",
		"innobackup.prepare.log", "innobackup.move.log":
		return KindTransferLog
	case "tc.log":
		return KindCoordinatorLog
	case "ddl_recovery.log", "ddl_recovery-backup.log", "ddl_log.log":
		return KindDDLLog
	case "error.log", "garbd.log", "mysqld.log", "mariadb.log":
		return KindErrorLog
	}
	return KindOther
}

// numberedKind classifies names that end with digits.
func numberedKind(prefix, digits string) FileKind {
	switch {
	case prefix == "gcache.page." && len(digits) >= 6:
		return KindPage
	case prefix == "ibdata":
		return KindSystemTablespace
	case prefix == "undo" || prefix == "undo_":
		return KindUndoTablespace
	case prefix == "ib_logfile":
		return KindRedoLog
	case prefix == "ibtmp":
		return KindTemporary
	case strings.HasSuffix(prefix, ".") && len(digits) >= 6 && len(prefix) > 1:
		return KindBinlog
	}
	return KindOther
}

// ParseName classifies the name of a file, given without directories. GRA
// files: mariadb sql/wsrep_binlog.cc wsrep_dump_rbr_buf,
// wsrep_dump_rbr_buf_with_header; pages: galera
// gcache/src/gcache_page_store.cpp make_page_name.
func ParseName(file string) Name {
	n := Name{File: file, Kind: fixedKind(file)}
	if n.Kind != KindOther {
		return n
	}
	if strings.HasPrefix(file, "wsrep_recovery.") {
		n.Kind = KindRecoveryLog
		return n
	}
	if m := failedName.FindStringSubmatch(file); m != nil {
		number, err := strconv.ParseUint(m[1], 10, 64)
		seqno, err2 := strconv.ParseInt(m[2], 10, 64)
		if err == nil && err2 == nil {
			n.Kind, n.Number, n.Seqno, n.Readable = KindFailedWriteSet, number, seqno, m[3] != ""
		}
		return n
	}
	digits := file[len(strings.TrimRight(file, "0123456789")):]
	if number, err := strconv.ParseUint(digits, 10, 64); err == nil {
		prefix := strings.TrimSuffix(file, digits)
		if n.Kind = numberedKind(prefix, digits); n.Kind != KindOther {
			n.Number = number
		}
		if n.Kind == KindBinlog {
			n.Base = strings.TrimSuffix(prefix, ".")
		}
		return n
	}
	switch {
	case strings.HasSuffix(file, ".err") && file != ".err":
		n.Kind = KindErrorLog
	case strings.HasSuffix(file, ".index") && file != ".index":
		n.Kind, n.Base = KindBinlogIndex, strings.TrimSuffix(file, ".index")
	}
	return n
}
