package progress

import (
	"bytes"
	"io"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// clock is a time that tests set forward.
type clock struct{ t time.Time }

func (c *clock) now() time.Time          { return c.t }
func (c *clock) forward(d time.Duration) { c.t = c.t.Add(d) }

func meter(width int) (*Meter, *bytes.Buffer, *clock) {
	var b bytes.Buffer
	c := &clock{t: time.Unix(1_700_000_000, 0)}
	return &Meter{what: "reading", out: &b, now: c.now, width: func() int { return width }}, &b, c
}

func TestShortWorkShowsNothing(t *testing.T) {
	m, out, c := meter(80)
	m.Start(100)
	c.forward(999 * time.Millisecond)
	m.Add(100)
	m.Done()
	assert.Empty(t, out.String())
}

func TestLongWorkIsShownAndCleared(t *testing.T) {
	m, out, c := meter(80)
	m.Start(100 << 20)
	c.forward(2 * time.Second)
	m.Add(25 << 20)
	assert.Equal(t, "\r\x1b[Kreading  [====            ]   25%  25 MiB of 100 MiB  13 MiB/s  6s left", out.String())

	out.Reset()
	c.forward(50 * time.Millisecond)
	m.Add(1 << 20)
	assert.Empty(t, out.String(), "not drawn again so soon")
	c.forward(50 * time.Millisecond)
	m.Add(1 << 20)
	assert.Contains(t, out.String(), " 27%")

	out.Reset()
	m.Done()
	assert.Equal(t, clear, out.String())
	m.Done()
	m.Add(1)
	assert.Equal(t, clear, out.String(), "nothing is drawn after the end")
}

func TestLine(t *testing.T) {
	tests := []struct {
		name        string
		width       int
		total, done int64
		elapsed     time.Duration
		want        string
	}{
		{"unknown total", 80, 0, 3 << 30, 2 * time.Second, "reading  3.0 GiB  1.5 GiB/s"},
		{"inputs grew", 80, 10, 20, time.Second, "reading  20 B  20 B/s"},
		{"nothing read", 80, 1 << 20, 0, time.Second, "reading  [                ]    0%  0 B of 1.0 MiB  0 B/s"},
		{"all read", 80, 1024, 1024, time.Second, "reading  [================]  100%  1.0 KiB of 1.0 KiB  1.0 KiB/s  0s left"},
		{"narrow", 38, 1 << 20, 1 << 19, time.Second, "reading  [========        ]   50%"},
		{"very narrow", 5, 1 << 20, 1 << 19, time.Second, ""},
		{"minutes", 80, 1000, 10, time.Second, "reading  [                ]    1%  10 B of 1000 B  10 B/s  1m39s left"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			m, _, _ := meter(test.width)
			m.total, m.done = test.total, test.done
			got := m.line(test.elapsed)
			assert.Equal(t, test.want, got)
			assert.Less(t, len(got), test.width)
		})
	}
}

func TestRemaining(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0s", 59 * time.Second: "59s", 61 * time.Second: "1m01s", 3599 * time.Second: "59m59s",
		time.Hour + 90*time.Second: "1h02m", 99 * time.Hour: "99h00m", 101 * time.Hour: "days", 1 << 62: "days",
	} {
		assert.Equal(t, want, remaining(d))
	}
}

func TestAddFromManyGoroutines(t *testing.T) {
	m, out, c := meter(80)
	m.Start(1000)
	c.forward(2 * time.Second)
	var wg sync.WaitGroup
	for range 10 {
		wg.Go(func() {
			for range 100 {
				m.Add(1)
			}
		})
	}
	wg.Wait()
	assert.Equal(t, int64(1000), m.done)
	assert.Equal(t, 1, strings.Count(out.String(), "\r"))
}

func TestNewIsSilentWithoutTerminal(t *testing.T) {
	r, w, err := os.Pipe()
	require.NoError(t, err)
	for _, off := range []bool{false, true} {
		m := New(w, "reading", off)
		m.Start(10)
		m.started = m.started.Add(-time.Hour)
		m.Add(5)
		m.Done()
	}
	require.NoError(t, w.Close())
	text, err := io.ReadAll(r)
	require.NoError(t, err)
	assert.Empty(t, text)
}
