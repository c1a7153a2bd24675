package report_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/lastwrite/lastwrite/analyze"
	"github.com/lastwrite/lastwrite/report"
)

func encode(t *testing.T, d *report.Document) string {
	t.Helper()
	data, err := json.Marshal(d)
	require.NoError(t, err)
	return string(data)
}

// site returns a report in which names stand where they may stand.
func site(quotes ...string) *report.Document {
	node := func(name, address string) *analyze.Node {
		return &analyze.Node{
			Name: name, Path: "/backup/" + name, System: "galera", Product: "mariadb",
			Identity: analyze.Identity{Address: address},
			Position: analyze.Position{History: "h", Index: 4, Bound: analyze.Exact},
			Start:    analyze.Start{Outcome: analyze.Refuses, Error: "no route to " + address},
			Facts:    map[string]any{"peer": "db-b.example.net:4567", "tables": []string{"payroll", "posts"}},
			Names:    []analyze.Name{{Kind: analyze.TableName, Text: "payroll"}, {Kind: analyze.DatabaseName, Text: "hr"}, {Kind: analyze.HostName, Text: "db-b.example.net:4567"}},
		}
	}
	c := analyze.Cluster{
		ID: "galera-1", System: "galera", Name: "acme",
		Verdict: analyze.Verdict{Decided: true, MostRecent: []string{"alpha"}, Recommended: "alpha", Missing: []string{"10.9.8.7:4567"}},
		Nodes:   []*analyze.Node{node("alpha", "db-a.example.net:4567"), node("beta", "[fd00::12]:4567")},
		Plans:   []analyze.Plan{{ID: "continue-from-alpha", Commands: []analyze.Command{{Node: "alpha", Run: "ssh 10.9.8.7 rm /var/lib/mysql/hr/payroll.ibd"}}}},
	}
	for _, q := range quotes {
		c.Findings = append(c.Findings, analyze.Finding{ID: "LWG001", Severity: analyze.Error, Node: "alpha", Detail: "alpha's quote", Evidence: []analyze.Evidence{{Node: "alpha", Quote: q}}})
	}
	return report.New(report.Tool{Name: "lastwrite"}, nil, []analyze.Cluster{c}, nil, noCatalog{})
}

type noCatalog struct{}

func (noCatalog) Lookup(string) (title, severity, docs string, ok bool) { return "", "", "", false }

func TestSecretsAreRedacted(t *testing.T) {
	const planted = "Tr0ub4dor"
	for _, quote := range []string{
		"wsrep_sst_auth=sst:Tr0ub4dor", `--wsrep_sst_auth="sst:Tr0ub4dor x"`, "password = Tr0ub4dor", `"password": "Tr0ub4dor"`,
		"CREATE USER a IDENTIFIED BY 'Tr0ub4dor'", "SET PASSWORD FOR a = PASSWORD('Tr0ub4dor')",
		"ALTER USER a IDENTIFIED WITH mysql_native_password BY 'Tr0ub4dor'",
		"https://root:Tr0ub4dor@db.example/x", "Authorization: Bearer Tr0ub4dor.Tr0ub4dor",
		"-----BEGIN RSA PRIVATE KEY-----\nTr0ub4dor\n-----END RSA PRIVATE KEY-----", "-----BEGIN PRIVATE KEY-----\nTr0ub4dor",
		"AWS_SECRET_ACCESS_KEY=Tr0ub4dor", "file_key_management_filekey=Tr0ub4dor", "controller_secret: Tr0ub4dor",
	} {
		assert.Contains(t, encode(t, site(quote).Redacted(report.RedactNone)), planted)
		for _, r := range []report.Redaction{report.RedactValues, report.RedactStrict} {
			assert.NotContains(t, encode(t, site(quote).Redacted(r)), planted, quote)
		}
	}
}

func TestPlainTextIsKept(t *testing.T) {
	for _, quote := range []string{
		"stored 89a1897f, computed 0bad0bad", "seqno: -1", "safe_to_bootstrap: 1", "uuid:    6f1c2f0e-c6a1-11f0-9d3c-2b1f5a3f7a11",
		"[ERROR] WSREP: It may not be safe to bootstrap the cluster from this node.", "10.11.19-MariaDB", "at 12:30:15",
		"raft_start(): io: closed segment 0000000000000076-0000000000000113 is past last snapshot",
	} {
		assert.Contains(t, encode(t, site(quote).Redacted(report.RedactValues)), quote)
		assert.Contains(t, encode(t, site(quote).Redacted(report.RedactStrict)), quote)
	}
}

func TestStrictRedaction(t *testing.T) {
	d := site("beta said: posts of payroll_old and hr.payroll at 10.9.8.7, alpha.ibd")
	out := encode(t, d.Redacted(report.RedactStrict))
	for _, name := range []string{"alpha", "beta", "acme", "example", "10.9.8.7", "fd00", `"payroll"`, "/payroll", ".payroll", "/hr/"} {
		assert.NotContains(t, out, name)
	}
	for _, want := range []string{
		`"continue-from-node-1"`, `"name":"cluster-1"`, `"history":"h"`, `"posts"`, `"galera"`, "node-2 said: posts of payroll_old and database-1.table-1 at 198.51.100.1, node-1.ibd",
		"rm /var/lib/mysql/database-1/table-1.ibd", "no route to [2001:db8::1]:4567", "no route to host-1:4567",
	} {
		assert.Contains(t, out, want)
	}
	assert.Equal(t, out, encode(t, site("beta said: posts of payroll_old and hr.payroll at 10.9.8.7, alpha.ibd").Redacted(report.RedactStrict)))
	assert.Contains(t, encode(t, d), "alpha", "the report itself stays as it is")
	assert.Equal(t, 1, strings.Count(out, `"severity":"error"`))
}

// TestNamesInWords: a name is found inside a longer word, hyphens and all.
func TestNamesInWords(t *testing.T) {
	c := analyze.Cluster{ID: "galera-1", System: "galera", Nodes: []*analyze.Node{{
		Name: "db-1", System: "galera",
		Names: []analyze.Name{
			{Kind: analyze.HostName, Text: "db-1.example.net"}, {Kind: analyze.TableName, Text: "pay roll"}, {Kind: analyze.TableName, Text: "a@002db"}, {Kind: analyze.DatabaseName, Text: "7"},
		},
	}}}
	d := report.New(report.Tool{Name: "lastwrite"}, nil, []analyze.Cluster{c}, nil, noCatalog{})
	redact := d.Redactor(report.RedactStrict)
	for text, want := range map[string]string{
		"continue-from-db-1":          "continue-from-node-1",
		"db-1's file, db-1.ibd":       "node-1's file, node-1.ibd",
		"db-1.example.net-bin.000001": "host-1-bin.000001",
		"db-10 and mydb-1":            "db-10 and mydb-1",
		"the table pay roll at 7":     "the table table-2 at 7",
		"./x/a@002db.ibd":             "./x/table-1.ibd",
		"seqno -1, it's 10.11.19-x.":  "seqno -1, it's 10.11.19-x.",
	} {
		assert.Equal(t, want, redact(text), text)
	}
}
