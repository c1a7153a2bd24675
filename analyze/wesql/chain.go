package wesql

import (
	"path"
	"slices"
	"strings"

	"github.com/lastwrite/lastwrite/parse"
)

// assemble puts the log files in the order of the index and sums them up.
func (m *model) assemble() {
	m.link()
	m.large, m.xids = map[uint64]bool{}, map[uint64]uint64{}
	v := &m.log
	var last *link
	for _, l := range m.Chain {
		if l.Listed {
			last = l
		}
	}
	v.LastFile = last
	var previous uint64 // last index so far
	strict := true
	for _, l := range m.Chain {
		if !l.Listed {
			continue
		}
		if l.Missing || l.Log == nil || !l.Log.HasFirst {
			v.Holes = append(v.Holes, hole{File: l.Path, At: l.At, Seen: true})
			strict = false
			continue
		}
		m.follow(l, last, &previous, &strict)
	}
	m.fillHoles()
	for _, l := range m.Chain {
		if !l.Listed && l.Log != nil && l.Log.HasFirst && l.Log.Server.Index > v.Index && l.Log.First <= v.Index+1 && l.Log.Entries > 0 {
			v.UnlistedLast = max(v.UnlistedLast, l.Log.Server.Index)
		}
	}
}

// follow adds one file to the verdict.
func (m *model) follow(l, last *link, previous *uint64, strict *bool) {
	v, log := &m.log, l.Log
	if v.First == 0 {
		v.First = log.First
		v.Index, v.StrictIndex, v.Complete = log.First-1, log.First-1, log.First-1
	} else if *previous != 0 && log.First != *previous+1 {
		b := m.bridge(*previous+1, log.First-1)
		if b != nil {
			b.Bridge = true
			m.runs = append(m.runs, b.Ledger.Runs...)
		}
		v.Holes = append(v.Holes, hole{Bridged: b != nil, First: *previous + 1, Last: log.First - 1, File: l.Path, At: parse.Span{File: l.Path, Offset: 189, Length: 31, Field: "first-index"}})
		*strict = *strict && log.First <= *previous+1
	}
	for _, g := range log.Gaps {
		if g.Want != log.First || log.Entries == 0 || g.Got > g.Want {
			v.Holes = append(v.Holes, hole{First: g.Want, Last: g.Got - 1, File: l.Path, At: g.Span})
		}
	}
	scan := log.Server
	if scan.Index == 0 && !scan.InLarge {
		scan.Index = log.First - 1
	}
	v.Index = scan.Index
	if scan.Term != 0 {
		v.Term = scan.Term
	}
	if scan.Complete != 0 {
		v.Complete = scan.Complete
	}
	if *strict {
		v.StrictIndex = max(v.StrictIndex, log.Strict.Index)
		if log.Strict.Term != 0 {
			v.StrictTerm = log.Strict.Term
		}
		*strict = log.BadEvents == 0 && log.Server.Malformed == ""
	}
	if l.Ledger != nil {
		m.runs = append(m.runs, l.Ledger.Runs...)
		m.bad = append(m.bad, l.Ledger.Bad...)
		for i := range l.Ledger.Large {
			m.large[i] = true
		}
		if l.Ledger.ends > 0 {
			v.Complete = max(v.Complete, l.Ledger.ends)
		}
		for x, i := range l.Ledger.XIDs {
			m.xids[x] = i
		}
		v.HasEntries = v.HasEntries || len(l.Ledger.Runs) > 0
	}
	v.BehindCount += log.Behind
	if log.Behind > 0 {
		if v.BehindFirst == 0 {
			v.BehindFirst = log.BehindFirst
		}
		v.BehindLast = max(v.BehindLast, log.BehindLast)
	}
	*previous = max(scan.Index, log.LastIndex)
	if l == last {
		v.InUse = log.InUse
		if scan.End < l.Size && scan.Malformed == "" {
			v.Cut = &cut{File: l.Path, From: scan.End, To: l.Size, Open: scan.Open}
		}
	}
}

// bridge returns the file that is not listed and holds exactly the entries of
// a hole, nil if there is none.
func (m *model) bridge(first, last uint64) *link {
	for _, l := range m.Chain {
		if !l.Listed && l.Log != nil && l.Ledger != nil && len(l.Ledger.Bad) == 0 && l.Log.First == first && l.Log.LastIndex == last && l.Log.Entries == int64(last-first+1) {
			return l
		}
	}
	return nil
}

// fillHoles says which entries stood in files that are missing.
func (m *model) fillHoles() {
	var at int
	previous := uint64(0)
	for _, l := range m.Chain {
		if !l.Listed {
			continue
		}
		if l.Missing || l.Log == nil || !l.Log.HasFirst {
			for at < len(m.log.Holes) && m.log.Holes[at].File != l.Path {
				at++
			}
			if at < len(m.log.Holes) && previous != 0 {
				m.log.Holes[at].First = previous + 1
				if next := m.nextFirst(l); next > previous+1 {
					m.log.Holes[at].Last = next - 1
				}
			}
			continue
		}
		previous = max(l.Log.LastIndex, l.Log.First-1)
	}
	// A missing file explains the gap in front of the next one.
	m.log.Holes = slices.DeleteFunc(m.log.Holes, func(h hole) bool {
		return !h.Seen && h.First != 0 && slices.ContainsFunc(m.log.Holes, func(o hole) bool { return o.Seen && o.First == h.First && o.Last == h.Last })
	})
}

func (m *model) nextFirst(from *link) uint64 {
	i := slices.Index(m.Chain, from)
	for _, l := range m.Chain[i+1:] {
		if l.Listed && l.Log != nil && l.Log.HasFirst {
			return l.Log.First
		}
	}
	return 0
}

// inside reports whether a hole has entries behind it.
func (h hole) inside(v *verdict) bool { return h.Last != 0 && h.Last < v.Index }

// elsewhere reports whether a line of the index leads to a place that is
// neither the configured data directory nor that of log_bin.
func (m *model) elsewhere(line string) bool {
	if !path.IsAbs(line) {
		return false
	}
	dir := path.Dir(line)
	return !(m.Conf.DataDir.Set && dir == path.Clean(m.Conf.DataDir.V)) && !(path.IsAbs(m.Conf.LogBin.V) && dir == path.Dir(m.Conf.LogBin.V))
}

// linePrefix is what stands in front of the names in the index.
func (m *model) linePrefix() string {
	if m.LogDir != m.Data && path.IsAbs(m.Conf.LogBin.V) {
		return path.Dir(m.Conf.LogBin.V) + "/"
	}
	return "./"
}

// link makes the list of the files.
func (m *model) link() {
	listed := map[string]bool{}
	for _, e := range m.Index.Entries {
		name := path.Join(m.LogDir, e.Base())
		if !e.Absolute() {
			name = path.Join(m.Data, strings.ReplaceAll(e.Path, `\`, "/"))
			if _, ok := m.sizes[name]; !ok {
				name = path.Join(m.LogDir, e.Base())
			}
		}
		size, ok := m.sizes[name]
		_, number := logNumber(e.Base())
		m.Chain = append(m.Chain, &link{Path: name, Line: e.Path, At: e.Span, Listed: true, Missing: !ok, Size: size, Number: number, Log: m.Logs[name], Ledger: m.ledgers[name]})
		listed[name] = true
	}
	var rest []*link
	for name, size := range m.sizes {
		base, number := logNumber(path.Base(name))
		if path.Dir(name) == m.LogDir && base == m.Base && number > 0 && !listed[name] {
			rest = append(rest, &link{Path: name, Size: size, Number: number, Log: m.Logs[name], Ledger: m.ledgers[name]})
		}
	}
	slices.SortFunc(rest, func(a, b *link) int { return int(a.Number - b.Number) })
	if len(m.Index.Entries) == 0 {
		for _, l := range rest { // what the list would hold
			l.Listed = true
		}
	}
	m.Chain = append(m.Chain, rest...)
}

// sound reports whether the log holds what it says: no damage and no hole.
func (m *model) sound() bool {
	return len(m.bad) == 0 && !slices.ContainsFunc(m.log.Holes, func(h hole) bool { return !h.Bridged && (h.inside(&m.log) || !h.Seen) })
}
