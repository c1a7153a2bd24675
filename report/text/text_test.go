package text_test

import (
	"bytes"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/clipperhouse/displaywidth"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/lastwrite/lastwrite/report"
	"github.com/lastwrite/lastwrite/report/escape"
	"github.com/lastwrite/lastwrite/report/internal/example"
	"github.com/lastwrite/lastwrite/report/text"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func render(t *testing.T, d *report.Document, o text.Options) string {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, text.Render(&b, d, o))
	return b.String()
}

// examples yields the names of the examples in a fixed order.
func examples() []string { return slices.Sorted(maps.Keys(example.All())) }

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		require.NoError(t, os.WriteFile(path, []byte(got), 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, string(want), got)
}

func TestRenderGolden(t *testing.T) {
	for _, name := range examples() {
		for _, width := range []int{80, 120} {
			t.Run(fmt.Sprintf("%s at %d", name, width), func(t *testing.T) {
				golden(t, fmt.Sprintf("%s.%d.txt", name, width), render(t, example.All()[name], text.Options{Width: width}))
			})
		}
	}
	t.Run("verbose", func(t *testing.T) {
		golden(t, "damaged.verbose.txt", render(t, example.Damaged(), text.Options{Verbose: true}))
	})
	t.Run("color", func(t *testing.T) {
		golden(t, "damaged.color.txt", render(t, example.Damaged(), text.Options{Color: true}))
	})
}

func TestRankGolden(t *testing.T) {
	for _, name := range examples() {
		t.Run(name, func(t *testing.T) {
			var b bytes.Buffer
			require.NoError(t, text.Rank(&b, example.All()[name]))
			golden(t, name+".rank.tsv", b.String())
		})
	}
}

// sgr matches the sequences that the renderer itself writes.
var sgr = regexp.MustCompile("\x1b\\[[0-9;]*m")

func TestLinesFit(t *testing.T) {
	for _, name := range examples() {
		var commands []string // these stay whole where the shell would not join the lines
		for _, c := range example.All()[name].Clusters {
			for _, plan := range c.Plans {
				for _, command := range plan.Commands {
					commands = append(commands, escape.Text(strings.ReplaceAll(command.Run, "\n", " ")))
				}
			}
		}
		isCommand := func(line string) bool {
			word := strings.TrimSuffix(strings.TrimLeft(line, " "), ` \`)
			return slices.ContainsFunc(commands, func(c string) bool { return strings.Contains(c, word) })
		}
		for _, width := range []int{60, 72, 80, 100, 110, 120, 200} {
			for _, o := range []text.Options{{Width: width}, {Width: width, Color: true}, {Width: width, Verbose: true}} {
				for i, line := range strings.Split(render(t, example.All()[name], o), "\n") {
					bare := sgr.ReplaceAllString(line, "")
					if w := displaywidth.String(bare); w > width && !isCommand(bare) {
						t.Errorf("%s, %+v, line %d has %d cells: %s", name, o, i+1, w, bare)
					}
					if bare != strings.TrimRight(bare, " ") {
						t.Errorf("%s, %+v, line %d ends in blanks", name, o, i+1)
					}
				}
			}
		}
	}
}

func TestOutputIsSafe(t *testing.T) {
	for _, name := range examples() {
		for _, color := range []bool{false, true} {
			out := render(t, example.All()[name], text.Options{Color: color, Verbose: true})
			if color {
				out = sgr.ReplaceAllString(out, "")
			}
			for _, r := range out {
				if r != '\n' && (!unicode.IsPrint(r) || unicode.Is(unicode.Bidi_Control, r)) {
					t.Fatalf("%s: %U in the output", name, r)
				}
			}
		}
	}
}

func TestColorChangesNoText(t *testing.T) {
	for _, name := range examples() {
		plain := render(t, example.All()[name], text.Options{})
		colored := render(t, example.All()[name], text.Options{Color: true})
		assert.NotContains(t, plain, "\x1b")
		assert.Contains(t, colored, "\x1b[")
		assert.Equal(t, plain, sgr.ReplaceAllString(colored, ""))
	}
}

func TestCleanIsShort(t *testing.T) {
	out := render(t, example.Clean(), text.Options{})
	assert.LessOrEqual(t, strings.Count(out, "\n"), 14)
}

func FuzzRender(f *testing.F) {
	f.Add("n1", "detail", uint64(1), uint64(149), uint64(3), 80)
	f.Add("\x1b[2J", "a\u202eb", uint64(1<<64-1), uint64(0), uint64(1<<63), 60)
	f.Fuzz(func(t *testing.T, name, words string, a, b, c uint64, width int) {
		d := example.Damaged()
		d.Clusters[0].Name = name
		d.Clusters[0].Nodes[0].Name = name
		d.Clusters[0].Findings[0].Detail = words
		d.Clusters[0].Nodes[1].Picture = []report.Stretch{
			{Mark: "stored", First: report.Number(a), Last: report.Number(b)},
			{Mark: "gap", First: report.Number(b), Last: report.Number(c)},
			{Mark: "snapshot", First: report.Number(c), Last: report.Number(a)},
		}
		width = 72 + int(uint(width)%200) // the longest word of a command fits
		for _, line := range strings.Split(render(t, d, text.Options{Width: width}), "\n") {
			if w := displaywidth.String(line); w > width {
				t.Errorf("%d cells of %d: %s", w, width, line)
			}
			for _, r := range line {
				if !unicode.IsPrint(r) {
					t.Fatalf("%U in %q", r, line)
				}
			}
		}
	})
}

func TestLongTextTakesNoTime(t *testing.T) {
	for _, long := range []string{strings.Repeat("x", 1<<17), strings.Repeat("x ", 1<<16), strings.Repeat("界", 1<<15), strings.Repeat(" ", 1<<17)} {
		d := example.Damaged()
		d.Clusters[0].Name = long
		d.Clusters[0].Nodes[0].Name = long
		d.Clusters[0].Findings[0].Detail = long
		for _, line := range strings.Split(render(t, d, text.Options{}), "\n") {
			require.LessOrEqual(t, displaywidth.String(line), 80)
		}
	}
}

// TestNarrowTerminal: sentences fit on any terminal. Tables, paths, commands
// and the server's own lines are not cut where nobody could read them.
func TestNarrowTerminal(t *testing.T) {
	for _, name := range examples() {
		for _, width := range []int{1, 20, 40, 50} {
			wide, prose := 0, 0
			for _, line := range strings.Split(render(t, example.All()[name], text.Options{Width: width}), "\n") {
				if strings.TrimSpace(line) == "" {
					continue
				}
				prose++
				if displaywidth.String(line) > max(width, 40) {
					wide++
				}
			}
			assert.LessOrEqual(t, 2*wide, prose, "%s at %d", name, width)
		}
	}
}
