//go:build unix

package html_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/lastwrite/lastwrite/report/internal/example"
)

var (
	pages       = flag.String("pages", "", "directory with pages that the browser test looks at as well")
	screenshots = flag.String("screenshots", "", "directory that the browser test puts pictures of the pages into")
)

// A browser is a headless Chromium that is led over a pair of pipes.
type browser struct {
	t      *testing.T
	in     io.Writer
	out    *bufio.Reader
	number int
	events []message
}

type message struct {
	ID        int             `json:"id"`
	Method    string          `json:"method"`
	SessionID string          `json:"sessionId"`
	Params    json.RawMessage `json:"params"`
	Result    json.RawMessage `json:"result"`
	Error     *struct {
		Message string `json:"message"`
	} `json:"error"`
}

// startBrowser starts Chromium, or skips the test if there is none.
func startBrowser(t *testing.T) *browser {
	t.Helper()
	program, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("no chromium: install the Debian package chromium to run the browser test")
	}
	theirIn, ourOut, err := os.Pipe()
	require.NoError(t, err)
	ourIn, theirOut, err := os.Pipe()
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), 5*time.Minute)
	profile := t.TempDir()
	c := exec.CommandContext(ctx, program, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
		"--hide-scrollbars", "--remote-debugging-pipe", "--user-data-dir="+profile, "about:blank")
	c.ExtraFiles = []*os.File{theirIn, theirOut} // descriptors 3 and 4
	c.Env = append(os.Environ(), "HOME="+profile)
	require.NoError(t, c.Start())
	theirIn.Close()
	theirOut.Close()
	t.Cleanup(func() {
		ourOut.Close()
		ourIn.Close()
		cancel()
		c.Wait() // it was killed
	})
	return &browser{t: t, in: ourOut, out: bufio.NewReader(ourIn)}
}

func (b *browser) receive() message {
	b.t.Helper()
	raw, err := b.out.ReadBytes(0)
	require.NoError(b.t, err, "the browser went away")
	var m message
	require.NoError(b.t, json.Unmarshal(bytes.TrimSuffix(raw, []byte{0}), &m))
	return m
}

// call runs a method of the DevTools protocol.
func (b *browser) call(session, method string, params map[string]any) json.RawMessage {
	b.t.Helper()
	b.number++
	request := map[string]any{"id": b.number, "method": method, "params": params}
	if params == nil {
		request["params"] = map[string]any{}
	}
	if session != "" {
		request["sessionId"] = session
	}
	data, err := json.Marshal(request)
	require.NoError(b.t, err)
	_, err = b.in.Write(append(data, 0))
	require.NoError(b.t, err)
	for {
		m := b.receive()
		if m.Method != "" {
			b.events = append(b.events, m)
			continue
		}
		if m.ID == b.number {
			require.Nil(b.t, m.Error, method)
			return m.Result
		}
	}
}

// wait returns when an event of that name was or is received.
func (b *browser) wait(method string) {
	b.t.Helper()
	for !slices.ContainsFunc(b.events, func(m message) bool { return m.Method == method }) {
		if m := b.receive(); m.Method != "" {
			b.events = append(b.events, m)
		}
	}
}

// A tab is one page in the browser.
type tab struct {
	*browser
	session string
}

func (b *browser) open() *tab {
	b.t.Helper()
	var target struct{ TargetID string }
	require.NoError(b.t, json.Unmarshal(b.call("", "Target.createTarget", map[string]any{"url": "about:blank"}), &target))
	var attached struct{ SessionID string }
	require.NoError(b.t, json.Unmarshal(b.call("", "Target.attachToTarget", map[string]any{"targetId": target.TargetID, "flatten": true}), &attached))
	t := &tab{b, attached.SessionID}
	for _, domain := range []string{"Page", "Network", "Runtime", "Log"} {
		t.call(t.session, domain+".enable", nil)
	}
	return t
}

// show loads a file in a window of that width.
func (t *tab) show(file string, width int, scheme string) {
	t.t.Helper()
	t.call(t.session, "Emulation.setDeviceMetricsOverride", map[string]any{"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600})
	t.call(t.session, "Emulation.setEmulatedMedia", map[string]any{"features": []map[string]any{{"name": "prefers-color-scheme", "value": scheme}}})
	t.events = nil
	t.call(t.session, "Page.navigate", map[string]any{"url": "file://" + file})
	t.wait("Page.loadEventFired")
}

// eval returns the value of an expression on the page.
func (t *tab) eval(expression string) any {
	t.t.Helper()
	var result struct {
		Result           struct{ Value any }
		ExceptionDetails *struct{ Text string }
	}
	raw := t.call(t.session, "Runtime.evaluate", map[string]any{"expression": expression, "returnByValue": true, "awaitPromise": true, "userGesture": true})
	require.NoError(t.t, json.Unmarshal(raw, &result))
	require.Nil(t.t, result.ExceptionDetails, expression)
	return result.Result.Value
}

// complaints are what the console says, and every request that is not for the
// page itself.
func (t *tab) complaints(file string) []string {
	var out []string
	for _, m := range t.events {
		switch m.Method {
		case "Runtime.consoleAPICalled", "Runtime.exceptionThrown", "Log.entryAdded":
			out = append(out, m.Method+" "+string(m.Params))
		case "Network.requestWillBeSent":
			var p struct{ Request struct{ URL string } }
			require.NoError(t.t, json.Unmarshal(m.Params, &p))
			if p.Request.URL != "file://"+file {
				out = append(out, "a request for "+p.Request.URL)
			}
		}
	}
	return out
}

func (t *tab) screenshot(name string) {
	t.t.Helper()
	if *screenshots == "" {
		return
	}
	var shot struct{ Data string }
	require.NoError(t.t, json.Unmarshal(t.call(t.session, "Page.captureScreenshot", map[string]any{"captureBeyondViewport": true}), &shot))
	data, err := base64.StdEncoding.DecodeString(shot.Data)
	require.NoError(t.t, err)
	require.NoError(t.t, os.WriteFile(filepath.Join(*screenshots, name+".png"), data, 0o644))
}

func TestInBrowser(t *testing.T) {
	b := startBrowser(t)
	dir := t.TempDir()
	page := b.open()
	var files []string
	for _, name := range slices.Sorted(maps.Keys(example.All())) {
		file := filepath.Join(dir, name+".html")
		require.NoError(t, os.WriteFile(file, []byte(render(t, example.All()[name])), 0o644))
		files = append(files, file)
	}
	if *pages != "" {
		more, err := filepath.Glob(filepath.Join(*pages, "*.html"))
		require.NoError(t, err)
		files = append(files, more...)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".html")
		for _, width := range []int{375, 1440} {
			for _, scheme := range []string{"light", "dark"} {
				t.Run(fmt.Sprintf("%s %d %s", name, width, scheme), func(t *testing.T) {
					page.t = t
					page.show(file, width, scheme)
					assert.LessOrEqual(t, page.eval("document.documentElement.scrollWidth"), float64(width), "a horizontal scroll bar")
					assert.Equal(t, "[]", page.eval(narrowest), "text that is cut off or squeezed")
					page.screenshot(fmt.Sprintf("%s-%d-%s", name, width, scheme))
					assert.Empty(t, page.complaints(file))
				})
			}
		}
	}
	page.t = t
}

// narrowest lists texts in boxes that are too narrow for a word of them.
const narrowest = `JSON.stringify(Array.from(document.querySelectorAll("p, td, th, li, caption, summary, h1, h2, h3, .tick"))
	.filter(e => e.checkVisibility() && e.textContent.trim().length > 4 && e.getBoundingClientRect().width > 0 && e.getBoundingClientRect().width < 18)
	.map(e => e.tagName + " " + e.textContent))`

func TestComfort(t *testing.T) {
	b := startBrowser(t)
	file := filepath.Join(t.TempDir(), "damaged.html")
	require.NoError(t, os.WriteFile(file, []byte(render(t, example.Damaged())), 0o644))
	page := b.open()
	page.show(file, 1440, "light")

	t.Run("fold", func(t *testing.T) {
		page.t = t
		open := `document.querySelectorAll(".finding details[open]").length`
		assert.Equal(t, 0.0, page.eval(open))
		page.eval(`document.querySelector(".fold").click()`)
		assert.Equal(t, page.eval(`document.querySelectorAll(".finding details").length`), page.eval(open))
		page.eval(`document.querySelector(".fold").click()`)
		assert.Equal(t, 0.0, page.eval(open))
	})
	t.Run("filter", func(t *testing.T) {
		page.t = t
		shown := `Array.from(document.querySelectorAll(".finding")).filter(f => f.checkVisibility()).length`
		all := page.eval(shown)
		page.eval(`{ const f = document.querySelector(".filter"); f.value = "LWC011"; f.dispatchEvent(new Event("input")) }`)
		assert.Equal(t, 1.0, page.eval(shown))
		page.eval(`{ const f = document.querySelector(".filter"); f.value = ""; f.dispatchEvent(new Event("input")) }`)
		assert.Equal(t, all, page.eval(shown))
	})
	t.Run("copy", func(t *testing.T) {
		page.t = t
		page.eval(`navigator.clipboard.writeText = text => { window.copied = text; return Promise.resolve() }`)
		page.eval(`document.querySelector(".commands button").click()`)
		assert.Equal(t, "systemctl stop incus.service incus.socket", page.eval(`window.copied`))
	})
	t.Run("a link opens what it leads to", func(t *testing.T) {
		page.t = t
		page.eval(`document.querySelector(".counts .plan:last-child a").click()`)
		assert.Equal(t, true, page.eval(`new Promise(done => setTimeout(() => done(Array.from(document.querySelectorAll("details.plan")).at(-1).open), 50))`))
	})
	t.Run("paper", func(t *testing.T) {
		page.t = t
		page.call(page.session, "Emulation.setEmulatedMedia", map[string]any{"media": "print"})
		assert.Equal(t, 0.0, page.eval(`Array.from(document.querySelectorAll("nav, .tools")).filter(e => e.checkVisibility()).length`))
	})
	page.t = t
	assert.Empty(t, page.complaints(file))

	t.Run("without scripts", func(t *testing.T) {
		page.t = t
		page.call(page.session, "Emulation.setScriptExecutionDisabled", map[string]any{"value": true})
		page.show(file, 375, "light")
		var document struct{ Root struct{ NodeID int } }
		require.NoError(t, json.Unmarshal(page.call(page.session, "DOM.getDocument", nil), &document))
		var outer struct{ OuterHTML string }
		require.NoError(t, json.Unmarshal(page.call(page.session, "DOM.getOuterHTML", map[string]any{"nodeId": document.Root.NodeID}), &outer))
		for _, want := range []string{"n1 and n3 are most recent", "A segment is missing", "stored 89a1897f", "systemctl start incus.socket"} {
			assert.Contains(t, outer.OuterHTML, want)
		}
		assert.NotContains(t, outer.OuterHTML, ">Copy<", "no button that does nothing")
	})
}
