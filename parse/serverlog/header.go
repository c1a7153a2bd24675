package serverlog

import (
	"bytes"
	"time"
)

// A header is what stands before a message.
type header struct {
	time   time.Time
	zoned  bool
	level  Level
	system string // "Galera", "WSREP", "InnoDB", "Server", "" if not named
	dated  bool   // the line begins an own message
}

// splitLine takes the header off a line.
func splitLine(line []byte) (h header, message []byte) {
	message = line
	if t, zoned, rest, ok := parseTime(message); ok {
		h.time, h.zoned, h.dated, message = t, zoned, true, rest
	}
	if inner, ok := behindSyslog(message, h.dated); ok {
		message = inner
		if t, zoned, rest, ok := parseTime(message); ok && (zoned || !h.zoned) {
			h.time, h.zoned, message = t, zoned, rest
			h.dated = true
		} else if ok {
			h.dated, message = true, rest
		}
	}
	return h.splitLevel(message)
}

// splitLevel takes the thread, the level and MySQL 8's codes off a message.
func (h header) splitLevel(message []byte) (header, []byte) {
	rest := bytes.TrimLeft(message, " ")
	thread := bytes.TrimLeft(rest, "0123456789")
	bracket := bytes.TrimLeft(thread, " ")
	if level, after, ok := bracketWord(bracket); ok {
		if h.level = levelOf(level); h.level != NoLevel {
			h.dated = true
			if code, more, ok := bracketWord(after); ok && bytes.HasPrefix(code, []byte("MY-")) {
				after = more
				if system, more, ok := bracketWord(after); ok {
					h.system, after = string(system), more
				}
			}
			return h, after
		}
	}
	for _, l := range []struct {
		word  string
		level Level
	}{{"INFO: ", Note}, {"WARN: ", Warning}, {"ERROR: ", Error}, {"FATAL: ", Fatal}} {
		if after, ok := bytes.CutPrefix(rest, []byte(l.word)); ok {
			h.level, h.system, h.dated = l.level, "Galera", true
			return h, after
		}
	}
	if !h.dated {
		return h, message
	}
	return h, rest
}

// bracketWord takes "[word] " off.
func bracketWord(b []byte) (word, rest []byte, ok bool) {
	if len(b) == 0 || b[0] != '[' {
		return nil, b, false
	}
	end := bytes.IndexByte(b[:min(len(b), 32)], ']')
	if end < 0 {
		return nil, b, false
	}
	return b[1:end], bytes.TrimLeft(b[end+1:], " "), true
}

func levelOf(word []byte) Level {
	switch string(word) {
	case "Note", "System", "Info", "Information":
		return Note
	case "Warning":
		return Warning
	case "ERROR", "Error":
		return Error
	}
	return NoLevel
}

// behindSyslog returns what stands behind "host program[123]: " or, when the
// time was not parsed, behind "Nov 21 23:51:00 host program[123]: ".
func behindSyslog(b []byte, dated bool) ([]byte, bool) {
	head := b[:min(len(b), 160)]
	at := bytes.Index(head, []byte("]: "))
	if at < 0 {
		return b, false
	}
	open := bytes.LastIndexByte(head[:at], '[')
	if open < 1 || len(bytes.Trim(head[open+1:at], "0123456789")) != 0 || at == open+1 {
		return b, false
	}
	if blanks := bytes.Count(head[:open], []byte(" ")); dated && blanks > 3 || !dated && blanks < 2 {
		return b, false
	}
	return b[at+3:], true
}

// parseTime takes a time off the beginning of a line.
func parseTime(b []byte) (t time.Time, zoned bool, rest []byte, ok bool) {
	p := digits{b: b}
	var year, month, day int
	switch {
	case len(b) > 18 && b[4] == '-' && b[7] == '-':
		year, month, day = p.number(4, '-'), p.number(2, '-'), p.number(2, 0)
		if p.bad || p.at >= len(b) || b[p.at] != ' ' && b[p.at] != 'T' {
			return t, false, b, false
		}
		p.at++
	case len(b) > 14 && b[6] == ' ' && (b[9] == ':' || b[8] == ':'):
		year, month, day = 2000+p.number(2, 0), p.number(2, 0), p.number(2, ' ')
	default:
		return t, false, b, false
	}
	if p.at < len(b) && b[p.at] == ' ' { // the hour has a blank for its first zero
		p.at++
	}
	hour := p.upTo2(':')
	minute, second := p.number(2, ':'), p.number(2, 0)
	nanos := p.fraction()
	offset, zoned := p.zone()
	if p.bad || month < 1 || month > 12 || day < 1 || day > 31 || hour > 23 || minute > 59 || second > 60 {
		return t, false, b, false
	}
	t = time.Date(year, time.Month(month), day, hour, minute, second, nanos, time.UTC).Add(-offset)
	return t, zoned, bytes.TrimLeft(b[p.at:], " "), true
}

// digits reads numbers of fixed width.
type digits struct {
	b   []byte
	at  int
	bad bool
}

// number reads n digits and the byte behind them, unless that is 0.
func (d *digits) number(n int, behind byte) int {
	if d.at+n > len(d.b) {
		d.bad = true
		return 0
	}
	out := 0
	for _, c := range d.b[d.at : d.at+n] {
		if c < '0' || c > '9' {
			d.bad = true
			return 0
		}
		out = out*10 + int(c-'0')
	}
	d.at += n
	d.skip(behind)
	return out
}

func (d *digits) skip(c byte) {
	switch {
	case c == 0:
	case d.at < len(d.b) && d.b[d.at] == c:
		d.at++
	default:
		d.bad = true
	}
}

// upTo2 reads one or two digits.
func (d *digits) upTo2(behind byte) int {
	if d.at+1 < len(d.b) && d.b[d.at+1] == behind {
		return d.number(1, behind)
	}
	return d.number(2, behind)
}

// fraction reads up to nine digits behind a point.
func (d *digits) fraction() int {
	if d.at >= len(d.b) || d.b[d.at] != '.' {
		return 0
	}
	out, unit := 0, int(time.Second)
	for d.at++; d.at < len(d.b) && d.b[d.at] >= '0' && d.b[d.at] <= '9'; d.at++ {
		unit /= 10
		out += unit * int(d.b[d.at]-'0')
	}
	return out
}

// zone reads Z, +hh:mm or +hhmm.
func (d *digits) zone() (offset time.Duration, ok bool) {
	if d.at >= len(d.b) {
		return 0, false
	}
	sign := time.Duration(1)
	switch d.b[d.at] {
	case 'Z':
		d.at++
		return 0, true
	case '-':
		sign = -1
	case '+':
	default:
		return 0, false
	}
	d.at++
	hours := d.number(2, 0)
	if d.at < len(d.b) && d.b[d.at] == ':' {
		d.at++
	}
	return sign * (time.Duration(hours)*time.Hour + time.Duration(d.number(2, 0))*time.Minute), true
}
