// Package example holds hand-made reports for the tests of the renderers.
package example

import (
	"fmt"
	"slices"
	"strings"

	"github.com/lastwrite/lastwrite/analyze"
	"github.com/lastwrite/lastwrite/report"
)

// All returns the examples by name.
func All() map[string]*report.Document {
	return map[string]*report.Document{
		"clean":     Clean(),
		"damaged":   Damaged(),
		"fork":      Fork(),
		"undecided": Undecided(),
		"several":   Several(),
		"hostile":   Hostile(),
		"many":      Many(),
		"empty":     Empty(),
	}
}

const server = "cowsql/raft 0.22.1"

func tool() report.Tool { return report.Tool{Name: "lastwrite", Version: "0.1.0"} }

func input(path string, files int, bytes int64, digest byte) report.Input {
	sum := ""
	for i := range 32 {
		sum += fmt.Sprintf("%02x", digest*byte(i+7)^byte(i*31))
	}
	return report.Input{Path: path, Kind: "directory", Files: files, Bytes: bytes, ManifestSHA256: sum, Unchanged: true, Changed: []string{}}
}

func node(name, id, role string, term, index report.Number) report.Node {
	return report.Node{
		Name: name, Path: "backup/" + name, System: "cowsql", Product: "incus", Role: role, Member: "yes",
		Identity: report.Identity{ID: id, Address: fmt.Sprintf("10.0.0.%s:8443", id)},
		Position: report.Position{Term: term, Index: index, Bound: "exact"},
		Start:    report.Start{Outcome: "clean", Server: server},
	}
}

func stretch(mark analyze.Mark, first, last report.Number) report.Stretch {
	return report.Stretch{Mark: string(mark), First: first, Last: last}
}

// Clean returns a report on three equal nodes without a finding.
func Clean() *report.Document {
	nodes := []report.Node{node("server1", "1", "voter", 1, 83), node("server2", "2", "voter", 1, 83), node("server3", "3", "voter", 1, 83)}
	for i := range nodes {
		nodes[i].Picture = []report.Stretch{stretch(analyze.MarkStored, 1, 70), stretch(analyze.MarkOpen, 71, 83)}
	}
	return &report.Document{
		Schema: report.Schema, Tool: tool(),
		Inputs: []report.Input{input("backup", 42, 50_921_472, 3)},
		Clusters: []report.Cluster{{
			ID: "cowsql-1", System: "cowsql", Product: "incus",
			Verdict: report.Verdict{
				Decided: true, MostRecent: []string{"server1", "server2", "server3"},
				MostRecentStartable: []string{"server1", "server2", "server3"}, Recommended: "server1",
				Reason: "All three hold the same log, entry for entry.",
			},
			Histories: []report.History{{ID: "a", Nodes: []string{"server1", "server2", "server3"}, Ranking: [][]string{{"server1", "server2", "server3"}}}},
			Nodes:     nodes,
		}},
	}
}

// Damaged returns a report on five nodes of which each has its own trouble.
func Damaged() *report.Document {
	const last = "0000000000000114-0000000000000149"
	n1, n2, n3 := node("n1", "1", "voter", 4, 149), node("n2", "2", "voter", 3, 113), node("n3", "3", "voter", 4, 149)
	n4, n5 := node("n4", "4", "standby", 0, 0), node("n5", "5", "voter", 1, 58)
	n5.Member = "no"
	n1.Picture = []report.Stretch{stretch(analyze.MarkSnapshot, 1, 64), stretch(analyze.MarkStored, 33, 113), stretch(analyze.MarkStored, 114, 149)}
	n2.Picture = []report.Stretch{stretch(analyze.MarkSnapshot, 1, 64), stretch(analyze.MarkStored, 33, 149), stretch(analyze.MarkDiscarded, 114, 149), stretch(analyze.MarkDamage, 120, 120)}
	n3.Picture = []report.Stretch{stretch(analyze.MarkStored, 1, 113), stretch(analyze.MarkOpen, 114, 149), stretch(analyze.MarkGap, 40, 75), stretch(analyze.MarkUncommitted, 149, 149)}
	n5.Picture = []report.Stretch{stretch(analyze.MarkStored, 1, 58)}
	n2.Start = report.Start{
		Outcome: "discards", Server: server,
		Discards: &report.Discards{Entries: 36, FromIndex: 114, ToIndex: 149},
		Changes: []report.Change{
			{Op: "rename", File: last, To: "corrupt-1732241000-" + last},
			{Op: "rename", File: "open-1", To: "corrupt-1732241000-open-1"},
			{Op: "rename", File: "open-2", To: "corrupt-1732241000-open-2"},
			{Op: "rename", File: "open-3", To: "corrupt-1732241000-open-3"},
			{Op: "remove", File: "tmp-metadata1"},
		},
		Others: []report.OtherStart{{Server: "dqlite 1.18.6", Outcome: "crashes"}},
	}
	n3.Start = report.Start{
		Outcome: "refuses", Server: server,
		Error: "raft_start(): io: closed segment 0000000000000076-0000000000000113 is past last snapshot snapshot-1-32-17200",
	}
	n4.Position = report.Position{Bound: "none"}
	n4.Start = report.Start{Outcome: "refuses", Server: server, Error: "raft_init(): io: metadata1 and metadata2 are both at version 5"}

	d := &report.Document{
		Schema: report.Schema, Tool: tool(),
		Inputs: []report.Input{
			input("n1=/srv/rescue/host-a/var/lib/incus/database/global", 14, 21_004_288, 5),
			input("n2", 17, 33_554_432, 7), input("n3", 12, 20_971_520, 11), input("n4", 4, 8_388_700, 13), input("n5", 9, 10_485_760, 17),
		},
		Notes: []report.Note{
			{Severity: "warning", Path: "lost+found", Text: "cannot be read: permission denied"},
			{Severity: "info", Path: "n2/core.4711", Text: "not a file of the database, left alone"},
		},
		Clusters: []report.Cluster{{
			ID: "cowsql-1", System: "cowsql", Product: "incus",
			Verdict: report.Verdict{
				Decided: true, MostRecent: []string{"n1", "n3"}, MostRecentStartable: []string{"n1"}, Recommended: "n1",
				Provisional: true, Missing: []string{"10.0.0.6:8443", "10.0.0.7:8443"},
				Reason: "They have the highest term and index of their last entries; n1 starts as it is.",
			},
			Histories: []report.History{{ID: "a", Nodes: []string{"n1", "n2", "n3", "n5"}, Ranking: [][]string{{"n1", "n3"}, {"n2"}, {"n5"}}}},
			Nodes:     []report.Node{n1, n2, n3, n4, n5},
			Findings: []report.Finding{
				{
					ID: "LWC007", Severity: "error", Node: "n2", Title: "The last closed segment is damaged",
					Detail: "The data of batch 7 fails its checksum. A start takes the segment and the open segments behind it out of the log without a message, and the node falls back to index 113.",
					Evidence: []report.Evidence{
						{Node: "n2", File: last, Offset: 24_580, Length: 4, Field: "batch[7].data-crc", Quote: "stored 89a1897f, computed 0bad0bad"},
						{Node: "n2", File: last, Offset: 149_592, Length: 1, Field: "batch[7].data", Quote: "one bit differs from n1: 0x41, there 0x40"},
					},
				},
				{
					ID: "LWC011", Severity: "error", Node: "n3", Title: "A segment is missing",
					Detail:   "No file holds the entries 40 to 75.",
					Evidence: []report.Evidence{{Node: "n3", File: "0000000000000076-0000000000000113", Quote: "starts at 76, expected 40"}},
				},
				{
					ID: "LWC020", Severity: "error", Node: "n4", Title: "Both metadata files have the same version",
					Detail: "metadata1 and metadata2 were copied over each other.",
					Evidence: []report.Evidence{
						{Node: "n4", File: "metadata1", Offset: 8, Length: 8, Field: "version", Quote: "5"},
						{Node: "n4", File: "metadata2", Offset: 8, Length: 8, Field: "version", Quote: "5"},
					},
				},
				{ID: "LWC031", Severity: "warning", Node: "n5", Title: "The node was removed from the cluster", Detail: "The configuration at index 60 no longer lists id 5."},
				{ID: "LWC040", Severity: "info", Node: "n1", Title: "Open segments are still there", Detail: "The server was killed."},
				{ID: "LWC040", Severity: "info", Node: "n3", Title: "Open segments are still there", Detail: "The server was killed."},
			},
			Plans: []report.Plan{
				{
					ID: "continue-from-n1", Title: "Continue from n1 with all members", Base: "n1",
					Warnings: []string{"Entry 149 is on n1 and n3 only; a client may have been told that it failed."},
					Loses:    []report.Loss{{Node: "n5", Text: "whatever was written to it after its removal"}},
					Steps: slices.Concat(
						slices.Repeat([]report.Step{{Op: "copy", Node: "n1"}}, 14),
						slices.Repeat([]report.Step{{Op: "copy", Node: "n2"}}, 12), []report.Step{{Op: "assemble", Node: "n2"}, {Op: "leave-out", Node: "n2"}, {Op: "leave-out", Node: "n2"}},
						slices.Repeat([]report.Step{{Op: "copy", Node: "n3"}}, 11), []report.Step{{Op: "write", Node: "n3"}},
					),
					Commands: []report.Command{
						{Run: "systemctl stop incus.service incus.socket", Why: "stop the daemon on every member"},
						{Node: "n1", Run: "rsync -a --delete out/n1/ root@10.0.0.1:/var/lib/incus/database/global/ --chown root:root --chmod=F600,D700", Why: "put the repaired directory in place"},
						{Node: "n2", Run: "rsync -a --delete out/n2/ root@10.0.0.2:/var/lib/incus/database/global/", Why: "put the repaired directory in place"},
						{Run: "systemctl start incus.socket incus.service"},
					},
				},
				{
					ID: "single-n1", Title: "Continue from n1 alone", Base: "n1",
					Steps:    []report.Step{{Op: "write", Node: "n1"}},
					Commands: []report.Command{{Node: "n1", Run: "incus admin cluster recover-from-quorum-loss"}},
				},
			},
		}},
	}
	return d
}

// Fork returns a report on a cluster whose histories parted.
func Fork() *report.Document {
	n1, n2, n3 := node("n1", "1", "voter", 1, 73), node("n2", "2", "voter", 1, 73), node("n3", "3", "voter", 1, 66)
	n1.Position.History, n2.Position.History, n3.Position.History = "n1", "n2", "common"
	n1.Picture = []report.Stretch{stretch(analyze.MarkStored, 1, 73), stretch(analyze.MarkArtificial, 67, 67), stretch(analyze.MarkForked, 68, 73)}
	n2.Picture = []report.Stretch{stretch(analyze.MarkStored, 1, 73), stretch(analyze.MarkArtificial, 67, 67), stretch(analyze.MarkForked, 68, 73)}
	n3.Picture = []report.Stretch{stretch(analyze.MarkStored, 1, 66)}
	return &report.Document{
		Schema: report.Schema, Tool: tool(),
		Inputs: []report.Input{input("n1", 8, 17_039_360, 19), input("n2", 8, 17_039_360, 23), input("n3", 7, 16_973_824, 29)},
		Custody: &report.Custody{
			Program: "lastwrite 0.1.0, commit 0123abcd", ProgramSHA256: strings.Repeat("1b", 32),
			Started: "2026-03-01T01:04:04Z", Finished: "2026-03-01T01:05:04Z",
			Inputs: []report.CustodyInput{
				{Path: "n1", Before: strings.Repeat("13", 32), After: strings.Repeat("13", 32)},
				{Path: "n2", Before: strings.Repeat("17", 32), After: strings.Repeat("18", 32)},
				{Path: "n3", Before: strings.Repeat("1d", 32)},
			},
		},
		Clusters: []report.Cluster{{
			ID: "cowsql-1", System: "cowsql", Product: "cowsql",
			Verdict: report.Verdict{
				MostRecentStartable: []string{"n1", "n2"},
				Reason:              "n1 and n2 were recovered separately after index 66, and both accepted writes since; a person has to choose.",
			},
			Histories: []report.History{
				{ID: "common", Nodes: []string{"n3"}, Ranking: [][]string{{"n3"}}},
				{ID: "n1", Nodes: []string{"n1"}, Ranking: [][]string{{"n1"}}},
				{ID: "n2", Nodes: []string{"n2"}, Ranking: [][]string{{"n2"}}},
			},
			Nodes: []report.Node{n1, n2, n3},
			Findings: []report.Finding{
				{
					ID: "LWC050", Severity: "error", Title: "Two histories",
					Detail: "The entries 68 to 73 have equal terms and indexes on n1 and n2, but different content.",
					Evidence: []report.Evidence{
						{Node: "n1", File: "0000000000000068-0000000000000073", Offset: 8, Length: 4132, Field: "batch[0]", Quote: "crc 1c291ca3"},
						{Node: "n2", File: "0000000000000068-0000000000000073", Offset: 8, Length: 4132, Field: "batch[0]", Quote: "crc 7d0f44e1"},
					},
				},
				{ID: "LWC051", Severity: "warning", Node: "n1", Title: "The configuration was rewritten by a recovery tool", Detail: "Entry 67 makes n1 the only voter."},
				{ID: "LWC051", Severity: "warning", Node: "n2", Title: "The configuration was rewritten by a recovery tool", Detail: "Entry 67 makes n2 the only voter."},
			},
			Plans: []report.Plan{
				{ID: "continue-from-n1", Title: "Continue from n1", Base: "n1", Loses: []report.Loss{{Node: "n2", Entries: 6, FromIndex: 68, ToIndex: 73, Text: "6 transactions on 4 pages of db.bin"}}, Steps: []report.Step{{Op: "copy", Node: "n1"}}},
				{ID: "continue-from-n2", Title: "Continue from n2", Base: "n2", Loses: []report.Loss{{Node: "n1", Entries: 6, FromIndex: 68, ToIndex: 73, Text: "6 transactions on 3 pages of db.bin"}}, Steps: []report.Step{{Op: "copy", Node: "n2"}}},
			},
		}},
	}
}

// Undecided returns a report on a Galera cluster where one node only has a
// lower bound.
func Undecided() *report.Document {
	const uuid = "6f1c2f0e-c6a1-11f0-9d3c-2b1f5a3f7a11"
	g := func(name string, seqno report.Number, bound string) report.Node {
		return report.Node{
			Name: name, System: "galera", Product: "mariadb", Member: "yes",
			Identity: report.Identity{UUID: uuid, Address: name + ".db.example:4567"},
			Position: report.Position{History: uuid, Index: seqno, Bound: bound},
			Start:    report.Start{Outcome: "clean", Server: "MariaDB 10.11.19"},
		}
	}
	lion, brother, arbiter := g("lion", 8812, "exact"), g("brother", 8790, "at_least"), g("arbiter", 0, "none")
	arbiter.Position.History = ""
	arbiter.Start.Outcome = "unknown"
	brother.Start = report.Start{Outcome: "refuses", Server: "MariaDB 10.11.19", Error: "[ERROR] WSREP: It may not be safe to bootstrap the cluster from this node. It was not the last one to leave the cluster and may not contain all the updates. To force cluster bootstrap with this node, edit the grastate.dat file manually and set safe_to_bootstrap to 1 ."}
	lion.Picture = []report.Stretch{stretch(analyze.MarkStored, 1, 8812), stretch(analyze.MarkCache, 7001, 8812)}
	brother.Picture = []report.Stretch{stretch(analyze.MarkStored, 1, 8790), stretch(analyze.MarkCache, 8000, 8790)}
	return &report.Document{
		Schema: report.Schema, Tool: tool(),
		Inputs: []report.Input{input("lion", 212, 3_221_225_472, 31), input("brother", 208, 3_118_465_024, 37), {Path: "arbiter", Kind: "directory", Files: 2, Bytes: 812, Changed: []string{"gvwstate.dat"}}},
		Clusters: []report.Cluster{{
			ID: "galera-6f1c2f0e", System: "galera", Product: "mariadb", Name: "zoo",
			Verdict: report.Verdict{
				MostRecentStartable: []string{"lion"}, Recommended: "lion",
				Reason: "brother reaches at least 8790, but its redo log is missing, and what that held is not known.",
			},
			Histories: []report.History{{ID: uuid, Nodes: []string{"brother", "lion"}, Ranking: [][]string{{"lion", "brother"}}}},
			Nodes:     []report.Node{arbiter, brother, lion},
			Findings:  []report.Finding{{ID: "LWG014", Severity: "error", Node: "brother", Title: "The redo log is missing", Detail: "ib_logfile0 is not there; the pages alone give a lower bound.", Evidence: []report.Evidence{{Node: "brother", File: "ibdata1", Offset: 98_304, Length: 40, Field: "rseg[0].wsrep-xid", Quote: uuid + ":8790"}}}},
		}},
	}
}

// Several returns a report on two clusters.
func Several() *report.Document {
	a, b := Clean(), Undecided()
	return &report.Document{
		Schema: report.Schema, Tool: tool(), Inputs: slices.Concat(a.Inputs, b.Inputs),
		Clusters: slices.Concat(a.Clusters, b.Clusters),
	}
}

// Hostile returns a report whose every text wants to do harm.
func Hostile() *report.Document {
	evil := "\x1b[2J\x1b]0;pwned\a\u202egnp.\u2066exe\u009b31m\r\n| a | `b` <img src=x> [l](http://x.example) @all \xff\u200b界界\u0301\u0302\u0303\u0304"
	long := "node-with-a-name-that-is-much-too-long-for-any-table-and-then-some-0123456789-0123456789-0123456789"
	n1, n2 := node(evil, evil, evil, 1, 1<<63), node(long, "2", "voter", 1, 5)
	n1.Start = report.Start{Outcome: "refuses", Server: evil, Error: evil, Changes: []report.Change{{Op: "rename", File: evil, To: long}}}
	n2.Start = report.Start{Outcome: "discards", Server: server, Discards: &report.Discards{Entries: 1, FromIndex: 6, ToIndex: 6}}
	n1.Picture = []report.Stretch{stretch(analyze.MarkStored, 1, 1<<64-1)}
	n2.Picture = []report.Stretch{stretch(analyze.MarkStored, 1, 5), stretch(analyze.MarkDamage, 6, 6), {Mark: evil, First: 9, Last: 3}}
	return &report.Document{
		Schema: report.Schema, Tool: tool(),
		Inputs: []report.Input{{Path: evil, Kind: "directory", Bytes: -1, Changed: []string{evil}}, {Path: long + "/" + long, Kind: "archive", Unchanged: true}},
		Notes:  []report.Note{{Severity: "error", Path: evil, Text: evil}},
		Clusters: []report.Cluster{{
			ID: evil, System: evil, Product: evil, Name: evil,
			Verdict: report.Verdict{
				Decided: true, MostRecent: []string{evil}, Recommended: evil, Provisional: true, Missing: []string{evil}, Reason: evil,
			},
			Histories: []report.History{{ID: evil, Nodes: []string{evil, long}, Ranking: [][]string{{evil}, {long}}}},
			Nodes:     []report.Node{n1, n2},
			Findings: []report.Finding{
				{ID: evil, Severity: evil, Node: evil, Title: evil, Detail: evil, Evidence: []report.Evidence{{Node: evil, File: evil, Field: evil, Quote: evil}}},
				{ID: "LWC001", Severity: "error", Node: long, Title: long, Detail: long + long + long},
			},
			Plans: []report.Plan{{
				ID: evil, Title: evil, Warnings: []string{evil}, Loses: []report.Loss{{Node: evil, Text: evil}},
				Steps: []report.Step{{Op: evil, Node: evil}}, Commands: []report.Command{{Node: evil, Run: "cp 'a  b' " + evil, Why: evil}},
			}},
		}},
	}
}

// Many returns a report on twelve nodes with sixty findings.
func Many() *report.Document {
	c := report.Cluster{
		ID: "cowsql-1", System: "cowsql", Product: "microk8s",
		Verdict: report.Verdict{Decided: true, Recommended: "k8s-1", Reason: "Their last entries have the highest term and index."},
	}
	h := report.History{ID: "a"}
	var behind []string
	var inputs []report.Input
	for i := range report.Number(12) {
		n := node(fmt.Sprintf("k8s-%d", i+1), fmt.Sprint(i+1), "spare", 7, 91_220)
		n.Product = "microk8s"
		n.Picture = []report.Stretch{stretch(analyze.MarkSnapshot, 1, 90_112), stretch(analyze.MarkStored, 86_017, 91_000), stretch(analyze.MarkOpen, 91_001, 91_220)}
		n.Start.Changes = []report.Change{
			{Op: "rename", File: "open-9", To: "0000000000091001-0000000000091220"},
			{Op: "remove", File: "open-10"}, {Op: "remove", File: "open-11"},
		}
		if i < 3 {
			n.Role = "voter"
			c.Verdict.MostRecent = append(c.Verdict.MostRecent, n.Name)
		} else {
			n.Position.Index -= i
			n.Picture[2].Last = n.Position.Index
			n.Start.Changes[0].To = fmt.Sprintf("0000000000091001-%016d", n.Position.Index)
			behind = append(behind, n.Name)
		}
		h.Nodes = append(h.Nodes, n.Name)
		c.Nodes = append(c.Nodes, n)
		inputs = append(inputs, input("/backup/"+n.Name, 30, 61_000_000, byte(2*i+1)))
	}
	h.Ranking = [][]string{c.Verdict.MostRecent}
	for _, name := range behind {
		h.Ranking = append(h.Ranking, []string{name})
	}
	c.Histories = []report.History{h}
	c.Verdict.MostRecentStartable = c.Verdict.MostRecent
	for _, f := range []report.Finding{
		{ID: "LWC008", Severity: "error", Title: "A snapshot lost its .meta file", Detail: "The server deletes the data file at its next start."},
		{ID: "LWC012", Severity: "warning", Title: "An entry is certainly not committed"},
		{ID: "LWC033", Severity: "warning", Title: "cluster.yaml disagrees with the log"},
		{ID: "LWC040", Severity: "info", Title: "Open segments are still there", Detail: "The server was killed."},
		{ID: "LWC041", Severity: "info", Title: "A prepared segment is empty", Detail: "Nothing was written to it."},
	} {
		for i, name := range h.Nodes {
			f := f
			f.Node = name
			switch f.ID {
			case "LWC012":
				f.Detail = fmt.Sprintf("Entry %d is on this node alone.", 91_220-i)
			case "LWC033":
				f.Detail = "The file lists members that the configuration in force does not have: " + fmt.Sprint(100+i) + "."
				for j := range 9 {
					f.Evidence = append(f.Evidence, report.Evidence{Node: name, File: "cluster.yaml", Offset: int64(j * 60), Length: 60, Quote: fmt.Sprintf("Address: 10.1.0.%d:19001", j)})
				}
			}
			c.Findings = append(c.Findings, f)
		}
	}
	return &report.Document{Schema: report.Schema, Tool: tool(), Inputs: inputs, Clusters: []report.Cluster{c}}
}

// Empty returns a report on inputs without any node.
func Empty() *report.Document {
	return &report.Document{
		Schema: report.Schema, Tool: tool(), Inputs: []report.Input{input("/var/lib/mysql", 3, 4096, 41)},
		Notes: []report.Note{{Severity: "error", Path: "/var/lib/mysql", Text: "no node directory was recognised"}},
	}
}
