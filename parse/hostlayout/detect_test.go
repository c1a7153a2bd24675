package hostlayout

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/lastwrite/lastwrite/fixtures"
)

const (
	realInfo    = "ID: 3297041220608546238\nAddress: 127.0.0.1:21000\nRole: 0\n"
	realCluster = "- ID: 3297041220608546238\n  Address: 127.0.0.1:21000\n  Role: 0\n"
	closed      = "0000000000000001-0000000000000042"
)

// tree builds a file system from paths; "path=content" gives a file content,
// a trailing slash makes a directory.
func tree(paths ...string) fstest.MapFS {
	out := fstest.MapFS{}
	for _, p := range paths {
		name, content, _ := strings.Cut(p, "=")
		switch {
		case strings.HasSuffix(name, "/"):
			out[strings.TrimSuffix(name, "/")] = &fstest.MapFile{Mode: fs.ModeDir | 0o755}
		case path.Base(name) == "info.yaml" && content == "":
			out[name] = &fstest.MapFile{Data: []byte(realInfo)}
		case path.Base(name) == "cluster.yaml" && content == "":
			out[name] = &fstest.MapFile{Data: []byte(realCluster)}
		default:
			out[name] = &fstest.MapFile{Data: []byte(content)}
		}
	}
	return out
}

func TestDetectLayouts(t *testing.T) {
	tests := []struct {
		name string
		tree fstest.MapFS
		want Found
	}{
		{"incus by path", tree("var/lib/incus/database/global/metadata1", "var/lib/incus/database/local.db", "var/lib/incus/server.crt"),
			Found{Root: "var/lib/incus", Raft: "database/global", Product: Incus, Library: Cowsql}},
		{"incus by default", tree("host-a/database/global/metadata1", "host-a/database/local.db"),
			Found{Root: "host-a", Raft: "database/global", Product: Incus, Library: Cowsql, Note: "Incus and LXD share this layout and no file tells which it is; taken for Incus"}},
		{"incus, database given", tree("global/open-1", "local.db"),
			Found{Root: ".", Raft: "global", Product: Incus, Library: Cowsql, Note: "Incus and LXD share this layout and no file tells which it is; taken for Incus"}},
		{"incus written by dqlite", tree("incus/database/global/dqlite-lock", "incus/database/global/metadata1", "incus/database/local.db"),
			Found{Root: "incus", Raft: "database/global", Product: Incus, Library: Dqlite, Note: "the path names Incus, the files were written by dqlite"}},
		{"lxd snap below rootfs", tree("rootfs/var/snap/lxd/common/lxd/database/global/metadata1", "rootfs/var/snap/lxd/common/lxd/database/local.db"),
			Found{Root: "rootfs/var/snap/lxd/common/lxd", Raft: "database/global", Product: LXD, Library: Dqlite}},
		{"lxd by recovery archive", tree("database/global/metadata1", "database/local.db", "database/lxd_recovery_db.tar.gz"),
			Found{Root: ".", Raft: "database/global", Product: LXD, Library: Dqlite}},
		{"lxd by backup", tree("database/global/metadata1", "database/local.db", "db_backup.2026-01-02T030405Z.tar.gz"),
			Found{Root: ".", Raft: "database/global", Product: LXD, Library: Dqlite}},
		{"lxd by lock", tree("database/global/metadata1", "database/local.db", "database/global/dqlite-lock"),
			Found{Root: ".", Raft: "database/global", Product: LXD, Library: Dqlite}},
		{"lxd by compressed snapshot", tree("database/local.db", "database/global/snapshot-1-9-5=plain", "database/global/snapshot-1-10-4=\x04\x22\x4d\x18rest"),
			Found{Root: ".", Raft: "database/global", Product: LXD, Library: Dqlite}},
		{"microcluster", tree("state/database/info.yaml", "state/database/"+closed, "state/truststore/a.yaml", "state/daemon.yaml"),
			Found{Root: "state", Raft: "database", Product: Microcluster, Library: Dqlite}},
		{"microceph", tree("var/snap/microceph/common/state/database/open-3", "var/snap/microceph/common/state/daemon.yaml"),
			Found{Root: "var/snap/microceph/common/state", Raft: "database", Product: Microceph, Library: Dqlite}},
		{"k8sd", tree("var/snap/k8s/common/var/lib/k8sd/state/database/metadata1", "var/snap/k8s/common/var/lib/k8sd/state/truststore/a.yaml"),
			Found{Root: "var/snap/k8s/common/var/lib/k8sd/state", Raft: "database", Product: K8sd, Library: Dqlite}},
		{"k8s-dqlite", tree("var/snap/k8s/common/var/lib/k8s-dqlite/metadata1", "var/snap/k8s/common/var/lib/k8s-dqlite/info.yaml"),
			Found{Root: "var/snap/k8s/common/var/lib/k8s-dqlite", Raft: ".", Product: K8sDqlite, Library: Dqlite}},
		{"k8s-dqlite or microk8s", tree("n1/metadata1", "n1/failure-domain=1", "n1/cluster.crt", "n1/info.yaml"),
			Found{Root: "n1", Raft: ".", Product: K8sDqlite, Library: Dqlite, Note: "MicroK8s and Canonical Kubernetes share these files and none tells which it is"}},
		{"microk8s", tree("host-b/var/snap/microk8s/7661/var/kubernetes/backend/metadata1", "host-b/var/snap/microk8s/7661/var/kubernetes/backend/kine.sock:12379"),
			Found{Root: "host-b/var/snap/microk8s/7661/var/kubernetes/backend", Raft: ".", Product: MicroK8s, Library: Dqlite}},
		{"microk8s inspection", tree("inspection-report/dqlite/info.yaml", "inspection-report/dqlite/cluster.yaml", "inspection-report/dqlite/list.out"),
			Found{Root: "inspection-report/dqlite", Raft: ".", Product: MicroK8s, Library: Dqlite, Stale: true, Note: "inspection report: names and sizes of the files, no data"}},
		{"juju", tree("var/lib/juju/dqlite/metadata1", "var/lib/juju/dqlite/info.yaml", "var/lib/juju/agents/machine-0/agent.conf"),
			Found{Root: "var/lib/juju", Raft: "dqlite", Product: Juju, Library: Dqlite}},
		{"go application", tree("n1/info.yaml", "n1/cluster.yaml", "n1/"+closed),
			Found{Root: "n1", Raft: ".", Product: GoApp}},
		{"spare without metadata", tree("n5/info.yaml", "n5/cluster.yaml", "n5/open-1", "n5/open-2"),
			Found{Root: "n5", Raft: ".", Product: GoApp}},
		{"yaml files alone", tree("n6/info.yaml", "n6/cluster.yaml"),
			Found{Root: "n6", Raft: ".", Product: GoApp}},
		{"bare", tree("n1/" + closed), Found{Root: "n1", Raft: ".", Product: Bare}},
		{"bare root", tree("metadata2"), Found{Root: ".", Raft: ".", Product: Bare}},
		{"C server interface", tree("c/metadata1", "c/server-info=v1\na\n1\n", "c/node-store"), Found{Root: "c", Raft: ".", Product: Bare}},
		{"bare dqlite", tree("d/metadata1", "d/dqlite-lock"), Found{Root: "d", Raft: ".", Product: Bare, Library: Dqlite}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := Detect(tt.tree)
			require.NoError(t, err)
			require.Len(t, got, 1)
			assert.NotEmpty(t, got[0].Evidence)
			for _, p := range got[0].Evidence {
				_, err := fs.Stat(tt.tree, p)
				assert.NoError(t, err, "evidence is there")
			}
			got[0].Evidence = nil
			assert.Equal(t, tt.want, got[0])
		})
	}
}

func TestDetectNothing(t *testing.T) {
	for name, fsys := range map[string]fstest.MapFS{
		"empty":                 {},
		"other cluster.yaml":    tree("etc/cluster.yaml=apiVersion: v1\nkind: Cluster\n", "etc/info.yaml=name: x\n"),
		"dates":                 tree("logs/2026-01=x", "logs/10-20=x"),
		"directory named so":    tree("metadata1/x=", closed+"/x="),
		"too deep":              tree("1/2/3/4/5/6/7/metadata1="),
		"snapshot without data": tree("snapshot-1-2=", "snapshot-a-b-c=", "open-=", "open-x="),
	} {
		got, err := Detect(fsys)
		assert.NoError(t, err, name)
		assert.Empty(t, got, name)
	}
	got, err := Detect(tree("1/2/3/4/5/6/metadata1="))
	assert.NoError(t, err)
	assert.Len(t, got, 1, "six levels")
}

func TestDetectCopies(t *testing.T) {
	type copied struct {
		path  string
		stale bool
		note  string
	}
	backend := func(rev string) string { return "var/snap/microk8s/" + rev + "/var/kubernetes/backend/metadata1" }
	link := tree(backend("7661"), backend("7400"))
	link["var/snap/microk8s/current"] = &fstest.MapFile{Data: []byte("7400"), Mode: fs.ModeSymlink}
	tests := []struct {
		name string
		tree fstest.MapFS
		want []copied
	}{
		{"global.bak", tree("incus/database/global/metadata1", "incus/database/global.bak/metadata1", "incus/database/local.db"), []copied{
			{"incus/database/global", false, ""},
			{"incus/database/global.bak", true, "copy of global made before a schema update"}}},
		{"global.recover", tree("lxd/database/global/metadata1", "lxd/database/global.recover/metadata1", "lxd/database/local.db", "lxd/database/local.db.bak"), []copied{
			{"lxd/database/global", false, "local.db.bak beside local.db is a copy made before a schema update"},
			{"lxd/database/global.recover", true, "recovery archive that was unpacked and never put in place; local.db.bak beside local.db is a copy made before a schema update"}}},
		{"recovery_db", tree("s/database/metadata1", "s/recovery_db/metadata1", "s/daemon.yaml"), []copied{
			{"s/database", false, ""},
			{"s/recovery_db", true, "recovery archive that was unpacked and never put in place"}}},
		{"copy beside", tree("n1/metadata1", "n1.bak/metadata1", "n2.bak/metadata1"), []copied{
			{"n1", false, ""}, {"n1.bak", true, "copy of n1 beside it"}, {"n2.bak", false, ""}}},
		{"inside another", tree("n1/metadata1", "n1/old/metadata1"), []copied{
			{"n1", false, ""}, {"n1/old", false, "lies inside the raft directory n1"}}},
		{"revisions with link", link, []copied{
			{"var/snap/microk8s/7400/var/kubernetes/backend", false, ""},
			{"var/snap/microk8s/7661/var/kubernetes/backend", true, "revision 7661 of the snap; 7400 is the current revision"}}},
		{"revisions without link", tree(backend("900"), backend("7661"), backend("7400")), []copied{
			{"var/snap/microk8s/7400/var/kubernetes/backend", true, "revision 7400 of the snap; 7661 is the highest revision, as the link current is missing"},
			{"var/snap/microk8s/7661/var/kubernetes/backend", false, ""},
			{"var/snap/microk8s/900/var/kubernetes/backend", true, "revision 900 of the snap; 7661 is the highest revision, as the link current is missing"}}},
		{"current was copied", tree(backend("7661"), backend("current")), []copied{
			{"var/snap/microk8s/7661/var/kubernetes/backend", true, "revision 7661 of the snap; current is the current revision"},
			{"var/snap/microk8s/current/var/kubernetes/backend", false, ""}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			found, err := Detect(tt.tree)
			require.NoError(t, err)
			var got []copied
			for _, f := range found {
				note := strings.TrimPrefix(f.Note, "Incus and LXD share this layout and no file tells which it is; taken for Incus")
				got = append(got, copied{f.Path(), f.Stale, note})
			}
			assert.Equal(t, tt.want, got)
		})
	}
}

// countingFS counts what a walk does.
type countingFS struct {
	fstest.MapFS
	opened, listed, statted int
}

func (c *countingFS) Open(name string) (fs.File, error) { c.opened++; return c.MapFS.Open(name) }
func (c *countingFS) ReadDir(name string) ([]fs.DirEntry, error) {
	c.listed++
	entries, err := c.MapFS.ReadDir(name)
	for i, e := range entries {
		entries[i] = countingEntry{e, c}
	}
	return entries, err
}
func (c *countingFS) Stat(name string) (fs.FileInfo, error) { c.statted++; return c.MapFS.Stat(name) }

type countingEntry struct {
	fs.DirEntry
	c *countingFS
}

func (e countingEntry) Info() (fs.FileInfo, error) { e.c.statted++; return e.DirEntry.Info() }

func TestDetectListsLargeDirectoriesOnce(t *testing.T) {
	c := &countingFS{MapFS: fstest.MapFS{}}
	for i := range 100_000 {
		c.MapFS[fmt.Sprintf("n1/%016d-%016d", i*10+1, i*10+10)] = &fstest.MapFile{}
	}
	c.MapFS["n1/info.yaml"] = &fstest.MapFile{Data: []byte(realInfo)}
	got, err := Detect(c)
	require.NoError(t, err)
	require.Len(t, got, 1)
	assert.Equal(t, 2, c.listed)
	assert.Zero(t, c.statted)
	assert.Zero(t, c.opened)
	assert.Less(t, len(got[0].Evidence), 10)
}

// brokenFS cannot list one directory.
type brokenFS struct{ fstest.MapFS }

func (b brokenFS) ReadDir(name string) ([]fs.DirEntry, error) {
	if name == "bad" {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrPermission}
	}
	return b.MapFS.ReadDir(name)
}

func TestDetectGoesOnAfterAnError(t *testing.T) {
	got, err := Detect(brokenFS{tree("bad/x=", "n1/metadata1=")})
	assert.True(t, errors.Is(err, fs.ErrPermission))
	assert.Len(t, got, 1)
}

func TestDetectDoesNotFollowLinks(t *testing.T) {
	dir := t.TempDir()
	outside := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(outside, "metadata1"), nil, 0o600))
	require.NoError(t, os.Symlink(outside, filepath.Join(dir, "n1")))
	require.NoError(t, os.Symlink(filepath.Join(outside, "metadata1"), filepath.Join(dir, "metadata1")))
	require.NoError(t, os.Symlink(dir, filepath.Join(dir, "loop")))
	root, err := os.OpenRoot(dir)
	require.NoError(t, err)
	defer root.Close()
	got, err := Detect(root.FS())
	assert.NoError(t, err)
	assert.Empty(t, got)
}

func TestDetectFindsEveryRealDirectory(t *testing.T) {
	for name, want := range map[string]Found{
		"clean-stop":                  {Product: GoApp, Raft: "."},
		"metadata-both-missing":       {Product: GoApp, Raft: "."},
		"dqlite-cluster-lz4-snapshot": {Product: GoApp, Raft: ".", Library: Dqlite},
		"incus-layout":                {Product: Incus, Raft: "database/global", Library: Cowsql, Note: "Incus and LXD share this layout and no file tells which it is; taken for Incus"},
	} {
		c := fixtures.Open(t, "cowsql", name)
		found, err := Detect(os.DirFS(c.Dir))
		require.NoError(t, err)
		require.Len(t, found, len(c.Nodes), name)
		for i, f := range found {
			want.Root, f.Evidence = c.Nodes[i].Name, nil
			assert.Equal(t, want, f, name)
		}
	}
}
