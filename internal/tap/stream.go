package tap

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httputil"
	"strings"

	"github.com/ormosproject/ormos/internal/wire"
)

// streams tells whether an answer without a length, to this request, is made of records.
func streams(x *Exchange) bool {
	path, _, _ := strings.Cut(x.Path, "?")
	path = strings.TrimRight(path, "/")
	media := x.Events()
	return x.Method == http.MethodPost && (media == wire.JSON || media == wire.Protobuf) &&
		(strings.HasSuffix(path, "/api/v1/scheduler") || strings.HasSuffix(path, "/api/v1/executor") || strings.HasSuffix(path, "/api/v1"))
}

// stream takes the records of an event stream to the framework, each in one write. Where the stream ends in order, so does that.
func (c *connection) stream(x *Exchange, body io.Reader) error {
	if _, err := c.down.Write(streamHead(x)); err != nil {
		return err
	}
	records := wire.NewReader(body, maxBody)
	for {
		record, err := records.Next()
		if err == io.EOF {
			_, err = io.WriteString(c.down, "0\r\n\r\n")
			return err
		}
		if err != nil {
			return err
		}
		raw := []byte(nil)
		if hook := c.tap.Hooks.Record; hook != nil {
			raw, err = hook(c.ctx, x, record)
		} else {
			raw = wire.AppendRecord(nil, record)
		}
		if failed := c.writeChunk(raw); err == nil {
			err = failed
		}
		if err != nil {
			return err
		}
	}
}

// streamHead is what comes before the first record.
func streamHead(x *Exchange) []byte {
	var b bytes.Buffer
	b.WriteString(status(x) + "\r\n")
	header := x.Answer.Clone()
	header.Del("Content-Length")
	header.Set("Transfer-Encoding", "chunked")
	_ = header.Write(&b) // into memory
	b.WriteString("\r\n")
	return b.Bytes()
}

// writeChunk writes what is to be written of a stream, if anything.
func (c *connection) writeChunk(raw []byte) error {
	if len(raw) == 0 {
		return nil
	}
	var b bytes.Buffer
	w := httputil.NewChunkedWriter(&b)
	if _, err := w.Write(raw); err != nil {
		return err
	}
	_, err := c.down.Write(b.Bytes())
	return err
}
