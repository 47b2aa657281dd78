package simtest

import (
	"fmt"
	"strings"
)

// Version is this module's version; a program goes with it whose first two numbers are the same.
const Version = "0.1.0"

// release is what stays the same while versions are compatible: 0.1 of 0.1.7.
func release(version string) string {
	numbers := strings.Split(version, ".")
	return strings.Join(numbers[:min(2, len(numbers))], ".")
}

// mismatch says what is wrong with a program that this module does not go with.
func mismatch(version, program string) error {
	if release(version) == release(Version) {
		return nil
	}
	return fmt.Errorf("%s is sync-group-sim %s, and this Go module is %s; expected a program %s.x: "+
		"take the module of version %s for that program (docs/install.md), or let %s name a program %s.x",
		program, version, Version, release(Version), release(version), variable, release(Version))
}

// older says that a program does not know what every program of this version knows.
func older(program, what string) error {
	return fmt.Errorf("%s is an older sync-group-sim than this Go module (%s): %s; expected a program as new as the module; "+
		"docs/install.md says how to get one", program, Version, what)
}
