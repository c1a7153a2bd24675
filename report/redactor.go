package report

// Redactor returns the function that takes secrets, and with the strict
// redaction names, out of text that goes with the report; with RedactNone it
// only makes text valid UTF-8. A name gives way to the same pseudonym as in
// Redacted.
func (d *Document) Redactor(r Redaction) func(string) string {
	switch r {
	case RedactNone:
		return validText
	case RedactStrict:
		p := newPseudonyms(d)
		return func(s string) string { return p.replace(withoutSecrets(validText(s))) }
	}
	return func(s string) string { return withoutSecrets(validText(s)) }
}
