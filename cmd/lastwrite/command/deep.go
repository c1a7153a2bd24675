package command

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/lastwrite/lastwrite/analyze"
	"github.com/lastwrite/lastwrite/report/escape"
)

// pages prints what --deep found in one node: a sum, and a line for each file
// with damage. It reports whether a start of the server leaves none.
func pages(env Env, n *analyze.Node) bool {
	if len(n.Checked) == 0 {
		return true
	}
	var total analyze.FileCheck
	kinds := map[string]uint64{}
	good := true
	for _, f := range n.Checked {
		total.Pages += f.Pages
		for _, k := range f.Kinds {
			kinds[k.Kind] += k.Pages
		}
		if f.Damaged == 0 {
			continue
		}
		good = good && f.Mended >= f.Damaged
		fmt.Fprintf(env.Stdout, "      %s: %d of %d pages are damaged", escape.Text(f.File), f.Damaged, f.Pages)
		if f.Mended > 0 {
			fmt.Fprintf(env.Stdout, "; a start mends %d of them", f.Mended)
		}
		fmt.Fprintln(env.Stdout)
	}
	var parts []string
	for _, kind := range slices.Sorted(maps.Keys(kinds)) {
		parts = append(parts, fmt.Sprintf("%s %d", kind, kinds[kind]))
	}
	fmt.Fprintf(env.Stdout, "      %d files, %d pages checked: %s\n", len(n.Checked), total.Pages, escape.Text(strings.Join(parts, ", ")))
	return good
}
