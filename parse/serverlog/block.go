package serverlog

import (
	"bytes"
	"strings"
)

// Limits of blocks: no real view has as many members.
const (
	maxMembers   = 256
	maxBlockSize = 2000 // lines
)

// A block takes the lines behind the one that begins it. It returns whether
// the line belongs to it and whether the block ends with it.
type block func(e *Event, text []byte) (mine, done bool)

// blockFor returns the block that a message begins, and fills the event with
// what stands in the message itself.
func blockFor(message []byte, e *Event) block {
	switch {
	case bytes.HasPrefix(message, []byte("view(")):
		return beginView(message, e)
	case bytes.HasPrefix(message, []byte("Quorum results:")):
		e.Kind, e.Quorum = Quorum, &QuorumBlock{}
		return quorumLine
	case bytes.HasPrefix(message, []byte("View:")), bytes.HasPrefix(message, []byte("=====")):
		e.Kind, e.First = ClusterView, -1
		return clusterViewLine
	case bytes.HasPrefix(message, []byte("Votes over ")):
		e.Kind = VoteTally
		e.Position, _, _ = position(message[len("Votes over "):])
		return voteLine
	case bytes.HasPrefix(message, []byte("State transfer required:")):
		e.Kind = TransferRequired
		return transferLine
	case bytes.HasPrefix(message, []byte("GCache DEBUG: opened preamble:")):
		e.Kind, e.First, e.Last = GCachePreamble, -1, -1
		return preambleLine
	case bytes.HasPrefix(message, []byte("Read config:")):
		e.Kind = ArbitratorConfig
		return arbitratorLine
	}
	return nil
}

// beginView reads "view(view_id(PRIM,1ee2bdba-a603,1) memb {" (gcomm/src/view.cpp
// operator<<).
func beginView(message []byte, e *Event) block {
	e.Kind, e.View = View, &ViewBlock{}
	var c capture
	if !match("view(view_id(%s,%s,%d) memb {", message, &c) {
		return nil // "view((empty))"
	}
	e.View.Type, e.View.UUID, e.View.Seq = c.s[0], c.s[1], c.d[0]
	list := &e.View.Members
	return func(e *Event, text []byte) (mine, done bool) {
		switch {
		case bytes.HasPrefix(text, []byte("})")):
			return true, true
		case bytes.HasPrefix(text, []byte("} joined")):
			list = &e.View.Joined
		case bytes.HasPrefix(text, []byte("} left")):
			list = &e.View.Left
		case bytes.HasPrefix(text, []byte("} partitioned")):
			list = &e.View.Partitioned
		default:
			uuid, segment, ok := bytes.Cut(text, []byte(","))
			n, _, isNumber := number(segment)
			if !ok || !isNumber || len(uuid) > 36 {
				return false, false
			}
			if len(*list) < maxMembers {
				*list = append(*list, Member{Index: int64(len(*list)), Segment: n, UUID: clean(uuid)})
			}
		}
		return true, false
	}
}

// quorumLine reads "key = value," (gcs/src/gcs_group.cpp
// group_post_state_exchange).
func quorumLine(e *Event, text []byte) (mine, done bool) {
	key, value, ok := bytes.Cut(text, []byte("="))
	if !ok {
		return false, false
	}
	value = bytes.TrimRight(bytes.TrimSpace(value), ",")
	n, rest, _ := number(value)
	q := e.Quorum
	switch string(bytes.TrimSpace(key)) {
	case "version":
		q.Version = n
	case "component":
		q.Component = clean(value)
	case "conf_id":
		q.ConfID = n
	case "members":
		q.Joined = n
		q.Total, _, _ = number(bytes.TrimPrefix(rest, []byte("/")))
	case "act_id":
		q.ActID = n
	case "last_appl.":
		q.LastApplied = n
	case "protocols":
		q.Protocols = firstWord(clean(value))
	case "group UUID":
		e.Position.UUID, _, e.Position.Set = uuid(value)
		e.Position.Seqno = q.ActID
		return true, true
	}
	return true, false
}

// clusterViewLine reads the block that wsrep-lib prints for a view
// (wsrep-lib src/view.cpp wsrep::view::print).
func clusterViewLine(e *Event, text []byte) (mine, done bool) {
	if bytes.HasPrefix(text, []byte("=====")) {
		return true, e.Position.Set
	}
	key, value, ok := bytes.Cut(text, []byte(":"))
	if !ok {
		return false, false
	}
	value = bytes.TrimSpace(value)
	switch string(key) {
	case "id":
		e.Position, _, _ = position(value)
	case "status":
		e.To = clean(value)
	case "own_index":
		e.First, _, _ = number(value)
	case "final":
		e.Flag = string(value) == "yes"
	default:
		if index, _, ok := number(key); ok {
			id, name, found := bytes.Cut(value, []byte(","))
			if id, _, isUUID := uuid(id); found && isUUID && len(e.Members) < maxMembers {
				e.Members = append(e.Members, Member{Index: index, UUID: id, Name: clean(name)})
			}
		}
	}
	return true, false
}

// voteLine reads "9274081264c4cd14:   1/3" and "Winner: …" (gcs/src/gcs_group.cpp
// group_recount_votes).
func voteLine(e *Event, text []byte) (mine, done bool) {
	if winner, ok := bytes.CutPrefix(text, []byte("Winner: ")); ok {
		e.Code = clean(winner)
		return true, true
	}
	if bytes.HasPrefix(text, []byte("Waiting for more votes")) {
		return true, true
	}
	code, counts, ok := bytes.Cut(text, []byte(":"))
	count, rest, isNumber := number(bytes.TrimSpace(counts))
	if !ok || !isNumber || len(code) > 16 {
		return false, false
	}
	total, _, _ := number(bytes.TrimPrefix(rest, []byte("/")))
	if len(e.Votes) < maxMembers {
		e.Votes = append(e.Votes, Vote{Code: clean(code), Count: count, Total: total})
	}
	return true, false
}

// transferLine reads "Group state: …" and "Local state: …" (galera/src/
// replicator_smm.cpp).
func transferLine(e *Event, text []byte) (mine, done bool) {
	var c capture
	if match("Group state: %p", text, &c) {
		e.Other = c.p[0]
		return true, e.Position.Set
	}
	if match("Local state: %p", text, &c) {
		e.Position = c.p[0]
		return true, e.Other.Set
	}
	return false, false
}

// preambleLine reads what the provider found in galera.cache (gcache/src/
// gcache_rb_store.cpp RingBuffer::open_preamble).
func preambleLine(e *Event, text []byte) (mine, done bool) {
	key, value, ok := bytes.Cut(text, []byte(":"))
	if !ok {
		return false, false
	}
	value = bytes.TrimSpace(value)
	switch string(key) {
	case "UUID", "GID":
		e.Position.UUID, _, e.Position.Set = uuid(value)
		e.Position.Seqno = -1
	case "Seqno":
		var c capture
		if match("%d - %d", value, &c) {
			e.First, e.Last = c.d[0], c.d[1]
		}
	case "Synced":
		e.Flag = string(value) == "1"
		return true, true
	}
	return true, false
}

// arbitratorLine reads garbd's configuration (garb/garb_config.cpp
// operator<<).
func arbitratorLine(e *Event, text []byte) (mine, done bool) {
	key, value, ok := bytes.Cut(text, []byte(":"))
	if !ok {
		return false, true
	}
	switch k := string(key); k {
	case "name", "address", "group", "sst", "donor", "workdir", "log":
		host := clean(value)
		if at := strings.LastIndexByte(host, '@'); at >= 0 {
			host = host[at+1:]
		}
		host, _, _ = strings.Cut(host, "?")
		e.Options = append(e.Options, Option{k, host})
	case "options":
		e.Options = append(e.Options, providerOptions(value)...)
	case "daemon", "cfg":
	default:
		return false, true
	}
	return true, len(e.Options) > maxMembers
}
