package main

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/lastwrite/lastwrite/cmd/lastwrite/command"
	"github.com/lastwrite/lastwrite/fixtures"
)

// A site is a copy of a case whose names are those of a place of its own.
type site struct {
	t   *testing.T
	dir string
}

// move renames a file or directory.
func (s site) move(from, to string) {
	s.t.Helper()
	require.NoError(s.t, os.Rename(filepath.Join(s.dir, from), filepath.Join(s.dir, to)))
}

// replace replaces words in a text file.
func (s site) replace(file string, oldnew ...string) {
	s.t.Helper()
	name := filepath.Join(s.dir, file)
	text, err := os.ReadFile(name)
	require.NoError(s.t, err)
	changed := strings.NewReplacer(oldnew...).Replace(string(text))
	require.NotEqual(s.t, string(text), changed, file)
	s.write(file, changed)
}

func (s site) write(file, text string) {
	s.t.Helper()
	require.NoError(s.t, os.WriteFile(filepath.Join(s.dir, file), []byte(text), 0o600))
}

func cowsqlSite(s site) {
	for from, to := range map[string]string{"n1": "paris-db7", "n2": "lima-db8", "n3": "oslo_db9"} {
		s.move(from, to)
		s.replace(to+"/info.yaml", "127.0.0.1", to+".acme.example")
		s.replace(to+"/cluster.yaml", "127.0.0.1", to+".acme.example")
	}
}

func galeraSite(s site) {
	for from, to := range map[string]string{"node1": "paris-db7", "node2": "lima-db8", "node3": "oslo_db9"} {
		s.move(from, to)
		require.NoError(s.t, os.Mkdir(filepath.Join(s.dir, to, "payroll@002deu"), 0o700))
		for _, table := range []string{"salaries.frm", "salaries.ibd", "bonus#P#p0.ibd"} {
			s.write(to+"/payroll@002deu/"+table, "a table that InnoDB does not know")
		}
		s.write(to+"/my.cnf", "[mariadbd]\nwsrep_on=ON\nwsrep_cluster_name=zebra_main\nwsrep_node_name="+to+"\nwsrep_node_address="+to+".acme.example\n"+
			"wsrep_cluster_address=gcomm://paris-db7.acme.example,lima-db8.acme.example,oslo_db9.acme.example:4567,quito.acme.example,10.77.88.99\n")
	}
}

// galeraTorn has a table that only the redo logs still name.
func galeraTorn(s site) {
	for _, node := range []string{"node1", "node2", "node3"} {
		require.NoError(s.t, os.Remove(filepath.Join(s.dir, node, "t", "a1.ibd")))
		require.NoError(s.t, os.Remove(filepath.Join(s.dir, node, "t", "a1.frm")))
	}
}

func manticoreSite(s site) {
	for from, to := range map[string]string{"n1": "paris-db7", "n2": "lima-db8", "n3": "oslo_db9"} {
		s.move(from, to)
		data := to + "/var/lib/manticore/"
		names := []string{
			"cl_alpha", "zebra_dir", "cl_beta", "yak_dir", "alpha", "zebra_main", "beta", "yak_side", `"ta"`, `"invoices"`, `"tb"`, `"letters"`, "/ta", "/invoices", "/tb", "/letters",
			"127.0.0.1:27062", "paris-db7.acme.example:9312", "127.0.0.1:27112", "lima-db8.acme.example:9312", "127.0.0.1:27162", "oslo_db9.acme.example:9312",
		}
		s.replace(data+"manticore.json", names...)
		s.replace(to+"/var/log/manticore/searchd.log", names...)
		for old, name := range map[string]string{"ta": "invoices", "tb": "letters"} {
			if _, err := os.Stat(filepath.Join(s.dir, data+old)); err != nil {
				continue
			}
			for _, ext := range []string{".meta", ".ram", ".settings", ".lock"} {
				s.move(data+old+"/"+old+ext, data+old+"/"+name+ext)
			}
			s.move(data+old, data+name)
		}
		for old, name := range map[string]string{"cl_alpha": "zebra_dir", "cl_beta": "yak_dir"} {
			if _, err := os.Stat(filepath.Join(s.dir, data+old)); err == nil {
				s.move(data+old, data+name)
			}
		}
	}
}

// TestStrictRedactionHidesNames: no output of any format has the name of a
// host, a cluster, a database or a table of the site in it.
func TestStrictRedactionHidesNames(t *testing.T) {
	hosts := []string{"paris-db7", "lima-db8", "oslo_db9", "acme"}
	tests := []struct {
		family, name string
		plant        func(site)
		shown        []string // names that the report has without redaction
		never        []string // and others that it could have
	}{
		{"cowsql", "clean-stop", cowsqlSite, hosts, []string{"127.0.0.1"}},
		{"galera", "all-killed-under-load", galeraSite, append([]string{"zebra_main", "payroll", "salaries", "bonus", "a0"}, hosts...), []string{"a1", "quito", "10.77.88.99", "127.0.0.1", "node1"}},
		{"galera", "all-killed-under-load", galeraTorn, []string{"a1"}, []string{"node1", "node2", "127.0.0.1"}},
		{"manticore", "two-clusters-opposite-winners", manticoreSite, append([]string{"zebra_main", "yak_side", "invoices", "letters"}, hosts...), []string{"zebra_dir", "yak_dir", "127.0.0.1"}},
	}
	for _, tt := range tests {
		t.Run(tt.family, func(t *testing.T) {
			s := site{t, fixtures.Open(t, tt.family, tt.name).Dir}
			tt.plant(s)
			open := outputs(t, s.dir, "none")
			for _, name := range tt.shown {
				assert.Contains(t, open, name, "planted where it is shown")
			}
			hidden := strings.ToLower(outputs(t, s.dir, "strict"))
			for _, name := range append(tt.shown, tt.never...) {
				pattern := regexp.MustCompile(`\b` + regexp.QuoteMeta(name) + `\b`)
				for _, line := range strings.Split(hidden, "\n") {
					if at := pattern.FindStringIndex(line); at != nil {
						t.Errorf("%s is shown: %s", name, line[max(0, at[0]-80):min(len(line), at[1]+80)])
						break
					}
				}
			}
			assert.Contains(t, hidden, "node-1")
		})
	}
}

// outputs returns what analyze writes in every format.
func outputs(t *testing.T, dir, redact string) string {
	t.Helper()
	out := t.TempDir()
	args := []string{"analyze", dir, "--verbose", "--redact", redact}
	formats := []string{"text", "json", "markdown", "html"}
	for _, format := range formats {
		args = append(args, "-o", format+"="+filepath.Join(out, format))
	}
	var stdout, stderr bytes.Buffer
	status := command.Main(args, command.Env{
		Stdout: &stdout, Stderr: &stderr, Getenv: os.Getenv,
		Terminal: func(io.Writer) (int, bool) { return 0, false },
	})
	require.Contains(t, []int{command.ExitOK, command.ExitFindings, command.ExitIncomplete}, status, stderr.String())
	all := stdout.String() + stderr.String()
	for _, format := range formats {
		text, err := os.ReadFile(filepath.Join(out, format))
		require.NoError(t, err)
		all += string(text)
	}
	return all
}
