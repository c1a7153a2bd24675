package manticore_test

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/lastwrite/lastwrite/analyze"
	"github.com/lastwrite/lastwrite/analyze/manticore"
	"github.com/lastwrite/lastwrite/fixtures"
)

const (
	firstLog = data + "/binlog/binlog.0000"
	logList  = data + "/binlog/binlog.meta"
	config   = data + "/manticore.json"
	header   = data + "/t1/t1.meta"
	state    = data + "/grastate.dat"
)

// real loads the directories of a case, to be damaged.
func real(t testing.TB, name string) map[string]fstest.MapFS {
	t.Helper()
	out := map[string]fstest.MapFS{}
	for _, n := range fixtures.Open(t, "manticore", name).Nodes {
		m := fstest.MapFS{}
		require.NoError(t, filepath.WalkDir(n.Path, func(p string, e os.DirEntry, err error) error {
			if err != nil || !e.Type().IsRegular() {
				return err
			}
			b, err := os.ReadFile(p)
			rel, _ := filepath.Rel(n.Path, p)
			m[filepath.ToSlash(rel)] = &fstest.MapFile{Data: b, Mode: 0o600}
			return err
		}))
		out[n.Name] = m
	}
	return out
}

func replaced(t testing.TB, m fstest.MapFS, name, what, with string) {
	t.Helper()
	require.Contains(t, string(m[name].Data), what)
	m[name].Data = []byte(strings.Replace(string(m[name].Data), what, with, 1))
}

// kept carries out a plan and holds the result against what it promises.
func kept(t testing.TB, p analyze.Plan, in map[string]fstest.MapFS) (after map[string]*analyze.Node, files map[string]fstest.MapFS) {
	t.Helper()
	files = carryOut(t, p, in)
	promised := map[string]fstest.MapFS{}
	for _, x := range p.Promise {
		promised[x.Node] = files[x.Node]
	}
	after = map[string]*analyze.Node{}
	clusters := run(t, promised, analyze.Options{})
	for _, x := range p.Promise {
		i := slices.IndexFunc(clusters, func(c analyze.Cluster) bool { return c.Name == x.Cluster })
		require.GreaterOrEqual(t, i, 0, x.Cluster)
		n := nodeOf(t, clusters[i], x.Node)
		after[x.Node] = n
		assert.True(t, x.Kept(n.Position), "%s reaches %d instead of %d", x.Node, n.Position.Index, x.Index)
		assert.Equal(t, analyze.Clean, n.Start.Outcome, n.Start.Error)
	}
	return after, files
}

func promised(p analyze.Plan) []string {
	var out []string
	for _, x := range p.Promise {
		out = append(out, x.Node)
	}
	return out
}

// TestATableThatIsNotServedHasNoSeqno: its node keeps its log and takes a full
// state transfer, and another one of the newest begins.
func TestATableThatIsNotServedHasNoSeqno(t *testing.T) {
	for _, list := range []string{"", "garbage"} {
		in := real(t, "stale-clean-versus-crashed")
		replaced(t, in["n2"], header, `"meta_version"`, `"ieta_version"`)
		if list != "" {
			in["n2"][logList].Data = []byte("SPl\x0e,@\"\xfc\xf8\xd2\xfd")
		}
		c := one(t, in)
		require.True(t, c.Verdict.Decided, c.Verdict.Reason)
		assert.Equal(t, []string{"n2", "n3"}, c.Verdict.MostRecent)
		assert.Equal(t, "n3", c.Verdict.Recommended)
		require.Len(t, c.Plans, 1)
		p := c.Plans[0]
		assert.Equal(t, []string{"n1", "n3"}, promised(p))
		_, files := kept(t, p, in)
		assert.Equal(t, in["n2"][firstLog].Data, files["n2"][firstLog].Data)
		assert.Equal(t, []byte("SPLI\x10\x00\x00\x00\x04\x01\x00"), files["n2"][logList].Data)
		assert.Contains(t, string(files["n2"][state].Data), "-1")
		assert.True(t, slices.ContainsFunc(p.Warnings, func(w string) bool { return strings.HasPrefix(w, "n2 takes a full state transfer in posts") }), p.Warnings)
	}
}

// TestABorrowedListOfTablesDoesNotMoveThem: a host whose manticore.json is that
// of another has the tables that its own files hold, and no seqno beyond them.
func TestABorrowedListOfTablesDoesNotMoveThem(t *testing.T) {
	in := real(t, "left-cluster-local-writes")
	m := in["n3"]
	at := bytes.Index(m[config].Data, []byte(`"rt"`))
	require.Positive(t, at)
	m[config].Data = append(m[config].Data[:at+1:at+1], make([]byte, len(m[config].Data)-at-1)...)
	m[firstLog].Data = m[data+"/galera.cache"].Data
	c := one(t, in)
	require.True(t, c.Verdict.Decided, c.Verdict.Reason)
	require.NotEmpty(t, c.Plans)
	p := c.Plans[0]
	assert.Equal(t, []string{"n1", "n2"}, promised(p))
	_, files := kept(t, p, in)
	assert.Contains(t, string(files["n3"][state].Data), "seqno:   -1\n")
}

// TestTheOnlyNewestDoesNotServeItsTable: its plan says what that loses, and a
// second one begins with a node that does.
func TestTheOnlyNewestDoesNotServeItsTable(t *testing.T) {
	in := real(t, "stale-clean-versus-crashed")
	delete(in, "n3")
	in["n2"][header].Data = []byte(`{"meta_version":99,"tid":0,"total_documents":0}`)
	c := one(t, in)
	require.True(t, c.Verdict.Decided, c.Verdict.Reason)
	require.Equal(t, "n2", c.Verdict.Recommended)
	require.Len(t, c.Plans, 2)
	assert.Equal(t, "n2", c.Plans[0].Base)
	require.NotEmpty(t, c.Plans[0].Loses)
	assert.Equal(t, analyze.Loss{Node: "n2", Entries: 25, Text: "table t1, transactions 1 to 25: its .meta is of another version: 99, so that no start serves it"}, c.Plans[0].Loses[0])
	assert.Equal(t, "n1", c.Plans[1].Base)
	assert.Equal(t, []analyze.Loss{{Node: "n2", Entries: 11, Text: "transactions 15 to 25 of table t1"}}, c.Plans[1].Loses)
	for _, p := range c.Plans {
		assert.NotContains(t, p.Promise, analyze.Promise{Node: "n2", Cluster: "posts", Index: 26})
		kept(t, p, in)
	}
}

// TestConfiguredDirectoriesStayKnown: a plan for a log that lies elsewhere is
// kept too.
func TestConfiguredDirectoriesStayKnown(t *testing.T) {
	for name, dir := range map[string]string{"in data_dir": data + "/logs", "beside it": "srv/logs"} {
		t.Run(name, func(t *testing.T) {
			move := func(number, tid int) fstest.MapFS {
				m := posts(number, tid, func(n *node) { n.conf = " binlog_path = /" + dir })
				for _, f := range []string{firstLog, logList} {
					m[dir+"/"+filepath.Base(f)] = m[f]
					delete(m, f)
				}
				return m
			}
			in := three(move(1, 30), move(2, 30), move(3, 12))
			c := one(t, in)
			require.True(t, c.Verdict.Decided, c.Verdict.Reason)
			require.NotEmpty(t, c.Plans)
			p := c.Plans[0]
			assert.Equal(t, []string{"n1", "n2", "n3"}, promised(p))
			assert.Empty(t, p.Loses)
			elsewhere := slices.ContainsFunc(p.Commands, func(c analyze.Command) bool { return c.Run == "cp -a OUT/n1/srv/logs /srv/logs" })
			assert.Equal(t, name == "beside it", elsewhere)
			after, _ := kept(t, p, in)
			assert.EqualValues(t, 30, after["n1"].Facts.(*manticore.Facts).Tables[0].TID)
		})
	}
}

// TestAnEqualBeginsInstead: of the newest, one whose log is of another version
// gets no directory, and the other begins.
func TestAnEqualBeginsInstead(t *testing.T) {
	in := real(t, "left-cluster-local-writes")
	in["n1"][firstLog].Data = []byte("SPBL\x01\x00\x00\x00TXN!")
	delete(in["n2"], header)
	c := one(t, in)
	require.Equal(t, "n1", c.Verdict.Recommended)
	require.Len(t, c.Plans, 1)
	p := c.Plans[0]
	assert.Equal(t, "n2", p.Base)
	assert.Equal(t, analyze.Loss{Node: "n2", Text: "table t1: it has no .meta, so that no start serves it, and how much it held is not known"}, p.Loses[0])
	kept(t, p, in)
}

// TestAJoinerDoesNotBeginByItself: with the manticore.json of the last member
// it would begin a second cluster, so it gets no directory.
func TestAJoinerDoesNotBeginByItself(t *testing.T) {
	in := real(t, "last-member-alone")
	text := in["n2"][config].Data
	in["n2"][config].Data = append(text[:len(text)/2:len(text)/2], make([]byte, 20)...)
	c := one(t, in)
	require.NotEmpty(t, c.Plans)
	p := c.Plans[0]
	assert.Equal(t, []string{"n1"}, promised(p))
	assert.True(t, slices.ContainsFunc(p.Warnings, func(w string) bool {
		return strings.HasPrefix(w, "No directory is written for n2: it would begin cluster posts a second time")
	}), p.Warnings)
}

// TestLogsThatNoListNamesAreNotSuperfluous: with a list that a start refuses,
// or a table that it does not serve, the tables do not have what the logs hold.
func TestLogsThatNoListNamesAreNotSuperfluous(t *testing.T) {
	for want, damage := range map[string]func(fstest.MapFS){
		"table t1 would be at TID 0 instead of 25": func(m fstest.MapFS) { m[logList].Data[0] = 0 },
		"A start does not serve table t1":          func(m fstest.MapFS) { delete(m, header); m[logList].Data[0] = 0 },
	} {
		in := real(t, "stale-clean-versus-crashed")
		damage(in["n2"])
		c := one(t, in)
		i := slices.IndexFunc(c.Findings, func(f analyze.Finding) bool { return f.ID == "LWM014" })
		require.GreaterOrEqual(t, i, 0)
		assert.Contains(t, c.Findings[i].Detail, want)
	}
}
