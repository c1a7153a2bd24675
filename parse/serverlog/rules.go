package serverlog

import (
	"bytes"
	"strconv"
	"strings"
)

// A rule turns a message into an event.
type rule struct {
	kind    Kind
	pattern string
	set     func(e *Event, c *capture) // nil: the first position, the first two numbers, the first text as Text
}

// A table holds rules by the first byte of their pattern.
type table struct {
	by   [256][]*rule
	verb []*rule // the pattern begins with a verb
	c    capture // of the rule that is tried
}

func newTable(rules []rule) *table {
	t := &table{}
	for i := range rules {
		if first := rules[i].pattern[0]; first == '%' {
			t.verb = append(t.verb, &rules[i])
		} else {
			t.by[first] = append(t.by[first], &rules[i])
		}
	}
	return t
}

// apply fills an event by the first rule that matches.
func (t *table) apply(message []byte, e *Event) bool {
	if len(message) == 0 {
		return false
	}
	return t.applyAll(t.by[message[0]], message, e) || t.applyAll(t.verb, message, e)
}

func (t *table) applyAll(rules []*rule, message []byte, e *Event) bool {
	for _, r := range rules {
		c := &t.c
		if !match(r.pattern, message, c) {
			continue
		}
		e.Kind = r.kind
		if r.set == nil {
			e.Position, e.Other, e.First, e.Last, e.Text = c.p[0], c.p[1], c.d[0], c.d[1], c.s[0]
		} else {
			r.set(e, c)
		}
		return true
	}
	return false
}

func member(c *capture, d, s int) Member {
	return Member{Index: c.d[d], Segment: c.d[d+1], Name: c.s[s]}
}

func ofMember(e *Event, c *capture) { e.Member = member(c, 0, 0) }

func fromTo(e *Event, c *capture) { e.From, e.To, e.First = c.s[0], c.s[1], c.d[0] }

func named(e *Event, c *capture) { e.Name, e.First = c.s[0], c.d[0] }

func nothing(*Event, *capture) {}

func withFlag(e *Event, c *capture) { e.Position, e.Flag = c.p[0], c.d[0] == 1 }

// vote reads the two forms of a vote: "2(node3)" and "2.0 (node3)".
func vote(e *Event, c *capture) {
	e.Member = Member{Index: c.d[0], Name: c.s[0]}
	e.Position, e.Code = c.p[0], c.s[1]
	e.Text, e.First = errorOf(c.rest)
}

// errorOf returns what is safe to show of an error's text, which may quote
// keys and values: "Success", or the number of the error.
func errorOf(text []byte) (string, int64) {
	const code = "Error_code: "
	if bytes.HasPrefix(bytes.TrimSpace(text), []byte("Success")) {
		return "Success", 0
	}
	at := bytes.LastIndex(text, []byte(code))
	if at < 0 {
		return "", 0
	}
	n, _, ok := number(text[at+len(code):])
	if !ok {
		return "", 0
	}
	return code + strconv.FormatInt(n, 10), n
}

// applyFailure reads the origin of a write set.
func applyFailure(e *Event, c *capture) {
	e.Position, e.Other = c.p[0], c.p[1]
}

func transferDone(success bool) func(*Event, *capture) {
	return func(e *Event, c *capture) {
		e.Donor, e.Member, e.Flag = member(c, 0, 0), member(c, 2, 1), success
	}
}

// wsrepRules are messages of the provider and of the server's wsrep code,
// without "WSREP: ". Rules with a longer pattern stand before those that their
// pattern begins with.
var wsrepRules = []rule{
	{RecoveredPosition, "Recovered position: %p", nil},
	{RecoveredPosition, "Recovered position from storage: %p", nil},
	{RecoveredPosition, "Recovered position %p", nil},
	{SavedState, "Found saved state: %p, safe_to_bootstrap: %d", withFlag},
	{SavedState, "Found saved state: %p, safe_to_bootsrap: %d", withFlag}, // so misspelt in Galera 3
	{SavedState, "Found saved state: %p", nil},
	{StateFileUnreadable, "Could not open state file for reading", nothing},
	{StateFileUnreadable, "Could not open saved state file for reading", nothing},
	{StartPosition, "Loading provider %s initial position: %p", func(e *Event, c *capture) { e.Position, e.Text = c.p[0], c.s[0] }},
	{StartPosition, "Start replication", nothing},
	{GCSPosition, "Setting GCS initial position to %p", nil},
	{GCSPosition, "Setting initial position to %p", nil},
	{CertPosition, "####### Assign initial position for certification: %p", nil},
	{CertPosition, "Assign initial position for certification: %d, protocol version", nil},
	{ProviderLoaded, "wsrep_load(): %s loaded successfully", func(e *Event, c *capture) {
		e.Text, _, _ = strings.Cut(c.s[0], " by ")
	}},
	{ProviderConfig, "Passing config to GCS: ", func(e *Event, c *capture) { e.Options = providerOptions(c.rest) }},
	{GCacheRecovered, "Recovering GCache ring buffer: found gapless sequence %d-%d", nil},
	{GCacheRecovered, "GCache::RingBuffer initial scan... %s gapless sequence %d-%d", nil},
	{GCacheUnrecovered, "Skipped GCache ring buffer recovery", nothing},
	{GCacheUnrecovered, "Recovering GCache ring buffer: Recovery failed", nothing},
	{GCacheUnrecovered, "Recovery failed, need to do full reset", nothing},
	{GCacheReset, "GCache history reset: %p -> %p", nil},
	{GCacheReset, "GCache history reset: old(%p) -> new(%p)", nil},
	{ServerStatus, "Server status change %s -> %s", func(e *Event, c *capture) { e.From, e.To = c.s[0], c.s[1] }},

	{NewGroup, "Starting new group from scratch: %u", nil},
	{Bootstrapping, "gcomm: bootstrapping new group '%s'", named},
	{BootstrapOption, "Connecting with bootstrap option: %d", withFlag},
	{BootstrapRefused, "It may not be safe to bootstrap", nothing},
	{BootstrapByOperator, "Bootstrapping primary", nothing},
	{ConnectFailed, "Failed to open channel '%s' at '%s': %d", func(e *Event, c *capture) { e.Name, e.First = c.s[0], c.d[0] }},
	{ConnectFailed, "failed to open gcomm backend connection: %d", nil},
	{ConnectFailed, "wsrep::connect(%s) failed: %d", named},
	{ConnectFailed, "gcs connect failed", nothing},
	{NoPrimary, "failed to reach primary view", nothing},
	{NoPrimary, "no nodes coming from prim view, prim not possible", nothing},
	{NoPrimary, "no nodes coming from prim view", nothing},
	{PCRestored, "restore pc from disk successfully", nothing},
	{PCNotRestored, "restore pc from disk failed", nothing},
	{PCPromoted, "promote to primary component", nothing},
	{PCSaved, "save pc into disk", nothing},

	{Component, "New COMPONENT: primary = %s, bootstrap = %s, my_idx = %d, memb_num = %d", func(e *Event, c *capture) {
		e.Flag, e.Bootstrap, e.First, e.Last = c.s[0] == "yes", c.s[1] == "yes", c.d[0], c.d[1]
	}},
	{Connected, "Server %s connected to cluster at position %p with ID %u", func(e *Event, c *capture) {
		e.Name, e.Position, e.Other = c.s[0], c.p[0], c.p[1]
	}},
	{MemberSynced, "Member %d.%d (%s) synced with group", ofMember},
	{Synced, "Synchronized with group, ready for connections", nothing},
	{NonPrimary, "Received NON-PRIMARY", nothing},
	{NonPrimary, "Non-primary view", nothing},
	{Desync, "Member %d.%d (%s) desyncs itself from group", func(e *Event, c *capture) { e.Member, e.Flag = member(c, 0, 0), true }},
	{Desync, "Member %d.%d (%s) resyncs itself to group", ofMember},
	{Shift, "Shifting %s -> %s (TO: %d)", fromTo},
	{Shift, "Restored state %s -> %s (%d)", fromTo},
	{SelfLeave, "Received SELF-LEAVE", nothing},
	{ShutdownBegin, "Received signal %d", nil},       // garbd
	{ShutdownComplete, "Exiting main loop", nothing}, // garbd
	{Suspected, "evs::proto(%s) suspecting node: %s", func(e *Event, c *capture) { e.Name = c.s[1] }},
	{Suspected, "declaring node with index %d suspected", nil},
	{TransferRequested, "Member %d.%d (%s) requested state transfer from '%s'. Selected %d.%d (%s)(%s) as donor", func(e *Event, c *capture) {
		e.Member, e.From, e.Donor, e.To = member(c, 0, 0), c.s[1], member(c, 2, 2), c.s[3]
	}},
	{TransferImpossible, "Member %d.%d (%s) requested state transfer from '%s', but it is impossible", ofMember},
	{TransferDone, "%d.%d (%s): State transfer to %d.%d (%s) complete", transferDone(true)},
	{TransferDone, "%d.%d (%s): State transfer to %d.%d (%s) failed", transferDone(false)},
	{TransferImpossible, "Requesting state transfer failed", nothing},
	{ISTReceiving, "Receiving IST: %d writesets, seqnos %d-%d", func(e *Event, c *capture) { e.First, e.Last = c.d[1], c.d[2] }},
	{ISTReceiving, "Prepared IST receiver for %d-%d", nil},
	{ISTReceived, "IST received: %p", nil},
	{ISTNotFound, "IST first seqno %d not found from cache", nil},
	{ISTSending, "async IST sender starting to serve %s sending %d-%d", func(e *Event, c *capture) { e.First, e.Last = c.d[0], c.d[1] }},
	{ISTSending, "IST sender %d -> %d", nil},
	{ISTFailed, "Failed to receive IST", nothing},
	{ISTFailed, "got exception while reading IST stream", nothing},
	{ISTFailed, "Receiving IST failed", nothing},
	{ISTFailed, "async IST sender failed to serve", nothing},
	{SSTReceived, "SST received: %p", nil},
	{SSTSent, "SST sent: %p", nil},
	{SSTSent, "SST sending failed", func(e *Event, _ *capture) { e.Kind = SSTFailed }},
	{SSTInstalled, "Installed new state from SST: %p", nil},
	{SSTInstalled, "SST succeeded for position %p", nil},
	{SSTFailed, "SST failed: %d", nil},
	{SSTFailed, "SST request was cancelled", nothing},
	{SSTFailed, "State transfer from joiner to donor failed", nothing},
	{SSTFailed, "Process completed with error: wsrep_sst_%s --role '%s'", func(e *Event, c *capture) { e.Text, e.From = c.s[0], c.s[1] }},
	{SSTFailed, "Application received wrong state", nothing},
	{SSTFailed, "State transfer request failed unrecoverably", nothing},
	{SSTFailed, "Failed to prepare for 'rsync' SST", nothing},
	{SSTFailed, "Command did not run: wsrep_sst_%s --role '%s'", func(e *Event, c *capture) { e.Text, e.From = c.s[0], c.s[1] }},
	{SSTScript, "Running: 'wsrep_sst_%s --role '%s'", func(e *Event, c *capture) { e.Text, e.From = c.s[0], c.s[1] }},
	{ProviderPaused, "Provider paused at %p (%d)", nil},
	{ProviderResumed, "resuming provider at %d", nil},

	{VoteInitiated, "Member %d(%s) initiates vote on %p,%s:", vote},
	{VoteInitiated, "Member %d.%d (%s) initiates vote on %p,%s:", vote},
	{VoteResponded, "Member %d(%s) responds to vote on %p,%s:", vote},
	{VoteResponded, "Member %d.%d (%s) responds to vote on %p,%s:", vote},
	{Inconsistent, "Inconsistency detected: Inconsistent by consensus on %p", nil},
	{Inconsistent, "Vote %s on %p is inconsistent with group", func(e *Event, c *capture) { e.Position, e.Code = c.p[0], firstWord(c.s[0]) }},
	{VotedConsistent, "Vote %s on %p is consistent with group", func(e *Event, c *capture) { e.Position, e.Code = c.p[0], firstWord(c.s[0]) }},
	{InconsistencyOther, "Inconsistency detected", nothing},
	{ApplyFailed, "Failed to apply write set: gtid: %p server_id: %u", applyFailure},
	{ApplyFailed, "Failed to apply write set: gtid: %p", applyFailure},
	{ApplyFailed, "Failed to apply trx", nothing},
	{ApplyFailed, "Failed to apply write set", nothing},
	{EventApplyFailed, "Event %d %s apply failed: %d, seqno %d", func(e *Event, c *capture) { e.Text, e.First = c.s[0], c.d[2] }},
	{EventApplyFailed, "RBR event %d %s apply warning: %d, %d", func(e *Event, c *capture) { e.Text, e.First = c.s[0], c.d[2] }},
	{MarkedCorrupt, "Node consistency compromi", nothing}, // "compromized" in Galera 3
	{HistoryAhead, "Trying to continue unpaused monitor", nothing},
	{HistoryAhead, "Reversing history: %d -> %d", nil},
}

func firstWord(text string) string {
	text, _, _ = strings.Cut(text, " ")
	return text
}

// keptOptions are the keys of the provider's configuration that are kept.
var keptOptions = map[string]bool{
	"base_dir": true, "base_host": true, "base_port": true, "gcache.dir": true, "gcache.name": true, "gcache.size": true,
	"gcache.recover": true, "gcache.page_size": true, "gcache.keep_pages_size": true, "gcs.fc_limit": true, "gmcast.segment": true,
	"gmcast.version": true, "evs.version": true, "pc.bootstrap": true, "pc.ignore_quorum": true, "pc.ignore_sb": true, "pc.npvo": true,
	"pc.recovery": true, "pc.wait_prim": true, "pc.weight": true, "repl.proto_max": true, "cert.optimistic_pa": true,
}

// providerOptions reads "key = value; key = value".
func providerOptions(b []byte) (out []Option) {
	for part := range strings.SplitSeq(string(b), ";") {
		key, value, _ := strings.Cut(part, "=")
		if key = strings.TrimSpace(key); keptOptions[key] && len(out) < len(keptOptions) {
			out = append(out, Option{key, clean([]byte(value))})
		}
	}
	return out
}
