package hostlayout

import (
	"fmt"
	"path"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/lastwrite/lastwrite/parse"
)

// corpusFiles are the YAML files of the real clusters, by case/node/name.
func corpusFiles(t testing.TB) []txtar.File {
	t.Helper()
	a, err := txtar.ParseFile("testdata/corpus.txtar")
	require.NoError(t, err)
	return a.Files
}

func TestRealFilesRoundTrip(t *testing.T) {
	files := corpusFiles(t)
	require.Len(t, files, 204)
	for _, f := range files {
		var encoded []byte
		var damage []parse.Damage
		if path.Base(f.Name) == "info.yaml" {
			var n Node
			n, damage = ParseInfo(f.Name, f.Data)
			assert.NotZero(t, n.ID.V)
			encoded = EncodeInfo(n, GoCowsql)
			assert.Equal(t, string(encoded), string(EncodeInfo(n, GoDqlite)))
		} else {
			var list []Node
			list, damage = ParseCluster(f.Name, f.Data)
			assert.NotEmpty(t, list)
			encoded = EncodeCluster(list, GoCowsql)
			assert.Equal(t, string(encoded), string(EncodeCluster(list, GoDqlite)))
		}
		assert.Empty(t, damage, f.Name)
		assert.Empty(t, cmp.Diff(string(f.Data), string(encoded)), f.Name)
	}
}

func TestSpansPointAtTheField(t *testing.T) {
	data := []byte("- ID: 7\n  Address: 10.0.0.1:9000\n  Role: 0\n- ID: 8\n  Address: '[::1]:9'\n  Role: 1\n")
	list, damage := ParseCluster("cluster.yaml", data)
	require.Empty(t, damage)
	require.Len(t, list, 2)
	assert.Equal(t, parse.Span{File: "cluster.yaml", Offset: 6, Length: 1, Field: "[0].ID"}, list[0].ID.At)
	assert.Equal(t, "8", string(data[list[1].ID.At.Offset:][:list[1].ID.At.Length]))
	assert.Equal(t, "[1].Address", list[1].Address.At.Field)
	assert.Equal(t, byte('\''), data[list[1].Address.At.Offset])
	assert.Equal(t, Standby, list[1].Role.V)
}

func TestDamagedYAML(t *testing.T) {
	tests := []struct {
		name, data string
		kind       parse.Kind
		got        string
	}{
		{"empty", "", parse.Truncated, "nothing"},
		{"blank", " \n\n", parse.Truncated, "nothing"},
		{"zeroed", strings.Repeat("\x00", 57), parse.BadText, "a text"},
		{"list", "- ID: 1\n", parse.BadText, "a list"},
		{"comment only", "# nothing\n", parse.BadText, "only comments"},
		{"syntax", "ID: [1\nAddress: x\n", parse.BadText, "a syntax error"},
		{"no address", "ID: 1\nRole: 0\n", parse.BadValue, "none"},
		{"empty address", "ID: 1\nAddress:\nRole: 0\n", parse.BadValue, "none"},
		{"no id", "Address: a:1\nRole: 0\n", parse.BadValue, "none"},
		{"id zero", "ID: 0\nAddress: a:1\nRole: 0\n", parse.BadValue, "0"},
		{"negative id", "ID: -4\nAddress: a:1\nRole: 0\n", parse.BadValue, `"-4"`},
		{"id above 64 bits", "ID: 18446744073709551616\nAddress: a:1\nRole: 0\n", parse.BadValue, `"18446744073709551616"`},
		{"id as hexadecimal", "ID: 0x10\nAddress: a:1\nRole: 0\n", parse.BadValue, `"0x10"`},
		{"role 3", "ID: 1\nAddress: a:1\nRole: 3\n", parse.BadValue, "3"},
		{"map as address", "ID: 1\nAddress: {a: 1}\nRole: 0\n", parse.BadText, "a map"},
		{"key twice", "ID: 1\nID: 2\nAddress: a:1\nRole: 0\n", parse.Mismatch, "twice"},
		{"two documents", "ID: 1\nAddress: a:1\nRole: 0\n---\nID: 2\n", parse.Trailing, "another one"},
		{"alias", "x: &a a:1\nID: 1\nAddress: *a\nRole: 0\n", parse.BadText, "an alias"},
		{"control characters", "ID: 1\nAddress: \"a\\x1b[31m:1\"\nRole: 0\n", parse.BadText, `"a\x1b[31m:1"`},
		{"cut in the address", "ID: 1\nAddress: 127.0.0.1:21", parse.Truncated, "the end of the file"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, damage := ParseInfo("info.yaml", []byte(tt.data))
			require.NotEmpty(t, damage)
			assert.Equal(t, tt.kind, damage[0].Kind)
			assert.Equal(t, tt.got, damage[0].Got)
			assert.Equal(t, "info.yaml", damage[0].File)
		})
	}
}

func TestAbsentIsNotDefault(t *testing.T) {
	n, damage := ParseInfo("info.yaml", []byte("ID: 5\nAddress: a:1\n"))
	assert.Empty(t, damage, "the role is optional")
	assert.False(t, n.Role.Set)
	assert.True(t, n.ID.Set)
	n, _ = ParseInfo("info.yaml", []byte("ID: x\nAddress: a:1\nRole: 9\n"))
	assert.False(t, n.ID.Set)
	assert.False(t, n.Role.Set)
}

func TestOperatorsStyle(t *testing.T) {
	list, damage := ParseCluster("cluster.yaml", []byte("# after the fire\n- {ID: 1, Address: \"10.0.0.1:9000\", Role: 0}\n- Role: 2   # spare\n  Address: 10.0.0.2:9000\r\n  ID: 2\n"))
	assert.Empty(t, damage)
	require.Len(t, list, 2)
	assert.Equal(t, "10.0.0.1:9000", list[0].Address.V)
	assert.Equal(t, uint64(2), list[1].ID.V)
	assert.Equal(t, Spare, list[1].Role.V)
}

func TestHostileYAMLIsBounded(t *testing.T) {
	bomb := "a: &a [x,x,x,x,x,x,x,x,x]\n"
	for c := 'b'; c < 'k'; c++ {
		bomb += fmt.Sprintf("%c: &%c [%s]\n", c, c, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*%c,", c-1), 9), ","))
	}
	var keys strings.Builder
	for i := 0; keys.Len() < maxYAML-20; i++ {
		fmt.Fprintf(&keys, "k%d: 1\n", i)
	}
	tests := map[string]string{
		"alias bomb":       bomb + "ID: *j\nAddress: *j\n",
		"flow lists":       strings.Repeat("[", maxBrackets),
		"too many lists":   strings.Repeat("[", 1<<20),
		"hidden nesting":   strings.Repeat("[ \"]\", ", 1<<13),
		"block lists":      strings.Repeat("- ", 1<<15),
		"list markers":     strings.Repeat("- ", maxDashes),
		"keys":             keys.String(),
		"commas":           "[" + strings.Repeat(",", maxYAML-2),
		"percent":          strings.Repeat("%", maxYAML),
		"questions":        strings.Repeat("? ", maxYAML/2),
		"anchors":          strings.Repeat("&a ", maxYAML/3),
		"tags":             strings.Repeat("!!x ", maxYAML/4),
		"double quotes":    strings.Repeat("\"", maxYAML),
		"colons":           strings.Repeat("a: ", maxYAML/3),
		"ten megabytes":    "ID: 1\nAddress: " + strings.Repeat("x", 10<<20),
		"not UTF-8":        strings.Repeat("\xff", maxYAML),
		"escape sequences": "ID: 1\nAddress: \"" + strings.Repeat("\\x1b]0;x\\x07", 1000) + "\"\nRole: 0\n",
	}
	for name, data := range tests {
		t.Run(name, func(t *testing.T) {
			start := time.Now()
			_, damage := ParseInfo("info.yaml", []byte(data))
			_, more := ParseCluster("cluster.yaml", []byte(data))
			unmarshalError([]byte(data), false)
			unmarshalError([]byte(data), true)
			assert.NotEmpty(t, damage)
			assert.NotEmpty(t, more)
			assert.Less(t, time.Since(start), 20*time.Second, "far above any honest machine")
		})
	}
}

func TestOtherMemberFiles(t *testing.T) {
	want := func(names ...string) (out []Node) {
		for i, name := range names {
			n := Node{ID: Value[uint64]{V: uint64(i + 1), Set: true}, Name: Value[string]{V: name, Set: true}}
			n.Address = Value[string]{V: fmt.Sprintf("10.0.0.%d:8443", i+1), Set: true}
			n.Role = Value[Role]{V: Role(i % 3), Set: true}
			out = append(out, n)
		}
		return out
	}("one", "two", "three")
	t.Run("recovery.yaml", func(t *testing.T) {
		data := EncodeRecovery(want)
		assert.Equal(t, "- id: 1\n  address: 10.0.0.1:8443\n  role: voter\n  name: one\n- id: 2\n  address: 10.0.0.2:8443\n  role: stand-by\n  name: two\n- id: 3\n  address: 10.0.0.3:8443\n  role: spare\n  name: three\n", string(data))
		got, damage := ParseRecovery("recovery.yaml", data)
		assert.Empty(t, damage)
		assert.Equal(t, want, withoutSpans(got))
	})
	t.Run("raft_nodes.yaml", func(t *testing.T) {
		data := EncodeRaftNodes(want)
		assert.Equal(t, "- nodeinfo:\n    ID: 1\n    Address: 10.0.0.1:8443\n    Role: 0\n  name: one\n", string(data[:strings.Index(string(data), "- nodeinfo:\n    ID: 2")]))
		got, damage := ParseRaftNodes("raft_nodes.yaml", data)
		assert.Empty(t, damage)
		assert.Equal(t, want, withoutSpans(got))
	})
	t.Run("localnode.yaml", func(t *testing.T) {
		list, damage := ParseLocalNode("localnode.yaml", []byte("- Address: 10.0.0.1:19001\n  ID: 3297041220608546238\n  Role: 0\n"))
		assert.Empty(t, damage)
		require.Len(t, list, 1)
		single, damage := ParseLocalNode("localnode.yaml", []byte("Address: 10.0.0.1:19001\nID: 3297041220608546238\nRole: 0\n"))
		assert.Empty(t, damage)
		assert.Equal(t, withoutSpans(list), withoutSpans(single))
	})
	t.Run("bad role word", func(t *testing.T) {
		got, damage := ParseRecovery("recovery.yaml", []byte("- id: 1\n  address: a:1\n  role: leader\n  name: x\n"))
		require.Len(t, damage, 1)
		assert.Equal(t, `"leader"`, damage[0].Got)
		assert.False(t, got[0].Role.Set)
	})
}

func withoutSpans(in []Node) (out []Node) {
	for _, n := range in {
		n.At, n.ID.At, n.Address.At, n.Role.At, n.Name.At = parse.Span{}, parse.Span{}, parse.Span{}, parse.Span{}, parse.Span{}
		out = append(out, n)
	}
	return out
}

// The expected bytes were written by github.com/goccy/go-yaml 1.19.2 and by
// gopkg.in/yaml.v2 2.4.0 (yaml.v3 3.0.1 writes the same).
func TestQuotingFollowsTheLibraries(t *testing.T) {
	tests := []struct{ address, cowsql, dqlite string }{
		{"127.0.0.1:9000", "127.0.0.1:9000", "127.0.0.1:9000"},
		{"host:9000", "host:9000", "host:9000"},
		{"[::1]:9000", `"[::1]:9000"`, `'[::1]:9000'`},
		{"@abs", `"@abs"`, `'@abs'`},
		{"", `""`, `""`},
		{"1", `"1"`, `"1"`},
		{"true", `"true"`, `"true"`},
		{"n", `"n"`, `"n"`},
		{"0x1", `"0x1"`, `"0x1"`},
		{"#a", `"#a"`, `'#a'`},
		{"*x", `"*x"`, `'*x'`},
		{" a", `" a"`, `' a'`},
		{"it's", "it's", "it's"},
		{"a: b", `"a: b"`, `'a: b'`},
	}
	for _, tt := range tests {
		n := Node{ID: set(uint64(1), parse.Span{}), Address: set(tt.address, parse.Span{})}
		assert.Equal(t, "ID: 1\nAddress: "+tt.cowsql+"\nRole: 0\n", string(EncodeInfo(n, GoCowsql)))
		assert.Equal(t, "ID: 1\nAddress: "+tt.dqlite+"\nRole: 0\n", string(EncodeInfo(n, GoDqlite)))
	}
	for _, hostile := range []string{"\x1b[31m", "a\nID: 9", "\"", "\\", "a\x00b", "\u0085", "- a", "? b", "|", ">", "%", "`", "!t", "&a", "{", "}", "a #b", "\t", "null", "~", "1e3", "é:1"} {
		n := Node{ID: set(uint64(1), parse.Span{}), Address: set(hostile, parse.Span{})}
		for _, w := range []Writer{GoCowsql, GoDqlite} {
			got, _ := ParseInfo("", EncodeInfo(n, w))
			assert.Equal(t, hostile, got.Address.V, "%q", EncodeInfo(n, w))
			list, _ := ParseCluster("", EncodeCluster([]Node{n, n}, w))
			require.Len(t, list, 2, "%q", hostile)
			assert.Equal(t, hostile, list[1].Address.V)
		}
	}
	assert.Equal(t, "[]\n", string(EncodeCluster(nil, GoCowsql)))
}

func TestRoleNumbers(t *testing.T) {
	for _, r := range []Role{Voter, Standby, Spare} {
		back, ok := RoleFromLog(r.LogCode())
		assert.True(t, ok)
		assert.Equal(t, r, back)
		for _, word := range []string{r.String(), r.GoWord()} {
			back, ok := roleFromWord(word)
			assert.True(t, ok)
			assert.Equal(t, r, back)
		}
	}
	assert.Equal(t, []uint8{1, 0, 2}, []uint8{Voter.LogCode(), Standby.LogCode(), Spare.LogCode()})
	_, ok := RoleFromLog(3)
	assert.False(t, ok)
	assert.Equal(t, "role 7", Role(7).String())
}
