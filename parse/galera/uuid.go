package galera

import (
	"encoding/binary"
	"encoding/hex"
	"time"
)

// A UUID names a history (group UUID, also called state UUID), a node's
// process or a view. The bytes stand in the order in which they are printed
// (galera galerautils/src/gu_uuid.h GU_UUID_FORMAT).
type UUID [16]byte

// uuidText is the length of a printed UUID (gu_uuid.h GU_UUID_STR_LEN).
const uuidText = 36

// epochToUnix is the time from 1582-10-15, where version-1 UUIDs count from,
// to 1970-01-01, in units of 100 ns.
const epochToUnix = 0x01B21DD213814000

// ParseUUID parses a UUID of 36 characters, in lower or upper case.
func ParseUUID(text string) (u UUID, ok bool) {
	if len(text) != uuidText || text[8] != '-' || text[13] != '-' || text[18] != '-' || text[23] != '-' {
		return UUID{}, false
	}
	digits := text[:8] + text[9:13] + text[14:18] + text[19:23] + text[24:]
	if _, err := hex.Decode(u[:], []byte(digits)); err != nil {
		return UUID{}, false
	}
	return u, true
}

// String returns the 36 lower-case characters that servers print.
func (u UUID) String() string {
	out := make([]byte, 0, uuidText)
	for i, b := range u {
		if i == 4 || i == 6 || i == 8 || i == 10 {
			out = append(out, '-')
		}
		out = hex.AppendEncode(out, []byte{b})
	}
	return string(out)
}

// IsZero reports whether u is the undefined UUID.
func (u UUID) IsZero() bool { return u == UUID{} }

// Time returns the wall-clock time at which the process that made u called it
// into being. ok is false if u is no version-1 UUID, as the provider makes
// them (gu_uuid.c gu_uuid_generate): then it was made up by somebody else.
func (u UUID) Time() (t time.Time, ok bool) {
	if u[6]>>4 != 1 || u[8]>>6 != 2 {
		return time.Time{}, false
	}
	n := int64(u.ticks()) - epochToUnix
	return time.Unix(n/1e7, n%1e7*100).UTC(), true
}

// ticks is the 60-bit timestamp in u, in units of 100 ns (gu_uuid.c uuid_time).
func (u UUID) ticks() uint64 {
	return uint64(binary.BigEndian.Uint16(u[6:])&0x0fff)<<48 | uint64(binary.BigEndian.Uint16(u[4:]))<<32 | uint64(binary.BigEndian.Uint32(u[:]))
}

// Node returns the last six bytes: random, and the same in all UUIDs that come
// from one another by Incarnation only.
func (u UUID) Node() [6]byte { return [6]byte(u[10:]) }

// Incarnation returns bytes 8 and 9. A process that takes its UUID from
// gvwstate.dat adds one to them (gcomm/src/gcomm/uuid.hpp
// increment_incarnation).
func (u UUID) Incarnation() uint16 { return binary.BigEndian.Uint16(u[8:]) }

// SameProcess reports whether u and v are equal but for the incarnation
// (gcomm/src/gcomm/uuid.hpp fixed_part_matches).
func (u UUID) SameProcess(v UUID) bool {
	return [8]byte(u[:8]) == [8]byte(v[:8]) && u.Node() == v.Node()
}
