package command_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/lastwrite/lastwrite/fixtures"
)

// structureLine is what --hex may print of these families: a title, bytes with
// a name, a count of bytes, damage.
var structureLine = regexp.MustCompile(`^([0-9a-f]{8}  (([0-9a-f]{2}  ?){1,16}( .*)?|… [0-9,]+ bytes? of .*)|(buffer|page|cluster|checkpoint block|extent|entry) [^ ].*|header|more .* follow \(--limit\)|[A-Z][A-Za-z0-9_]+|DAMAGE: .*)$`)

// rows are texts that stand in rows of the cases, or in statements.
var rows = []string{"create table", "insert into", "willow", "kelp", "lotus"}

// TestInspectEveryFileOfOtherFamilies wants an answer for every file, with and
// without --hex: what it is, or that it tells nothing; never rows.
func TestInspectEveryFileOfOtherFamilies(t *testing.T) {
	for _, tt := range []struct{ family, name string }{
		{"galera", "damaged-checkpoints-and-system-tablespace"},
		{"galera", "donor-killed-while-paused"},
		{"manticore", "torn-log-tail"},
		{"manticore", "two-clusters-opposite-winners"},
		{"wesql", "missing-middle-log-file"},
		{"wesql-synthetic", "engine-damage"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := fixtures.Open(t, tt.family, tt.name)
			known := 0
			require.NoError(t, filepath.WalkDir(c.Dir, func(name string, e fs.DirEntry, err error) error {
				if err != nil || e.IsDir() {
					return err
				}
				status, stdout, stderr := raftRun(t, nil, "inspect", "--limit", "3", name)
				switch status {
				case 0, 1:
					known++
					assert.Empty(t, stderr, name)
					assert.Equal(t, status == 1, strings.Contains(stdout, "DAMAGE"), "%s\n%s", name, stdout)
				case 4:
					assert.Contains(t, stderr, "neither the name nor the content", name)
				default:
					t.Errorf("%s: status %d, %s", name, status, stderr)
				}
				hexStatus, hex, stderr := raftRun(t, nil, "inspect", "--hex", "--limit", "3", name)
				switch hexStatus {
				case 3:
					assert.Regexp(t, "is a text file|are not annotated", stderr, name)
				default:
					assert.Equal(t, status, hexStatus, "%s: %s", name, stderr)
				}
				for line := range strings.Lines(hex) {
					assert.Regexp(t, structureLine, strings.TrimSuffix(line, "\n"), name)
				}
				for _, row := range rows {
					assert.NotContains(t, strings.ToLower(stdout+hex), row, name)
				}
				return nil
			}))
			assert.Greater(t, known, 15)
		})
	}
}

func TestInspectFilesOfOtherFamilies(t *testing.T) {
	const data = "var/lib/manticore/"
	cases := map[string]*fixtures.Case{}
	for _, tt := range []struct {
		family, name, node, file string
		status                   int
		want                     []string
	}{
		{"galera", "damaged-checkpoints-and-system-tablespace", "node2", "ib_logfile0", 1, []string{
			"format MariaDB 10.8 (0x50687973), made by MariaDB 10.11.19\n", "DAMAGE: ib_logfile0@4096+4160 redo.checkpoint: bad-value: want a checkpoint with a good checksum, got none\n"}},
		{"galera", "damaged-checkpoints-and-system-tablespace", "node1", "ib_logfile0", 1, []string{
			"ib_logfile0: InnoDB redo log, 0 bytes\n  DAMAGE: ib_logfile0 redo: truncated: "}},
		{"galera", "damaged-checkpoints-and-system-tablespace", "node3", "ib_logfile0", 0, []string{
			"checkpoint at LSN 66433, its record at 123734\n", "4,555 mini-transactions to apply, 335,869 bytes, up to LSN 402302\n",
			"with the tablespaces beside it: position 4982f9ac-e606-11f1-a7d8-4a591494ab78:560 (exact)\n"}},
		{"galera", "damaged-checkpoints-and-system-tablespace", "node3", "ibdata1", 0, []string{
			"space 0, pages of 16,384 bytes, flags 0x15, 640 pages by its header\n", "the file has 128 fewer: ", "in the doublewrite area: 128 pages\n"}},
		{"galera", "donor-killed-while-paused", "node1", "grastate.dat", 0, []string{"    seqno 718\n", "    safe_to_bootstrap 0\n", "    safe_to_bootstrap: 0 (byte 112)\n"}},
		{"galera", "donor-killed-while-paused", "node1", "galera.cache", 0, []string{
			"layout of Galera 4\n", "the provider says: found gapless sequence\n", "  write sets and views, newest first\n", ", digest ", "configuration "}},
		{"galera", "donor-killed-while-paused", "node1", "error.log", 0, []string{" that tell something about the cluster\n"}},
		{"manticore", "torn-log-tail", "n2", data + "binlog/binlog.0000", 1, []string{
			"version 16, 15 transactions in 16 records\n", "the replay ends at byte 2732: torn-record\n", "table t1: 15 transactions, number 1 to 15\n", "DAMAGE: binlog.0000@"}},
		{"manticore", "torn-log-tail", "n1", data + "binlog/binlog.0000", 0, []string{
			"not closed: the server was running or crashed, and replays it\n", "table t1: 16 transactions, number 1 to 16\n"}},
		{"manticore", "torn-log-tail", "n1", data + "manticore.json", 0, []string{"cluster ", "    nodes 127.0.0.1:", "table t1, rt, in t1\n"}},
		{"manticore", "two-clusters-opposite-winners", "n2", data + "binlog/binlog.meta", 0, []string{"names no log: a clean stop, nothing is replayed\n"}},
		{"manticore", "two-clusters-opposite-winners", "n2", data + "ta/ta.meta", 0, []string{"header of a real-time table", "saved at transaction 9; ", "9 documents of 327 bytes, 0 disk chunks\n"}},
		{"manticore", "two-clusters-opposite-winners", "n1", "dev/shm/mcrpl_a4f266b78cfd0f471dd8", 0, []string{"cluster alpha: history 108e197f-e60a-11f1-8544-5f3aff5327e8, seqno 16\n"}},
		{"manticore", "two-clusters-opposite-winners", "n1", "etc/manticoresearch/manticore.conf", 0, []string{"  data_dir = /var/lib/manticore\n", "  listen = 127.0.0.1:27062\n"}},
		{"wesql", "missing-middle-log-file", "node2", "master-bin.000005", 0, []string{
			"written by 8.0.39, server 2, checksums: CRC-32\n", "its first entry has index 86\n", "term 2: entries 86 to 88\n",
			"a start keeps it up to entry 88 of term 2, byte 1406\n", "byte 251: 2^86, 337 bytes, transaction 127\n"}},
		{"wesql", "missing-middle-log-file", "node2", "auto.cnf", 0, []string{"server UUID 81694463-e611-11f1-b3f9-02fc00000001\n"}},
		{"wesql", "missing-middle-log-file", "node2", "mysql.ibd", 0, []string{"raft: current term 2, voted for ", ", members 127.0.0.1:23101;"}},
		{"wesql-synthetic", "engine-damage", "node1", "smartengine/3.wal", 1, []string{
			"a start takes 8 records up to byte 669\n", "it cuts the newest log there, with a warning\n", "readable behind it: 15 records with 8 rows, sequences 38 to 52\n",
			"sequence 30, prepare, 1 row, transaction 116 of server 901\n", ", LOST by a start\n", "DAMAGE: 3.wal@669+55 checksum: bad-checksum: "}},
		{"wesql-synthetic", "engine-damage", "node2", "smartengine/CURRENT", 0, []string{"checkpoint 0.checkpoint\n", "manifests from 1.manifest on"}},
		{"wesql-synthetic", "engine-damage", "node3", "smartengine/0.sst", 1, []string{"the two headers differ, and the engine refuses the file; header 2 is good\n"}},
		{"manticore", "two-clusters-opposite-winners", "n1", "var/log/manticore/searchd.log", 0, []string{"1 start, the last of version "}},
	} {
		if cases[tt.name] == nil {
			cases[tt.name] = fixtures.Open(t, tt.family, tt.name)
		}
		t.Run(tt.name+"/"+tt.node+"/"+tt.file, func(t *testing.T) {
			dir := cases[tt.name].Node(t, tt.node).Path
			status, stdout, stderr := raftRun(t, nil, "inspect", filepath.Join(dir, filepath.FromSlash(tt.file)))
			assert.Equal(t, tt.status, status, stderr)
			assert.Empty(t, stderr)
			for _, want := range tt.want {
				assert.Contains(t, stdout, want)
			}
		})
	}
}

// TestInspectKnowsFilesByContent: renamed files of formats that begin with a
// magic number or line.
func TestInspectKnowsFilesByContent(t *testing.T) {
	galera := fixtures.Open(t, "galera", "donor-killed-while-paused").Node(t, "node1").Path
	search := fixtures.Open(t, "manticore", "two-clusters-opposite-winners").Node(t, "n1").Path
	for _, tt := range []struct{ file, want string }{
		{filepath.Join(galera, "grastate.dat"), "found.0042: Galera state"},
		{filepath.Join(galera, "galera.cache"), "found.0042: write-set cache"},
		{filepath.Join(galera, "ib_logfile0"), "found.0042: InnoDB redo log"},
		{filepath.Join(search, "var/lib/manticore/binlog/binlog.0000"), "found.0042: transaction log of Manticore"},
		{filepath.Join(search, "var/lib/manticore/binlog/binlog.meta"), "found.0042: list of transaction logs"},
		{filepath.Join(search, "dev/shm/mcrpl_a4f266b78cfd0f471dd8"), "found.0042: positions of clusters in shared memory"},
	} {
		content, err := os.ReadFile(tt.file)
		require.NoError(t, err)
		renamed := filepath.Join(t.TempDir(), "found.0042")
		require.NoError(t, os.WriteFile(renamed, content, 0o400))
		status, stdout, stderr := raftRun(t, nil, "inspect", renamed)
		assert.Equal(t, 0, status, stderr)
		assert.Contains(t, stdout, tt.want)
	}
}

// TestInspectHidesWhatIsNoHeader: a sector of rows over the header of a page,
// and secrets in option files, are not shown.
func TestInspectHidesWhatIsNoHeader(t *testing.T) {
	c := fixtures.Open(t, "galera", "donor-killed-while-paused")
	from := filepath.Join(c.Node(t, "node1").Path, "ibdata1")
	content, err := os.ReadFile(from)
	require.NoError(t, err)
	for i := range 512 {
		content[3*16384+i] = "secret row"[i%10]
	}
	file := filepath.Join(t.TempDir(), "ibdata1")
	require.NoError(t, os.WriteFile(file, content, 0o600))
	status, stdout, stderr := raftRun(t, nil, "inspect", "--hex", "--limit", "5", file)
	assert.Equal(t, 1, status, stderr)
	assert.Contains(t, stdout, "bytes of what does not belong here\n")
	assert.NotContains(t, stdout, "73 65 63 72 65 74")
	assert.Contains(t, stdout, "DAMAGE: ibdata1@49152+16384 page[3].")

	options := filepath.Join(t.TempDir(), "my.cnf")
	require.NoError(t, os.WriteFile(options, []byte("[mysqld]\nwsrep_sst_auth=root:geheim\nwsrep_cluster_name=shop\nwsrep_provider_options=\"socket.ssl_password=geheim; gcs.fc_limit=16\"\n"), 0o600))
	status, stdout, stderr = raftRun(t, nil, "inspect", options)
	assert.Equal(t, 0, status, stderr)
	assert.Contains(t, stdout, "wsrep_sst_auth = [not shown]\n")
	assert.Contains(t, stdout, "wsrep_cluster_name = shop\n")
	assert.NotContains(t, stdout, "geheim")
}
