package report

import (
	"cmp"
	"slices"
	"strings"
)

// natural compares names so that n2 comes before n10: runs of digits count as
// numbers, everything else as bytes. Names that differ only in leading zeros
// are ordered as bytes, so that only equal names compare equal.
func natural(a, b string) int {
	x, y := a, b
	for x != "" && y != "" {
		m, n := digits(x), digits(y)
		if m == 0 || n == 0 {
			if x[0] != y[0] {
				return cmp.Compare(x[0], y[0])
			}
			x, y = x[1:], y[1:]
			continue
		}
		p, q := strings.TrimLeft(x[:m], "0"), strings.TrimLeft(y[:n], "0")
		if c := cmp.Or(cmp.Compare(len(p), len(q)), cmp.Compare(p, q)); c != 0 {
			return c
		}
		x, y = x[m:], y[n:]
	}
	return cmp.Or(cmp.Compare(len(x), len(y)), cmp.Compare(a, b))
}

// digits returns the length of the run of decimal digits that s begins with.
func digits(s string) int {
	return len(s) - len(strings.TrimLeft(s, "0123456789"))
}

// sorted returns a copy of names in natural order.
func sorted(names []string) []string {
	return slices.SortedFunc(slices.Values(names), natural)
}

// position returns the place of v in order; what is not listed comes last.
func position[T comparable](order []T, v T) int {
	if i := slices.Index(order, v); i >= 0 {
		return i
	}
	return len(order)
}
