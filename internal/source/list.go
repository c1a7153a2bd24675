package source

import (
	"cmp"
	"encoding/binary"
	"slices"
	"strings"
)

// sortEntries puts list into the order of the names, and returns it. Names of segments have
// long prefixes in common; comparing eight bytes behind them, next to each
// other in memory, saves most of the time.
func sortEntries(list []entry) []entry {
	// Names that begin with a digit, those before and those behind: a few
	// other files would leave the segments without a common prefix.
	group := func(e entry) int {
		switch c := e.name[0]; {
		case c < '0':
			return 0
		case c <= '9':
			return 1
		}
		return 2
	}
	var count [3]int
	for _, e := range list {
		count[group(e)]++
	}
	var groups [3][]entry
	for i, n := range count {
		groups[i] = make([]entry, 0, n)
	}
	for _, e := range list {
		i := group(e)
		groups[i] = append(groups[i], e)
	}
	sorted := list[:0]
	for _, g := range groups {
		sorted = appendSorted(sorted, g)
	}
	return sorted
}

// appendSorted appends the entries of list in the order of their names.
func appendSorted(out, list []entry) []entry {
	if len(list) < 2 {
		return append(out, list...)
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
	order := func(a, b key) int {
		if order := cmp.Compare(a.bytes, b.bytes); order != 0 {
			return order
		}
		return strings.Compare(list[a.index].name, list[b.index].name)
	}
	keys = sortHalves(keys, order)
	// The names move next to each other: every family walks over all of them,
	// and in the order of the directory each would be a miss of the cache.
	size := 0
	for _, e := range list {
		size += len(e.name)
	}
	var names strings.Builder
	names.Grow(size)
	for _, k := range keys {
		e := list[k.index]
		at := names.Len()
		names.WriteString(e.name)
		out = append(out, entry{names.String()[at:], e.mode})
	}
	return out
}

// sortHalves sorts long lists on two cores. It returns the sorted list, which
// is another one then.
func sortHalves[T any](list []T, order func(a, b T) int) []T {
	const long = 10_000
	if len(list) < long {
		slices.SortFunc(list, order)
		return list
	}
	low, high := list[:len(list)/2], list[len(list)/2:]
	done := make(chan struct{})
	go func() {
		slices.SortFunc(low, order)
		close(done)
	}()
	slices.SortFunc(high, order)
	<-done
	sorted := make([]T, 0, len(list))
	for len(low) > 0 && len(high) > 0 {
		if order(high[0], low[0]) < 0 {
			sorted, high = append(sorted, high[0]), high[1:]
		} else {
			sorted, low = append(sorted, low[0]), low[1:]
		}
	}
	return append(append(sorted, low...), high...)
}
