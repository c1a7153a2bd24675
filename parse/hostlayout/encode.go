package hostlayout

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"
)

// A Writer is the program whose way of quoting an encoder follows. All of
// them write the same bytes unless an address or a name needs quotes, as an
// IPv6 address does.
type Writer uint8

// The writers.
const (
	GoCowsql Writer = iota // github.com/goccy/go-yaml: double quotes (go-cowsql since April 2025)
	GoDqlite               // gopkg.in/yaml.v2 and v3: single quotes (go-dqlite, LXD, microcluster, k8s-dqlite)
)

// EncodeInfo returns the info.yaml of n. Fields that are not set are written
// as 0 and "".
func EncodeInfo(n Node, w Writer) []byte {
	var b bytes.Buffer
	w.node(&b, n, "", "")
	return b.Bytes()
}

// EncodeCluster returns the cluster.yaml of the members, in their order.
func EncodeCluster(members []Node, w Writer) []byte {
	return encodeList(members, func(b *bytes.Buffer, n Node) { w.node(b, n, "- ", "  ") })
}

// EncodeRecovery returns the recovery.yaml that microcluster looks for in a
// recovery archive (cluster/recover.go DqliteMember).
func EncodeRecovery(members []Node) []byte {
	return encodeList(members, func(b *bytes.Buffer, n Node) {
		fmt.Fprintf(b, "- id: %d\n  address: %s\n  role: %s\n  name: %s\n",
			n.ID.V, GoDqlite.scalar(n.Address.V), n.Role.V.GoWord(), GoDqlite.scalar(n.Name.V))
	})
}

// EncodeRaftNodes returns the raft_nodes.yaml that LXD looks for in a
// recovery archive.
func EncodeRaftNodes(members []Node) []byte {
	return encodeList(members, func(b *bytes.Buffer, n Node) {
		b.WriteString("- nodeinfo:\n")
		GoDqlite.node(b, n, "    ", "    ")
		fmt.Fprintf(b, "  name: %s\n", GoDqlite.scalar(n.Name.V))
	})
}

// EncodeNodeStore returns the node-store of the C server interface (cowsql
// src/server.c writeNodeStore). Addresses must not contain a line break.
func EncodeNodeStore(members []Node) ([]byte, error) {
	var b bytes.Buffer
	b.WriteString(serverFormat + "\n")
	for _, n := range members {
		if err := oneLine(n.Address.V); err != nil {
			return nil, err
		}
		fmt.Fprintf(&b, "%s\n%d\n%s\n", n.Address.V, n.ID.V, n.Role.V)
	}
	return b.Bytes(), nil
}

// EncodeServerInfo returns the server-info of the C server interface (cowsql
// src/server.c writeLocalInfo). The address must not contain a line break.
func EncodeServerInfo(n Node) ([]byte, error) {
	if err := oneLine(n.Address.V); err != nil {
		return nil, err
	}
	return fmt.Appendf(nil, "%s\n%s\n%d\n", serverFormat, n.Address.V, n.ID.V), nil
}

func oneLine(s string) error {
	if strings.ContainsAny(s, "\n\x00") {
		return fmt.Errorf("address %s does not fit on one line", strconv.QuoteToASCII(s))
	}
	return nil
}

func encodeList(members []Node, write func(*bytes.Buffer, Node)) []byte {
	if len(members) == 0 {
		return []byte("[]\n")
	}
	var b bytes.Buffer
	for _, n := range members {
		write(&b, n)
	}
	return b.Bytes()
}

// node writes the three keys of the Go client's NodeInfo.
func (w Writer) node(b *bytes.Buffer, n Node, first, rest string) {
	fmt.Fprintf(b, "%sID: %d\n%sAddress: %s\n%sRole: %d\n", first, n.ID.V, rest, w.scalar(n.Address.V), rest, n.Role.V)
}

// scalar quotes a text where the writer's library does. Text with control
// characters is always escaped: it comes from damaged files only, and not
// every library reads it back otherwise.
func (w Writer) scalar(s string) string {
	if !printable(s) || strings.HasPrefix(s, "? ") { // goccy/go-yaml 1.19 leaves the latter plain and cannot read it
		return doubleQuoted(s)
	}
	out, err := yaml.Marshal(s)
	if err != nil {
		return doubleQuoted(s)
	}
	text := strings.TrimSuffix(string(out), "\n")
	if w == GoDqlite && strings.HasPrefix(text, `"`) && s != "" && !resolves(s) {
		return "'" + strings.ReplaceAll(s, "'", "''") + "'"
	}
	return text
}

// resolves reports whether plain text would be read as something else than
// text, such as a number: both libraries then use double quotes.
func resolves(s string) bool {
	var v any
	if err := yaml.Unmarshal([]byte(s), &v); err != nil {
		return false
	}
	switch v.(type) {
	case []any, map[string]any, nil:
		return false
	case string:
		return strings.EqualFold(s, "y") || strings.EqualFold(s, "n") || strings.EqualFold(s, "yes") ||
			strings.EqualFold(s, "no") || strings.EqualFold(s, "on") || strings.EqualFold(s, "off")
	}
	return true
}

// doubleQuoted escapes bytes as YAML 1.1 and 1.2 read them back. Bytes that
// are not UTF-8 become U+FFFD: YAML cannot hold them.
func doubleQuoted(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r < 0x20 || r >= 0x7f && r < 0xa0:
			fmt.Fprintf(&b, `\x%02x`, r)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}
