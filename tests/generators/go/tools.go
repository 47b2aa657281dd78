//go:build tools

// Package tools names the generator, so that its version is pinned with everything else here.
package tools

import _ "github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen"
