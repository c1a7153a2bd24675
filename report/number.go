package report

import (
	"fmt"
	"strconv"
)

// A Number is an index, a seqno, a term or a count. In JSON it is a number up
// to 2^53 and, beyond what every reader of JSON can hold, a string of decimal
// digits.
type Number uint64

const maxExact = 1 << 53 // a float64 holds every whole number up to here

// MarshalJSON implements json.Marshaler.
func (n Number) MarshalJSON() ([]byte, error) {
	digits := strconv.AppendUint(nil, uint64(n), 10)
	if n > maxExact {
		return strconv.AppendQuote(nil, string(digits)), nil
	}
	return digits, nil
}

// UnmarshalJSON implements json.Unmarshaler. It takes both forms.
func (n *Number) UnmarshalJSON(b []byte) error {
	text := string(b)
	if unquoted, err := strconv.Unquote(text); err == nil {
		text = unquoted
	}
	v, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		return fmt.Errorf("%s is not a whole number: %w", b, err)
	}
	*n = Number(v)
	return nil
}
