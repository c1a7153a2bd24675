package hostlayout

import (
	"database/sql"
	"encoding/pem"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	_ "modernc.org/sqlite"

	"github.com/lastwrite/lastwrite/fixtures"
)

func TestApplicationOfMicrocluster(t *testing.T) {
	fsys := tree("s/database/metadata1", "s/database/info.yaml", "s/database/cluster.yaml", "s/database/recovery.yaml="+string(EncodeRecovery(nil)),
		"s/truststore/a.yaml=name: a\naddress: 127.0.0.1:21000\n", "s/truststore/notes.txt", "s/daemon.yaml=name: a\naddress: 127.0.0.1:21000\n",
		"s/server.key=secret", "s/cluster.key=secret", "s/control.socket", "s/patch.global.sql=UPDATE core_cluster_members SET address = \"a:1\" WHERE name = \"a\";\n")
	fsys["s/cluster.crt"] = &fstest.MapFile{Data: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: []byte("x")})}
	fsys["s/recovery_db.tar.gz"] = &fstest.MapFile{Data: archive(t, nil, "recovery.yaml")}
	app := read(t, fsys)
	assert.Empty(t, app.Damage)
	assert.Equal(t, uint64(bootstrapID), app.Info.ID.V)
	assert.Equal(t, "database/info.yaml", app.Info.At.File)
	require.NotNil(t, app.Cluster)
	assert.Len(t, app.Cluster.Nodes, 1)
	assert.Empty(t, app.Recovery.Nodes)
	require.Len(t, app.TrustStore, 1)
	assert.Equal(t, "truststore/a.yaml", app.TrustStore[0].At.File)
	assert.Equal(t, "a", app.Daemon.Name.V)
	assert.Equal(t, []string{"cluster.key", "server.key"}, app.Keys)
	assert.Equal(t, []string{"control.socket"}, app.Sockets)
	require.Len(t, app.Patches, 1)
	assert.Len(t, app.Patches[0].Addresses, 1)
	require.Len(t, app.Certificates, 1)
	require.Len(t, app.Tarballs, 1)
	assert.Equal(t, MicroclusterRecovery, app.Tarballs[0].Kind)
	assert.True(t, app.Tarballs[0].Complete)
	assert.Empty(t, app.AppErrors(""))
}

func TestApplicationOfMicroK8s(t *testing.T) {
	const dir = "microk8s/1/var/kubernetes/backend/"
	app := read(t, tree(dir+"metadata1", dir+"info.yaml", dir+"cluster.yaml", dir+"kine.sock:12379", dir+"localnode.yaml="+realCluster,
		dir+"cluster.crt=nothing", dir+"cluster.key", dir+"k.pid", dir+"dqlite-lock", dir+"join"))
	assert.Equal(t, []string{"kine.sock:12379"}, app.Sockets)
	assert.Equal(t, []string{"dqlite-lock"}, app.Locks)
	assert.Equal(t, []string{"k.pid"}, app.Pids)
	assert.True(t, app.Join)
	assert.Len(t, app.LocalNode.Nodes, 1)
	require.Len(t, app.Damage, 1)
	assert.Equal(t, "cluster.crt", app.Damage[0].File)
}

func TestApplicationOfInspectionReport(t *testing.T) {
	app := read(t, tree("dqlite/info.yaml", "dqlite/cluster.yaml", "dqlite/list.out=total 1\n-rw-rw---- 1 root microk8s 32 Dec 14 03:38 metadata1\n"))
	assert.Equal(t, []Listed{{"metadata1", "32"}}, app.Listing)
}

func TestApplicationOfIncus(t *testing.T) {
	c := fixtures.Open(t, "cowsql", "incus-layout")
	for i, node := range c.Nodes {
		fsys := os.DirFS(node.Path)
		found, err := Detect(fsys)
		require.NoError(t, err)
		require.Len(t, found, 1)
		assert.Equal(t, Incus, found[0].Product)
		app, err := ReadApplication(fsys, found[0])
		require.NoError(t, err)
		assert.Empty(t, app.Damage)
		require.NotNil(t, app.LocalDB)
		assert.Len(t, app.LocalDB.Nodes, 3)
		assert.False(t, app.LocalDB.WAL)
		assert.False(t, app.LocalDB.Journal)
		own, ok := app.LocalDB.Own()
		assert.True(t, ok)
		assert.Equal(t, uint64(i+1), own.ID.V)
		assert.Equal(t, node.Name, own.Name.V)
		assert.Equal(t, Voter, own.Role.V)
		assert.Equal(t, app.LocalDB.ClusterAddress.V, own.Address.V)
		assert.Equal(t, app.LocalDB.CoreAddress.V, own.Address.V)
		assert.Empty(t, app.AppErrors(""))
	}
}

// local writes a local.db with the statements and returns the host root.
func local(t *testing.T, statements ...string) string {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "database", "global"), 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "database", "global", "metadata1"), nil, 0o600))
	db, err := sql.Open("sqlite", filepath.Join(dir, "database", "local.db"))
	require.NoError(t, err)
	for _, s := range append([]string{
		"CREATE TABLE config (id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, UNIQUE (key))",
		`CREATE TABLE raft_nodes (id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, address TEXT NOT NULL, role INTEGER NOT NULL DEFAULT 0, name TEXT NOT NULL default "", UNIQUE (address))`,
	}, statements...) {
		_, err := db.Exec(s)
		require.NoError(t, err, s)
	}
	require.NoError(t, db.Close())
	return dir
}

func readLocal(t *testing.T, dir string) *Application {
	t.Helper()
	app, err := ReadApplication(os.DirFS(dir), Found{Root: ".", Raft: "database/global", Product: Incus})
	require.NoError(t, err)
	require.NotNil(t, app.LocalDB)
	return app
}

func TestLocalDB(t *testing.T) {
	t.Run("stand-alone", func(t *testing.T) {
		own, ok := readLocal(t, local(t)).LocalDB.Own()
		assert.True(t, ok)
		assert.Equal(t, uint64(1), own.ID.V)
		assert.Equal(t, "1", own.Address.V)
	})
	t.Run("no database role", func(t *testing.T) {
		app := readLocal(t, local(t, "INSERT INTO config (key, value) VALUES ('cluster.https_address', '10.0.0.9:8443'), ('loki.auth.password', 'hunter2')",
			"INSERT INTO raft_nodes (id, address, role, name) VALUES (1, '10.0.0.1:8443', 0, 'one'), (2, '10.0.0.2:8443', 2, 'two')"))
		_, ok := app.LocalDB.Own()
		assert.False(t, ok)
		assert.Equal(t, Spare, app.LocalDB.Nodes[1].Role.V)
		assert.False(t, app.LocalDB.CoreAddress.Set)
	})
	t.Run("role out of range", func(t *testing.T) {
		app := readLocal(t, local(t, "INSERT INTO raft_nodes (id, address, role) VALUES (1, 'a:1', -3), (2, 'b:1', 4294967297)"))
		assert.Len(t, app.Damage, 2)
		assert.False(t, app.LocalDB.Nodes[0].Role.Set)
		assert.False(t, app.LocalDB.Nodes[1].Role.Set)
	})
	t.Run("journal", func(t *testing.T) {
		dir := local(t)
		require.NoError(t, os.WriteFile(filepath.Join(dir, "database", "local.db-journal"), []byte("x"), 0o600))
		assert.True(t, readLocal(t, dir).LocalDB.Journal)
	})
	t.Run("damaged", func(t *testing.T) {
		dir := local(t)
		require.NoError(t, os.WriteFile(filepath.Join(dir, "database", "local.db"), make([]byte, 8192), 0o600))
		app := readLocal(t, dir)
		assert.NotEmpty(t, app.Damage)
		assert.Empty(t, app.LocalDB.Nodes)
	})
}

func TestApplicationGoesOnAfterAnError(t *testing.T) {
	fsys := unreadable{tree("info.yaml", "cluster.yaml", "metadata1"), "info.yaml"}
	app, err := ReadApplication(fsys, Found{Root: ".", Raft: ".", Product: GoApp})
	assert.ErrorIs(t, err, fs.ErrPermission)
	assert.NotNil(t, app.Cluster)
	require.NotNil(t, app.Info)
	assert.False(t, app.Info.ID.Set)
	assert.Empty(t, app.Damage)
}

type unreadable struct {
	fstest.MapFS
	name string
}

func (u unreadable) Open(name string) (fs.File, error) {
	if name == u.name {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrPermission}
	}
	return u.MapFS.Open(name)
}

func TestApplicationIgnoresWhatIsNoRegularFile(t *testing.T) {
	fsys := tree("metadata1", "info.yaml/x=", "cluster.yaml/x=")
	fsys["join"] = &fstest.MapFile{Mode: fs.ModeNamedPipe}
	fsys["cluster.crt"] = &fstest.MapFile{Mode: fs.ModeSymlink, Data: []byte("/etc/passwd")}
	app, err := ReadApplication(fsys, Found{Root: ".", Raft: ".", Product: Bare})
	require.NoError(t, err)
	assert.Nil(t, app.Info)
	assert.False(t, app.Join)
	assert.Empty(t, app.Certificates)
	_, err = readFile(fsys, "info.yaml", 10)
	assert.Error(t, err)
	assert.False(t, errors.Is(err, fs.ErrNotExist))
}
