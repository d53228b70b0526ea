package wire_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/ormosproject/ormos/internal/wire"
)

// readAll reads all records as text; the error is nil at a clean end.
func readAll(r *wire.Reader) ([]string, error) {
	var all []string
	for {
		ready := r.Ready()
		record, err := r.Next()
		if ready && (err == io.EOF || errors.Is(err, io.ErrUnexpectedEOF)) && !r.Ready() {
			return all, errors.New("the reader was ready, and then had nothing")
		}
		if err == io.EOF {
			return all, nil
		}
		if err != nil {
			return all, err
		}
		all = append(all, string(record))
	}
}

func TestReader(t *testing.T) {
	long := strings.Repeat("x", 200_000)
	for _, test := range []struct {
		name, stream string
		limit        int
		want         []string
		err          string
	}{
		{name: "nothing"},
		{name: "one", stream: "5\nhello", want: []string{"hello"}},
		{name: "two", stream: "5\nhello3\nyou", want: []string{"hello", "you"}},
		{name: "empty records are passed over", stream: "0\n0\n1\na0\n", want: []string{"a"}},
		{name: "leading zeros", stream: "00000000000000000005\nhello", want: []string{"hello"}},
		{name: "longer than a chunk", stream: "200000\n" + long + "1\na", want: []string{long, "a"}},
		{name: "up to the limit", stream: "5\nhello", limit: 5, want: []string{"hello"}},
		{name: "over the limit", stream: "1\na5\nhello", limit: 4, want: []string{"a"}, err: "cannot read record 1 at byte 3: a record of 5 bytes exceeds the limit of 4"},
		{name: "over any limit", stream: "99999999999999999999\n", err: "exceeds the limit"},
		{name: "no number", stream: "1\nahello", want: []string{"a"}, err: `cannot read record 1 at byte 3: the record header "h`},
		{name: "a sign", stream: "-1\n", err: "is not a number"},
		{name: "carriage return", stream: "1\r\na", err: "is not a number"},
		{name: "no digits", stream: "\n", err: "the record header is empty"},
		{name: "21 digits", stream: "000000000000000000001\na", err: "no record header"},
		{name: "ends inside a header", stream: "5\nhello12", want: []string{"hello"}, err: "cannot read record 1 at byte 7: unexpected EOF"},
		{name: "ends behind a header", stream: "5\n", err: "cannot read record 0 at byte 0: unexpected EOF"},
		{name: "ends inside a record", stream: "5\nhell", err: "unexpected EOF"},
	} {
		t.Run(test.name, func(t *testing.T) {
			for name, cut := range map[string]func(io.Reader) io.Reader{
				"whole": func(r io.Reader) io.Reader { return r },
				"bytes": iotest.OneByteReader,
				"half":  iotest.HalfReader,
				"eof":   iotest.DataErrReader,
			} {
				r := wire.NewReader(cut(strings.NewReader(test.stream)), test.limit)
				got, err := readAll(r)
				if diff := cmp.Diff(test.want, got); diff != "" {
					t.Errorf("%s: (-want +got)\n%s", name, diff)
				}
				if (err != nil) != (test.err != "") || err != nil && !strings.Contains(err.Error(), test.err) {
					t.Errorf("%s: got error %v, want %q", name, err, test.err)
				}
				if strings.Contains(test.err, "EOF") && !errors.Is(err, io.ErrUnexpectedEOF) {
					t.Errorf("%s: %v is no io.ErrUnexpectedEOF", name, err)
				}
				if _, again := r.Next(); err != nil && again != err {
					t.Errorf("%s: then %v, before %v", name, again, err)
				}
			}
		})
	}
}

func TestReaderPassesOnTheSourcesError(t *testing.T) {
	broken := errors.New("broken")
	r := wire.NewReader(io.MultiReader(strings.NewReader("1\na2\nb"), iotest.ErrReader(broken)), 0)
	got, err := readAll(r)
	if !errors.Is(err, broken) || len(got) != 1 {
		t.Errorf("got %q, %v", got, err)
	}
	if _, err := readAll(wire.NewReader(idle{}, 0)); !errors.Is(err, io.ErrNoProgress) {
		t.Errorf("a source that says nothing: %v", err)
	}
}

type idle struct{}

func (idle) Read([]byte) (int, error) { return 0, nil }

// A header that promises 1 GiB costs no more than what follows it.
func TestReaderDoesNotBelieveHeaders(t *testing.T) {
	stream := fmt.Sprintf("%d\n%s", 1<<30, strings.Repeat("x", 100_000))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err := wire.NewReader(strings.NewReader(stream), math.MaxInt).Next()
	runtime.ReadMemStats(&after)
	if !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("got %v", err)
	}
	if took := after.TotalAlloc - before.TotalAlloc; took > 2<<20 {
		t.Errorf("took %d bytes of memory for %d", took, len(stream))
	}
}

// Whatever the records and however the stream is cut: they come out as they went in, and stay as they are.
func TestReaderInvertsAppendRecord(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		size := rapid.OneOf(rapid.IntRange(1, 300), rapid.IntRange(60_000, 140_000))
		var records [][]byte
		var stream []byte
		for i := range rapid.IntRange(0, 10).Draw(t, "records") {
			record := bytes.Repeat([]byte{byte(i)}, size.Draw(t, "size"))
			records = append(records, record)
			stream = wire.AppendRecord(stream, record)
		}
		cuts := rapid.SliceOfN(rapid.OneOf(rapid.IntRange(1, 50), rapid.IntRange(1, 100_000)), 1, 20).Draw(t, "cuts")
		r := wire.NewReader(&cutter{rest: stream, cuts: cuts}, 0)
		var got [][]byte
		for {
			record, err := r.Next()
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, record)
			_ = append(record, 0xff) // must not reach the next one
		}
		if !slices.EqualFunc(records, got, bytes.Equal) {
			t.Fatalf("%d records came out of %d, or others", len(got), len(records))
		}
	})
}

// cutter gives at most cuts[i] bytes with the i-th read.
type cutter struct {
	rest []byte
	cuts []int
	i    int
}

func (c *cutter) Read(b []byte) (int, error) {
	if len(c.rest) == 0 {
		return 0, io.EOF
	}
	n := copy(b[:min(len(b), c.cuts[c.i%len(c.cuts)])], c.rest)
	c.rest = c.rest[n:]
	c.i++
	return n, nil
}

func TestAppendRecord(t *testing.T) {
	for _, size := range []int{0, 1, 9, 10, 99_999, 9_999_999, 10_000_000} {
		text := strings.Repeat("x", size)
		want := wire.AppendRecord([]byte("before"), []byte(text))
		got, err := wire.Protobuf.AppendRecord([]byte("before"), &note{Text: text})
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%d bytes: %v, %.20q", size, err, got)
		}
	}
	got, err := wire.Protobuf.AppendRecord([]byte("before"), &note{Text: "unspeakable"})
	if err == nil || string(got) != "before" {
		t.Errorf("got %q, %v", got, err)
	}
	if _, err := wire.MediaType("text/plain").AppendRecord(nil, &note{}); err == nil {
		t.Error("an unknown type was encoded")
	}
}

// blocked has a stream's first bytes and must not be asked for more.
type blocked struct {
	t    *testing.T
	text string
}

func (b *blocked) Read(into []byte) (int, error) {
	if b.text == "" {
		b.t.Error("Next waits")
		return 0, io.EOF
	}
	n := copy(into, b.text)
	b.text = b.text[n:]
	return n, nil
}

func TestReaderIsReady(t *testing.T) {
	for text, want := range map[string]bool{
		"": false, "3": false, "3\n": false, "3\nab": false, "3\nabc": true, "3\nabcd": true, "0\n": false, "x\n": true,
	} {
		r := wire.NewReader(&blocked{t: t, text: "1\n!" + text}, 0)
		if r.Ready() {
			t.Error("ready before anything was read")
		}
		if _, err := r.Next(); err != nil {
			t.Fatal(err)
		}
		if got := r.Ready(); got != want {
			t.Errorf("%q: ready is %t", text, got)
		} else if got {
			_, _ = r.Next()
		}
	}
}

func FuzzReader(f *testing.F) {
	for _, seed := range []string{"", "5\nhello", "0\n1\na", "99999999999999999999\n", "1\na2\nb", "x", "\n\n"} {
		f.Add([]byte(seed), uint8(3))
	}
	f.Fuzz(func(t *testing.T, stream []byte, cut uint8) {
		whole, wholeErr := readAll(wire.NewReader(bytes.NewReader(stream), 1<<16))
		pieces, piecesErr := readAll(wire.NewReader(&cutter{rest: stream, cuts: []int{int(cut) + 1}}, 1<<16))
		if diff := cmp.Diff(whole, pieces); diff != "" {
			t.Error(diff)
		}
		if (wholeErr == nil) != (piecesErr == nil) {
			t.Errorf("whole: %v, in pieces: %v", wholeErr, piecesErr)
		}
		var again []byte
		for _, record := range whole {
			again = wire.AppendRecord(again, []byte(record))
		}
		if same, err := readAll(wire.NewReader(bytes.NewReader(again), 0)); err != nil || !cmp.Equal(whole, same) {
			t.Errorf("written again: %v", err)
		}
	})
}

func BenchmarkReader(b *testing.B) {
	var stream []byte
	for range 50_000 {
		stream = wire.AppendRecord(stream, make([]byte, 284))
	}
	b.SetBytes(int64(len(stream) / 50_000))
	b.ReportAllocs()
	for b.Loop() {
		r := wire.NewReader(bytes.NewReader(stream), 0)
		for {
			if _, err := r.Next(); err != nil {
				break
			}
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/50_000, "ns/record")
}
