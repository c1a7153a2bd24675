package hostlayout

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/pem"

	"github.com/lastwrite/lastwrite/parse"
)

// A Certificate is a public certificate file. All members of a cluster share
// cluster.crt, so its fingerprint groups directories.
type Certificate struct {
	File        string
	Fingerprint string // SHA-256 of the DER bytes in lower-case hexadecimal, as Incus and LXD print it
}

// ParseCertificate reads the first certificate of a PEM file. Other blocks
// are skipped and not kept.
func ParseCertificate(file string, data []byte) (Certificate, []parse.Damage) {
	c := Certificate{File: file}
	if len(data) > maxText {
		return c, []parse.Damage{tooLarge(file, maxText)}
	}
	for rest := data; ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		if block.Type == "CERTIFICATE" {
			sum := sha256.Sum256(block.Bytes)
			c.Fingerprint = hex.EncodeToString(sum[:])
			return c, nil
		}
	}
	return c, []parse.Damage{{Span: parse.Span{File: file, Length: int64(len(data))}, Kind: parse.BadText, Want: "a PEM certificate", Got: "none"}}
}
