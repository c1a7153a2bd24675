package manticore

import (
	"bufio"
	"errors"
	"io"
	"strings"

	"github.com/lastwrite/lastwrite/parse"
)

// Limits of a server configuration.
const (
	ConfMaxSize = 1 << 20
	confMaxLine = 4096
	maxListen   = 64
)

// A Setting is one value of the configuration.
type Setting struct {
	parse.Span
	Set   bool
	Value string
}

// A ServerConf is what the searchd section of a manticore.conf says about
// where things are. Nothing else of the file is kept: sources in it carry
// passwords.
type ServerConf struct {
	File        string
	Script      bool // it begins with #!, so that the server runs it and reads its output
	Searchd     bool // it has a searchd section
	DataDir     Setting
	BinlogPath  Setting // set and empty: no transaction log
	BinlogFlush Setting // 0 every second, 1 every commit, 2 written every commit and synced every second
	Binlog      Setting // binlog_common
	NodeAddress Setting
	ServerID    Setting
	Log         Setting
	PIDFile     Setting
	Listen      []Setting // address:port[:protocol], in the order of the file
}

// ReadServerConf reads a manticore.conf (src/sphinxutils.cpp
// CSphConfigParser). The last of several values counts, listen excepted. The
// error is for reading.
func ReadServerConf(in io.Reader, file string) (*ServerConf, error) {
	c := &ServerConf{File: file}
	r := bufio.NewReaderSize(io.LimitReader(in, ConfMaxSize), confMaxLine)
	var pos int64
	section, depth := "", 0
	var joined string // lines that end with a backslash
	var joinedAt int64
	for {
		line, isPrefix, err := r.ReadLine()
		if errors.Is(err, io.EOF) {
			return c, nil
		}
		if err != nil {
			return c, err
		}
		at := pos
		pos += int64(len(line))
		for isPrefix { // the rest of an overlong line says nothing
			var rest []byte
			if rest, isPrefix, err = r.ReadLine(); err != nil {
				break
			}
			pos += int64(len(rest))
		}
		pos++
		text := string(line)
		if at == 0 && strings.HasPrefix(text, "#!") {
			c.Script = true
			return c, nil
		}
		if joined != "" {
			text, at = joined+text, joinedAt
			joined = ""
		}
		text, _, _ = strings.Cut(text, "#")
		text = strings.TrimSpace(text)
		if more, ok := strings.CutSuffix(text, "\\"); ok && len(more) < confMaxLine {
			joined, joinedAt = more, at
			continue
		}
		for text != "" {
			switch {
			case text[0] == '{':
				depth++
				text = strings.TrimSpace(text[1:])
			case text[0] == '}':
				depth, section = 0, ""
				text = strings.TrimSpace(text[1:])
			case depth == 0:
				head, rest, brace := strings.Cut(text, "{")
				if words := strings.Fields(head); len(words) > 0 {
					section = words[0]
					c.Searchd = c.Searchd || section == "searchd"
				}
				text = ""
				if brace {
					text = "{" + rest
				}
			default:
				if section == "searchd" {
					value, rest, end := strings.Cut(text, "}")
					c.set(value, at)
					text = ""
					if end {
						text = "}" + rest
					}
				} else if i := strings.LastIndexByte(text, '}'); i >= 0 {
					text = text[i:]
				} else {
					text = ""
				}
			}
		}
	}
}

// set notes one line of the searchd section.
func (c *ServerConf) set(line string, at int64) {
	key, value, ok := strings.Cut(line, "=")
	if !ok {
		return
	}
	key = strings.ToLower(strings.TrimSpace(key))
	s := Setting{Span: parse.Span{File: c.File, Offset: at, Length: int64(len(line)), Field: key}, Set: true, Value: strings.TrimSpace(value)}
	switch key {
	case "data_dir":
		c.DataDir = s
	case "binlog_path":
		c.BinlogPath = s
	case "binlog_flush":
		c.BinlogFlush = s
	case "binlog_common":
		c.Binlog = s
	case "node_address":
		c.NodeAddress = s
	case "server_id":
		c.ServerID = s
	case "log":
		c.Log = s
	case "pid_file":
		c.PIDFile = s
	case "listen":
		if len(c.Listen) < maxListen {
			c.Listen = append(c.Listen, s)
		}
	}
}

// Addresses returns the addresses under which the cluster's API of this node
// can be asked: listeners without a protocol or with sphinx, http and
// replication ports left out. A listener without a host stands for
// node_address.
func (c *ServerConf) Addresses() []string {
	var out []string
	for _, l := range c.Listen {
		parts := strings.Split(l.Value, ":")
		if last := parts[len(parts)-1]; len(parts) > 1 {
			switch strings.TrimSuffix(last, "_vip") {
			case "mysql", "mysql41", "http", "https", "replication":
				continue
			case "sphinx":
				parts = parts[:len(parts)-1]
			}
		}
		switch {
		case strings.HasPrefix(l.Value, "/"):
		case len(parts) == 1 && c.NodeAddress.Value != "":
			out = append(out, c.NodeAddress.Value+":"+parts[0])
		case len(parts) == 2 && parts[0] != "0.0.0.0":
			out = append(out, parts[0]+":"+parts[1])
		case len(parts) == 2 && c.NodeAddress.Value != "":
			out = append(out, c.NodeAddress.Value+":"+parts[1])
		}
	}
	return out
}
