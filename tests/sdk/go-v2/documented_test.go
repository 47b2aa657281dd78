// The program in docs/clients/go.md that uses the SDK, run as it stands.
package sdk

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func TestDocumented(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "..", "..", "docs", "clients", "go.md"))
	if err != nil {
		t.Fatal(err)
	}
	t.Run("the documented program lists the groups", func(t *testing.T) {
		var program string
		for _, rest := range strings.Split(string(page), "```go\n")[1:] {
			if block, _, _ := strings.Cut(rest, "```"); strings.Contains(block, "golang-sdk/v2") {
				program = block
			}
		}
		path := filepath.Join(t.TempDir(), "documented.go")
		if err := os.WriteFile(path, []byte(program), 0o600); err != nil {
			t.Fatal(err)
		}
		run := exec.Command("go", "run", path)
		run.Env = append(os.Environ(), "SAIL_BASE_URL="+simulator(t, "--fixture", "demo"),
			"SAIL_CLIENT_ID="+shared(t, "ADMIN_ID"), "SAIL_CLIENT_SECRET="+shared(t, "ADMIN_SECRET"))
		output, err := run.Output()
		if err != nil {
			t.Fatal(err)
		}
		if text := string(output); !strings.HasSuffix(text, "Password Sync Group 1\nResearch accounts\n") {
			t.Error(text)
		}
	})
}
