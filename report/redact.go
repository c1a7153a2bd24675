package report

import (
	"cmp"
	"fmt"
	"net/netip"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/lastwrite/lastwrite/analyze"
)

// A Redaction says what a report is to be rid of.
type Redaction string

// The redactions.
const (
	RedactNone   Redaction = "none"
	RedactValues Redaction = "values" // passwords, keys and tokens in what is quoted
	RedactStrict Redaction = "strict" // those, and the names of hosts, clusters, databases and tables
)

// Redactions returns all of them, mildest first.
func Redactions() []Redaction { return []Redaction{RedactNone, RedactValues, RedactStrict} }

// Redacted returns a copy of d without secrets. Names give way to pseudonyms,
// the same for the same name everywhere in d; so all outputs of one run agree.
func (d *Document) Redacted(r Redaction) *Document {
	if r == RedactNone {
		return d
	}
	text := withoutSecrets
	if r == RedactStrict {
		p := newPseudonyms(d)
		text = func(s string) string { return p.replace(withoutSecrets(s)) }
	}
	return mapper{text: text, keep: true}.value(reflect.ValueOf(d)).Interface().(*Document)
}

const redacted = "[redacted]"

// A secret is a pattern whose last group, or all of it, is replaced.
type secret struct {
	pattern *regexp.Regexp
	with    string
}

var secrets = []secret{
	{regexp.MustCompile(`(?s)-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----.*?(?:-----END [A-Z0-9 ]*PRIVATE KEY-----|\z)`), redacted},
	{regexp.MustCompile(`(?i)(identified\s+(?:by|with\s+\S+\s+(?:as|by))\s+(?:password\s+)?)(?:'(?:[^'\\]|\\.|'')*'?|"(?:[^"\\]|\\.|"")*"?)`), "${1}" + redacted},
	{regexp.MustCompile(`(?i)(password\s*\(\s*)(?:'(?:[^'\\]|\\.)*'?|"(?:[^"\\]|\\.)*"?)`), "${1}" + redacted},
	{regexp.MustCompile(`(?i)([a-z][a-z0-9+.-]*://[^\s/@:]*:)[^\s/@]+@`), "${1}" + redacted + "@"},
	{regexp.MustCompile(`(?i)(\b(?:bearer|basic)\s+)[a-z0-9+/=._~-]{8,}`), "${1}" + redacted},
	{regexp.MustCompile(`\b(?:AKIA|ASIA)[0-9A-Z]{16}\b`), redacted},
	{
		regexp.MustCompile(`(?i)((?:[\w.-]*(?:passw(?:or)?d|passphrase|secret|sst_auth|sst-auth|api_?key|access_?key|private_?key|filekey|join_?token|session_?token|auth_?token)[\w.-]*|\bpass|\btkey)["']?\s*[=:]\s*)(?:'[^']*'?|"[^"]*"?|[^\s,;]+)`),
		"${1}" + redacted,
	},
}

// withoutSecrets returns s without what looks like a password, a key or a
// token. Parsers leave such values out already; this is for what they could
// not know, as a log line that quotes a command.
func withoutSecrets(s string) string {
	for _, secret := range secrets {
		s = secret.pattern.ReplaceAllString(s, secret.with)
	}
	return s
}

// pseudonyms maps names to what stands for them.
type pseudonyms struct {
	words     map[string]string
	odd       []string // names that are no single word
	addresses map[netip.Addr]string
	counts    map[string]int
	v4, v6    int
}

func newPseudonyms(d *Document) *pseudonyms {
	p := &pseudonyms{words: map[string]string{}, addresses: map[netip.Addr]string{}, counts: map[string]int{}}
	for i := range d.Clusters {
		c := &d.Clusters[i]
		for _, n := range c.Nodes {
			p.word("node", n.Name)
		}
		p.word("cluster", c.Name)
		for _, n := range c.Nodes {
			p.host(n.Identity.Address)
			p.host(n.Identity.Name)
		}
		for _, missing := range c.Verdict.Missing {
			p.host(missing)
		}
	}
	names := slices.Clone(d.Names)
	slices.SortStableFunc(names, func(a, b analyze.Name) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), natural(a.Text, b.Text))
	})
	for _, name := range names {
		if name.Kind == analyze.HostName {
			p.host(name.Text)
		} else {
			p.word(string(name.Kind), name.Text)
		}
	}
	for _, in := range d.Inputs {
		p.word("node", in.Node)
	}
	slices.SortStableFunc(p.odd, func(a, b string) int { return cmp.Compare(len(b), len(a)) }) // one may be in another
	return p
}

// word gives a name a pseudonym of that kind, unless it has one.
func (p *pseudonyms) word(kind, name string) {
	if p.words[name] != "" || strings.Trim(name, "0123456789") == "" { // a number is no name
		return
	}
	if wordPattern.FindString(name) != name {
		p.odd = append(p.odd, name)
	}
	p.counts[kind]++
	p.words[name] = fmt.Sprintf("%s-%d", kind, p.counts[kind])
}

// host gives the host of an address a pseudonym.
func (p *pseudonyms) host(address string) {
	host := address
	if at := strings.LastIndexByte(address, ':'); at >= 0 && (strings.Count(address, ":") == 1 || address[at-min(at, 1)] == ']') {
		host = strings.Trim(address[:at], "[]")
	}
	if _, err := netip.ParseAddr(host); err == nil {
		p.replace(host) // in the order of the report
		return
	}
	p.word("host", host)
}

var (
	wordPattern = regexp.MustCompile(`[\pL\pN_](?:[\pL\pN_.'-]*[\pL\pN_])?`)
	v4Pattern   = regexp.MustCompile(`\b\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}\b`)
	v6Pattern   = regexp.MustCompile(`(?i)[0-9a-f]{0,4}(?::[0-9a-f]{0,4}){2,7}(?:%\w+)?`)
)

// replace returns s with every name and address in it replaced.
func (p *pseudonyms) replace(s string) string {
	s = v6Pattern.ReplaceAllStringFunc(s, p.address)
	s = v4Pattern.ReplaceAllStringFunc(s, p.address)
	if name := p.words[s]; name != "" {
		return name
	}
	for _, name := range p.odd {
		s = strings.ReplaceAll(s, name, p.words[name])
	}
	return wordPattern.ReplaceAllStringFunc(s, p.name)
}

// name replaces a word that is a name, and the parts of it that are: of
// "posts.ibd", "continue-from-db-1" and "alpha's" the longest names between the
// marks.
func (p *pseudonyms) name(word string) string {
	var out strings.Builder
	for len(word) > 0 {
		end := len(word)
		for end > 0 && p.words[word[:end]] == "" {
			end = strings.LastIndexAny(word[:end], marks)
		}
		if end > 0 {
			out.WriteString(p.words[word[:end]])
		} else {
			end = len(word)
			if at := strings.IndexAny(word, marks); at >= 0 {
				end = at
			}
			out.WriteString(word[:end])
		}
		rest := strings.TrimLeft(word[end:], marks)
		out.WriteString(word[end : len(word)-len(rest)])
		word = rest
	}
	return out.String()
}

// marks stand between the parts of a word.
const marks = ".-'"

// address replaces an address by one that is kept for documentation.
func (p *pseudonyms) address(text string) string {
	address, err := netip.ParseAddr(text)
	if err != nil || address.IsUnspecified() {
		return text
	}
	if p.addresses[address] == "" {
		switch {
		case !address.Is4():
			p.v6++
			p.addresses[address] = fmt.Sprintf("2001:db8::%x", p.v6)
		case p.v4 < 254:
			p.v4++
			p.addresses[address] = fmt.Sprintf("198.51.100.%d", p.v4)
		default:
			p.v4++
			p.addresses[address] = fmt.Sprintf("198.18.%d.%d", p.v4>>8, p.v4&0xff)
		}
	}
	return p.addresses[address]
}
