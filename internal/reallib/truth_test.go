package reallib_test

import (
	"strings"
	"syscall"

	"github.com/lastwrite/lastwrite/fixtures"
	"github.com/lastwrite/lastwrite/internal/reallib"
)

// made tells whether the case was measured with this implementation, so that
// every figure of its truth applies.
func made(lib *reallib.Library, c *fixtures.Case) bool {
	key := map[reallib.Flavour]string{reallib.Cowsql: "cowsql", reallib.Dqlite: "dqlite (bundled raft)"}[lib.Flavour]
	_, ok := c.Cowsql.ServerVersions[key]
	return ok
}

// otherLoad is what truth.json says about a load by this implementation of a
// directory of another one; nil where it was not measured. Debian's libraft
// 0.15.0 stands for canonical/raft 0.18.1.
func otherLoad(lib *reallib.Library, n fixtures.NodeTruth) *fixtures.LoadTruth {
	switch lib.Flavour {
	case reallib.Cowsql:
		return n.LoadedByCowsql
	case reallib.Dqlite:
		return n.LoadedByDqlite
	default:
		return n.LoadedByCanonicalRaft
	}
}

// A result is what loads and starts have in common. Message is the server's
// text, or the assertion when it aborts.
type result struct {
	Outcome reallib.Outcome
	Signal  syscall.Signal
	Message string
}

const (
	killed  = "process killed by SIGSEGV, no error message"
	aborted = "process aborts (SIGABRT), stderr: "
)

// fromTruth reads an error of truth.json.
func fromTruth(message string, success reallib.Outcome) result {
	assertion, aborts := strings.CutPrefix(message, aborted)
	switch {
	case message == "":
		return result{Outcome: success}
	case message == killed:
		return result{Outcome: reallib.Crashes, Signal: syscall.SIGSEGV}
	case aborts:
		return result{Outcome: reallib.Crashes, Signal: syscall.SIGABRT, Message: assertion}
	default:
		return result{Outcome: reallib.Refuses, Message: message}
	}
}

func fromLoad(l reallib.Load) result {
	return newResult(l.Outcome, l.Signal, l.Error, l.Stderr)
}

func fromStart(s reallib.Start) result {
	return newResult(s.Outcome, s.Signal, s.Error, s.Stderr)
}

func newResult(o reallib.Outcome, signal syscall.Signal, message, stderr string) result {
	if signal == syscall.SIGABRT { // "program: file:line: function: Assertion … failed."
		line := stderr[strings.LastIndex(strings.TrimSpace(stderr), "\n")+1:]
		_, message, _ = strings.Cut(strings.TrimSpace(line), ": ")
	}
	return result{Outcome: o, Signal: signal, Message: message}
}
