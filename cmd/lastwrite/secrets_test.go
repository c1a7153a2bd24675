package main

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/lastwrite/lastwrite/cmd/lastwrite/command"
	"github.com/lastwrite/lastwrite/fixtures"
)

// mark is short, so that every line of a hex dump that shows a secret has it
// whole.
const mark = "qxzjplnt"

// secret is what is planted. It says where.
func secret(where string) string { return strings.Repeat(mark, 5) + "-" + where }

// A plant puts secrets into a copy of a case.
type plant struct {
	t   *testing.T
	dir string
}

// write makes a file, or appends to one.
func (p plant) write(name, text string) {
	p.t.Helper()
	full := filepath.Join(p.dir, filepath.FromSlash(name))
	require.NoError(p.t, os.MkdirAll(filepath.Dir(full), 0o755))
	f, err := os.OpenFile(full, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	require.NoError(p.t, err)
	_, err = f.WriteString(text)
	require.NoError(p.t, err)
	require.NoError(p.t, f.Close())
}

// over writes a secret over the first long texts of a file, as row data. The
// headers of a cache and of a redo log hold none and are left alone.
func (p plant) over(name, text string, count int) {
	p.t.Helper()
	full := filepath.Join(p.dir, filepath.FromSlash(name))
	b, err := os.ReadFile(full)
	require.NoError(p.t, err)
	found, start := 0, map[string]int{"galera.cache": 1280, "ib_logfile0": 12288}[filepath.Base(name)]
	for i, run := start, 0; i < len(b) && found < count; i++ {
		if c := b[i]; c < ' ' || c > '~' {
			run = 0
			continue
		}
		if run++; run == len(text) {
			copy(b[i+1-run:], text)
			found, run = found+1, 0
		}
	}
	require.NotZero(p.t, found, name)
	require.NoError(p.t, os.WriteFile(full, b, 0o600))
}

// page writes a secret into a page of a tablespace.
func (p plant) page(name string, number int64) {
	p.t.Helper()
	f, err := os.OpenFile(filepath.Join(p.dir, filepath.FromSlash(name)), os.O_WRONLY, 0)
	require.NoError(p.t, err)
	_, err = f.WriteAt([]byte(secret("page")), number<<14+200)
	require.NoError(p.t, err)
	require.NoError(p.t, f.Close())
}

// query is a Query event of a binary log that has checksums.
func query(at int, sql string) []byte {
	body := append(make([]byte, 13), "t\x00"+sql...)
	body[8] = 1 // length of the name of the database
	head := make([]byte, 19)
	head[4] = 2
	binary.LittleEndian.PutUint32(head[5:], 1)
	binary.LittleEndian.PutUint32(head[9:], uint32(19+len(body)+4))
	binary.LittleEndian.PutUint32(head[13:], uint32(at+19+len(body)+4))
	event := append(head, body...)
	return binary.LittleEndian.AppendUint32(event, crc32.ChecksumIEEE(event))
}

func plantGalera(p plant) {
	for _, n := range []string{"node1", "node2", "node3"} {
		p.write(n+"/my.cnf", "[client]\npassword="+secret("client")+"\n[mariadbd]\nwsrep_sst_auth="+secret("sst")+":"+secret("sst-password")+"\nwsrep_sst_auht = "+secret("misspelt")+"\n"+
			"password = '"+secret("server")+"'\nwsrep_provider_options = \"socket.ssl_key=/etc/key;socket.ssl_password_file=/etc/pw;socket.ssl_password="+secret("provider")+"\"\n"+
			"wsrep_cluster_address = gcomm://user:"+secret("address")+"@10.0.0.1\nreport_password="+secret("report")+"\ninit_connect=\"SET PASSWORD = '"+secret("init")+"'\"\n"+
			"[sst]\nencrypt=4\ntkey="+secret("tkey")+"\n[mariadb]\nfile_key_management_filekey="+secret("filekey")+"\nloose_hashicorp_key_management_token="+secret("vault")+"\n")
		p.write(n+"/.my.cnf", "[client]\nuser=root\npassword="+secret("home")+"\n")
		p.write(n+"/debian.cnf", "[client]\nuser=debian-sys-maint\npassword = "+secret("debian")+"\n[mysql_upgrade]\npassword = "+secret("upgrade")+"\n")
		p.write(n+"/error.log", "2026-11-21 23:50:00 7 [ERROR] WSREP: wsrep_sst_auth="+secret("log-auth")+":"+secret("log-password")+"\n"+
			"2026-11-21 23:50:00 7 [ERROR] Slave SQL: Error executing 'SET PASSWORD FOR a = PASSWORD(\""+secret("log-statement")+"\")', Error_code: 1064\n"+
			"2026-11-21 23:50:00 7 [Warning] WSREP: Event 3 Write_rows_v1 apply failed: 121, seqno 7 '"+secret("log-row")+"'\n"+
			"2026-11-21 23:50:00 0 [Note] WSREP: Running: 'wsrep_sst_rsync --role donor --auth "+secret("log-command")+"'\n"+
			"2026-11-21 23:50:00 0 [ERROR] WSREP: Failed to apply write set: gtid: 00000000-0000-0000-0000-000000000000:9 INSERT INTO t VALUES ('"+secret("log-insert")+"')\n")
		for _, key := range []string{"server-key.pem", "private_key.pem", "ca-key.pem", "client.key", "keyring", ".mylogin.cnf", "server.pfx"} {
			p.write(n+"/"+key, "-----BEGIN PRIVATE KEY-----\n"+secret(key)+"\n-----END PRIVATE KEY-----\n")
		}
		p.write(n+"/sst_in_progress.old", secret("leftover")+"\n")
		p.write(n+"/grastate.dat", "# "+secret("grastate-comment")+"\n")
		head, err := os.ReadFile(filepath.Join("..", "..", "parse", "binlog", "testdata", "closed"))
		require.NoError(p.t, err)
		head = head[:4+binary.LittleEndian.Uint32(head[13:])] // the format description
		for _, name := range []string{"binlog.000001", "GRA_1_2.log"} {
			p.write(n+"/"+name, string(head)+string(query(len(head), "CREATE USER a IDENTIFIED BY '"+secret(name)+"'")))
		}
		p.write(n+"/galera.cache.bak", secret("cache-copy"))
	}
	p.over("node1/galera.cache", secret("row")[:16], 20)
	p.page("node2/t/a0.ibd", 3)
	p.over("node2/ib_logfile0", secret("redo")[:16], 3)
	p.page("node2/ibdata1", 5)
}

func plantCowsql(p plant) {
	for _, n := range []string{"server1", "server2", "server3"} {
		for _, key := range []string{"server.key", "cluster.key", "client.key", "database/global/cluster.key", "server.pfx"} {
			p.write(n+"/"+key, "-----BEGIN EC PRIVATE KEY-----\n"+secret("key")+"\n-----END EC PRIVATE KEY-----\n")
		}
		p.write(n+"/database/patch.global.sql", "UPDATE config SET value = '"+secret("patch")+"' WHERE key = 'core.trust_password';\n")
		p.write(n+"/agents/machine-0/agent.conf", "statepassword: "+secret("agent")+"\ncontrollerkey: "+secret("controller")+"\n")
	}
	p.over("server1/database/global/open-3", secret("open")[:16], 2)
	p.over("server2/database/global/0000000000000043-0000000000000081", secret("closed")[:16], 4)
	p.over("server3/database/local.db", secret("local")[:16], 1)
}

func plantManticore(p plant) {
	for _, n := range []string{"n1", "n2", "n3"} {
		p.write(n+"/etc/manticoresearch/manticore.conf", "source s\n{\n\tsql_user = u\n\tsql_pass = "+secret("sql-pass")+"\n}\nindex d { agent = user:"+secret("agent")+"@host:9312:x }\n")
		data := n + "/var/lib/manticore/"
		p.write(data+"auth.json", `{"users":[{"username":"admin","salt":"`+secret("salt")+`","hashes":{"bearer_sha256":"`+secret("bearer")+`"}}]}`)
		p.write(data+"searchd.log.auth", secret("auth-log"))
		p.write(data+"cluster.key", secret("cluster-key"))
		p.write(n+"/var/log/manticore/searchd.log", "[Sat Nov 21 23:50:00.000 2026] [1] WARNING: query 'INSERT INTO t1 VALUES (1, \""+secret("statement")+"\")' failed\n"+
			"[Sat Nov 21 23:50:00.000 2026] [1] FATAL: sql_pass="+secret("log-pass")+"\n")
		p.over(data+"binlog/binlog.0000", secret("document")[:30], 3)
		p.over(data+"galera.cache", secret("document")[:30], 3)
	}
}

// forms are the ways in which a secret could be shown.
func forms() map[string][]byte {
	out := map[string][]byte{"text": []byte(mark), "upper case": []byte(strings.ToUpper(mark)), "hex": []byte(hex.EncodeToString([]byte(mark)))}
	for shift := range 3 { // base64 of bytes at any place, without what depends on the neighbours
		text := base64.StdEncoding.EncodeToString([]byte("\x00\x00"[:shift] + strings.Repeat(mark, 4)))
		out[fmt.Sprintf("base64 from byte %d", shift)] = []byte(text[4:20])
	}
	return out
}

// assertSecret fails if there is a secret in what a command says.
func assertSecret(t *testing.T, what string, said []byte) {
	t.Helper()
	dense := bytes.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return -1
		}
		return r
	}, said)
	for how, form := range forms() {
		for _, text := range [][]byte{said, dense} {
			if i := bytes.Index(text, form); i >= 0 {
				t.Errorf("%s shows a secret as %s: …%q…", what, how, text[max(0, i-100):min(len(text), i+120)])
				return
			}
		}
	}
}

// TestSecrets plants secrets where they may stand on a host and looks for them
// in everything that the program says and writes beside copies of data files.
func TestSecrets(t *testing.T) {
	for _, tt := range []struct {
		family, name string
		plant        func(plant)
		choose       []string
	}{
		{"galera", "split-brain-isolated-pc-bootstrap", plantGalera, []string{"--choose", "node1"}},
		{"galera", "all-killed-under-load", plantGalera, nil},
		{"cowsql", "incus-layout", plantCowsql, nil},
		{"manticore", "all-killed-one-behind", plantManticore, nil},
	} {
		t.Run(tt.family+"/"+tt.name, func(t *testing.T) {
			c := fixtures.Open(t, tt.family, tt.name)
			tt.plant(plant{t, c.Dir})
			s := speaker{t, t.TempDir()}
			s.everything(c, tt.choose)
		})
	}
}

// A speaker runs commands and listens for secrets.
type speaker struct {
	t   *testing.T
	out string // directory for what they write
}

func (s speaker) run(args ...string) {
	s.t.Helper()
	var out bytes.Buffer
	status := command.Main(args, command.Env{
		Stdout: &out, Stderr: &out, TempDir: s.t.TempDir(),
		Getenv:   func(string) string { return "" },
		Terminal: func(io.Writer) (int, bool) { return 0, false },
	})
	line := strings.Join(args, " ")
	assert.Contains(s.t, []int{command.ExitOK, command.ExitFindings, command.ExitUsage, command.ExitIncomplete}, status, line)
	assert.NotZero(s.t, out.Len(), "%s says nothing", line)
	assertSecret(s.t, line, out.Bytes())
}

func (s speaker) everything(c *fixtures.Case, choose []string) {
	with := func(args ...string) []string { return append(args, choose...) }
	for _, format := range []string{"text", "json", "markdown", "html"} {
		s.run(with("analyze", "-o", format, c.Dir)...)
		s.run("analyze", "--redact", "none", "-o", format, c.Dir)
	}
	s.run("rank", c.Dir)
	s.run("rank", "--quick", c.Dir)
	s.run("verify", c.Dir)
	s.run("verify", "--deep", c.Dir)
	s.run("diff", c.Nodes[0].Path, c.Nodes[1].Path)
	s.run("explain", "LWG049")
	plan, repaired := filepath.Join(s.out, "PLAN.json"), filepath.Join(s.out, "repaired")
	s.run(with("plan", c.Dir, "-o", plan)...)
	if text, err := os.ReadFile(plan); err == nil {
		assertSecret(s.t, "the plan", text)
		s.run("repair", plan, c.Dir, "--out", repaired)
		s.repaired(repaired)
	}
	require.NoError(s.t, filepath.WalkDir(c.Dir, func(name string, e fs.DirEntry, err error) error {
		if err == nil && e.Type().IsRegular() {
			s.run("inspect", name)
			s.run("inspect", "--hex", name)
		}
		return err
	}))
}

// repaired looks at what a repair wrote beside the data, and for keys.
func (s speaker) repaired(dir string) {
	if _, err := os.Stat(dir); err != nil {
		return
	}
	for _, name := range []string{"plan.json", "restore-notes.txt", "MANIFEST.txt"} {
		text, err := os.ReadFile(filepath.Join(dir, name))
		require.NoError(s.t, err)
		assertSecret(s.t, name, text)
	}
	require.NoError(s.t, filepath.WalkDir(dir, func(name string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		for _, end := range []string{".key", "key.pem", ".pfx", "auth.json", ".mylogin.cnf", "keyring", ".auth", ".my.cnf", "debian.cnf"} {
			assert.False(s.t, strings.HasSuffix(name, end), "%s was copied", name)
		}
		return nil
	}))
}
