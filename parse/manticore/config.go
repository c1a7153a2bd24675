package manticore

import (
	"fmt"
	"io"
	"strings"

	"github.com/lastwrite/lastwrite/parse"
)

// ConfigMaxSize is how much of a manticore.json is read. A node with ten
// thousand tables has one of 1 MiB.
const ConfigMaxSize = 16 << 20

// A Config is what a manticore.json holds (src/searchdconfig.cpp ConfigRead).
type Config struct {
	File     string
	Size     int64
	Empty    bool // no byte in it: the server starts with neither clusters nor tables
	Whole    bool // it was read to its last bracket
	Clusters []Cluster
	Tables   []Table
	Damage   []parse.Damage
}

// A Cluster is one entry of /clusters.
type Cluster struct {
	Name          string
	Span          parse.Span // of the entry's value
	Whole         bool
	Nodes         []string // "host:port" of the API
	NodesAt       parse.Span
	NodesCut      parse.Span // bytes to leave out so that the key nodes is gone; Length 0 without the key
	Options       []Option
	Tables        []string
	TablesAt      parse.Span
	Path          string // relative to data_dir, "" for data_dir itself
	PathAt        parse.Span
	Epoch         int64 // cluster_epoch, 0 before 24.0.0
	EpochAt       parse.Span
	SelfBootstrap bool // self_bootstrap_on_startup
	User          string
	Skipped       string // the server's warning when it leaves the entry out, "" if it takes it
}

// An Option is one provider option. The values of options whose names speak
// of keys or passwords are left out.
type Option struct{ Name, Value string }

// A Table is one entry of /indexes.
type Table struct {
	Name string
	Type string // rt, percolate, distributed, …
	Path string // name of the directory below data_dir; up to 5.0 an absolute path without the ending .meta
	Span parse.Span
}

// ReadConfig reads a manticore.json, or one of its siblings .new and .old.
// What follows damage is lost; entries in front of it are kept. The error is
// for reading.
func ReadConfig(in io.Reader, file string, size int64) (*Config, error) {
	c := &Config{File: file, Size: size}
	root, damage, err := readJSON(io.LimitReader(in, ConfigMaxSize), file, func(depth int, key string) bool {
		return depth != 1 || key == "clusters" || key == "indexes"
	})
	switch {
	case size > ConfigMaxSize:
		c.Damage = append(c.Damage, parse.Damage{
			Span: parse.Span{File: file, Offset: ConfigMaxSize, Length: size - ConfigMaxSize}, Kind: parse.Trailing,
			Want: fmt.Sprintf("at most %d bytes", ConfigMaxSize), Got: fmt.Sprintf("%d bytes", size),
		})
	case damage != nil:
		c.Damage = append(c.Damage, *damage)
	}
	switch {
	case err != nil:
		return c, err
	case root == nil:
		c.Empty = size == 0
		if !c.Empty && damage == nil {
			c.Damage = append(c.Damage, parse.Damage{Span: parse.Span{File: file, Length: size}, Kind: parse.BadText, Want: "an object", Got: "blanks"})
		}
		return c, nil
	case root.kind != jsonObject:
		c.Damage = append(c.Damage, parse.Damage{Span: root.span(file, ""), Kind: parse.BadText, Want: "an object", Got: "something else"})
		return c, nil
	}
	c.Whole = root.whole && len(c.Damage) == 0
	for _, t := range members(root.child("indexes")) {
		c.addTable(t)
	}
	for _, v := range members(root.child("clusters")) {
		c.addCluster(v)
	}
	return c, nil
}

func members(v *jsonValue) []*jsonValue {
	if v == nil || v.kind != jsonObject {
		return nil
	}
	return v.children
}

func (c *Config) addTable(v *jsonValue) {
	t := Table{Name: v.key, Span: v.span(c.File, "indexes."+v.key)}
	if x := v.child("type"); x != nil {
		t.Type = x.text
	}
	if x := v.child("path"); x != nil {
		t.Path = x.text
	}
	c.Tables = append(c.Tables, t)
}

func (c *Config) addCluster(v *jsonValue) {
	field := "clusters." + v.key
	out := Cluster{Name: v.key, Span: v.span(c.File, field), Whole: v.whole}
	if x := v.child("nodes"); x != nil {
		out.NodesAt = x.span(c.File, field+".nodes")
		out.NodesCut = cut(c.File, v, "nodes")
		out.Nodes = textList(x)
	}
	if x := v.child("options"); x != nil {
		out.Options = options(x)
	}
	if x := v.child("indexes"); x != nil {
		out.TablesAt = x.span(c.File, field+".indexes")
		out.Tables = textList(x)
	}
	if x := v.child("path"); x != nil {
		out.Path, out.PathAt = x.text, x.span(c.File, field+".path")
	}
	if x := v.child("cluster_epoch"); x != nil {
		out.Epoch, _ = x.integer()
		out.EpochAt = x.span(c.File, field+".cluster_epoch")
	}
	if x := v.child("self_bootstrap_on_startup"); x != nil {
		out.SelfBootstrap = x.kind == jsonBool && x.text == "true"
	}
	if x := v.child("user"); x != nil {
		out.User = x.text
	}
	for _, o := range c.Clusters {
		what := ""
		switch {
		case o.Skipped != "":
		case o.Name == out.Name:
			what = "name"
		case o.Path == out.Path:
			what = "path"
		}
		if what != "" {
			out.Skipped = fmt.Sprintf("cluster with the same %s already exists: %s, %s, SKIPPED", what, out.Name, out.Path)
			break
		}
	}
	c.Clusters = append(c.Clusters, out)
}

// cut returns the bytes of a member with one of the commas around it.
func cut(file string, v *jsonValue, name string) parse.Span {
	for i, m := range v.children {
		if m.key != name {
			continue
		}
		out := parse.Span{File: file, Offset: m.keyStart, Field: name}
		end := m.end
		switch {
		case m.comma >= 0 && i+1 < len(v.children):
			end = v.children[i+1].keyStart
		case m.comma >= 0:
			end = m.comma + 1
		case i > 0:
			out.Offset = v.children[i-1].end
		}
		out.Length = end - out.Offset
		return out
	}
	return parse.Span{}
}

// textList returns the strings of an array, or of a text that older servers
// wrote with commas.
func textList(v *jsonValue) []string {
	var out []string
	switch v.kind {
	case jsonString:
		for s := range strings.SplitSeq(v.text, ",") {
			if s = strings.TrimSpace(s); s != "" {
				out = append(out, s)
			}
		}
	case jsonArray:
		for _, x := range v.children {
			if x.kind == jsonString {
				out = append(out, x.text)
			}
		}
	}
	return out
}

// options returns the provider options of an object, or of the older text
// "name=value;name=value".
func options(v *jsonValue) []Option {
	var out []Option
	add := func(name, value string) {
		if secret(name) {
			value = ""
		}
		out = append(out, Option{name, value})
	}
	switch v.kind {
	case jsonString:
		for s := range strings.SplitSeq(v.text, ";") {
			if name, value, ok := strings.Cut(s, "="); ok {
				add(strings.TrimSpace(name), strings.TrimSpace(value))
			}
		}
	case jsonObject:
		for _, x := range v.children {
			add(x.key, x.text)
		}
	}
	return out
}

// secret reports whether the value of an option of that name stays here.
func secret(name string) bool {
	name = strings.ToLower(name)
	for _, part := range []string{"pass", "secret", "key", "token", "cert", "auth", "ssl", "dsn", "agent"} {
		if strings.Contains(name, part) {
			return true
		}
	}
	return false
}
