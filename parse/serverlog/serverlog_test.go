package serverlog

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/lastwrite/lastwrite/fixtures"
	"github.com/lastwrite/lastwrite/parse"
)

const (
	group = "1ee3f15f-e609-11f1-b919-3f0bcd2ab0c3"
	node  = "1ee2bdba-e609-11f1-a603-5b762fa2e1e2"
)

func read(t testing.TB, text string) *Log {
	t.Helper()
	l, err := Read(strings.NewReader(text), "error.log", 0)
	require.NoError(t, err)
	return l
}

// place ignores where an event stands.
var place = cmpopts.IgnoreFields(Event{}, "Span", "Line", "Time", "Zoned", "Level")

func at(seqno int64) Position { return Position{Set: true, UUID: group, Seqno: seqno} }

// TestMessages: one line or block of each kind, as MariaDB 10.11 with Galera
// 26.4 writes it unless said otherwise.
func TestMessages(t *testing.T) {
	zero := Position{Set: true, UUID: "00000000-0000-0000-0000-000000000000", Seqno: -1}
	for _, tt := range []struct {
		text string
		want Event
	}{
		{"WSREP: Recovered position: " + group + ":2683", Event{Kind: RecoveredPosition, Position: at(2683)}},
		{"WSREP: Recovered position: " + group + ":2683,0-1-5", Event{Kind: RecoveredPosition, Position: at(2683)}},
		{"WSREP: Recovered position from storage: " + group + ":8", Event{Kind: RecoveredPosition, Position: at(8)}},
		{"WSREP: Found saved state: " + strings.ToUpper(group) + ":-1, safe_to_bootstrap: 1", Event{Kind: SavedState, Position: at(-1), Flag: true}},
		{"WSREP: Found saved state: " + group + ":5", Event{Kind: SavedState, Position: at(5)}}, // Galera before 3.19
		{"WSREP: Start replication", Event{Kind: StartPosition}},
		{"WSREP: Setting GCS initial position to " + group + ":7", Event{Kind: GCSPosition, Position: at(7)}},
		{"WSREP: New COMPONENT: primary = yes, bootstrap = no, my_idx = 2, memb_num = 3", Event{Kind: Component, Flag: true, First: 2, Last: 3}},
		{"WSREP: New COMPONENT: primary = no, bootstrap = yes, my_idx = 0, memb_num = 1", Event{Kind: Component, Bootstrap: true, Last: 1}},
		{"WSREP: view(view_id(PRIM,1ee2bdba-a603,3) memb {\n\t1ee2bdba-a603,0\n\t1f9778b2-be87,1\n} joined {\n\t1f9778b2-be87,1\n} left {\n\tab-cd,0\n} partitioned {\n\t2282995a-be02,0\n})\n", Event{
			Kind: View, View: &ViewBlock{
				Type: "PRIM", UUID: "1ee2bdba-a603", Seq: 3,
				Members: []Member{{UUID: "1ee2bdba-a603"}, {Index: 1, Segment: 1, UUID: "1f9778b2-be87"}},
				Joined:  []Member{{Segment: 1, UUID: "1f9778b2-be87"}}, Left: []Member{{UUID: "ab-cd"}}, Partitioned: []Member{{UUID: "2282995a-be02"}},
			},
		}},
		{"WSREP: view((empty))", Event{Kind: View, View: &ViewBlock{}}},
		{"WSREP: Quorum results:\n\tversion    = 6,\n\tcomponent  = PRIMARY,\n\tconf_id    = 3,\n\tmembers    = 1/2 (joined/total),\n\tact_id     = 251,\n\tlast_appl. = 130,\n\tprotocols  = 5/11/4 (gcs/repl/appl),\n\tvote policy= 0,\n\tgroup UUID = " + group, Event{
			Kind: Quorum, Position: at(251),
			Quorum: &QuorumBlock{Component: "PRIMARY", ConfID: 3, Joined: 1, Total: 2, ActID: 251, LastApplied: 130, Protocols: "5/11/4", Version: 6},
		}},
		{"WSREP: ================================================\nView:\n  id: " + group + ":1\n  status: primary\n  protocol_version: 4\n  capabilities: MULTI-MASTER\n  final: no\n  own_index: 0\n  members(1):\n\t0: " + node + ", node1\n=================================================\n", Event{
			Kind: ClusterView, Position: at(1), To: "primary", Members: []Member{{UUID: node, Name: "node1"}},
		}},
		{"WSREP: Server node1 connected to cluster at position " + group + ":1 with ID " + node, Event{
			Kind: Connected, Name: "node1", Position: at(1), Other: Position{Set: true, UUID: node, Seqno: -1},
		}},
		{"WSREP: Member 2.1 (node (3)) requested state transfer from '*any*'. Selected 0.0 (node1)(SYNCED) as donor.", Event{
			Kind: TransferRequested, Member: Member{Index: 2, Segment: 1, Name: "node (3)"}, From: "*any*", Donor: Member{Name: "node1"}, To: "SYNCED",
		}},
		{"WSREP: 0.0 (node1): State transfer to 2.0 (node3) complete.", Event{Kind: TransferDone, Donor: Member{Name: "node1"}, Member: Member{Index: 2, Name: "node3"}, Flag: true}},
		{"WSREP: 0.0 (node1): State transfer to 2.0 (node3) failed: Protocol error", Event{Kind: TransferDone, Donor: Member{Name: "node1"}, Member: Member{Index: 2, Name: "node3"}}},
		{"WSREP: State transfer required: \n\tGroup state: " + group + ":8\n\tLocal state: 00000000-0000-0000-0000-000000000000:-1\n", Event{Kind: TransferRequired, Position: zero, Other: at(8)}},
		{"WSREP: IST received: " + group + ":8", Event{Kind: ISTReceived, Position: at(8)}},
		{"WSREP: Receiving IST: 120 writesets, seqnos 8-128", Event{Kind: ISTReceiving, First: 8, Last: 128}},
		{"WSREP: IST first seqno 5 not found from cache, falling back to SST", Event{Kind: ISTNotFound, First: 5}},
		{"WSREP: SST received: " + group + ":8", Event{Kind: SSTReceived, Position: at(8)}},
		{"WSREP: SST sent: " + group + ":8", Event{Kind: SSTSent, Position: at(8)}},
		{"WSREP: Installed new state from SST: " + group + ":8", Event{Kind: SSTInstalled, Position: at(8)}},
		{"WSREP: Provider paused at " + group + ":8 (12)", Event{Kind: ProviderPaused, Position: at(8), First: 12}},
		{"WSREP: resuming provider at 12", Event{Kind: ProviderResumed, First: 12}},
		{"WSREP: Recovering GCache ring buffer: found gapless sequence 1979-2684", Event{Kind: GCacheRecovered, First: 1979, Last: 2684}},
		{"WSREP: Skipped GCache ring buffer recovery: could not determine history UUID.", Event{Kind: GCacheUnrecovered}},
		{"WSREP: GCache history reset: " + group + ":1 -> " + group + ":999999", Event{Kind: GCacheReset, Position: at(1), Other: at(999999)}},
		{"WSREP: GCache DEBUG: opened preamble:\nVersion: 2\nUUID: " + group + "\nSeqno: 1 - 9\nOffset: 1280\nSynced: 1\n", Event{Kind: GCachePreamble, Position: at(-1), First: 1, Last: 9, Flag: true}},
		{"WSREP: restore pc from disk successfully", Event{Kind: PCRestored}},
		{"WSREP: promote to primary component", Event{Kind: PCPromoted}},
		{"WSREP: save pc into disk", Event{Kind: PCSaved}},
		{"WSREP: Shifting SYNCED -> DONOR/DESYNCED (TO: 12)", Event{Kind: Shift, From: "SYNCED", To: "DONOR/DESYNCED", First: 12}},
		{"WSREP: Member 2(node3) initiates vote on " + group + ":443,9274081264c4cd14:  Duplicate entry 'S3cr3t' for key 'it''s', Error_code: 1062;", Event{
			Kind: VoteInitiated, Member: Member{Index: 2, Name: "node3"}, Position: at(443), Code: "9274081264c4cd14", Text: "Error_code: 1062", First: 1062,
		}},
		{"WSREP: Member 1(node2) responds to vote on " + group + ":443,0000000000000000: Success", Event{
			Kind: VoteResponded, Member: Member{Index: 1, Name: "node2"}, Position: at(443), Code: "0000000000000000", Text: "Success",
		}},
		{"WSREP: Votes over " + group + ":443:\n   0000000000000000:   2/3\n   9274081264c4cd14:   1/3\nWinner: 0000000000000000\n", Event{
			Kind: VoteTally, Position: at(443), Votes: []Vote{{"0000000000000000", 2, 3}, {"9274081264c4cd14", 1, 3}}, Code: "0000000000000000",
		}},
		{"WSREP: Inconsistency detected: Inconsistent by consensus on " + group + ":443", Event{Kind: Inconsistent, Position: at(443)}},
		{"WSREP: Vote 0 (success) on " + group + ":443 is inconsistent with group. Leaving cluster.", Event{Kind: Inconsistent, Position: at(443), Code: "0"}},
		{"WSREP: Vote 0 (success) on " + group + ":443 is consistent with group. Continue.", Event{Kind: VotedConsistent, Position: at(443), Code: "0"}},
		{"WSREP: Failed to apply write set: gtid: " + group + ":443 server_id: " + node + " client_id: 20 trx_id: 557 flags: 3", Event{
			Kind: ApplyFailed, Position: at(443), Other: Position{Set: true, UUID: node, Seqno: -1},
		}},
		{"WSREP: Received SELF-LEAVE. Closing connection.", Event{Kind: SelfLeave}},
		{"WSREP: It may not be safe to bootstrap the cluster from this node.", Event{Kind: BootstrapRefused}},
		{"WSREP: wsrep::connect(gcomm://) failed: 7", Event{Kind: ConnectFailed, Name: "gcomm://", First: 7}},
		{"WSREP: gcs/src/gcs.cpp:gcs_open():1690: Failed to open channel 'gbl' at 'gcomm://10.0.0.1,10.0.0.2': -110 (Connection timed out)", Event{Kind: ConnectFailed, Name: "gbl", First: -110}},
		{"WSREP: failed to open gcomm backend connection: 110: failed to reach primary view: 110 (Connection timed out)", Event{Kind: ConnectFailed, First: 110}},
		{"WSREP: Passing config to GCS: base_dir = /d/; gcache.size = 1M; socket.ssl_key = /S3cr3t; pc.weight = 1; ", Event{
			Kind: ProviderConfig, Options: []Option{{"base_dir", "/d/"}, {"gcache.size", "1M"}, {"pc.weight", "1"}},
		}},
		{"WSREP: Starting new group from scratch: " + group, Event{Kind: NewGroup, Position: at(-1)}},
		{"InnoDB: Starting crash recovery from checkpoint LSN=68283", Event{Kind: CrashRecovery, First: 68283}},
		{"InnoDB: End of log at LSN=2643958", Event{Kind: EndOfLog, First: 2643958}},
		{"InnoDB: log sequence number 45527; transaction id 15", Event{Kind: LogSequence, First: 45527, Last: 15}},
		{"Found 3 prepared transaction(s) in InnoDB", Event{Kind: PreparedFound, First: 3, Text: "InnoDB"}},
		{"/usr/sbin/mariadbd: ready for connections.", Event{Kind: Ready}},
		{"/usr/sbin/mysqld: ready for connections. Version: '8.0.36-28.1'  socket: '/s'  port: 3306", Event{Kind: Ready, Text: "8.0.36-28.1"}},
		{"/usr/sbin/mariadbd (initiated by: unknown): Normal shutdown", Event{Kind: ShutdownBegin}},
		{"/usr/sbin/mariadbd: Shutdown complete", Event{Kind: ShutdownComplete}},
		{"Starting MariaDB 10.11.19-MariaDB-0+deb12u1-log source revision 5843 server_uid g= as process 27986", Event{Kind: Start, Text: "10.11.19-MariaDB-0+deb12u1-log"}},
		{"/usr/sbin/mysqld (mysqld 8.0.36-28.1) starting as process 12", Event{Kind: Start, Text: "8.0.36-28.1"}},
		{"Aborting", Event{Kind: Aborting}},
		{"/usr/sbin/mariadbd got signal 11 ;", Event{Kind: Signal, First: 11}},
		{"Recovering after a crash using tc.log", Event{Kind: CrashRecoveryLog, Text: "tc.log"}},
	} {
		l := read(t, "2026-11-21 23:51:00 0 [Note] "+tt.text+"\n")
		all := l.All()
		if !assert.Len(t, all, 1, tt.text) {
			continue
		}
		if diff := cmp.Diff(tt.want, all[0], place); diff != "" {
			t.Errorf("%s\n%s", tt.text, diff)
		}
		assert.NotContains(t, fmt.Sprintf("%+v", l), "S3cr3t")
	}
}

// TestErrors: what InnoDB says when it does not start.
func TestErrors(t *testing.T) {
	for text, want := range map[string]string{
		"InnoDB: File ./ib_logfile0 was not found":                                                                                          "log-missing",
		"InnoDB: ib_logfile0 is empty, and LSN is unknown.":                                                                                 "log-empty",
		"InnoDB: Invalid log header checksum":                                                                                               "log-header",
		"InnoDB: No valid checkpoint was found; the log was created with MariaDB 10.11.19.":                                                 "no-checkpoint",
		"InnoDB: Missing FILE_DELETE or FILE_MODIFY for [page id: space=3, page number=0] at 123; set innodb_force_recovery=1":              "undo-or-table-missing",
		"InnoDB: The Auto-extending data file './ibdata1' is of a different size 640 pages than specified by innodb_data_file_path":         "system-tablespace-size",
		"InnoDB: undo tablespace './/undo001' exists. Creating system tablespace with existing undo tablespaces is not supported.":          "system-tablespace-missing",
		"InnoDB: Tablespace 4 was not found at ./mysql/innodb_table_stats.ibd.":                                                             "tablespace-missing",
		"InnoDB: Something with 'S3cr3t' nobody knows":                                                                                      "",
		"Could not open mysql.plugin table: \"Table 'mysql.plugin' doesn't exist\". Some plugins may be not loaded":                         "",
		"Fatal error: Can't open and lock privilege tables: Table 'mysql.db' doesn't exist":                                                 "",
		"Plugin 'InnoDB' registration as a STORAGE ENGINE failed.":                                                                          "",
		"Unknown/unsupported storage engine: InnoDB":                                                                                        "",
		"WSREP: Something with 'S3cr3t' nobody knows":                                                                                       "",
		"WSREP: Process completed with error: wsrep_sst_rsync --role 'donor' --auth 'S3cr3t' --address '10.0.0.1': 255 (Unknown error 255)": "",
	} {
		l := read(t, "2026-11-21 23:51:00 0 [ERROR] "+text+"\n")
		all := l.All()
		if assert.Len(t, all, 1, text) {
			assert.Equal(t, want, all[0].Code, text)
			assert.Equal(t, Error, all[0].Level)
		}
		assert.NotContains(t, fmt.Sprintf("%+v", l), "S3cr3t")
	}
}

// TestHeaders: one message behind every header that is known.
func TestHeaders(t *testing.T) {
	wall := time.Date(2026, 11, 21, 23, 51, 0, 0, time.UTC)
	for _, tt := range []struct {
		header string
		time   time.Time
		zoned  bool
		level  Level
	}{
		{"2026-11-21 23:51:00 0 [Note] WSREP: ", wall, false, Note},
		{"2026-11-21  3:51:00 140213 [Warning] WSREP: ", wall.Add(-20 * time.Hour), false, Warning},
		{"2026-11-21T23:51:00.250000Z 0 [Note] WSREP: ", wall.Add(time.Second / 4), true, Note},
		{"2026-11-22T01:51:00.000001+02:00 12 [ERROR] [MY-000000] [Galera] ", wall.Add(time.Microsecond), true, Error},
		{"2026-11-21T23:51:00.000000Z 0 [System] [MY-010000] [WSREP] ", wall, true, Note},
		{"261121 23:51:00 [Note] WSREP: ", wall, false, Note},
		{"261121  3:51:00 [Note] WSREP: ", wall.Add(-20 * time.Hour), false, Note},
		{"2026-11-21 23:51:00.500  INFO: ", wall.Add(time.Second / 2), false, Note},
		{"2026-11-21 23:51:00.500 FATAL: ", wall.Add(time.Second / 2), false, Fatal},
		{"Nov 21 23:51:00 db1 mariadbd[812]: 2026-11-21 23:51:00 0 [Note] WSREP: ", wall, false, Note},
		{"2026-11-21T23:51:00+0000 db1 mariadbd[812]: 2026-11-22 00:51:00 0 [Note] WSREP: ", wall, true, Note},
		{"Nov 21 23:51:00 db1 sh[812]: WSREP: ", time.Time{}, false, NoLevel},
		{"mysqld_safe WSREP: ", time.Time{}, false, NoLevel},
		{"WSREP: ", time.Time{}, false, NoLevel},
	} {
		l := read(t, "x\n"+tt.header+"Recovered position: "+group+":12\r\n")
		e, ok := l.LastOf(RecoveredPosition)
		if !assert.True(t, ok, tt.header) {
			continue
		}
		assert.Equal(t, at(12), e.Position, tt.header)
		assert.Equal(t, tt.time, e.Time, tt.header)
		assert.Equal(t, tt.zoned, e.Zoned, tt.header)
		assert.Equal(t, tt.level, e.Level, tt.header)
		assert.Equal(t, int64(2), e.Line)
		assert.Equal(t, int64(2), e.Offset)
	}
}

// TestJournal: each line of a block has a header.
func TestJournal(t *testing.T) {
	const h = "Nov 21 23:51:00 db1 mariadbd[812]: "
	l := read(t, h+"2026-11-21 23:51:00 0 [Note] WSREP: view(view_id(PRIM,ab,3) memb {\n"+h+"        ab,0\n"+h+"        cd,0\n"+h+"} joined {\n"+h+"} left {\n"+h+"} partitioned {\n"+h+"})\n")
	e, ok := l.LastOf(View)
	require.True(t, ok)
	assert.Len(t, e.View.Members, 2)
	assert.False(t, e.Incomplete)
	assert.Equal(t, l.Size-1, e.Offset+e.Length)
}

// TestCutBlock: the log ends, or another message comes, inside of a block.
func TestCutBlock(t *testing.T) {
	const view = "2026-11-21 23:51:00 0 [Note] WSREP: view(view_id(PRIM,ab,3) memb {\n\tab,0\n"
	e, _ := read(t, view).LastOf(View)
	assert.True(t, e.Incomplete)
	l := read(t, view+"2026-11-21 23:51:00 0 [Note] WSREP: save pc into disk\n")
	e, _ = l.LastOf(View)
	assert.True(t, e.Incomplete)
	assert.Len(t, e.View.Members, 1)
	assert.Equal(t, int64(1), l.Count(PCSaved))
}

func TestCrash(t *testing.T) {
	l := read(t, "03:03:03 UTC - mysqld got signal 6 ;\n2026-11-21 23:51:00 0x7f8 InnoDB: Assertion failure in file /a/b/trx0trx.cc line 123\nmariadbd: /a/b.cc:12: void f(): Assertion `x == 'S3cr3t'' failed.\n")
	assert.Equal(t, int64(1), l.Count(Signal))
	require.Equal(t, int64(2), l.Count(Assertion))
	assert.Equal(t, "trx0trx.cc", l.Of(Assertion)[0].Text)
	assert.NotContains(t, fmt.Sprintf("%+v", l), "S3cr3t")
}

// TestBounds: a flood of events keeps the first and the last.
func TestBounds(t *testing.T) {
	var b strings.Builder
	for i := range 1000 {
		fmt.Fprintf(&b, "2026-11-21 23:51:00 0 [Note] WSREP: Shifting A -> B (TO: %d)\n", i)
	}
	l, err := Read(strings.NewReader(b.String()), "f", 3)
	require.NoError(t, err)
	var seqnos []int64
	for _, e := range l.All() {
		seqnos = append(seqnos, e.First)
	}
	assert.Equal(t, []int64{0, 1, 2, 997, 998, 999}, seqnos)
	assert.Equal(t, int64(1000), l.Count(Shift))
	assert.Equal(t, int64(1000), l.Matched)
}

func TestLongLinesAndHoles(t *testing.T) {
	const line = "2026-11-21 23:51:00 0 [Note] WSREP: save pc into disk\n"
	text := strings.Repeat("a", 1<<20) + "\n" + line + strings.Repeat("\x00", 300000) + line + strings.Repeat("b", 70000) + "WSREP: save pc into disk"
	for _, r := range []io.Reader{strings.NewReader(text), iotest.HalfReader(strings.NewReader(text))} {
		l, err := Read(r, "f", 0)
		require.NoError(t, err)
		assert.Equal(t, int64(len(text)), l.Size)
		assert.Equal(t, int64(4), l.Lines)
		assert.Equal(t, int64(3), l.Long)
		assert.Equal(t, int64(300000), l.NULs)
		require.Len(t, l.Damage, 1)
		assert.Equal(t, parse.Span{File: "f", Offset: 1<<20 + 1 + int64(len(line)), Length: 300000, Field: "text"}, l.Damage[0].Span)
		assert.Equal(t, int64(1), l.Count(PCSaved), "behind a hole longer than a line nothing is known")
	}
	short := read(t, line+strings.Repeat("\x00", 5000)+line)
	assert.Equal(t, int64(2), short.Count(PCSaved))
	assert.Equal(t, int64(len(line)+5000), short.Of(PCSaved)[1].Offset)
}

func TestReadError(t *testing.T) {
	_, err := Read(iotest.TimeoutReader(iotest.OneByteReader(strings.NewReader("a\nb\n"))), "f", 0)
	require.ErrorIs(t, err, iotest.ErrTimeout)
}

// TestCorpus reads the logs of clusters that were killed in known ways, and
// compares with what the servers found on disk later.
func TestCorpus(t *testing.T) {
	names := fixtures.Cases("galera")
	if len(names) == 0 {
		t.Skip("no galera cases: neither in fixtures nor in ../shared/corpus")
	}
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			c := fixtures.OpenGalera(t, "galera", name, func(file string) bool {
				return strings.HasSuffix(file, "/error.log") || strings.HasSuffix(file, "/garbd.log")
			})
			for file, data := range c.Files {
				l, err := Read(bytes.NewReader(data), file, 1<<20)
				require.NoError(t, err)
				requireWhole(t, l)
				node := path.Dir(file)
				if path.Base(file) == "garbd.log" {
					assert.Positive(t, l.Count(ArbitratorConfig), file)
					continue
				}
				assert.Positive(t, l.Count(Start), file)
				for _, e := range l.Of(Connected) {
					assert.Equal(t, node, e.Name, file)
				}
				requireLastView(t, l, c.Truth.Nodes[node])
			}
		})
	}
}

// requireWhole: no block of a real log is left unread, and each primary
// component has its quorum.
func requireWhole(t *testing.T, l *Log) {
	t.Helper()
	assert.Empty(t, l.Damage, l.File)
	assert.Positive(t, l.Count(View), l.File)
	primary := int64(0)
	for _, e := range l.Of(Component) {
		if e.Flag {
			primary++
		}
	}
	assert.Equal(t, primary, l.Count(Quorum), l.File)
	for _, e := range l.All() {
		assert.False(t, e.Incomplete, "%s: line %d", l.File, e.Line)
		if e.Kind == Quorum {
			assert.True(t, e.Position.Set, "%s: line %d", l.File, e.Line)
		}
	}
}

// requireLastView: the last primary view of the log is the one in
// gvwstate.dat.
func requireLastView(t *testing.T, l *Log, truth fixtures.GaleraNodeTruth) {
	t.Helper()
	if truth.Gvwstate == nil || len(truth.Gvwstate.Members) == 0 {
		return
	}
	var last *ViewBlock
	for _, e := range l.Of(View) {
		if e.View.Type == "PRIM" {
			last = e.View
		}
	}
	require.NotNil(t, last, l.File)
	assert.Equal(t, int64(truth.Gvwstate.ViewID.Seq), last.Seq, l.File)
	require.Len(t, last.Members, len(truth.Gvwstate.Members), l.File)
	for i, m := range truth.Gvwstate.Members {
		short := m.UUID[:8] + "-" + m.UUID[19:23] // as logs print it
		assert.Equal(t, short, last.Members[i].UUID, l.File)
	}
}

// requireSound checks what holds for the result of any bytes.
func requireSound(t *testing.T, data []byte) {
	t.Helper()
	l, err := Read(bytes.NewReader(data), "f", 5)
	require.NoError(t, err)
	require.Equal(t, int64(len(data)), l.Size)
	require.Equal(t, int64(bytes.Count(data, []byte{0})), l.NULs)
	var matched int64
	for kind, events := range l.Kinds {
		matched += events.Count
		require.LessOrEqual(t, len(events.First)+len(events.Last), 10)
		for _, e := range append(events.First, events.Last...) {
			require.Equal(t, kind, e.Kind)
			require.LessOrEqual(t, e.Offset+e.Length, l.Size)
			require.Positive(t, e.Length)
			require.LessOrEqual(t, len(e.Text), 3*maxText)
		}
	}
	require.Equal(t, matched, l.Matched)
	for _, d := range l.Damage {
		require.LessOrEqual(t, d.Offset+d.Length, l.Size)
	}
	again, err := Read(iotest.OneByteReader(bytes.NewReader(data)), "f", 5)
	require.NoError(t, err)
	require.Empty(t, cmp.Diff(l, again))
}

func sample(t testing.TB) []byte {
	data, err := os.ReadFile("testdata/error.log")
	require.NoError(t, err)
	return data
}

func TestEveryPrefix(t *testing.T) {
	data := sample(t)
	for n := range len(data) + 1 {
		l, err := Read(bytes.NewReader(data[:n]), "f", 5)
		require.NoError(t, err)
		require.Equal(t, int64(n), l.Size)
		for _, e := range l.All() {
			require.LessOrEqual(t, e.Offset+e.Length, l.Size)
		}
	}
}

func TestEveryFlippedBit(t *testing.T) {
	data := sample(t)
	for i := range 8 * len(data) {
		data[i/8] ^= 1 << (i % 8)
		l, err := Read(bytes.NewReader(data), "f", 5)
		require.NoError(t, err)
		require.Equal(t, int64(len(data)), l.Size)
		data[i/8] ^= 1 << (i % 8)
	}
}

func FuzzRead(f *testing.F) {
	f.Add(sample(f))
	f.Add([]byte("03:03:03 UTC - mysqld got signal 6 ;\n\x00\x00\nWSREP: view(\n"))
	f.Fuzz(requireSound)
}

// BenchmarkRead: half of the log is of a cluster's life, half of statements.
func BenchmarkRead(b *testing.B) {
	text := bytes.Repeat(append(sample(b), bytes.Repeat([]byte("2026-11-21 23:51:00 12 [Warning] Aborted connection 12 to db: 'unconnected' user: 'root' host: 'localhost' (Got an error reading communication packets)\n"), 40)...), 500)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		if _, err := Read(bytes.NewReader(text), "f", 0); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkReadOther(b *testing.B) {
	text := bytes.Repeat([]byte("2026-11-21 23:51:00 12 [Warning] Aborted connection 12 to db: 'unconnected' user: 'root' host: 'localhost' (Got an error reading communication packets)\n"), 100000)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		if _, err := Read(bytes.NewReader(text), "f", 0); err != nil {
			b.Fatal(err)
		}
	}
}
