package findings

import (
	"maps"
	"regexp"
	"slices"
	"strings"
)

// A Message is something that a server or an application prints, with the
// findings whose pages quote it.
type Message struct {
	// Text has N for every number, UUID for every UUID, PATH for every path,
	// ADDRESSES for a list of them, and * for every quoted word and every value
	// behind an equals sign.
	Text  string
	Quote string // as it stands in the page of the first finding
	IDs   []string
}

// Messages returns the messages that the pages quote, sorted by text.
func Messages() []Message {
	byText := map[string]*Message{}
	for _, id := range IDs() {
		page, _ := Page(id)
		for _, quote := range quoted(page) {
			text := general(quote)
			m := byText[text]
			if m == nil {
				m = &Message{Text: text, Quote: quote}
				byText[text] = m
			}
			if !slices.Contains(m.IDs, id) {
				m.IDs = append(m.IDs, id)
			}
		}
	}
	var out []Message
	for _, text := range slices.Sorted(maps.Keys(byText)) {
		out = append(out, *byText[text])
	}
	return out
}

// quoted returns the lines of the code blocks in the section about messages.
func quoted(page string) []string {
	var out []string
	inside := false
	for line := range strings.Lines(Section(page, "What the server prints")) {
		switch {
		case strings.HasPrefix(line, "```"):
			inside = !inside
		case inside && strings.TrimSpace(line) != "":
			out = append(out, strings.TrimRight(line, "\n"))
		}
	}
	return out
}

// variables are what differs between two occurrences of a message, in the
// order in which they are replaced.
var variables = []struct {
	pattern *regexp.Regexp
	with    string
}{
	// MySQL puts the number of a message and the part of the server in brackets.
	{regexp.MustCompile(`\[?\b(MY-[0-9]{6})\b\]?(?: \[\w+\])?`), "${1}"},
	{regexp.MustCompile(`[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}`), "UUID"},
	{regexp.MustCompile(`gcomm://[^\s)]*`), "gcomm:"},
	{regexp.MustCompile(`"[^" ]*"`), `"*"`},
	{regexp.MustCompile(`'[^' ]*'`), `'*'`},
	{regexp.MustCompile("`[^` ]*`"), "`*`"},
	{regexp.MustCompile(`\((?:[^()\s,]+:[0-9]+,?)+\)`), "(ADDRESSES)"},
	{regexp.MustCompile(`(?:[\w.~+-]*/)+[\w.+-]*[\w+-]`), "PATH"},
	{regexp.MustCompile(`(\w=)[^\s,)"']+`), "${1}*"},
	{regexp.MustCompile(`0x[0-9a-fA-F]+`), "N"},
}

// number is one that differs. LZ4 is a name, and so is the number of a message.
var number = regexp.MustCompile(`LZ4|MY-[0-9]{6}|[0-9]+(?:\.[0-9]+)*`)

// general replaces what differs between two occurrences of a message.
func general(message string) string {
	text := strings.Join(strings.Fields(message), " ")
	for _, v := range variables {
		text = v.pattern.ReplaceAllString(text, v.with)
	}
	return number.ReplaceAllStringFunc(text, func(m string) string {
		if m == "LZ4" || strings.HasPrefix(m, "MY-") {
			return m
		}
		return "N"
	})
}

// Search returns the IDs of the findings that explain a message or a part of
// one, as a server printed it or as somebody remembers it. A page that quotes
// the message comes before one that merely has the words in its text.
func Search(message string) []string {
	want := strings.ToLower(general(message))
	if want == "" {
		return nil
	}
	all := Messages()
	var part []string // pages with a message that contains what is wanted
	var whole []string
	longest := 0 // of the messages that are contained in what is wanted
	for _, m := range all {
		have := strings.ToLower(m.Text)
		if remembers(have, want) {
			part = append(part, m.IDs...)
		}
		if n := contained(have, want); n > longest {
			longest, whole = n, slices.Clone(m.IDs)
		} else if n == longest && n > 0 {
			whole = append(whole, m.IDs...)
		}
	}
	for _, more := range []func() []string{
		func() []string { return part }, func() []string { return whole },
		func() []string { return resembling(all, want) }, func() []string { return mentioning(message) },
	} {
		if ids := more(); len(ids) > 0 {
			slices.Sort(ids)
			return slices.Compact(ids)
		}
	}
	return nil
}

// remembers reports whether want is a part of a message. A message that ends
// with a colon is one whose end is missing, and means only messages that end
// there.
func remembers(have, want string) bool {
	if strings.HasSuffix(want, ":") {
		return strings.HasSuffix(have, want)
	}
	return strings.Contains(have, want)
}

// contained returns how much of want a whole message explains, 0 if it is not
// in there. What a program puts in front of a message does not matter, nor
// whether it left out the stage.
func contained(have, want string) int {
	if strings.HasSuffix(have, ":") {
		if strings.HasSuffix(want, have) {
			return len(have)
		}
		return 0
	}
	const shortest = 12 // what is shorter is in too many messages
	if _, rest, ok := strings.Cut(have, "(): io: "); ok {
		have = rest
	}
	if len(have) >= shortest && strings.Contains(want, have) {
		return len(have)
	}
	return 0
}

// resembling returns the findings of the message whose words are all in want,
// in their order, but for one in five: the name of a cluster that stands there
// without quotes.
func resembling(all []Message, want string) []string {
	const fewest = 4 // words that make a message
	given := strings.Fields(want)
	var ids []string
	most := 0
	for _, m := range all {
		words := strings.Fields(strings.ToLower(m.Text))
		n := inOrder(words, given)
		if len(words) < fewest || len(words)-n > len(words)/5 || n < most {
			continue
		}
		if n > most {
			most, ids = n, nil
		}
		ids = append(ids, m.IDs...)
	}
	return ids
}

// inOrder counts the words that are in given, each behind the one before it.
func inOrder(words, given []string) int {
	n := 0
	for _, w := range words {
		if i := slices.Index(given, w); i >= 0 {
			n, given = n+1, given[i+1:]
		}
	}
	return n
}

// mentioning returns the pages that have the words in their text.
func mentioning(words string) []string {
	var out []string
	words = strings.ToLower(strings.Join(strings.Fields(words), " "))
	for _, id := range IDs() {
		page, _ := Page(id)
		if strings.Contains(strings.ToLower(strings.Join(strings.Fields(page), " ")), words) {
			out = append(out, id)
		}
	}
	return out
}
