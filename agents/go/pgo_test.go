package everflame

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// The compiler refuses profiles without the lines on which functions start.
func TestPushesServeProfileGuidedOptimisation(t *testing.T) {
	s := newServer(t, nil)
	p, _ := begin(t, s, Config{Window: 5 * time.Second})
	burn(500 * time.Millisecond)
	_ = p.Stop()
	pushed := filepath.Join(t.TempDir(), "default.pgo")
	if err := os.WriteFile(pushed, s.stored(t, "cpu")[0].profile, 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("go", "tool", "preprofile", "-i", pushed).CombinedOutput()
	if err != nil || !strings.Contains(string(out), "everflame/agents/go.burn") {
		t.Errorf("go tool preprofile: %v\n%.2000s", err, out)
	}
}
