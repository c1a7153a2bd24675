// Package smartengine reads the directory of WeSQL's storage engine.
package smartengine
