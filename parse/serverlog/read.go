package serverlog

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/lastwrite/lastwrite/parse"
)

// DefaultKeep is how many of the first and of the last events of each kind are
// kept if nothing else is asked for.
const DefaultKeep = 100

// maxRuns is how many runs of NUL bytes are told.
const maxRuns = 20

// Read reads a log from its beginning to its end; file is its name in the
// result. Of each kind the first keep and the last keep events are kept,
// DefaultKeep if keep is not positive. The error is about reading, never about
// content; what was read until then is returned with it.
func Read(r io.Reader, file string, keep int) (*Log, error) {
	if keep <= 0 {
		keep = DefaultKeep
	}
	g := reader{log: &Log{File: file, Kinds: map[Kind]Events{}}, keep: keep, kinds: map[Kind]*kept{}}
	g.wsrep, g.innodb, g.errors, g.server = newTable(wsrepRules), newTable(innodbRules), newTable(innodbErrors), newTable(serverRules)
	in := newLines(r, g.nuls)
	for {
		text, off, size, ok := in.next()
		if !ok {
			break
		}
		g.log.Lines++
		g.log.Size = off + size
		if size > maxLine {
			g.log.Long++
		}
		g.line(text, off)
	}
	g.endBlock()
	for kind, k := range g.kinds {
		g.log.Kinds[kind] = k.events()
	}
	for i := range g.log.Damage {
		g.log.Damage[i].Got = fmt.Sprintf("%d NUL bytes", g.log.Damage[i].Length)
	}
	if errors.Is(in.err, io.EOF) {
		in.err = nil
	}
	return g.log, in.err
}

type reader struct {
	log   *Log
	keep  int
	kinds map[Kind]*kept

	wsrep, innodb, errors, server *table
	current                       Event // of the line

	block      block // nil outside of blocks
	event      Event // of the block
	blockLines int
	run        int64 // offset behind the last NUL byte
}

// line looks at one line.
func (g *reader) line(line []byte, off int64) {
	line = bytes.TrimRight(line, "\r\x00")
	if g.block == nil && !interesting(line) {
		return
	}
	lead := len(line)
	line = bytes.TrimLeft(line, "\x00") // a log goes on behind a hole
	off += int64(lead - len(line))
	h, message := splitLine(line)
	if g.block != nil {
		if g.inBlock(h, message, off+int64(len(line))) {
			return
		}
		if !interesting(line) {
			return
		}
	}
	g.current = Event{
		Span: parse.Span{File: g.log.File, Offset: off, Length: int64(len(line))},
		Line: g.log.Lines, Level: h.level, Time: h.time, Zoned: h.zoned,
	}
	g.message(h, message, &g.current)
}

// shortest is the length of the shortest message, "Aborting".
const shortest = 8

// markers: a line without any of them matches no pattern. They begin with
// letters that are rare in logs, which makes the search for them fast.
var markers = [][]byte{
	[]byte("WSREP"), []byte("InnoDB"), []byte("Galera]"), []byte("INFO: "), []byte("WARN: "), []byte("ERROR: "), []byte("FATAL: "),
	[]byte("Version: '"), []byte("y for connections"), []byte("Shutdown complete"), []byte("Normal shutdown"), []byte("SHUTDOWN"),
	[]byte("got signal "), []byte("Assertion"), []byte("Starting "), []byte(") starting as"), []byte("Aborting"), []byte("Found "),
	[]byte("Recovering after"), []byte("Crash recovery"), []byte("XA crash"), []byte("Could not open mysql"), []byte("Can't open and lock"),
	[]byte("Plugin '"), []byte("Unknown/unsupported"), []byte("Data Dictionary"),
}

func interesting(line []byte) bool {
	if len(line) < shortest {
		return false
	}
	for _, m := range markers {
		if bytes.Contains(line, m) {
			return true
		}
	}
	return false
}

// inBlock gives a line to the block. It returns false if the line does not
// belong to it, and the block is over.
func (g *reader) inBlock(h header, message []byte, end int64) bool {
	text := bytes.TrimSpace(message)
	if h.level != NoLevel || g.blockLines >= maxBlockSize {
		g.endBlock()
		return false
	}
	g.blockLines++
	if len(text) == 0 {
		return true
	}
	mine, done := g.block(&g.event, text)
	if mine {
		g.event.Length = end - g.event.Offset
	}
	if done {
		g.block = nil
		g.add(&g.event)
		return mine
	}
	if !mine { // another thread's line, or the end of the block
		return !interesting(message)
	}
	return true
}

// endBlock ends a block that has no end.
func (g *reader) endBlock() {
	if g.block == nil {
		return
	}
	g.block = nil
	g.event.Incomplete = g.event.Kind != ArbitratorConfig
	if g.event.Kind == ClusterView && !g.event.Position.Set {
		return // a line of "=" that was nothing else
	}
	g.add(&g.event)
}

// message finds out what a line says.
func (g *reader) message(h header, message []byte, e *Event) {
	wsrep := h.system == "Galera" || h.system == "WSREP"
	if rest, ok := bytes.CutPrefix(message, []byte("WSREP: ")); ok {
		message, wsrep = rest, true
	} else if at := bytes.Index(message, []byte(" WSREP: ")); at >= 0 && at < 64 && !wsrep {
		message, wsrep = message[at+len(" WSREP: "):], true
	}
	innodb := h.system == "InnoDB"
	if rest, ok := bytes.CutPrefix(message, []byte("InnoDB: ")); ok {
		message, innodb = rest, true
	}
	message = behindPlace(bytes.TrimLeft(message, " "))
	switch {
	case wsrep && g.begin(message, e):
	case wsrep && g.wsrep.apply(message, e), innodb && g.innodb.apply(message, e):
		g.add(e)
	case innodb && h.level >= Error:
		if !g.errors.apply(message, e) {
			e.Kind = InnoDBOther
		}
		g.add(e)
	case g.server.apply(message, e), g.inside(message, e):
		g.add(e)
	case bytes.HasPrefix(message, []byte("WSREP_SST: [ERROR]")):
		e.Kind, e.Level = SSTFailed, Error
		g.add(e)
	case wsrep && h.level >= Error:
		e.Kind = WsrepOther
		g.add(e)
	}
}

// behindPlace takes the place in the provider's source off a message:
// "gcs/src/gcs.cpp:gcs_open():1690: ".
func behindPlace(message []byte) []byte {
	head := message[:min(len(message), 160)]
	at := bytes.Index(head, []byte("():"))
	if at < 0 || !bytes.Contains(head[:at], []byte(".c")) || bytes.IndexByte(head[:at], ' ') >= 0 {
		return message
	}
	_, rest, ok := number(message[at+len("():"):])
	if !ok {
		return message
	}
	return bytes.TrimLeft(rest, ": ")
}

// begin begins a block.
func (g *reader) begin(message []byte, e *Event) bool {
	b := blockFor(message, e)
	switch {
	case b != nil:
		g.endBlock()
		g.block, g.event, g.blockLines = b, *e, 0
	case e.Kind == View:
		g.add(e)
	default:
		return false
	}
	return true
}

// inside looks for texts behind a program's name.
func (g *reader) inside(message []byte, e *Event) bool {
	for _, a := range anywhere {
		at := bytes.Index(message, []byte(a.marker))
		if at < 0 {
			continue
		}
		var c capture
		if !match(a.pattern, message[at:], &c) {
			continue
		}
		e.Kind = a.kind
		if a.set == nil {
			e.First = c.d[0]
		} else {
			a.set(e, &c)
		}
		if a.kind == Start {
			if open := bytes.LastIndexByte(message[:at], ' '); open >= 0 {
				e.Text = clean(message[open:at])
			}
		}
		return true
	}
	return false
}

// add keeps an event.
func (g *reader) add(e *Event) {
	e.Field = string(e.Kind)
	g.log.Matched++
	k := g.kinds[e.Kind]
	if k == nil {
		k = &kept{keep: g.keep}
		g.kinds[e.Kind] = k
	}
	k.add(*e)
}

// kept holds the first and the last events of one kind.
type kept struct {
	keep  int
	count int64
	first []Event
	last  []Event // a ring once it is full
	next  int
}

func (k *kept) add(e Event) {
	k.count++
	switch {
	case len(k.first) < k.keep:
		k.first = append(k.first, e)
	case len(k.last) < k.keep:
		k.last = append(k.last, e)
	default:
		k.last[k.next] = e
		k.next = (k.next + 1) % k.keep
	}
}

func (k *kept) events() Events {
	return Events{Count: k.count, First: k.first, Last: append(k.last[k.next:len(k.last):len(k.last)], k.last[:k.next]...)}
}

// nuls notes NUL bytes in what was read.
func (g *reader) nuls(off int64, b []byte) {
	for i := 0; i < len(b); {
		at := bytes.IndexByte(b[i:], 0)
		if at < 0 {
			return
		}
		i += at
		n := len(b[i:]) - len(bytes.TrimLeft(b[i:], "\x00"))
		g.nulRun(off+int64(i), int64(n))
		i += n
	}
}

func (g *reader) nulRun(off, n int64) {
	d := g.log.Damage
	switch {
	case g.log.NULs > 0 && off == g.run && len(d) > 0 && d[len(d)-1].Offset+d[len(d)-1].Length == off:
		d[len(d)-1].Length += n
	case len(d) < maxRuns:
		g.log.Damage = append(d, parse.Damage{Span: parse.Span{File: g.log.File, Offset: off, Length: n, Field: "text"}, Kind: parse.BadText, Want: "text"})
	}
	g.log.NULs += n
	g.run = off + n
}
