package command_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/lastwrite/lastwrite/fixtures"
)

func TestInspectFiles(t *testing.T) {
	tests := []struct {
		name, node, file string
		status           int
		want             []string
	}{
		{"replicas-diverged-silently", "n2", "0000000000000001-0000000000000067", 0, []string{
			"entries 1 to 67, by its name\n", "format 1, 67 entries in 64 batches of term 1\n", "batch 2 at byte 368: 1 entry, CRCs ok\n",
			"    5: term 1, configuration, 88 bytes at 400\n       server 3297041220608546238, 127.0.0.1:21290, voter\n",
			": term 1, command, 8,248 bytes at ", ": database demo, pages 3, 7\n"}},
		{"replicas-diverged-silently", "n2", "open-1", 0, []string{
			"open-1: open segment, 8,388,608 bytes\n", "#1: term 1, command", "sound data ends at byte 371984\n", "8,016,624 bytes from byte 371984 to the end: zeros\n"}},
		{"replicas-diverged-silently", "n2", "open-2", 0, []string{"prepared and never written: all bytes are zero\n"}},
		{"replicas-diverged-silently", "n2", "metadata1", 0, []string{"format 1, version 3\n", "current term 2, voted for nobody\n"}},
		{"replicas-diverged-silently", "n2", "info.yaml", 0, []string{"id 8092667911390072010, address 127.0.0.1:21291, role voter\n"}},
		{"replicas-diverged-silently", "n2", "cluster.yaml", 0, []string{"id 14969681177632161753, address 127.0.0.1:21292, role voter\n"}},
		{"closed-segment-checksum-middle", "n1", "0000000000000002-0000000000000041", 1, []string{
			"sound data ends at byte 149360\n", "behind the damage, from byte 157640: 19 entries in 19 batches of term 1\n", "    23: term 1, command",
			"DAMAGE: 0000000000000002-0000000000000041@149364+4 batch[21].data-crc: bad-checksum: want 38912219, got 9ef36bb0 computed (one flipped bit explains it: bit 4 of byte 149592)\n"}},
		{"odd-segment-names", "n2", "0000000000000128-0000000000000127", 1, []string{"DAMAGE: ", "count: bad-value: want 1 to 262144, got 0\n"}},
		{"metadata-damaged", "n3", "metadata2", 1, []string{"DAMAGE: metadata2@32+11 size: trailing: want 32 bytes, got 43 bytes\n"}},
		{"snapshot-data-damaged-silent", "n2", "snapshot-1-320-3583728", 1, []string{
			"state at index 320, term 1, by its name\n", "database demo\n", "main: 1 page of 4,096 bytes at byte 40\n",
			"668 sound frames in 314 transactions, 667 of 669 committed\n", "DAMAGE: ", "checksum: bad-checksum"}},
		{"snapshot-data-damaged-silent", "n2", "snapshot-1-320-3583728.meta", 0, []string{
			"snapshot of index 320, term 1, by its name\n", "configuration of index 5, 88 bytes\n", "CRC ab84fe0a ok\n", "server 3297041220608546238, 127.0.0.1:21170, voter\n"}},
		{"dqlite-cluster-lz4-snapshot", "n1", "snapshot-1-200-2472801", 0, []string{"LZ4 frame, ", "database demo\n", "no WAL\n"}},
	}
	for _, tt := range tests {
		t.Run(tt.name+"/"+tt.file, func(t *testing.T) {
			dir := fixtures.Open(t, "cowsql", tt.name).Node(t, tt.node).Path
			status, stdout, stderr := raftRun(t, []string{dir}, "inspect", filepath.Join(dir, tt.file))
			assert.Equal(t, tt.status, status, stderr)
			assert.Empty(t, stderr)
			for _, want := range tt.want {
				assert.Contains(t, stdout, want)
			}
			// The content tells as much under another name, index and term apart.
			if strings.HasSuffix(tt.file, ".yaml") || tt.status != 0 || tt.file == "open-2" {
				return
			}
			data, err := os.ReadFile(filepath.Join(dir, tt.file))
			require.NoError(t, err)
			renamed := filepath.Join(t.TempDir(), "found.0042")
			require.NoError(t, os.WriteFile(renamed, data, 0o400))
			status, stdout, stderr = raftRun(t, []string{filepath.Dir(renamed)}, "inspect", renamed)
			assert.Equal(t, 0, status, stderr)
			assert.Contains(t, stdout, ", by its content, ")
		})
	}
}

func TestInspectListsDirectories(t *testing.T) {
	c := fixtures.Open(t, "cowsql", "closed-segment-checksum-middle")
	status, stdout, stderr := raftRun(t, []string{c.Dir}, "inspect", c.Dir)
	assert.Equal(t, 1, status, stderr)
	for _, want := range []string{
		filepath.Join(c.Dir, "n1") + "\n", filepath.Join(c.Dir, "n3") + "\n",
		"  0000000000000002-0000000000000041  closed segment: entries 2 to 41, 20 entries in 20 batches of term 1, behind the damage 19 entries in 19 batches of term 1; DAMAGED: ",
		"  open-2                             open segment: no entry, 8,388,608 bytes of zeros\n",
		"  metadata1                          metadata: term 4, voted for ",
		"  cluster.yaml                       list of members: 3 members\n",
	} {
		assert.Contains(t, stdout, want)
	}
	incus := fixtures.Open(t, "cowsql", "incus-layout").Node(t, "server1")
	status, stdout, stderr = raftRun(t, []string{incus.Path}, "inspect", incus.Path)
	assert.Equal(t, 0, status, stderr)
	assert.Contains(t, stdout, incus.Data+"\n")
	assert.Regexp(t, `snapshot-1-80-\d+ +snapshot: 1 database, \d+ pages?, \d+ WAL frames`, stdout)
}

// hexLine is what --hex may print: bytes with a name, a count, or a title.
var hexLine = regexp.MustCompile(`^([0-9a-f]{8}  (([0-9a-f]{2}  ?){1,16}( .*)?|… [0-9,]+ bytes? of .*)|(batch|entry|frame|database|sound) .*|DAMAGE: .*)$`)

func TestInspectHexShowsStructureOnly(t *testing.T) {
	c := fixtures.Open(t, "cowsql", "replicas-diverged-silently")
	n1 := c.Node(t, "n1").Path
	entries, err := os.ReadDir(n1)
	require.NoError(t, err)
	dumped := 0
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), ".yaml") {
			continue
		}
		status, stdout, stderr := raftRun(t, nil, "inspect", "--hex", "--limit", "0", filepath.Join(n1, e.Name()))
		assert.Equal(t, 0, status, stderr)
		for line := range strings.Lines(stdout) {
			require.Regexp(t, hexLine, strings.TrimSuffix(line, "\n"))
		}
		// "invoice" stands in a row, and nowhere in the structure.
		for _, secret := range []string{"invoice", "69 6e 76 6f 69", "paid"} {
			assert.NotContains(t, stdout, secret)
		}
		dumped++
	}
	assert.Greater(t, dumped, 4)
	status, stdout, _ := raftRun(t, []string{n1}, "inspect", "--hex", filepath.Join(n1, "0000000000000001-0000000000000001"))
	assert.Equal(t, 0, status)
	assert.Contains(t, stdout, "server 1 address     \"127.0.0.1:21290\"\n")
}

func TestInspectRefuses(t *testing.T) {
	c := fixtures.Open(t, "cowsql", "clean-stop")
	n1 := c.Node(t, "n1").Path
	dir := t.TempDir()
	empty, text := filepath.Join(dir, "empty"), filepath.Join(dir, "text")
	require.NoError(t, os.WriteFile(empty, nil, 0o600))
	require.NoError(t, os.WriteFile(text, []byte("password=geheim\n"), 0o600))
	tests := []struct {
		name   string
		args   []string
		status int
		want   string
	}{
		{"missing", []string{filepath.Join(dir, "none")}, 3, "there is no such file or directory"},
		{"empty", []string{empty}, 4, "neither the name nor the content is that of a file that tells anything about a position"},
		{"text", []string{text}, 4, "neither the name nor the content is that of a file that tells anything about a position"},
		{"hex of a directory", []string{n1, "--hex"}, 3, "--hex prints one file"},
		{"hex of text", []string{filepath.Join(n1, "info.yaml"), "--hex"}, 3, "info.yaml is a text file"},
		{"limit", []string{n1, "--limit", "-2"}, 3, "not a number of entries"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			status, stdout, stderr := raftRun(t, []string{c.Dir}, append([]string{"inspect"}, tt.args...)...)
			assert.Equal(t, tt.status, status, stderr)
			assert.Contains(t, stderr, tt.want)
			assert.Empty(t, stdout)
			assert.NotContains(t, stderr, "geheim")
		})
	}
}

// TestInspectEveryFileOfTheCorpus wants an answer for each, damaged or not.
func TestInspectEveryFileOfTheCorpus(t *testing.T) {
	for _, name := range fixtures.Cases("cowsql") {
		t.Run(name, func(t *testing.T) {
			c := fixtures.Open(t, "cowsql", name)
			for _, n := range c.Nodes {
				entries, err := os.ReadDir(n.Data)
				require.NoError(t, err)
				for _, e := range entries {
					if e.Name() == "dqlite-lock" {
						continue
					}
					status, _, stderr := raftRun(t, nil, "inspect", filepath.Join(n.Data, e.Name()))
					assert.Contains(t, []int{0, 1}, status, "%s/%s: %s", n.Name, e.Name(), stderr)
					assert.Empty(t, stderr)
				}
			}
		})
	}
}
