package manticore

import (
	"bufio"
	"bytes"
	"io"
)

// resynchronise looks for valid records behind the damage: the next marker
// from which a whole record with the right checksum follows. A payload may
// hold the four letters of a marker too, so a candidate counts only with its
// checksum, and candidates that fail are paid from a budget: a file full of
// markers costs no more than reading it three times.
func (l *Log) resynchronise(at io.ReaderAt) error {
	budget := 2*l.Size + 1<<20
	behind := &Log{File: l.File, Size: l.Size, Version: l.Version, Tables: make([]LogTable, len(l.Tables))}
	for i := range l.Tables {
		behind.Tables[i].Name = l.Tables[i].Name
	}
	from := l.Broken.Offset + 1
	if l.Stop == NoHeader {
		from = 0
	}
	for budget > 0 {
		found, err := findMarker(at, from, l.Size)
		if err != nil || found < 0 {
			break
		}
		r := &recordReader{in: bufio.NewReaderSize(io.NewSectionReader(at, found, l.Size-found), 64<<10), size: l.Size, pos: found}
		behind.End, behind.Stop, behind.Closed = found, EndOfFile, false
		records := behind.Records
		for behind.End < l.Size && behind.Stop == EndOfFile && r.err == nil {
			behind.record(r)
			if behind.Stop == UnknownTable || behind.Stop == BadTable || behind.Stop == SecondCache {
				// The record itself is whole.
				behind.End, behind.Stop, behind.Closed = r.pos, EndOfFile, false
				behind.Records++
			}
		}
		if r.err != nil {
			return r.err
		}
		if behind.Records > records {
			if l.BehindAt == 0 {
				l.BehindAt = found
			}
			from = behind.End + 1
			if behind.Stop == EndOfFile {
				break
			}
		} else {
			from = found + 1
		}
		budget -= r.pos - behind.End + 1
	}
	l.BehindCount = behind.Records
	for _, t := range behind.Tables {
		if t.Transactions > 0 {
			l.Behind = append(l.Behind, t)
		}
	}
	return nil
}

// findMarker returns the offset of the first TXN! from an offset on, -1 if
// there is none.
func findMarker(at io.ReaderAt, from, size int64) (int64, error) {
	marker := []byte("TXN!")
	buf := make([]byte, 64<<10)
	for from+int64(len(marker)) <= size {
		n, err := at.ReadAt(buf[:min(int64(len(buf)), size-from)], from)
		if err != nil && err != io.EOF {
			return -1, err
		}
		if i := bytes.Index(buf[:n], marker); i >= 0 {
			return from + int64(i), nil
		}
		if n < len(marker) {
			break
		}
		from += int64(n - len(marker) + 1)
	}
	return -1, nil
}
