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
	// Text has N for every number, UUID for every UUID, and * for every
	// quoted word.
	Text string
	IDs  []string
}

// Messages returns the messages that the pages quote, sorted by text.
func Messages() []Message {
	byText := map[string][]string{}
	for _, id := range IDs() {
		page, _ := Page(id)
		for _, text := range quoted(page) {
			if !slices.Contains(byText[text], id) {
				byText[text] = append(byText[text], id)
			}
		}
	}
	var out []Message
	for _, text := range slices.Sorted(maps.Keys(byText)) {
		out = append(out, Message{text, byText[text]})
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
		case inside:
			out = append(out, general(line))
		}
	}
	return out
}

// general replaces what differs between two occurrences of a message.
func general(message string) string {
	text := strings.Join(strings.Fields(message), " ")
	text = regexp.MustCompile(`[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}`).ReplaceAllString(text, "UUID")
	text = regexp.MustCompile(`"[^"]*"`).ReplaceAllString(text, `"*"`)
	text = regexp.MustCompile(`'[^' ]*'`).ReplaceAllString(text, `'*'`)
	// LZ4 is a name, and a number with a dot is a version.
	return regexp.MustCompile(`LZ4|[0-9]+\.[0-9.]*[0-9]|[0-9]+`).ReplaceAllStringFunc(text, func(m string) string {
		if m == "LZ4" || strings.Contains(m, ".") {
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
	var part []string // pages with a message that contains what is wanted
	var whole []string
	longest := 0 // of the messages that are contained in what is wanted
	for _, m := range Messages() {
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
	for _, ids := range [][]string{part, whole, mentioning(message)} {
		if len(ids) > 0 {
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
