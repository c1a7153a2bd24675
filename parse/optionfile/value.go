package optionfile

import (
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/lastwrite/lastwrite/parse"
)

// A Value is an option as a program understands it.
type Value[T any] struct {
	At       parse.Span // of the setting that counts
	Set      bool       // the option is there and its value parses
	Redacted bool       // the option is there, its value was not kept
	V        T
}

// ParseSize reads a number with an optional K, M, G, T, P or E for powers of
// 1024, upper or lower case (mysys/my_getopt.c eval_num_suffix).
func ParseSize(text string) (int64, bool) {
	text = strings.TrimSpace(text)
	shift := 0
	if n := len(text); n > 0 {
		if at := strings.IndexByte("KMGTPE", text[n-1]&^0x20); at >= 0 {
			shift, text = 10*(at+1), text[:n-1]
		}
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n > math.MaxInt64>>shift || n < math.MinInt64>>shift {
		return 0, false
	}
	return n << shift, true
}

// ParseBool reads a switch (mysys/my_getopt.c get_bool_argument): true, on,
// yes and numbers but 0 are on, false, off, no and 0 are off.
func ParseBool(text string) (on, ok bool) {
	switch strings.ToLower(strings.TrimSpace(text)) {
	case "1", "true", "on", "yes":
		return true, true
	case "0", "false", "off", "no":
		return false, true
	}
	n, err := strconv.ParseInt(strings.TrimSpace(text), 10, 64)
	return n != 0, err == nil
}

func isOff(text string) bool {
	on, ok := ParseBool(text)
	return ok && !on
}

// values turns settings into typed values and collects what does not parse.
type values struct {
	settings Settings
	damage   []parse.Damage
}

// take returns the setting that counts, its place, and whether it has a value
// that was kept.
func take[T any](v *values, name string) (Setting, Value[T], bool) {
	s, ok := v.settings.Last(name)
	if !ok {
		return s, Value[T]{}, false
	}
	return s, Value[T]{At: s.Span, Redacted: s.Redacted}, !s.Redacted
}

func (v *values) bad(s Setting, want string) {
	v.damage = append(v.damage, parse.Damage{Span: s.Span, Kind: parse.BadValue, Want: want, Got: "another value"})
}

// text reads a text; an option without value is set to "".
func (v *values) text(name string) Value[string] {
	s, out, ok := take[string](v, name)
	if ok && !utf8.ValidString(s.Value) {
		v.bad(s, "text")
		return out
	}
	out.Set, out.V = ok, s.Value
	return out
}

func (v *values) size(name string) Value[int64] {
	s, out, ok := take[int64](v, name)
	if !ok {
		return out
	}
	if out.V, out.Set = ParseSize(s.Value); !out.Set {
		v.bad(s, "a number")
	}
	return out
}

// toggle reads a switch; an option without value is on.
func (v *values) toggle(name string) Value[bool] {
	s, out, ok := take[bool](v, name)
	if !ok {
		return out
	}
	if !s.HasValue {
		out.Set, out.V = true, true
		return out
	}
	if out.V, out.Set = ParseBool(s.Value); !out.Set {
		v.bad(s, "on or off")
	}
	return out
}
