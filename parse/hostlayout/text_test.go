package hostlayout

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/lastwrite/lastwrite/parse"
)

func TestPatches(t *testing.T) {
	data := "UPDATE nodes SET address = \"10.0.0.1:8443\" WHERE id = 1;\n" +
		"UPDATE nodes SET address = \"[::1]:8443\" WHERE id = 2;\n" +
		"UPDATE core_cluster_members SET address = \"10.0.0.3:7443\" WHERE name = \"member-3\";\n" +
		"-- a comment; with a semicolon\n/* ; */ INSERT INTO config VALUES ('a;b', \"c;d\", [e;f], `g;h`); ;\n" +
		"UPDATE nodes SET address = \"x\" WHERE id = 1 OR 1"
	p, damage := ParsePatch("patch.global.sql", []byte(data))
	assert.Empty(t, damage)
	assert.Equal(t, 5, p.Statements)
	require.Len(t, p.Addresses, 3)
	assert.Equal(t, uint64(2), p.Addresses[1].ID.V)
	assert.Equal(t, "[::1]:8443", p.Addresses[1].Address)
	assert.Equal(t, "member-3", p.Addresses[2].Name.V)
	assert.False(t, p.Addresses[2].ID.Set)
	assert.Equal(t, data[56:56+54], data[p.Addresses[1].ID.At.Offset:][:p.Addresses[1].ID.At.Length])

	p, damage = ParsePatch("patch.local.sql", []byte("DELETE FROM config; SELECT 'open"))
	assert.Equal(t, 2, p.Statements)
	require.Len(t, damage, 1)
	assert.Equal(t, parse.Truncated, damage[0].Kind)
	assert.NotContains(t, damage[0].String(), "open")

	p, damage = ParsePatch("patch.local.sql", nil)
	assert.Zero(t, p.Statements)
	assert.Empty(t, damage)
	_, damage = ParsePatch("patch.local.sql", make([]byte, maxText+1))
	assert.Len(t, damage, 1)
}

func TestDaemonFiles(t *testing.T) {
	n, damage := ParseDaemon("daemon.yaml", []byte("name: micro1\naddress: 10.1.1.1:9443\nservers: {}\n"))
	assert.Empty(t, damage)
	assert.Equal(t, "micro1", n.Name.V)
	assert.Equal(t, "10.1.1.1:9443", n.Address.V)

	cert := "-----BEGIN CERTIFICATE-----\nMIIB0TCCAVegAwIBAgIQ\n-----END CERTIFICATE-----\n"
	n, damage = ParseTrustEntry("truststore/micro1.yaml", []byte("name: micro1\naddress: 10.1.1.1:9443\ncertificate: |\n  "+strings.ReplaceAll(strings.TrimSpace(cert), "\n", "\n  ")+"\n"))
	assert.Empty(t, damage)
	assert.Equal(t, "10.1.1.1:9443", n.Address.V)
	_, damage = ParseTrustEntry("truststore/x.yaml", []byte("certificate: x\n"))
	assert.Len(t, damage, 2)

	init, damage := ParseInit("init.yaml", []byte("Address: 10.0.0.1:9000\nCluster:\n- 10.0.0.2:9000\n- 10.0.0.3:9000\n"))
	assert.Empty(t, damage)
	require.Len(t, init.Cluster, 2)
	assert.Equal(t, "10.0.0.3:9000", init.Cluster[1].V)
	_, damage = ParseInit("init.yaml", []byte("Address: a\nCluster:\n- {a: b}\n"))
	assert.Len(t, damage, 1)
	address, damage := ParseUpdate("update.yaml", []byte("Address: 10.0.0.9:9000\n"))
	assert.Empty(t, damage)
	assert.Equal(t, "10.0.0.9:9000", address.V)
}

func TestListing(t *testing.T) {
	list, damage := ParseListing("list.out", []byte("total 43M\n-rw-rw---- 1 root microk8s 8.0M Feb  4 03:12 0000000000000001-0000000000000042\nsrw-rw---- 1 root microk8s 0 Feb  4 03:12 kine.sock:12379\n-rw-rw---- 1 root microk8s   32 Dec 14 03:38 metadata1\n"))
	assert.Empty(t, damage)
	assert.Equal(t, []Listed{{"0000000000000001-0000000000000042", "8.0M"}, {"metadata1", "32"}}, list)
	list, damage = ParseListing("list.out", []byte("-rw-rw---- 1 root microk8s   32 Dec 14 03:38 metadata1\n-rw"))
	assert.Len(t, list, 1)
	require.Len(t, damage, 1)
	assert.Equal(t, int64(55), damage[0].Offset)
}

func TestCertificates(t *testing.T) {
	public := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: []byte("public bytes")})
	private := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: []byte("secret bytes")})
	sum := sha256.Sum256([]byte("public bytes"))
	c, damage := ParseCertificate("cluster.crt", append(private, public...))
	assert.Empty(t, damage)
	assert.Equal(t, Certificate{"cluster.crt", hex.EncodeToString(sum[:])}, c)
	_, damage = ParseCertificate("cluster.crt", private)
	require.Len(t, damage, 1)
	assert.NotContains(t, damage[0].String(), "secret")
}

func TestTarballNames(t *testing.T) {
	for name, want := range map[string]TarballKind{
		"lxd_recovery_db.tar.gz":                                             LXDRecovery,
		"recovery_db.tar.gz":                                                 MicroclusterRecovery,
		"db_backup.2024-03-05T101112Z.tar.gz":                                DatabaseBackup,
		"recovery-k8s-dqlite-2024-03-05T101112Z-pre-recovery.tar.gz":         PreRecovery,
		"recovery-k8s-dqlite-2024-03-05T101112Z-post-recovery.tar.gz":        PostRecovery,
		"backup-2024-03-05-10-11-12.tar.gz":                                  LogicalDump,
		"inspection-report-20250314_212615.tar.gz":                           Inspection,
		"backup-2024-03-05.tar.gz":                                           "",
		"backup-2024-03-05-10-11-1x.tar.gz":                                  "",
		"db_backup.zip":                                                      "",
		"etcd.tar.gz":                                                        "",
		"xrecovery-k8s-dqlite-2024-03-05T101112Z-pre-recovery.tar.gz.sha256": "",
	} {
		assert.Equal(t, want, tarballKind(name), name)
	}
}

// archive makes a tar.gz of files with zero bytes.
func archive(t testing.TB, sizes map[string]int64, order ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	z, err := gzip.NewWriterLevel(&b, gzip.BestSpeed)
	require.NoError(t, err)
	w := tar.NewWriter(z)
	zero := make([]byte, 1<<20)
	for _, name := range order {
		h := &tar.Header{Name: name, Mode: 0o600, Size: sizes[name], Typeflag: tar.TypeReg}
		if strings.HasSuffix(name, "/") {
			h.Typeflag = tar.TypeDir
		}
		require.NoError(t, w.WriteHeader(h))
		for left := h.Size; left > 0; left -= int64(len(zero)) {
			_, err := w.Write(zero[:min(left, int64(len(zero)))])
			require.NoError(t, err)
		}
	}
	require.NoError(t, w.Close())
	require.NoError(t, z.Close())
	return b.Bytes()
}

func TestReadTarball(t *testing.T) {
	good := archive(t, map[string]int64{"./metadata1": 32, "./open-1": 8 << 20}, "./", "./metadata1", "./open-1", "./raft_nodes.yaml")
	want := []TarballMember{{"./metadata1", 32}, {"./open-1", 8 << 20}, {"./raft_nodes.yaml", 0}}
	got, damage, err := ReadTarball("x.tar.gz", LXDRecovery, bytes.NewReader(good))
	require.NoError(t, err)
	assert.Empty(t, damage)
	assert.Equal(t, Tarball{"x.tar.gz", LXDRecovery, want, true}, got)

	t.Run("bomb", func(t *testing.T) {
		bomb := archive(t, map[string]int64{"a": 300 << 20}, "a", "b")
		got, damage, err := ReadTarball("x.tar.gz", LXDRecovery, bytes.NewReader(bomb))
		require.NoError(t, err)
		assert.Empty(t, damage)
		assert.False(t, got.Complete)
		assert.Equal(t, []TarballMember{{"a", 300 << 20}}, got.Members)
	})
	t.Run("many files", func(t *testing.T) {
		names := strings.Fields(strings.Repeat("x ", maxMembers+5))
		got, damage, err := ReadTarball("x.tar.gz", LXDRecovery, bytes.NewReader(archive(t, nil, names...)))
		require.NoError(t, err)
		assert.Empty(t, damage)
		assert.False(t, got.Complete)
		assert.Len(t, got.Members, maxMembers)
	})
	t.Run("every prefix", func(t *testing.T) {
		for n := range good {
			if n > 600 && n%97 != 0 {
				continue
			}
			got, damage, err := ReadTarball("x.tar.gz", LXDRecovery, bytes.NewReader(good[:n]))
			require.NoError(t, err)
			if !got.Complete { // the last bytes are padding and a checksum that tar does not ask for
				require.Len(t, damage, 1, n)
				assert.Equal(t, parse.Truncated, damage[0].Kind, n)
			}
		}
	})
	t.Run("reading fails", func(t *testing.T) {
		broken := errors.New("the disk is gone")
		_, damage, err := ReadTarball("x.tar.gz", LXDRecovery, io.MultiReader(bytes.NewReader(good[:50]), iotest.ErrReader(broken)))
		assert.ErrorIs(t, err, broken)
		assert.Empty(t, damage)
	})
	t.Run("not gzip", func(t *testing.T) {
		_, damage, err := ReadTarball("x.tar.gz", LXDRecovery, strings.NewReader("hello, this is text"))
		require.NoError(t, err)
		require.Len(t, damage, 1)
		assert.Equal(t, parse.BadText, damage[0].Kind)
	})
}
