package manticore

import (
	"bufio"
	"errors"
	"io"
	"strings"

	"github.com/lastwrite/lastwrite/parse"
)

// Limits of the server's log.
const (
	logMaxLine  = 2048 // bytes kept of a line
	logMaxLines = 128  // newest lines kept
)

// A LogLine is one line of searchd.log that says something about starts,
// replication or the transaction log.
type LogLine struct {
	parse.Span
	Time string // as written, the server's zone
	Text string // without time and thread
}

// A ServerLog is what a searchd.log tells.
type ServerLog struct {
	File    string
	Version string // of the last start, as written: "6.2.12 dc5144d35@230822"
	Starts  int
	Clean   bool      // the last start ended with "shutdown complete"
	Lines   []LogLine // of the newest ones
}

// told are the beginnings of the lines that are kept. Queries are in
// query.log; what a crash dump quotes is not kept.
func told() []string {
	return []string{
		"starting daemon version", "shutdown complete", "caught SIG", "FATAL: binlog", "WARNING: binlog", "binlog: table ", "binlog: replay",
		"WARNING: cluster", "WARNING: Cluster", "WARNING: no nodes found", "WARNING: no clusters to start", "WARNING: remote version check failed",
		"WARNING: self-bootstrap", "WARNING: unknown table", "WARNING: duplicate paths", "WARNING: versions mismatch", "WARNING: replication connection failed",
		"WARNING: can not start cluster", "WARNING: It may not be safe", "It may not be safe to bootstrap", "FATAL: replication", "replication binlog",
		"WARNING: loading ", "WARNING: no wsrep provider", "WARNING: server_id conflict", "WARNING: Failed to prepare for incremental state transfer",
		"FATAL: failed to use JSON config", "failed to use JSON config", "WARNING: Unable to load header", "WARNING: table '",
	}
}

// ReadServerLog reads a searchd.log as a stream. The error is for reading.
func ReadServerLog(in io.Reader, file string) (*ServerLog, error) {
	l := &ServerLog{File: file}
	prefixes := told()
	r := bufio.NewReaderSize(in, 64<<10)
	var pos int64
	var kept []byte
	at := pos
	for {
		part, err := r.ReadSlice('\n')
		pos += int64(len(part))
		if len(kept) < logMaxLine {
			kept = append(kept, part[:min(len(part), logMaxLine-len(kept))]...)
		}
		if errors.Is(err, bufio.ErrBufferFull) {
			continue
		}
		if len(kept) > 0 {
			l.line(strings.TrimRight(string(kept), "\r\n"), at, pos-at, prefixes)
		}
		kept, at = kept[:0], pos
		if errors.Is(err, io.EOF) {
			return l, nil
		}
		if err != nil {
			return l, err
		}
	}
}

// line notes one line: "[time] [thread] text".
func (l *ServerLog) line(line string, at, n int64, prefixes []string) {
	rest, ok := strings.CutPrefix(line, "[")
	if !ok {
		return
	}
	time, rest, ok := strings.Cut(rest, "] ")
	if !ok || len(time) > 40 {
		return
	}
	if strings.HasPrefix(rest, "[") {
		if _, rest, ok = strings.Cut(rest, "] "); !ok {
			return
		}
	}
	known := false
	for _, p := range prefixes {
		if known = strings.HasPrefix(rest, p); known {
			break
		}
	}
	if !known {
		return
	}
	if v, ok := strings.CutPrefix(rest, "starting daemon version '"); ok {
		l.Version, _, _ = strings.Cut(v, "'")
		l.Starts++
		l.Clean = false
	}
	if rest == "shutdown complete" {
		l.Clean = true
	}
	if len(l.Lines) == logMaxLines {
		l.Lines = append(l.Lines[:0], l.Lines[1:]...)
	}
	l.Lines = append(l.Lines, LogLine{parse.Span{File: l.File, Offset: at, Length: n}, time, rest})
}
