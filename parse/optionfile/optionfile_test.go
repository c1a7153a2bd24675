package optionfile

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/lastwrite/lastwrite/parse"
)

// print writes settings as my_print_defaults does.
func print(s Settings) []string {
	var out []string
	for _, x := range s {
		text := x.Name
		if x.HasValue {
			text += "=" + x.Value
		}
		out = append(out, text)
	}
	return out
}

// TestSyntax holds what my_print_defaults of MariaDB 10.11 printed for these
// lines.
func TestSyntax(t *testing.T) {
	for _, tt := range []struct{ text, want string }{
		{"port = 1 # inline", "port=1"},
		{`port = "x # y" # z`, "port=x # y"},
		{"port = x ; y", "port=x ; y"},
		{"port = 'it''s'", "port=it''s"},
		{`port = "a\tb\sc\qd\\"`, "port=a\tb c\\qd\\"},
		{`port=a\#b`, `port=a\`},
		{"port", "port"},
		{"port =", "port="},
		{"bind-address = 1.2", "bind_address=1.2"},
		{`port="unterminated # c`, `port="unterminated # c`},
		{`port=x"y#z"w`, `port=x"y#z"w`},
		{"port = a # 'q", "port=a"},
		{"skip-log-bin", "skip_log_bin"},
		{`port="a\`, `port="a\`},
		{`port='`, `port='`},
		{`port=""`, "port="},
		{`port=" v "`, "port= v "},
		{`port=a"b`, `port=a"b`},
		{`port="a\"b"`, `port=a"b`},
		{`port=\`, `port=\`},
		{"\t port\t=\t1 \r", "port=1"},
		{"port=a\x00b", "port=a"},
		{"# port=1", ""},
		{"; port=1", ""},
		{"", ""},
		{"loose-port=1", "port=1"}, // written without its prefix
	} {
		c := Parse("my.cnf", []byte("[mysqld]\n"+tt.text+"\n"))
		assert.Equal(t, tt.want, strings.Join(print(c.Settings), "|"), tt.text)
		assert.Empty(t, c.Damage, tt.text)
	}
}

func TestGroups(t *testing.T) {
	text := "[MySQLd]\nport=1\n[ server ]\nport=2\n[mysqld]junk\nport=3\n[client]\nport=4\n[mariadb-10.11]\nport=5\n[mysqld-8.0]\nport=6\n[client-server]\nport=10\n[galera]\nport=7\n[server.b]\nport=8\n"
	c := Parse("my.cnf", []byte(text))
	require.Empty(t, c.Damage)
	for _, tt := range []struct {
		groups Groups
		want   []string
	}{
		{ServerGroups(MariaDB, "10.11"), []string{"port=1", "port=3", "port=5", "port=10", "port=7"}},
		{ServerGroups(MySQL, "8.0"), []string{"port=1", "port=3", "port=6"}},
		{ServerGroups(AnyServer, ""), []string{"port=1", "port=3", "port=5", "port=6", "port=10", "port=7"}},
		{Groups{Names: []string{"server"}, Suffix: ".b"}, []string{"port=8"}},
	} {
		assert.Equal(t, tt.want, print(c.Settings.In(tt.groups)))
	}
	last, ok := c.Settings.In(ServerGroups(MySQL, "8.0")).Last("port")
	assert.True(t, ok)
	assert.Equal(t, "6", last.Value)
	assert.Equal(t, "port=6", text[last.Offset:last.Offset+last.Length])
	assert.Equal(t, "mysqld-8.0.port", last.Field)
}

func TestPrefixes(t *testing.T) {
	last := func(text string) string {
		s, ok := Parse("f", []byte("[mysqld]\n"+text)).Settings.Last("log-bin")
		return fmt.Sprintf("%v %v %s", ok, s.HasValue, s.Value)
	}
	assert.Equal(t, "true true x", last("skip-log-bin\nlog_bin=x\n"))
	assert.Equal(t, "true true 0", last("log_bin=x\nskip_log_bin\n"))
	assert.Equal(t, "true true 0", last("log_bin=x\nloose-disable-log-bin=1\n"))
	assert.Equal(t, "true true 1", last("enable-log-bin\n"))
	assert.Equal(t, "true true x", last("log_bin=x\nskip-log-bin=0\n"))
	assert.Equal(t, "false false ", last("xlog_bin\n"))
}

func TestRefusals(t *testing.T) {
	for _, tt := range []struct {
		text  string
		field string
	}{
		{"port=1\n", "option"},
		{"\xef\xbb\xbf[mysqld]\nport=1\n", "option"}, // a byte order mark
		{"[mysqld\nport=1\n", "group"},
		{"[mysqld]\n!include\nport=1\n", "directive"},
		{"[mysqld]\n!includedir  \nport=1\n", "directive"},
	} {
		c := Parse("my.cnf", []byte(tt.text))
		if assert.NotNil(t, c.Refused, tt.text) {
			assert.Equal(t, tt.field, c.Refused.Field)
			assert.True(t, c.Files[0].Stopped)
			assert.Empty(t, c.Settings)
		}
	}
	c := Parse("my.cnf", []byte("[mysqld]\n!unknown x\n!\nport=1\n"))
	assert.Nil(t, c.Refused)
	assert.Len(t, c.Settings, 1)
}

func TestLongLine(t *testing.T) {
	c := Parse("f", []byte("[mysqld]\ndatadir="+strings.Repeat("a", 5000)+"\nport=1\n"))
	require.Len(t, c.Settings, 2)
	assert.Len(t, c.Settings[0].Value, 4094-len("datadir="))
	require.Len(t, c.Damage, 1)
	assert.Equal(t, parse.BadText, c.Damage[0].Kind)
}

// host is what Debian installs, and more.
func host() fstest.MapFS {
	file := func(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(text), Mode: 0o644} }
	return fstest.MapFS{
		"h/etc/mysql/my.cnf":             file("[client-server]\nport=3\n[mysqld]\nport=0\n!includedir /etc/mysql/conf.d/\nport=9\n!include /etc/mysql/my.cnf\n!include rel.cnf\n!include /etc/none.cnf\n!include ../../../../out.cnf\n!include ~/x.cnf\n"),
		"h/etc/mysql/conf.d/b.cnf":       file("[mysqld]\nport=2"),
		"h/etc/mysql/conf.d/a.cnf":       file("[mysqld]\nport=1\n[client]\nport=7\n"),
		"h/etc/mysql/conf.d/.c.cnf":      file("[mysqld]\nport=-1\n"),
		"h/etc/mysql/conf.d/d.cnf":       file("nogroup=1\n"),
		"h/etc/mysql/conf.d/e.cnf.bak":   file("[mysqld]\nport=5\n"),
		"h/etc/mysql/conf.d/f.cnf/g.cnf": file("[mysqld]\nport=6\n"),
		"h/etc/mysql/rel.cnf":            {Data: []byte("[mysqld]\nport=10\n"), Mode: 0o666},
		"out.cnf":                        file("[mysqld]\nport=666\n"),
	}
}

func TestIncludes(t *testing.T) {
	fsys := host()
	c, err := Read(fsys, "h/etc/mysql/my.cnf", Below(fsys, "h"))
	require.NoError(t, err)
	assert.Nil(t, c.Refused)
	assert.Equal(t, []string{"port=3", "port=0", "port=-1", "port=1", "port=2", "port=9", "port=10"}, print(c.Settings.In(ServerGroups(AnyServer, ""))))
	var skipped []string
	for _, i := range c.Skipped {
		skipped = append(skipped, fmt.Sprint(i.Path, " ", i.Why))
	}
	assert.Equal(t, []string{
		"/etc/mysql/conf.d/ missing", // f.cnf is a directory
		"/etc/mysql/my.cnf loop", "/etc/none.cnf missing", "../../../../out.cnf outside", "~/x.cnf outside",
	}, skipped)
	assert.True(t, c.Files[len(c.Files)-1].WorldWritable)
	require.Len(t, c.Damage, 1)
	assert.Equal(t, "h/etc/mysql/conf.d/d.cnf", c.Damage[0].File)

	none, err := Read(fsys, "h/etc/mysql/my.cnf", nil)
	require.NoError(t, err)
	assert.Len(t, none.Skipped, 6)

	_, err = Read(fsys, "h/etc", nil)
	require.Error(t, err)
	_, err = Read(fsys, "nothing", nil)
	require.Error(t, err)
}

// TestCopyOfEtc: only /etc/mysql was copied.
func TestCopyOfEtc(t *testing.T) {
	fsys := fstest.MapFS{
		"my.cnf":          {Data: []byte("[mysqld]\nport=0\n!includedir /etc/mysql/conf.d\n")},
		"conf.d/b/c.cnf":  {Data: []byte("[mysqld]\nport=9\n")},
		"conf.d/plus.cnf": {Data: []byte("[mysqld]\nport=2\n")},
	}
	c, err := Read(fsys, "my.cnf", Below(fsys, "."))
	require.NoError(t, err)
	assert.Equal(t, []string{"port=0", "port=2"}, print(c.Settings))
}

// TestDepth: ten levels are read, as the server does; a web of includes ends.
func TestDepth(t *testing.T) {
	fsys := fstest.MapFS{}
	for i := range 20 {
		fsys[fmt.Sprintf("%d.cnf", i)] = &fstest.MapFile{Data: fmt.Appendf(nil, "[mysqld]\nport=%d\n!include %d.cnf\n", i, i+1)}
	}
	c, err := Read(fsys, "0.cnf", Below(fsys, "."))
	require.NoError(t, err)
	assert.Len(t, c.Settings, 11)
	assert.Equal(t, TooDeep, c.Skipped[0].Why)

	web := fstest.MapFS{}
	for i := range 12 {
		text := "[mysqld]\n"
		for j := range 12 {
			text += fmt.Sprintf("!include %d.cnf\n", j)
		}
		web[fmt.Sprintf("%d.cnf", i)] = &fstest.MapFile{Data: []byte(text)}
	}
	c, err = Read(web, "0.cnf", Below(web, "."))
	require.NoError(t, err)
	assert.LessOrEqual(t, len(c.Files), maxFiles)
	assert.LessOrEqual(t, len(c.Skipped), maxSkipped)
}

// TestLastByte: the server takes the last byte of a file for a line feed.
func TestLastByte(t *testing.T) {
	c := Parse("f", []byte("[mysqld]\n!includedir /etc/mysql/conf.d"))
	require.Len(t, c.Skipped, 1)
	assert.Equal(t, "/etc/mysql/conf.", c.Skipped[0].Path)
	assert.Len(t, c.Damage, 1)
}

const secret = "S3cr3tW0rd"

const secrets = `[client]
password = S3cr3tW0rd
ssl-key=S3cr3tW0rd
[mysqld]
wsrep_sst_auth = "root:S3cr3tW0rd # x"
loose-file-key-management-filekey = S3cr3tW0rd
file_key_management_filename=S3cr3tW0rd
master_password=S3cr3tW0rd
init_connect="SET PASSWORD = 'S3cr3tW0rd'"
wsrep_provider_options="gcache.size=1G;socket.ssl_key=S3cr3tW0rd; socket.ssl_password_file = S3cr3tW0rd;pc.weight=2"
wsrep_cluster_address=gcomm://root:S3cr3tW0rd@a,b?socket.ssl_key=S3cr3tW0rd
objectstore_endpoint=https://key:S3cr3tW0rd@s3.example
datadir=/var/lib/mysql
plugin_option_nobody_knows=S3cr3tW0rd
S3cr3tW0rd with blanks
[sst]
tkey=S3cr3tW0rd
encrypt=S3cr3tW0rd
[S3cr3tW0rd is no group]
x=S3cr3tW0rd
`

func TestSecrets(t *testing.T) {
	c := Parse("my.cnf", []byte(secrets))
	server, damage := NewServer(c.Settings.In(ServerGroups(AnyServer, "")))
	assert.NotContains(t, fmt.Sprintf("%+v %+v %+v", c, server, damage), secret)
	auth, ok := c.Settings.Last("wsrep-sst-auth")
	require.True(t, ok)
	assert.True(t, auth.Redacted)
	assert.True(t, auth.HasValue)
	assert.Equal(t, int64(1<<30), server.Provider.GCacheSize.V)
	assert.Equal(t, int64(2), server.Provider.PCWeight.V)
	assert.True(t, server.ClusterAddress.Redacted)
	assert.Equal(t, "/var/lib/mysql", server.DataDir.V)

	env := ParseEnvironment("mysql", []byte(environmentSecrets))
	assert.NotContains(t, fmt.Sprintf("%+v", env), secret)
}

const environmentSecrets = `MYSQLD_OPTS="--wsrep_sst_auth=root:S3cr3tW0rd --wsrep-new-cluster"
AWS_SECRET_ACCESS_KEY=S3cr3tW0rd
MYSQLD_EXTRA_OPTS=--password S3cr3tW0rd
export GALERA_OPTIONS="socket.ssl_key=S3cr3tW0rd;gmcast.segment=1"
GALERA_NODES="gcomm://u:S3cr3tW0rd@h"
Environment="_WSREP_START_POSITION=--wsrep_start_position=1ee3f15f-e609-11f1-b919-3f0bcd2ab0c3:12"
`

// TestKeptNames: every option that NewServer asks for may be kept.
func TestKeptNames(t *testing.T) {
	text := "[mysqld]\n"
	for _, name := range kept {
		text += name + "=1\n"
		assert.False(t, isSecret(name), name)
	}
	server, _ := NewServer(Parse("f", []byte(text)).Settings)
	var check func(v reflect.Value, path string)
	check = func(v reflect.Value, path string) {
		for i := range v.NumField() {
			f, name := v.Field(i), path+"."+v.Type().Field(i).Name
			if f.Kind() != reflect.Struct || f.Type() == reflect.TypeFor[parse.Span]() {
				continue
			}
			at := f.FieldByName("At")
			if !at.IsValid() {
				check(f, name)
				continue
			}
			if name == ".LogBinOff" || strings.HasPrefix(name, ".Provider.") {
				continue
			}
			assert.NotZero(t, at.Interface(), "%s: its option is not in the list of kept ones", name)
		}
	}
	check(reflect.ValueOf(server), "")
}

func TestServer(t *testing.T) {
	c := Parse("my.cnf", []byte(`[mysqld]
datadir = /srv/db
log_bin
log-bin-index = x.index
server_id = 21
innodb_page_size = 16k
innodb_data_file_path = ibdata1:12M;ibdata2:1G:autoextend:max:2G
innodb_undo_tablespaces = three
[galera]
wsrep_on
wsrep-cluster-name = "tassta"
wsrep_cluster_address = gcomm://10.0.0.1:4567, [fe80::1]:4567,db3?pc.wait_prim=no
wsrep_provider_options = "gcache.size = 128M; gcache.recover=yes;pc.recovery=FALSE;gcache.name=a\;b;base_dir=/x"
wsrep_new_cluster
wsrep_gtid_mode = 0
`))
	require.Empty(t, c.Damage)
	s, damage := NewServer(c.Settings.In(ServerGroups(MariaDB, "10.11")))
	require.Len(t, damage, 1)
	assert.Equal(t, "mysqld.innodb_undo_tablespaces", damage[0].Field)
	assert.Equal(t, "/srv/db", s.DataDir.V)
	assert.Equal(t, int64(21), s.ServerID.V)
	assert.True(t, s.LogBin.Set)
	assert.Empty(t, s.LogBin.V)
	assert.False(t, s.LogBinOff.Set)
	assert.Equal(t, int64(16384), s.PageSize.V)
	assert.Equal(t, []DataFile{{Name: "ibdata1", Size: 12 << 20}, {Name: "ibdata2", Size: 1 << 30, Autoextend: true, Max: 2 << 30}}, s.DataFilePath.V)
	assert.True(t, s.WsrepOn.V)
	assert.True(t, s.WsrepNewCluster.V)
	assert.True(t, s.WsrepGTIDMode.Set)
	assert.False(t, s.WsrepGTIDMode.V)
	assert.Equal(t, "tassta", s.ClusterName.V)
	assert.Equal(t, []string{"10.0.0.1:4567", "[fe80::1]:4567", "db3"}, s.ClusterAddress.V.Members)
	assert.Equal(t, []ProviderOption{{Key: "pc.wait_prim", Value: "no"}}, s.ClusterAddress.V.Options)
	assert.Equal(t, int64(128<<20), s.Provider.GCacheSize.V)
	assert.True(t, s.Provider.GCacheRecover.V)
	assert.True(t, s.Provider.PCRecovery.Set)
	assert.False(t, s.Provider.PCRecovery.V)
	assert.Equal(t, "a;b", s.Provider.GCacheName.V)
	o, ok := s.Provider.Get("pc.wait_prim")
	assert.True(t, ok)
	assert.Equal(t, "no", o.Value)

	off, _ := NewServer(Parse("f", []byte("[mysqld]\nlog_bin=x\nskip-log-bin\n")).Settings)
	assert.True(t, off.LogBinOff.V)
	assert.False(t, off.LogBin.Set)
}

func TestValues(t *testing.T) {
	for text, want := range map[string]int64{"0": 0, "128M": 128 << 20, "1g": 1 << 30, " 7k ": 7 << 10, "-1": -1, "2T": 2 << 40, "7E": 7 << 60} {
		n, ok := ParseSize(text)
		assert.True(t, ok, text)
		assert.Equal(t, want, n)
	}
	for _, text := range []string{"", "M", "1MB", "8E", "99999999999G", "0x10", "1.5G", "-9E"} {
		_, ok := ParseSize(text)
		assert.False(t, ok, text)
	}
	for _, text := range []string{"", ":", "a", "a:b", "a:1:x", "a:1:max", ":1", ";"} {
		_, ok := ParseDataFilePath(text)
		assert.False(t, ok, text)
	}
	files, ok := ParseDataFilePath("/dev/sdb:3Gnewraw")
	assert.True(t, ok)
	assert.Equal(t, []DataFile{{Name: "/dev/sdb", Size: 3 << 30, Raw: true}}, files)
	assert.Equal(t, ClusterAddress{Scheme: "gcomm"}, ParseClusterAddress("gcomm://"))
	assert.Equal(t, []string{"a", "b"}, ParseClusterAddress("gcomm://a,gcomm://b").Members)
	uuid, n, ok := Position("1ee3f15f-e609-11f1-b919-3f0bcd2ab0c3:2683,0-1-5")
	assert.True(t, ok)
	assert.Equal(t, "1ee3f15f-e609-11f1-b919-3f0bcd2ab0c3", uuid)
	assert.Equal(t, int64(2683), n)
}

func TestEnvironment(t *testing.T) {
	env := ParseEnvironment("garb", []byte(`# comment
GALERA_NODES="10.0.0.1:4567 10.0.0.2:4567"
  GALERA_GROUP='tassta' # the cluster
export GALERA_OPTIONS="gmcast.segment=1; socket.ssl_key=/k"
LOG_FILE=/var/log/garbd.log
FOO=bar
_WSREP_NEW_CLUSTER='--wsrep-new-cluster'
MYSQLD_OPTS="--wsrep_start_position=1ee3f15f-e609-11f1-b919-3f0bcd2ab0c3:12 --datadir=/d"
Environment="FOO=1 2" "MYSQLD_EXTRA_OPTS=--server-id=7 --wsrep_sst_auth=u:p"
`))
	a := env.Arbitrator()
	want := Arbitrator{
		Set: true, Nodes: []string{"10.0.0.1:4567", "10.0.0.2:4567"}, Group: "tassta", LogFile: "/var/log/garbd.log",
		Options: []ProviderOption{{Key: "gmcast.segment", Value: "1"}, {Key: "socket.ssl_key", Redacted: true}},
	}
	if diff := cmp.Diff(want, a); diff != "" {
		t.Error(diff)
	}
	s, _ := NewServer(env.Settings)
	assert.True(t, s.WsrepNewCluster.V)
	assert.Equal(t, "/d", s.DataDir.V)
	assert.Equal(t, int64(7), s.ServerID.V)
	i := slices.IndexFunc(env.Variables, func(v Variable) bool { return v.Name == "FOO" })
	assert.True(t, env.Variables[i].Redacted)
	assert.Equal(t, "--wsrep-new-cluster", env.Variables[slices.IndexFunc(env.Variables, func(v Variable) bool { return v.Name == "_WSREP_NEW_CLUSTER" })].Value)
	assert.False(t, ParseEnvironment("garb", []byte("GALERA_GROUP=\"\"\n#GALERA_NODES=x\n")).Arbitrator().Set)

	opts := ParseCommandLine(parse.Span{}, "/usr/sbin/mariadbd --basedir=/usr --wsrep_sst_auth=u:p --datadir='/a b'")
	assert.Equal(t, []string{"basedir=/usr", "wsrep_sst_auth=", "datadir=/a b"}, print(opts))
}

// requireSound checks what holds for the result of any bytes.
func requireSound(t *testing.T, data []byte) {
	t.Helper()
	c := Parse("f", data)
	for _, s := range c.Settings {
		require.GreaterOrEqual(t, s.Offset, int64(0))
		require.LessOrEqual(t, s.Offset+s.Length, int64(len(data)))
		require.NotEmpty(t, s.Name)
		require.True(t, !s.Redacted || s.Value == "")
	}
	for _, d := range c.Damage {
		require.GreaterOrEqual(t, d.Offset, int64(0))
		require.LessOrEqual(t, d.Offset+d.Length, int64(len(data)), d.String())
		require.NotEmpty(t, d.Kind)
	}
	_, damage := NewServer(c.Settings)
	require.LessOrEqual(t, len(damage), 100)
	env := ParseEnvironment("f", data)
	env.Arbitrator()
}

// withoutNames removes the lines whose secret stands where a name should.
func withoutNames(text string) string {
	return strings.ReplaceAll(strings.ReplaceAll(text, "S3cr3tW0rd with blanks\n", ""), "[S3cr3tW0rd is no group]\n", "[other]\n")
}

func TestEveryPrefixAndFlippedBit(t *testing.T) {
	for _, text := range []string{secrets, environmentSecrets} {
		for n := range len(text) + 1 {
			requireSound(t, []byte(text[:n]))
		}
		for i := range 8 * len(text) {
			data := []byte(text)
			data[i/8] ^= 1 << (i % 8)
			requireSound(t, data)
		}
	}
}

// TestSecretsInDamagedFiles: a cut or a flipped bit does not show a secret.
func TestSecretsInDamagedFiles(t *testing.T) {
	text := withoutNames(secrets)
	check := func(data []byte) {
		t.Helper()
		c := Parse("f", data)
		server, damage := NewServer(c.Settings)
		if out := fmt.Sprintf("%+v %+v %+v", c, server, damage); strings.Contains(out, secret) {
			t.Fatalf("%q shows a secret", data)
		}
	}
	for n := range len(text) {
		check([]byte(text[:n]))
	}
	for i := range 8 * len(text) {
		data := []byte(text)
		data[i/8] ^= 1 << (i % 8)
		check(data)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(secrets))
	f.Add([]byte(environmentSecrets))
	f.Add([]byte("[mysqld]\n!includedir x\n[a\n"))
	f.Add([]byte(strings.Repeat("a", 5000)))
	f.Fuzz(func(t *testing.T, data []byte) { requireSound(t, data) })
}
