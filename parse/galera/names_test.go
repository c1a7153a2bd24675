package galera

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestNames(t *testing.T) {
	for _, want := range []Name{
		{File: "grastate.dat", Kind: KindState},
		{File: "grastate.dat.old", Kind: KindStateCopy},
		{File: "grastate.dat~"},
		{File: "gvwstate.dat", Kind: KindView},
		{File: "gvwstate.dat.tmp", Kind: KindViewTemporary},
		{File: "galera.cache", Kind: KindCache},
		{File: "gcache.page.000000", Kind: KindPage},
		{File: "gcache.page.1000012", Kind: KindPage, Number: 1000012},
		{File: "gcache.page.12"},
		{File: "xtrabackup_galera_info", Kind: KindTransferInfo},
		{File: "mariadb_backup_galera_info", Kind: KindTransferInfo},
		{File: "rsync_sst_complete", Kind: KindTransferInfo},
		{File: "xtrabackup_info", Kind: KindBackupInfo},
		{File: "xtrabackup_checkpoints", Kind: KindBackupCheckpoints},
		{File: "sst_in_progress", Kind: KindTransferRunning},
		{File: "wsrep_sst.pid", Kind: KindTransferWork},
		{File: "mariabackup.prepare.log", Kind: KindTransferLog},
		{File: "GRA_1_443_v2.log", Kind: KindFailedWriteSet, Number: 1, Seqno: 443, Readable: true},
		{File: "GRA_12_443.log", Kind: KindFailedWriteSet, Number: 12, Seqno: 443},
		{File: "GRA_2_-1.log", Kind: KindFailedWriteSet, Number: 2, Seqno: -1},
		{File: "GRA_2_18446744073709551615.log"},
		{File: "GRA_2.log"},
		{File: "wsrep_recovery.ok", Kind: KindRecoveryLog},
		{File: "wsrep_recovery.aB3dE6", Kind: KindRecoveryLog},
		{File: "node1.err", Kind: KindErrorLog},
		{File: "ibdata1", Kind: KindSystemTablespace, Number: 1},
		{File: "undo001", Kind: KindUndoTablespace, Number: 1},
		{File: "undo_002", Kind: KindUndoTablespace, Number: 2},
		{File: "ib_logfile0", Kind: KindRedoLog},
		{File: "ibtmp1", Kind: KindTemporary, Number: 1},
		{File: "mariadb-bin.000012", Kind: KindBinlog, Number: 12, Base: "mariadb-bin"},
		{File: "mariadb-bin.index", Kind: KindBinlogIndex, Base: "mariadb-bin"},
		{File: "mariadb-bin.12"},
		{File: "tc.log", Kind: KindCoordinatorLog},
		{File: "ddl_recovery.log", Kind: KindDDLLog},
		{File: ".000001"},
		{File: "t1.ibd"},
		{File: ""},
	} {
		assert.Equal(t, want, ParseName(want.File), want.File)
	}
}

func FuzzNames(f *testing.F) {
	for _, name := range []string{"GRA_1_443_v2.log", "gcache.page.000000", "b.000001", "undo_002", "a.index"} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		n := ParseName(name)
		require.Equal(t, name, n.File)
		if n.Kind == KindOther {
			require.Equal(t, Name{File: name}, n)
		}
		require.LessOrEqual(t, n.Seqno, int64(math.MaxInt64))
	})
}
