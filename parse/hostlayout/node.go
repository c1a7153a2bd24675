package hostlayout

import "github.com/lastwrite/lastwrite/parse"

// A Value is a field that a file may hold or not. Set is false when the field
// is absent or could not be read; its V is then the zero value and proves
// nothing.
type Value[T any] struct {
	V   T
	Set bool
	At  parse.Span // where the field stands, or the record that lacks it
}

// A Node is one member as a file of the application names it. Which fields
// can be set depends on the file.
type Node struct {
	ID      Value[uint64] // raft id; 0 in cluster.yaml until the leader told it
	Address Value[string] // host:port as written, "1" for a stand-alone Incus or LXD
	Role    Value[Role]
	Name    Value[string] // member name: recovery.yaml, raft_nodes, truststore, daemon.yaml
	At      parse.Span    // the whole record
}

func set[T any](v T, at parse.Span) Value[T] { return Value[T]{V: v, Set: true, At: at} }

// maxText is the largest text file that is read, in bytes.
const maxText = 1 << 20

// tooLarge is the damage of a file that is not parsed for its size.
func tooLarge(file string, limit int) parse.Damage {
	return parse.Damage{Span: parse.Span{File: file, Field: "size"}, Kind: parse.BadValue,
		Want: "at most " + byteCount(limit), Got: "more"}
}
