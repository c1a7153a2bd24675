package optionfile

import (
	"strings"

	"github.com/lastwrite/lastwrite/parse"
)

// A ProviderOption is one part of wsrep_provider_options.
type ProviderOption struct {
	Key      string // such as "gcache.size"
	Value    string // "" if Redacted
	Redacted bool
}

// parseProviderOptions splits "key = value; key = value" (codership/galera
// galerautils/src/gu_config.cpp gu::Config::parse): a backslash protects the
// next separator, what follows a second "=" is ignored.
func parseProviderOptions(text string) []ProviderOption { return parseOptions(text, ';') }

func parseOptions(text string, separator byte) (out []ProviderOption) {
	for _, part := range splitEscaped(text, separator) {
		pair := splitEscaped(part, '=')
		key := strings.TrimSpace(pair[0])
		if !isName(key) || len(pair) == 1 && !isKeptByProvider(key, "") {
			continue // the provider refuses to start; what stands there may be anything
		}
		o := ProviderOption{Key: key}
		if len(pair) > 1 {
			o.Value = strings.TrimSpace(pair[1])
		}
		if !isKeptByProvider(key, o.Value) {
			o.Value, o.Redacted = "", true
		}
		out = append(out, o)
	}
	return out
}

func anyRedacted(options []ProviderOption) bool {
	for _, o := range options {
		if o.Redacted {
			return true
		}
	}
	return false
}

// text writes the options in their usual form.
func text(options []ProviderOption) string {
	var out []string
	for _, o := range options {
		out = append(out, o.Key+"="+o.Value)
	}
	return strings.Join(out, "; ")
}

// splitEscaped splits at separators that have no backslash in front and
// removes the backslashes of those that have one. It returns one part at
// least.
func splitEscaped(text string, separator byte) []string {
	var out []string
	var part strings.Builder
	for i := 0; i < len(text); i++ {
		switch {
		case text[i] == '\\' && i+1 < len(text) && text[i+1] == separator:
			i++
			part.WriteByte(text[i])
		case text[i] == separator:
			out = append(out, part.String())
			part.Reset()
		default:
			part.WriteByte(text[i])
		}
	}
	return append(out, part.String())
}

// A ClusterAddress is a parsed wsrep_cluster_address.
type ClusterAddress struct {
	Scheme  string   // "gcomm", "dummy", "" if there is none
	Members []string // host, host:port or [address]:port, in order; none: this node makes a new cluster
	Options []ProviderOption
}

// ParseClusterAddress reads "gcomm://host:port,host?key=value&key=value".
// User information in front of a host is not kept.
func ParseClusterAddress(text string) ClusterAddress {
	var out ClusterAddress
	text, query, _ := strings.Cut(text, "?")
	scheme, hosts, ok := strings.Cut(text, "://")
	if !ok {
		scheme, hosts = "", text
	}
	out.Scheme = strings.TrimSpace(scheme)
	for host := range strings.SplitSeq(hosts, ",") {
		host = host[strings.LastIndexByte(host, '@')+1:]
		// Old configurations list whole addresses: "gcomm://a,gcomm://b".
		if _, rest, ok := strings.Cut(host, "://"); ok {
			host = rest
		}
		if host = strings.TrimSpace(host); host != "" {
			out.Members = append(out.Members, host)
		}
	}
	if query != "" {
		out.Options = parseOptions(query, '&')
	}
	return out
}

// A Provider is what wsrep_provider_options and the address say, as far as
// anyone needs it.
type Provider struct {
	All []ProviderOption // in order; the last of a key counts

	GCacheSize      Value[int64]  // gcache.size, bytes
	GCacheDir       Value[string] // gcache.dir
	GCacheName      Value[string] // gcache.name
	GCacheRecover   Value[bool]   // gcache.recover
	PCRecovery      Value[bool]   // pc.recovery
	PCBootstrap     Value[bool]   // pc.bootstrap
	PCWeight        Value[int64]  // pc.weight
	PCIgnoreQuorum  Value[bool]   // pc.ignore_quorum
	PCIgnoreSB      Value[bool]   // pc.ignore_sb
	GmcastSegment   Value[int64]  // gmcast.segment
	GmcastListen    Value[string] // gmcast.listen_addr
	ISTReceive      Value[string] // ist.recv_addr
	BaseDir         Value[string] // base_dir
	BaseHost        Value[string] // base_host
	CertOptimistic  Value[bool]   // cert.optimistic_pa
	ProtocolVersion Value[string] // repl.proto_max
}

// Get returns the value of a key that counts.
func (p Provider) Get(key string) (ProviderOption, bool) {
	for i := len(p.All) - 1; i >= 0; i-- {
		if p.All[i].Key == key {
			return p.All[i], true
		}
	}
	return ProviderOption{}, false
}

// newProvider reads the options of a setting. Options of the address count
// more: the provider applies them later (gcomm/src/conf.cpp, galera
// gcs/src/gcs_gcomm.cpp GCommConn).
func newProvider(at parse.Span, options []ProviderOption) Provider {
	var s Settings
	for _, o := range options {
		s = append(s, Setting{Span: at, Name: o.Key, HasValue: true, Value: o.Value, Redacted: o.Redacted})
	}
	v := values{settings: s}
	return Provider{
		All:             options,
		GCacheSize:      v.size("gcache.size"),
		GCacheDir:       v.text("gcache.dir"),
		GCacheName:      v.text("gcache.name"),
		GCacheRecover:   v.toggle("gcache.recover"),
		PCRecovery:      v.toggle("pc.recovery"),
		PCBootstrap:     v.toggle("pc.bootstrap"),
		PCWeight:        v.size("pc.weight"),
		PCIgnoreQuorum:  v.toggle("pc.ignore_quorum"),
		PCIgnoreSB:      v.toggle("pc.ignore_sb"),
		GmcastSegment:   v.size("gmcast.segment"),
		GmcastListen:    v.text("gmcast.listen_addr"),
		ISTReceive:      v.text("ist.recv_addr"),
		BaseDir:         v.text("base_dir"),
		BaseHost:        v.text("base_host"),
		CertOptimistic:  v.toggle("cert.optimistic_pa"),
		ProtocolVersion: v.text("repl.proto_max"),
	}
}
