// Package report turns what analyze found into a Document, the JSON report of
// docs/json.md, once; the packages below it render a Document and decide
// nothing.
package report

import "github.com/lastwrite/lastwrite/analyze"

// Schema is the version of the JSON report. Additive changes keep it.
const Schema = "lastwrite.report/1"

// A Document is the whole report. Lists are sorted and never nil.
type Document struct {
	Schema   string    `json:"schema" redact:"keep"`
	Tool     Tool      `json:"tool"`
	Inputs   []Input   `json:"inputs"`
	Clusters []Cluster `json:"clusters"`
	Notes    []Note    `json:"notes"` // inputs without a node, unreadable files, strangers
	Custody  *Custody  `json:"custody,omitempty"`

	Names []analyze.Name `json:"-"` // what the strict redaction has to hide
}

// Tool names the program that made the report.
type Tool struct {
	Name    string `json:"name" redact:"keep"`
	Version string `json:"version" redact:"keep"`
}

// An Input is one path of the command line.
type Input struct {
	Node           string   `json:"node"` // NAME= as given, "" if none
	Path           string   `json:"path"`
	Kind           string   `json:"kind" redact:"keep"` // directory, archive, bundle
	Files          int      `json:"files"`
	Bytes          int64    `json:"bytes"`
	ManifestSHA256 string   `json:"manifest_sha256" redact:"keep"` // "" with --quick
	Unchanged      bool     `json:"unchanged"`
	Changed        []string `json:"changed"` // files that did change while they were read
}

// A Custody says when and with what the inputs were read, and what they were
// before and after. A report has it on request only, for it is another one
// each time.
type Custody struct {
	Program       string         `json:"program" redact:"keep"`        // name, version, commit
	ProgramSHA256 string         `json:"program_sha256" redact:"keep"` // of its file, "" if that cannot be read
	Started       string         `json:"started" redact:"keep"`        // RFC 3339, UTC
	Finished      string         `json:"finished" redact:"keep"`
	Inputs        []CustodyInput `json:"inputs"` // in the order of the report's inputs
}

// A CustodyInput has the digests of one input. Of a directory they are those
// of its manifest; archives and bundles are one file, whose digest they are.
type CustodyInput struct {
	Path   string `json:"path"`
	Before string `json:"before" redact:"keep"` // of the bytes that were analysed
	After  string `json:"after" redact:"keep"`  // of the bytes that were there at the end; "" if they could not be read
}

// A Note is something about the inputs as such.
type Note struct {
	Severity string `json:"severity" redact:"keep"`
	Path     string `json:"path"`
	Text     string `json:"text"`
}

// A Cluster is one cluster that was found.
type Cluster struct {
	ID        string    `json:"id"`
	System    string    `json:"system" redact:"keep"`
	Product   string    `json:"product" redact:"keep"`
	Name      string    `json:"name"`
	Verdict   Verdict   `json:"verdict"`
	Histories []History `json:"histories"`
	Nodes     []Node    `json:"nodes"`
	Findings  []Finding `json:"findings"`
	Plans     []Plan    `json:"plans"`
}

// A Verdict is the answer for one cluster.
type Verdict struct {
	Decided             bool     `json:"decided"`
	MostRecent          []string `json:"most_recent"`
	MostRecentStartable []string `json:"most_recent_startable"`
	Recommended         string   `json:"recommended"`
	Provisional         bool     `json:"provisional"`
	Missing             []string `json:"missing"`
	Reason              string   `json:"reason"`
}

// A History is one line of writes, with its nodes in ranks of equals.
type History struct {
	ID      string     `json:"id"`
	Nodes   []string   `json:"nodes"`
	Ranking [][]string `json:"ranking"`
}

// A Node is one data directory.
type Node struct {
	Name     string    `json:"name"`
	Path     string    `json:"path"`
	System   string    `json:"system" redact:"keep"`
	Product  string    `json:"product" redact:"keep"`
	Role     string    `json:"role" redact:"keep"`
	Member   string    `json:"member" redact:"keep"` // yes, no, unknown
	Identity Identity  `json:"identity"`
	Position Position  `json:"position"`
	Start    Start     `json:"start"`
	Facts    any       `json:"facts"`
	Damage   []Damage  `json:"damage"`
	Picture  []Stretch `json:"picture"`
}

// An Identity is who the files say the node is.
type Identity struct {
	ID      string `json:"id"`
	Address string `json:"address"`
	UUID    string `json:"uuid"`
	Name    string `json:"name"`
	Source  string `json:"source"`
}

// A Position is how far the node's history goes.
type Position struct {
	History string `json:"history"`
	Term    Number `json:"term"`
	Index   Number `json:"index"`
	Bound   string `json:"bound" redact:"keep"`
}

// A Start is the forecast of a start on the directory as it is.
type Start struct {
	Outcome  string       `json:"outcome" redact:"keep"`
	Server   string       `json:"server"` // the implementation that the forecast is for
	Why      string       `json:"why"`    // what points to that implementation
	Error    string       `json:"error"`
	Discards *Discards    `json:"discards"`
	Changes  []Change     `json:"changes"`
	Others   []OtherStart `json:"others"`
}

// An OtherStart is the forecast under another implementation, where it differs.
type OtherStart struct {
	Server  string `json:"server"`
	Outcome string `json:"outcome" redact:"keep"`
	Error   string `json:"error"`
}

// Discards are entries that a start would silently drop.
type Discards struct {
	Entries   Number `json:"entries"`
	FromIndex Number `json:"from_index"`
	ToIndex   Number `json:"to_index"`
}

// A Change is one thing that a start does to the directory.
type Change struct {
	Op   string `json:"op" redact:"keep"`
	File string `json:"file"`
	To   string `json:"to"`
}

// A Damage is one place with bad bytes.
type Damage struct {
	File   string `json:"file"`
	Offset int64  `json:"offset"`
	Length int64  `json:"length"`
	Field  string `json:"field"`
	Kind   string `json:"kind" redact:"keep"`
	Want   string `json:"want"`
	Got    string `json:"got"`
	Note   string `json:"note"`
}

// A Stretch is one marked run of the node's history axis.
type Stretch struct {
	Mark  string `json:"mark" redact:"keep"`
	First Number `json:"first"`
	Last  Number `json:"last"`
	Label string `json:"label"`
}

// A Finding is one conclusion with the bytes that it rests on.
type Finding struct {
	ID       string     `json:"id" redact:"keep"`
	Severity string     `json:"severity" redact:"keep"` // error, warning, info
	Node     string     `json:"node"`                   // "" means the cluster
	Title    string     `json:"title"`
	Detail   string     `json:"detail"`
	Evidence []Evidence `json:"evidence"`
	Docs     string     `json:"docs" redact:"keep"` // path of the page in the repository
}

// Evidence is a quotation.
type Evidence struct {
	Node   string `json:"node"`
	File   string `json:"file"`
	Offset int64  `json:"offset"`
	Length int64  `json:"length"`
	Field  string `json:"field"`
	Quote  string `json:"quote"`
}

// A Plan is a way out. Data of literal parts is left to the plan file.
type Plan struct {
	ID       string    `json:"id"`
	Title    string    `json:"title"`
	Base     string    `json:"base"`
	Warnings []string  `json:"warnings"`
	Loses    []Loss    `json:"loses"`
	Steps    []Step    `json:"steps"`
	Commands []Command `json:"commands"`
}

// A Loss is what a plan gives up on one node.
type Loss struct {
	Node      string `json:"node"`
	Entries   Number `json:"entries"`
	FromIndex Number `json:"from_index"`
	ToIndex   Number `json:"to_index"`
	Text      string `json:"text"`
}

// A Step makes one file of a repaired directory, or leaves one out.
type Step struct {
	Op      string   `json:"op" redact:"keep"`
	Node    string   `json:"node"`
	File    string   `json:"file"`
	From    []string `json:"from"` // "n2:metadata1", "n2:open-1@0+4096", "literal 80 bytes"
	SQL     []string `json:"sql"`  // statements that are run on the file
	Because string   `json:"because"`
}

// A Command is one command line for the operator.
type Command struct {
	Node string `json:"node"`
	Run  string `json:"run"`
	Why  string `json:"why"`
}
