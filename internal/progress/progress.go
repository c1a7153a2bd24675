// Package progress shows on a terminal how far long work is.
package progress

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/dustin/go-humanize"
	"golang.org/x/term"
)

const (
	patience = time.Second            // work that is done by then shows nothing
	pause    = 100 * time.Millisecond // between two drawings
	barWidth = 16
	clear    = "\r\x1b[K" // to the first column, erase the line
)

// A Meter counts bytes and draws one line that it erases in the end. Its
// methods may be called from several goroutines.
type Meter struct {
	what  string    // in front of the line
	out   io.Writer // nil if nothing is to be drawn
	width func() int
	now   func() time.Time

	mu      sync.Mutex
	total   int64
	done    int64
	started time.Time // zero if not running
	drawn   time.Time // zero if the line is empty
}

// New returns a meter that draws on f what is being done, in a word or two. It draws nothing if f is no terminal
// that can erase a line, or if off is set.
func New(f *os.File, what string, off bool) *Meter {
	m := &Meter{what: what, now: time.Now}
	if off || !term.IsTerminal(int(f.Fd())) || os.Getenv("TERM") == "dumb" {
		return m
	}
	m.out = f
	m.width = func() int {
		width, _, err := term.GetSize(int(f.Fd()))
		if err != nil || width <= 0 {
			return 80
		}
		return width
	}
	return m
}

// Start begins to count. totalBytes is what there is to read, 0 if that is not
// known.
func (m *Meter) Start(totalBytes int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.erase()
	m.total, m.done, m.started = totalBytes, 0, m.now()
}

// Add counts n more bytes as read.
func (m *Meter) Add(n int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.done += n
	if m.out == nil || m.started.IsZero() {
		return
	}
	now := m.now()
	if now.Sub(m.started) < patience || !m.drawn.IsZero() && now.Sub(m.drawn) < pause {
		return
	}
	m.drawn = now
	m.write(clear + m.line(now.Sub(m.started)))
}

// Done erases the line. Nothing is drawn until the next Start.
func (m *Meter) Done() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.erase()
	m.started = time.Time{}
}

func (m *Meter) erase() {
	if !m.drawn.IsZero() {
		m.write(clear)
		m.drawn = time.Time{}
	}
}

// write draws. What cannot be drawn is not worth a complaint.
func (m *Meter) write(s string) { _, _ = io.WriteString(m.out, s) }

// line returns what is to be seen after some time: as much as the terminal
// has room for, without its last column, at which some of them wrap.
func (m *Meter) line(elapsed time.Duration) string {
	rate := float64(m.done) / elapsed.Seconds()
	speed := size(int64(rate)) + "/s"
	if m.total <= 0 || m.done > m.total { // not known, or the inputs grew
		return fit(m.width()-1, m.what, size(m.done), speed)
	}
	part := float64(m.done) / float64(m.total)
	filled := int(part * barWidth)
	parts := []string{
		m.what,
		"[" + strings.Repeat("=", filled) + strings.Repeat(" ", barWidth-filled) + "]",
		fmt.Sprintf("%3d%%", int(part*100)),
		fmt.Sprintf("%s of %s", size(m.done), size(m.total)),
		speed,
	}
	if rate > 0 {
		left := time.Duration(float64(m.total-m.done) / rate * float64(time.Second))
		parts = append(parts, remaining(left)+" left")
	}
	return fit(m.width()-1, parts...)
}

// fit joins parts while they fit into width.
func fit(width int, parts ...string) string {
	line := ""
	for i, part := range parts {
		if i > 0 {
			part = "  " + part
		}
		if len(line)+len(part) > width {
			break
		}
		line += part
	}
	return line
}

func size(n int64) string { return humanize.IBytes(uint64(max(n, 0))) }

// remaining rounds d to what a person waits for.
func remaining(d time.Duration) string {
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%ds", int(d.Round(time.Second).Seconds()))
	case d < time.Hour:
		d = d.Round(time.Second)
		return fmt.Sprintf("%dm%02ds", int(d.Minutes()), int(d.Seconds())%60)
	case d < 100*time.Hour:
		d = d.Round(time.Minute)
		return fmt.Sprintf("%dh%02dm", int(d.Hours()), int(d.Minutes())%60)
	default:
		return "days"
	}
}
