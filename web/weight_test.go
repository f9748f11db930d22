package web_test

import (
	"os"
	"testing"
)

// mostWasm is how many bytes of the client go over the wire at most, once for each release (web/bundle's doc).
const mostWasm = 1_900_000

func TestWeightOfTheClient(t *testing.T) {
	file, err := os.Stat("dist/latchkey.wasm.br")
	if err != nil {
		t.Fatalf("%v: run `make client` first", err)
	}
	if file.Size() > mostWasm {
		t.Errorf("the client is %d bytes over the wire, want %d at most", file.Size(), mostWasm)
	}
}
