package command

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/lastwrite/lastwrite/internal/database"
	"github.com/lastwrite/lastwrite/internal/rebuild"
	"github.com/lastwrite/lastwrite/report"
)

// compareDatabases rebuilds the databases of both sides where their histories
// agree last, and where each ends, and compares their tables.
func (d *diffDocument) compareDatabases(ctx context.Context, env Env, sides [2]*raftNode, o *diffOptions) error {
	a, whyA := rebuild.Ranges(sides[0].data.View)
	b, whyB := rebuild.Ranges(sides[1].data.View)
	for i, why := range [][]string{whyA, whyB} {
		if list := [][]rebuild.Range{a, b}[i]; len(list) == 0 {
			d.Databases = append(d.Databases, diffPoint{
				Problem:   fmt.Sprintf("the databases of %s cannot be rebuilt: %s", sides[i].Name, strings.Join(why, "; ")),
				Databases: []diffDatabase{},
			})
			return nil
		}
	}
	limit := uint64(math.MaxUint64)
	if d.History == "forked" {
		limit = uint64(d.ForkPoint)
	}
	common := highestCommon(a, b, limit)
	endA, endB := a[len(a)-1].Last, b[len(b)-1].Last
	if common > 0 {
		if err := d.compareAt(ctx, env, sides, common, common, o); err != nil {
			return err
		}
	}
	if endA != common || endB != common {
		return d.compareAt(ctx, env, sides, endA, endB, o)
	}
	return nil
}

// highestCommon returns the highest index up to limit that lies in a range of
// both lists, 0 if there is none.
func highestCommon(a, b []rebuild.Range, limit uint64) uint64 {
	best := uint64(0)
	for _, x := range a {
		for _, y := range b {
			if last := min(x.Last, y.Last, limit); last >= max(x.First, y.First) {
				best = max(best, last)
			}
		}
	}
	return best
}

// compareAt compares the databases of both sides at one index each.
func (d *diffDocument) compareAt(ctx context.Context, env Env, sides [2]*raftNode, indexA, indexB uint64, o *diffOptions) (err error) {
	dir, err := os.MkdirTemp(env.TempDir, "lastwrite-diff-*")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	p := diffPoint{IndexA: report.Number(indexA), IndexB: report.Number(indexB), Databases: []diffDatabase{}}
	var files [2]map[string]string // path by name
	var names []string
	for i, index := range []uint64{indexA, indexB} {
		below := filepath.Join(dir, strconv.Itoa(i))
		if err := os.Mkdir(below, 0o700); err != nil {
			return err
		}
		state, err := rebuild.At(ctx, sides[i].data, index, below, rebuild.Options{})
		var missing *rebuild.MissingError
		if errors.As(err, &missing) {
			p.Problem = fmt.Sprintf("%s: %s", sides[i].Name, missing)
			d.Databases = append(d.Databases, p)
			return nil
		}
		if err != nil {
			return fmt.Errorf("%s: %w", sides[i].Name, err)
		}
		files[i] = map[string]string{}
		for _, x := range state.Databases {
			files[i][x.Name] = filepath.Join(below, x.File)
			names = append(names, x.Name)
		}
	}
	slices.Sort(names)
	empty := filepath.Join(dir, "empty") // an empty file is an empty database
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		return err
	}
	for _, name := range slices.Compact(names) {
		x := diffDatabase{Name: name, Schema: []diffSchema{}, Tables: []diffTable{}}
		var paths [2]string
		for i, in := range []*bool{&x.InA, &x.InB} {
			if paths[i], *in = files[i][name]; !*in {
				paths[i] = empty
			}
		}
		if err := x.compare(ctx, paths[0], paths[1], o); err != nil {
			return err
		}
		p.Databases = append(p.Databases, x)
	}
	d.Databases = append(d.Databases, p)
	return nil
}

func (d *diffDatabase) compare(ctx context.Context, a, b string, o *diffOptions) error {
	found, err := database.Diff(ctx, a, b)
	if errors.Is(err, database.ErrUnreadable) {
		d.Problem = "SQLite does not accept it on one side"
		return nil
	}
	if err != nil {
		return err
	}
	for _, s := range found.Schema {
		d.Schema = append(d.Schema, diffSchema{s.Kind, s.Name, s.InA, s.InB})
	}
	for _, t := range found.Tables {
		x := diffTable{
			Name: t.Name, InA: t.InA, InB: t.InB, RowsA: t.RowsA, RowsB: t.RowsB,
			OnlyA: t.OnlyA, OnlyB: t.OnlyB, Changed: t.Changed, Problem: t.Problem,
		}
		if o.Rows && !t.Equal() {
			if err := x.readRows(ctx, a, b, o.Limit); err != nil {
				return err
			}
		}
		d.Tables = append(d.Tables, x)
	}
	return nil
}

func (t *diffTable) readRows(ctx context.Context, a, b string, limit int) error {
	if limit == 0 {
		limit = math.MaxInt
	}
	found, err := database.DiffRows(ctx, a, b, t.Name, limit)
	if err != nil {
		return err
	}
	t.Columns, t.More = found.Columns, found.More
	for _, r := range found.Rows {
		t.Rows = append(t.Rows, diffRow{string(r.Kind), literals(r.A), literals(r.B)})
	}
	return nil
}

// literals writes values as SQL does.
func literals(row []any) []string {
	var out []string
	for _, value := range row {
		switch v := value.(type) {
		case nil:
			out = append(out, "NULL")
		case string:
			out = append(out, "'"+strings.ReplaceAll(v, "'", "''")+"'")
		case []byte:
			out = append(out, "x'"+hex.EncodeToString(v)+"'")
		default:
			out = append(out, fmt.Sprint(v))
		}
	}
	return out
}
