package source

import (
	"cmp"
	"encoding/binary"
	"slices"
	"strings"
)

// sortEntries returns list in the order of the names. Names of segments have
// long prefixes in common; comparing eight bytes behind them, next to each
// other in memory, saves most of the time.
func sortEntries(list []entry) []entry {
	// Names that begin with a digit, those before and those behind: a few
	// other files would leave the segments without a common prefix.
	var groups [3][]entry
	for _, e := range list {
		switch c := e.name[0]; {
		case c < '0':
			groups[0] = append(groups[0], e)
		case c <= '9':
			groups[1] = append(groups[1], e)
		default:
			groups[2] = append(groups[2], e)
		}
	}
	return slices.Concat(sortGroup(groups[0]), sortGroup(groups[1]), sortGroup(groups[2]))
}

func sortGroup(list []entry) []entry {
	if len(list) < 2 {
		return list
	}
	prefix := list[0].name
	for _, e := range list[1:] {
		n := 0
		for n < min(len(prefix), len(e.name)) && prefix[n] == e.name[n] {
			n++
		}
		prefix = prefix[:n]
	}
	type key struct {
		bytes uint64
		index int
	}
	keys := make([]key, len(list))
	for i, e := range list {
		var bytes [8]byte
		copy(bytes[:], e.name[len(prefix):])
		keys[i] = key{binary.BigEndian.Uint64(bytes[:]), i}
	}
	slices.SortFunc(keys, func(a, b key) int {
		if order := cmp.Compare(a.bytes, b.bytes); order != 0 {
			return order
		}
		return strings.Compare(list[a.index].name, list[b.index].name)
	})
	sorted := make([]entry, len(list))
	for i, k := range keys {
		sorted[i] = list[k.index]
	}
	return sorted
}
