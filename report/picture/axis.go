package picture

import (
	"math"
	"slices"
	"strings"
)

// An axis maps indexes to cells. Between two cuts, the indexes at which some
// row changes, it is linear; a short interval still gets a cell, so that an
// entry more on one node shows beside a million that all nodes share.
type axis struct {
	cuts    []uint64 // ascending, the last one exclusive
	starts  []int    // first cell of the interval that begins at the cut
	cells   int
	toScale bool
}

func newAxis(cuts []uint64, width int) axis {
	a := axis{cuts: cuts, starts: make([]int, len(cuts))}
	sizes, toScale := share(cuts, width)
	a.toScale = toScale
	for i, n := range sizes {
		a.starts[i+1] = a.starts[i] + n
	}
	a.cells = max(a.starts[len(a.starts)-1], 1)
	return a
}

// share divides width cells among the intervals between cuts. toScale tells
// whether the shares are in proportion to the lengths.
func share(cuts []uint64, width int) (sizes []int, toScale bool) {
	lengths := make([]float64, len(cuts)-1)
	total := 0.0
	for i := range lengths {
		lengths[i] = float64(cuts[i+1] - cuts[i])
		total += lengths[i]
	}
	sizes = make([]int, len(lengths))
	if total <= float64(width) {
		for i, n := range lengths {
			sizes[i] = int(n)
		}
		return sizes, true
	}
	if len(lengths) > width { // more changes than cells: some of them must share one
		at := 0.0
		for i, n := range lengths {
			from := int(at / total * float64(width))
			at += n
			sizes[i] = int(at/total*float64(width)) - from
		}
		return sizes, true
	}
	for _, power := range []float64{1, 0.5, 0.25, 0.125, 0} {
		weights, sum := make([]float64, len(lengths)), 0.0
		for i, n := range lengths {
			weights[i] = math.Pow(n, power)
			sum += weights[i]
		}
		fits := true
		for i, n := range lengths {
			fits = fits && weights[i]/sum*float64(width) >= 0.75*min(n, 2)
		}
		if fits || power == 0 {
			return divide(weights, lengths, width), power == 1
		}
	}
	return sizes, false // not reached: the last power always fits
}

// divide gives every interval one cell and the rest of width by weight, to no
// interval more cells than it has entries.
func divide(weights, lengths []float64, width int) []int {
	sizes := make([]int, len(weights))
	for i := range sizes {
		sizes[i] = 1
	}
	for range width - len(sizes) { // the next cell goes where one is missed most
		best := -1
		for i := range sizes {
			if float64(sizes[i]) < lengths[i] && (best < 0 || weights[i]/float64(sizes[i]) > weights[best]/float64(sizes[best])) {
				best = i
			}
		}
		sizes[best]++
	}
	return sizes
}

// cell returns the cell of index.
func (a axis) cell(index uint64) int {
	i, found := slices.BinarySearch(a.cuts, index)
	if !found {
		i--
	}
	i = max(min(i, len(a.cuts)-2), 0)
	size := a.starts[i+1] - a.starts[i]
	part := float64(index-a.cuts[i]) / float64(a.cuts[i+1]-a.cuts[i])
	return min(a.starts[i]+min(int(part*float64(size)), max(size-1, 0)), a.cells-1)
}

// ruler draws the axis with as many of the numbers as find room; earlier ones
// go first.
func (a axis) ruler(numbers []uint64) (labels, ticks string) {
	top := []byte(strings.Repeat(" ", a.cells))
	line := []byte(strings.Repeat("-", a.cells))
	for _, n := range numbers {
		text, at := label(n), a.cell(n)
		from := at
		if from+len(text) > a.cells { // to the left of its tick
			from = at + 1 - len(text)
		}
		if from < 0 && len(text) > a.cells && strings.TrimSpace(string(top)) == "" {
			top, from = []byte(strings.Repeat(" ", len(text))), 0 // a short axis still has a number
		}
		if from < 0 || from+len(text) > len(top) {
			continue
		}
		lo, hi := max(from-2, 0), min(from+len(text)+2, len(top))
		if strings.TrimSpace(string(top[lo:hi])) != "" || line[at] == '|' {
			continue
		}
		copy(top[from:], text)
		line[at] = '|'
	}
	return strings.TrimRight(string(top), " "), string(line)
}
