package command

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/dustin/go-humanize"

	"github.com/lastwrite/lastwrite/internal/rebuild/logdiff"
	"github.com/lastwrite/lastwrite/report"
	"github.com/lastwrite/lastwrite/report/escape"
	"github.com/lastwrite/lastwrite/report/text"
)

const (
	shownPages = 12 // page numbers in a line
	shownValue = 60 // characters of a value
	diffWidth  = 80 // cells of a line of para
)

// para prints one paragraph in lines of diffWidth; those behind the first stand
// two further to the right.
func (p *printer) para(indent int, format string, args ...any) {
	for i, line := range text.Wrap(escape.Text(fmt.Sprintf(format, args...)), diffWidth-indent-2) {
		if i == 1 {
			indent += 2
		}
		p.line("%s%s", strings.Repeat(" ", indent), line)
	}
}

// text prints the document for a terminal. Everything that comes from the
// evidence passes through printer.line, which escapes it.
func (d *diffDocument) text(w io.Writer) error {
	p := &printer{w: w}
	for _, n := range []diffNode{d.A, d.B} {
		p.line("%s: %s, %s", n.Name, n.log(), n.Path)
	}
	p.line("")
	if d.History == "none" {
		p.line("NO COMMON HISTORY: %s.", d.Reason)
		p.line("Positions of different histories say nothing about each other, so nothing else was compared.")
		return p.err
	}
	switch {
	case d.Identical && slices.ContainsFunc(d.Databases, func(x diffPoint) bool { return x.Problem != "" }):
		p.line("No difference in the logs: %s.", d.Reason)
	case d.Identical:
		p.line("No difference: %s.", d.Reason)
	default:
		p.line("%s", d.headline())
	}
	if d.Common != nil {
		p.line("Common indexes %d to %d: %s equal, %s different.", d.Common.First, d.Common.Last, humanize.Comma(int64(d.Equal)), humanize.Comma(int64(d.Different)))
	}
	d.textOnly(p, d.A.Name, d.B.Name, d.OnlyA)
	d.textOnly(p, d.B.Name, d.A.Name, d.OnlyB)
	d.textDifferences(p)
	d.textAfter(p)
	for _, point := range d.Databases {
		d.textPoint(p, point)
	}
	return p.err
}

func (n diffNode) log() string {
	if n.Last == 0 {
		return "no log entries"
	}
	return fmt.Sprintf("log from %d to %d, last term %d", n.First, n.Last, n.Term)
}

func (d *diffDocument) headline() string {
	switch d.History {
	case "forked":
		return fmt.Sprintf("FORKED behind index %d: the first different entry is %d, and none behind it is equal.", d.ForkPoint, d.FirstDifference)
	case "diverged":
		return fmt.Sprintf("DIVERGED at index %d: %s.", d.FirstDifference, d.Reason)
	case "same":
		return fmt.Sprintf("Different, with one history: %s.", d.Reason)
	}
	return fmt.Sprintf("Different: %s.", d.Reason)
}

func (d *diffDocument) textOnly(p *printer, has, lacks string, list []diffOnly) {
	for _, x := range list {
		span := fmt.Sprintf("%d to %d", x.First, x.Last)
		if x.First == x.Last {
			span = fmt.Sprint(x.First)
		}
		switch logdiff.Reason(x.Why) {
		case logdiff.Compacted:
			p.line("Only %s still has entries %s; the log of %s begins behind them.", has, span, lacks)
		case logdiff.Missing:
			p.line("Only %s has entries %s; they are missing or unreadable in the log of %s.", has, span, lacks)
		default:
			p.line("Only %s has entries %s; the log of %s ends before.", has, span, lacks)
		}
	}
}

func (d *diffDocument) textDifferences(p *printer) {
	if len(d.Differences) == 0 {
		return
	}
	p.line("")
	p.line("Different entries:")
	for _, x := range d.Differences {
		p.line("  %d", x.Index)
		p.line("    %s: %s", d.A.Name, x.A)
		p.line("    %s: %s", d.B.Name, x.B)
	}
	if left := d.Different - uint64(len(d.Differences)); left > 0 {
		p.line("  and %s more (--limit)", humanize.Comma(int64(left)))
	}
}

// String is the entry in one line, without its index.
func (e diffEntry) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "term %d, %s, %s bytes", e.Term, e.Type, humanize.Comma(int64(e.Bytes)))
	switch {
	case e.Damage != "":
		fmt.Fprintf(&b, ": cannot be read, %s", e.Damage)
	case e.Command == "frames":
		fmt.Fprintf(&b, ": database %s, %s", e.Database, pageList(e.PageNumbers, e.Pages))
	case e.Command != "":
		fmt.Fprintf(&b, ": %s %s", e.Command, e.Database)
	}
	if e.Recovery {
		b.WriteString(", written by a recovery")
	}
	return b.String()
}

func pageList(numbers []report.Number, all int) string {
	var b strings.Builder
	b.WriteString("pages")
	if all == 1 {
		b.Reset()
		b.WriteString("page")
	}
	for i, n := range numbers {
		if i == shownPages {
			break
		}
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, " %d", n)
	}
	if all > shownPages {
		fmt.Fprintf(&b, " and %s more", humanize.Comma(int64(all-shownPages)))
	}
	return b.String()
}

func (d *diffDocument) textAfter(p *printer) {
	if d.After == nil || d.After.A.Entries+d.After.B.Entries == 0 {
		return
	}
	p.line("")
	p.line("Behind index %d:", d.After.Index)
	for i, t := range []diffTail{d.After.A, d.After.B} {
		name := []string{d.A.Name, d.B.Name}[i]
		if t.Entries == 0 {
			p.line("  %s: nothing", name)
			continue
		}
		p.line("  %s: %s", name, t.sum())
		for _, e := range t.List {
			p.line("    %d: %s", e.Index, e)
		}
		behind := report.Number(0) // entries that stand in no pair above
		if n := []diffNode{d.A, d.B}[i]; n.Last > d.Common.Last {
			behind = n.Last - d.Common.Last
		}
		if left := behind - min(behind, report.Number(len(t.List))); left > 0 {
			p.line("    and %s more (--limit)", humanize.Comma(int64(left)))
		}
	}
}

// sum counts what a tail holds.
func (t diffTail) sum() string {
	out := counted(int64(t.Entries), "entry", "entries")
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(t.Transactions)) {
		parts = append(parts, fmt.Sprintf("%s on %s", counted(int64(t.Transactions[name]), "transaction", "transactions"), name))
	}
	if t.Unread > 0 {
		parts = append(parts, counted(int64(t.Unread), "command", "commands")+" (content not in bundle)")
	}
	if t.Configurations > 0 {
		parts = append(parts, counted(int64(t.Configurations), "configuration", "configurations"))
	}
	if t.Barriers > 0 {
		parts = append(parts, counted(int64(t.Barriers), "barrier", "barriers"))
	}
	if len(parts) > 0 {
		out += ": " + strings.Join(parts, ", ")
	}
	return out
}

func (d *diffDocument) textPoint(p *printer, x diffPoint) {
	p.line("")
	switch {
	case x.Problem != "":
		p.line("Databases: %s", x.Problem)
		return
	case x.IndexA == x.IndexB:
		p.line("Databases at index %d:", x.IndexA)
	case x.IndexA < d.A.End || x.IndexB < d.B.End:
		p.line("Databases as far as they can be rebuilt, index %d of %s and %d of %s:", x.IndexA, d.A.Name, x.IndexB, d.B.Name)
	default:
		p.line("Databases at the end, index %d of %s and %d of %s:", x.IndexA, d.A.Name, x.IndexB, d.B.Name)
	}
	if len(x.Databases) == 0 {
		p.line("  neither side has one")
	}
	for i := range x.Databases {
		d.textDatabase(p, &x.Databases[i])
	}
}

func (d *diffDocument) textDatabase(p *printer, x *diffDatabase) {
	switch {
	case x.Problem != "":
		p.line("  %s: %s", x.Name, x.Problem)
		return
	case x.equal():
		p.line("  %s: equal (%s)", x.Name, counted(int64(len(x.Tables)), "table", "tables"))
		return
	case !x.InB:
		p.line("  %s: only on %s", x.Name, d.A.Name)
	case !x.InA:
		p.line("  %s: only on %s", x.Name, d.B.Name)
	default:
		p.line("  %s:", x.Name)
	}
	for _, s := range x.Schema {
		switch {
		case !s.InB:
			p.line("    %s %s: only on %s", s.Kind, s.Name, d.A.Name)
		case !s.InA:
			p.line("    %s %s: only on %s", s.Kind, s.Name, d.B.Name)
		default:
			p.line("    %s %s: made by different statements", s.Kind, s.Name)
		}
	}
	equal := 0
	for i := range x.Tables {
		if x.Tables[i].equal() {
			equal++
			continue
		}
		d.textTable(p, &x.Tables[i])
	}
	if equal > 0 {
		p.line("    %s", counted(int64(equal), "table is equal", "tables are equal"))
	}
}

func (d *diffDocument) textTable(p *printer, t *diffTable) {
	var parts []string
	for _, c := range []struct {
		n    int64
		text string
	}{{t.OnlyA, "only on " + d.A.Name}, {t.OnlyB, "only on " + d.B.Name}, {t.Changed, "changed"}} {
		if c.n > 0 {
			parts = append(parts, counted(c.n, "row", "rows")+" "+c.text)
		}
	}
	if t.Problem != "" {
		parts = append(parts, t.Problem)
	}
	if len(parts) == 0 {
		parts = append(parts, "no row")
	}
	p.line("    table %s: %s (%s and %s in all)", t.Name, strings.Join(parts, ", "), humanize.Comma(t.RowsA), counted(t.RowsB, "row", "rows"))
	for _, r := range t.Rows {
		switch r.Kind {
		case "changed":
			p.line("      %s: %s", d.A.Name, named(t.Columns, r.A))
			p.line("      %s: %s", d.B.Name, named(t.Columns, r.B))
		case "only-in-a":
			p.line("      only on %s: %s", d.A.Name, named(t.Columns, r.A))
		default:
			p.line("      only on %s: %s", d.B.Name, named(t.Columns, r.B))
		}
	}
	if t.More {
		p.line("      and more (--limit)")
	}
}

// named joins the values of a row with the names of its columns.
func named(columns, values []string) string {
	var b bytes.Buffer
	for i, v := range values {
		if i > 0 {
			b.WriteString(", ")
		}
		if r := []rune(v); len(r) > shownValue {
			v = fmt.Sprintf("%s… (%s characters)", string(r[:shownValue]), humanize.Comma(int64(len(r))))
		}
		if i < len(columns) {
			fmt.Fprintf(&b, "%s=", columns[i])
		}
		b.WriteString(v)
	}
	return b.String()
}
