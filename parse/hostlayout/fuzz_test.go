package hostlayout

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/lastwrite/lastwrite/parse"
)

// A sample is a parser with a small file of its own kind. places returns
// every span that the result carries.
type sample struct {
	name   string
	data   string
	places func(data []byte) ([]parse.Span, []parse.Damage)
}

func nodePlaces(nodes ...Node) (out []parse.Span) {
	for _, n := range nodes {
		out = append(out, n.At, n.ID.At, n.Address.At, n.Role.At, n.Name.At)
	}
	return out
}

func list(read func(string, []byte) ([]Node, []parse.Damage)) func([]byte) ([]parse.Span, []parse.Damage) {
	return func(data []byte) ([]parse.Span, []parse.Damage) {
		nodes, damage := read("f", data)
		return nodePlaces(nodes...), damage
	}
}

func single(read func(string, []byte) (Node, []parse.Damage)) func([]byte) ([]parse.Span, []parse.Damage) {
	return func(data []byte) ([]parse.Span, []parse.Damage) {
		n, damage := read("f", data)
		return nodePlaces(n), damage
	}
}

func samples() []sample {
	return []sample{
		{"info.yaml", realInfo, single(ParseInfo)},
		{"cluster.yaml", realCluster + "- ID: 6131528194705445774\n  Address: '[::1]:21001'\n  Role: 1\n", list(ParseCluster)},
		{"localnode.yaml", realCluster, list(ParseLocalNode)},
		{"recovery.yaml", "- id: 1\n  address: a:1\n  role: stand-by\n  name: one\n", list(ParseRecovery)},
		{"raft_nodes.yaml", "- nodeinfo:\n    ID: 1\n    Address: a:1\n    Role: 0\n  name: one\n", list(ParseRaftNodes)},
		{"daemon.yaml", "name: m1\naddress: 10.1.1.1:9443\nservers: {}\n", single(ParseDaemon)},
		{"truststore", "name: m1\naddress: 10.1.1.1:9443\ncertificate: |\n  -----BEGIN\n  x\n", single(ParseTrustEntry)},
		{"node-store", realStore, list(ParseNodeStore)},
		{"server-info", realServerInfo, single(ParseServerInfo)},
		{"init.yaml", "Address: a:1\nCluster:\n- b:1\n- c:1\n", func(data []byte) ([]parse.Span, []parse.Damage) {
			init, damage := ParseInit("f", data)
			places := []parse.Span{init.Address.At}
			for _, c := range init.Cluster {
				places = append(places, c.At)
			}
			return places, damage
		}},
		{"patch.global.sql", "UPDATE nodes SET address = \"a:1\" WHERE id = 1;\n-- x\nDELETE FROM t WHERE x = 'y';\n", func(data []byte) ([]parse.Span, []parse.Damage) {
			p, damage := ParsePatch("f", data)
			var places []parse.Span
			for _, u := range p.Addresses {
				places = append(places, u.ID.At, u.Name.At)
			}
			return places, damage
		}},
		{"list.out", "total 1\n-rw-rw---- 1 root microk8s 32 Dec 14 03:38 metadata1\n", func(data []byte) ([]parse.Span, []parse.Damage) {
			_, damage := ParseListing("f", data)
			return nil, damage
		}},
		{"cluster.crt", "-----BEGIN CERTIFICATE-----\neA==\n-----END CERTIFICATE-----\n", func(data []byte) ([]parse.Span, []parse.Damage) {
			_, damage := ParseCertificate("f", data)
			return nil, damage
		}},
	}
}

// check runs a parser twice and asks for places inside the file.
func check(t testing.TB, s sample, data []byte) []parse.Damage {
	places, damage := s.places(bytes.Clone(data))
	again, damageAgain := s.places(bytes.Clone(data))
	require.Empty(t, cmp.Diff(places, again))
	require.Empty(t, cmp.Diff(damage, damageAgain))
	for _, d := range damage {
		require.Equal(t, "f", d.File)
		require.NotEmpty(t, d.Kind)
		places = append(places, d.Span)
	}
	for _, p := range places {
		require.True(t, p.Offset >= 0 && p.Length >= 0 && p.Offset+p.Length <= int64(len(data)), "%s in %d bytes", p, len(data))
	}
	return damage
}

func TestSamplesAreSound(t *testing.T) {
	for _, s := range samples() {
		require.Empty(t, check(t, s, []byte(s.data)), s.name)
	}
}

func TestEveryPrefix(t *testing.T) {
	for _, s := range samples() {
		for n := range len(s.data) {
			check(t, s, []byte(s.data[:n]))
		}
	}
}

func TestEveryFlippedBit(t *testing.T) {
	for _, s := range samples() {
		for bit := range len(s.data) * 8 {
			data := []byte(s.data)
			data[bit/8] ^= 1 << (bit % 8)
			check(t, s, data)
		}
	}
}

// A cut info.yaml must never give another identity without damage.
func TestEveryPrefixOfInfoKeepsTheIdentity(t *testing.T) {
	whole, _ := ParseInfo("info.yaml", []byte(realInfo))
	for n := range len(realInfo) {
		got, damage := ParseInfo("info.yaml", []byte(realInfo[:n]))
		if len(damage) == 0 {
			require.Equal(t, whole.ID.V, got.ID.V, n)
			require.Equal(t, whole.Address.V, got.Address.V, n)
		}
	}
}

func fuzz(f *testing.F, name string) {
	for _, s := range samples() {
		if s.name != name {
			continue
		}
		f.Add([]byte(s.data))
		for _, file := range corpusFiles(f)[:20] {
			f.Add(file.Data)
		}
		f.Fuzz(func(t *testing.T, data []byte) { check(t, s, data) })
	}
}

func FuzzParseInfo(f *testing.F)        { fuzz(f, "info.yaml") }
func FuzzParseLocalNode(f *testing.F)   { fuzz(f, "localnode.yaml") }
func FuzzParseRecovery(f *testing.F)    { fuzz(f, "recovery.yaml") }
func FuzzParseRaftNodes(f *testing.F)   { fuzz(f, "raft_nodes.yaml") }
func FuzzParseDaemon(f *testing.F)      { fuzz(f, "daemon.yaml") }
func FuzzParseTrustEntry(f *testing.F)  { fuzz(f, "truststore") }
func FuzzParseServerInfo(f *testing.F)  { fuzz(f, "server-info") }
func FuzzParseInit(f *testing.F)        { fuzz(f, "init.yaml") }
func FuzzParsePatch(f *testing.F)       { fuzz(f, "patch.global.sql") }
func FuzzParseListing(f *testing.F)     { fuzz(f, "list.out") }
func FuzzParseCertificate(f *testing.F) { fuzz(f, "cluster.crt") }

// FuzzParseCluster also asks that what was read without damage is written
// and read back the same, in both ways of quoting.
func FuzzParseCluster(f *testing.F) {
	for _, file := range corpusFiles(f) {
		f.Add(file.Data)
	}
	f.Add([]byte("- {ID: 1, Address: \"[::1]:1\", Role: 2}\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		check(t, sample{places: list(ParseCluster)}, data)
		nodes, damage := ParseCluster("f", data)
		if len(damage) > 0 || len(nodes) == 0 {
			return
		}
		for _, w := range []Writer{GoCowsql, GoDqlite} {
			encoded := EncodeCluster(nodes, w)
			again, damage := ParseCluster("f", encoded)
			require.Empty(t, damage, "%q", encoded)
			for i := range nodes {
				nodes[i].Role.Set = true // an absent role is written as 0
			}
			require.Empty(t, cmp.Diff(withoutSpans(nodes), withoutSpans(again)), "%q", encoded)
		}
	})
}

// FuzzParseNodeStore asks the same of node-store.
func FuzzParseNodeStore(f *testing.F) {
	f.Add([]byte(realStore))
	f.Fuzz(func(t *testing.T, data []byte) {
		check(t, sample{places: list(ParseNodeStore)}, data)
		nodes, damage := ParseNodeStore("f", data)
		if len(damage) > 0 || len(data) == 0 {
			return
		}
		encoded, err := EncodeNodeStore(nodes)
		require.NoError(t, err)
		again, damage := ParseNodeStore("f", encoded)
		require.Empty(t, damage)
		require.Empty(t, cmp.Diff(withoutSpans(nodes), withoutSpans(again)))
	})
}

// FuzzReadTarball asks for no more than an end.
func FuzzReadTarball(f *testing.F) {
	f.Add(archive(f, map[string]int64{"a": 100}, "./", "a", "b"))
	f.Fuzz(func(t *testing.T, data []byte) {
		got, damage, err := ReadTarball("f", LXDRecovery, bytes.NewReader(data))
		require.NoError(t, err)
		require.False(t, got.Complete && len(damage) > 0)
	})
}

// FuzzUnmarshalError guards the YAML library's decoder.
func FuzzUnmarshalError(f *testing.F) {
	for _, file := range corpusFiles(f)[:20] {
		f.Add(file.Data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		unmarshalError(data, false)
		unmarshalError(data, true)
	})
}
