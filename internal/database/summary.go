package database

import (
	"bufio"
	"cmp"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"fmt"
	"slices"
)

// A TableSummary is the content of one ordinary table, without the content.
type TableSummary struct {
	Name string
	Rows int64 // rows that were read
	// SHA256 is the hash, in hexadecimal, over all rows in the order of the
	// first column (then of the others): values joined by |, a line feed
	// behind every row, NULL for null, numbers as Go prints them, text and
	// blobs as they are. "" if the table could not be read to the end.
	SHA256  string
	Problem string // why the table could not be read to the end
}

// Summary hashes the rows of all ordinary tables in the file at path, sorted
// by name. Two tables with equal hashes print the same; a value may still
// differ from another in its storage class only. The error is ErrUnreadable if
// SQLite refuses the file.
func Summary(ctx context.Context, path string) ([]TableSummary, error) {
	f, err := open(ctx, path)
	if err != nil {
		return nil, err
	}
	defer f.close()
	var out []TableSummary
	for _, o := range f.objects {
		if !o.ordinary() {
			continue
		}
		s, err := f.summarize(ctx, o)
		if err != nil && !isContent(err) {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		if err != nil {
			s.SHA256, s.Problem = "", reason(err)
		}
		out = append(out, s)
	}
	slices.SortFunc(out, func(a, b TableSummary) int { return cmp.Compare(a.Name, b.Name) })
	return out, nil
}

func (f *file) summarize(ctx context.Context, o object) (TableSummary, error) {
	s := TableSummary{Name: o.name}
	t, err := f.table(ctx, o)
	if err != nil {
		return s, err
	}
	rows, err := f.db.QueryContext(ctx, t.query(t.columns, t.columns))
	if err != nil {
		return s, err
	}
	defer rows.Close()
	hash := sha256.New()
	w := bufio.NewWriter(hash)
	scan := newScanner(len(t.columns))
	for rows.Next() {
		row, err := scan.row(rows)
		if err != nil {
			return s, err
		}
		writeRow(w, row)
		s.Rows++
	}
	if err := rows.Err(); err != nil {
		return s, err
	}
	if err := w.Flush(); err != nil {
		return s, err
	}
	s.SHA256 = hex.EncodeToString(hash.Sum(nil))
	return s, nil
}

func writeRow(w *bufio.Writer, row []any) {
	for i, value := range row {
		if i > 0 {
			w.WriteByte('|')
		}
		switch v := value.(type) {
		case nil:
			w.WriteString("NULL")
		case []byte:
			w.Write(v)
		case string:
			w.WriteString(v)
		default:
			fmt.Fprint(w, v)
		}
	}
	w.WriteByte('\n')
}

// A scanner reads rows of a fixed width.
type scanner struct {
	pointers []any
	values   []any
}

func newScanner(width int) *scanner {
	s := &scanner{make([]any, width), make([]any, width)}
	for i := range s.values {
		s.pointers[i] = &s.values[i]
	}
	return s
}

// row reads the current row: nil, int64, float64, string or []byte a value.
// The slice is valid until the next call, the values stay.
func (s *scanner) row(rows *sql.Rows) ([]any, error) {
	return s.values, rows.Scan(s.pointers...)
}
