package innodb

import (
	"path"
	"strings"
)

// IsTablespace reports whether a file of that name holds pages of a persistent
// tablespace, by the names that servers choose: *.ibd, ibdata1, undo001 of
// MariaDB, undo_001 and *.ibu of MySQL. Temporary tablespaces (ibtmp1,
// #innodb_temp) are made anew by every start and do not count.
func IsTablespace(name string) bool {
	base := path.Base(name)
	if strings.Contains(name, "#innodb_temp/") || strings.HasPrefix(base, "ibtmp") {
		return false
	}
	if ext := path.Ext(base); ext == ".ibd" || ext == ".ibu" {
		return true
	}
	if n, ok := strings.CutPrefix(base, "ibdata"); ok {
		return isNumber(n)
	}
	n, ok := strings.CutPrefix(base, "undo")
	n = strings.TrimPrefix(n, "_")
	return ok && len(n) == 3 && isNumber(n)
}

func isNumber(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }

// Mended returns, for each result, how many of its BadPages a start of the
// server mends, because one of the results has a good copy in its doublewrite
// area. The server takes a copy whose LSN is neither before the checkpoint nor
// behind the end of the redo log (MariaDB storage/innobase/log/log0recv.cc
// recv_dblwr_t::find_page); where these are not known, from is 0 and to the
// greatest number.
func Mended(results []Result, from, to uint64) []int {
	type id struct{ space, number uint32 }
	copies := map[id]bool{}
	for _, r := range results {
		for _, c := range r.Copies {
			if c.Good && c.LSN >= from && c.LSN <= to {
				copies[id{c.SpaceID, c.Number}] = true
			}
		}
	}
	out := make([]int, len(results))
	for i, r := range results {
		for _, p := range r.BadPages {
			if copies[id{r.Space.ID, p.Number}] {
				out[i]++
			}
		}
	}
	return out
}
