package galera

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func parseTransfer(text string) *TransferInfo {
	return ParseTransferInfo("donor_galera_info", []byte(text), int64(len(text)))
}

func TestTransferInfo(t *testing.T) {
	u := uuid(t, group)
	for _, c := range []struct {
		name, text string
		seqno      int64
		gtid       string
		bypass     bool
		damage     []string
	}{
		{"of the backup tool", group + ":7 0", 7, "0", false, nil},
		{"of the donor's script", group + ":7 0\n", 7, "0", false, nil},
		{"without a domain", group + ":7", 7, "", false, nil},
		{"with a GTID", group + ":7 0-100-12\n", 7, "0-100-12", false, nil},
		{"rsync", group + ":7 0\nsecret hunter2\nbypass\n", 7, "0", true, nil},
		{"unknown position", group + ":-1\n", -1, "", false, nil},
		{"CRLF", group + ":7 0\r\n", 7, "0", false, nil},
		{"something behind it", group + ":7 hunter2\n", 7, "", false, []string{"gtid bad-text"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			i := parseTransfer(c.text)
			assert.Equal(t, u, i.UUID)
			assert.Equal(t, c.seqno, i.Seqno)
			assert.Equal(t, c.gtid, i.GTID)
			assert.Equal(t, c.bypass, i.Bypass)
			assert.ElementsMatch(t, c.damage, fields(i.Damage))
			assert.NotContains(t, fmt.Sprintf("%+v", i), "hunter2", "a password")
		})
	}
	for _, bad := range []string{"", "\n", "secret hunter2\n", group + "\n", group[1:] + ":7\n", group + ":x\n", group + ":-2\n"} {
		i := parseTransfer(bad)
		require.Len(t, i.Damage, 1, bad)
		require.Equal(t, UUID{}, i.UUID)
		require.Equal(t, int64(-1), i.Seqno)
		requireInside(t, i.Damage, int64(len(bad)))
		assert.NotContains(t, fmt.Sprintf("%+v", i), "hunter2", "a password")
	}
}

const backupInfo = `uuid = 532830f3-e606-11f1-8ba8-02fc00000001
name = 
tool_name = mariadb-backup
tool_command = --password=hunter2 --backup
tool_version = 10.11.19-MariaDB
start_time = 2026-11-21 23:50:25
binlog_pos = filename 'b.000001', position '4'
innodb_from_lsn = 0
innodb_to_lsn = 51031
`

func TestBackupInfo(t *testing.T) {
	b := ParseBackupInfo("xtrabackup_info", []byte(backupInfo), int64(len(backupInfo)))
	require.Empty(t, b.Damage)
	assert.Equal(t, "10.11.19-MariaDB", b.Get("tool_version"))
	assert.Equal(t, "filename 'b.000001', position '4'", b.Get("binlog_pos"))
	assert.Empty(t, b.Get("name"))
	assert.NotContains(t, fmt.Sprintf("%+v", b), "hunter2", "a password")
	lsn, ok := b.LSN("innodb_to_lsn")
	assert.True(t, ok)
	assert.Equal(t, uint64(51031), lsn)
	_, ok = b.LSN("last_lsn")
	assert.False(t, ok)
	for _, f := range b.Fields {
		if f.Raw != "" {
			assert.Equal(t, f.Raw, backupInfo[f.Offset:f.Offset+f.Length])
		}
	}
	b = ParseBackupInfo("xtrabackup_info", []byte("x\nfrom_lsn=1\n\nto_lsn = "), 30)
	assert.Equal(t, []string{"line bad-text"}, fields(b.Damage))
	assert.Len(t, b.Fields, 2)
	assert.Equal(t, []string{"line truncated"}, fields(ParseBackupInfo("xtrabackup_info", nil, 0).Damage))
}

func TestEveryTransferPrefixAndBit(t *testing.T) {
	text := group + ":1234 0\n"
	for n := range text {
		i := parseTransfer(text[:n])
		requireInside(t, i.Damage, int64(n))
		require.Equal(t, n < 38, len(i.Damage) > 0, "prefix %d", n)
	}
	for at := range text {
		for bit := range uint(8) {
			b := string(flipped([]byte(text), at, bit))
			requireInside(t, parseTransfer(b).Damage, int64(len(b)))
		}
	}
	for n := range backupInfo {
		b := ParseBackupInfo("xtrabackup_info", []byte(backupInfo[:n]), int64(n))
		requireInside(t, b.Damage, int64(n))
	}
	for at := range backupInfo {
		for bit := range uint(8) {
			requireInside(t, ParseBackupInfo("xtrabackup_info", flipped([]byte(backupInfo), at, bit), int64(len(backupInfo))).Damage, int64(len(backupInfo)))
		}
	}
}

func FuzzTransfer(f *testing.F) {
	f.Add([]byte(group + ":1234 0\nsecret x\nbypass\n"))
	f.Add([]byte(backupInfo))
	f.Fuzz(func(t *testing.T, b []byte) {
		i := ParseTransferInfo("donor_galera_info", b, int64(len(b)))
		requireInside(t, i.Damage, int64(len(b)))
		if len(i.Damage) == 0 {
			require.GreaterOrEqual(t, i.Seqno, int64(-1))
			again := parseTransfer(fmt.Sprintf("%s:%d %s\n", i.UUID, i.Seqno, i.GTID))
			require.Equal(t, i.UUID, again.UUID)
			require.Equal(t, i.GTID, again.GTID)
		}
		info := ParseBackupInfo("xtrabackup_info", b, int64(len(b)))
		requireInside(t, info.Damage, int64(len(b)))
		for _, f := range info.Fields {
			require.LessOrEqual(t, f.Offset+f.Length, int64(len(b)))
		}
	})
}
