package database

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
)

// MaxMessages is the number of integrity messages that Check keeps.
const MaxMessages = 100

// A Result is what SQLite says about a file.
type Result struct {
	OK       bool     // the integrity check found nothing
	Messages []string // what it found instead, SQLite's words, at most MaxMessages
	Pages    int64
	PageSize int64  // bytes
	Encoding string // as PRAGMA encoding prints it
	Tables   []TableCount
	Skipped  []string // virtual tables, which are not looked into, sorted
}

// A TableCount is the size of one ordinary table.
type TableCount struct {
	Name    string
	Rows    int64
	Problem string // why the rows could not be counted, "" if they could
}

// Check runs PRAGMA integrity_check on the file at path, which lastwrite has
// written, and counts pages and rows. CHECK constraints are left aside. In a
// file with virtual tables the other tables are checked one by one.
//
// A file that is no database, or a broken one, is a Result; the error says
// that the file could not be opened or read, or that ctx ended.
func Check(ctx context.Context, path string) (Result, error) {
	f, err := open(ctx, path)
	if errors.Is(err, ErrUnreadable) {
		return Result{Messages: []string{reason(err)}}, nil
	}
	if err != nil {
		return Result{}, err
	}
	defer f.close()
	r := Result{Encoding: f.encoding}
	if err := f.db.QueryRowContext(ctx, "PRAGMA page_count").Scan(&r.Pages); err != nil {
		return r, fmt.Errorf("%s: %w", path, err)
	}
	if err := f.db.QueryRowContext(ctx, "PRAGMA page_size").Scan(&r.PageSize); err != nil {
		return r, fmt.Errorf("%s: %w", path, err)
	}
	if err := f.integrity(ctx, &r); err != nil {
		return r, fmt.Errorf("%s: %w", path, err)
	}
	for _, o := range f.objects {
		if o.virtual() {
			r.Skipped = append(r.Skipped, o.name)
		}
		if !o.ordinary() {
			continue
		}
		t := TableCount{Name: o.name}
		t.Rows, err = f.count(ctx, o.name)
		if err != nil && !isContent(err) {
			return r, fmt.Errorf("%s: %w", path, err)
		}
		if err != nil {
			t.Problem = reason(err)
		}
		r.Tables = append(r.Tables, t)
	}
	slices.Sort(r.Skipped)
	slices.SortFunc(r.Tables, func(a, b TableCount) int { return cmp.Compare(a.Name, b.Name) })
	return r, nil
}

// integrity runs the integrity check and fills OK and Messages.
func (f *file) integrity(ctx context.Context, r *Result) error {
	queries := []string{fmt.Sprintf("PRAGMA integrity_check(%d)", MaxMessages)}
	if slices.ContainsFunc(f.objects, func(o object) bool { return o.virtual() }) {
		// Checking the whole file would run the code behind virtual tables.
		queries = nil
		for _, o := range f.objects {
			if o.ordinary() {
				queries = append(queries, "PRAGMA integrity_check("+quote(o.name)+")")
			}
		}
	}
	for _, q := range queries {
		err := f.messages(ctx, q, r)
		if err != nil && !isContent(err) {
			return err
		}
		if err != nil {
			r.add(reason(err))
		}
	}
	r.OK = len(r.Messages) == 0
	return nil
}

func (f *file) messages(ctx context.Context, query string, r *Result) error {
	rows, err := f.db.QueryContext(ctx, query)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var message string
		if err := rows.Scan(&message); err != nil {
			return err
		}
		if message != "ok" {
			r.add(message)
		}
	}
	return rows.Err()
}

func (r *Result) add(message string) {
	if len(r.Messages) < MaxMessages {
		r.Messages = append(r.Messages, message)
	}
}
