package main

import "github.com/rogpeppe/go-internal/testscript"

func asNobody(ts *testscript.TestScript, _ bool, _ []string)  { ts.Fatalf("not on Windows") }
func interrupt(ts *testscript.TestScript, _ bool, _ []string) { ts.Fatalf("not on Windows") }
func socket(ts *testscript.TestScript, _ bool, _ []string)    { ts.Fatalf("not on Windows") }
