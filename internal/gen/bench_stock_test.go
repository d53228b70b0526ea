//go:build stock

package main

import (
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/ormosproject/ormos/internal/gen/testdata/stock/scheduler"
	ours "github.com/ormosproject/ormos/scheduler"
)

// BenchmarkStock measures the code that the stock generator writes (go run ./internal/gen -stock).
func BenchmarkStock(b *testing.B) {
	streams(b, func(b *testing.B, from *stream, items int, _ func(*checksum, *ours.Event)) {
		var c checksum
		b.Run("decode", func(b *testing.B) {
			measure(b, from, items, func(r []byte) {
				var e scheduler.Event
				unmarshalStock(b, r, &e)
				if e.GetUpdate() != nil {
					c.stockUpdate(&e)
				} else {
					c.stockOffers(&e)
				}
			})
		})
		events := make([]*scheduler.Event, len(from.ends))
		for i, r := range from.all() {
			events[i] = new(scheduler.Event)
			unmarshalStock(b, r, events[i])
		}
		b.Run("encode", func(b *testing.B) {
			var buffer []byte
			i := 0
			measure(b, from, items, func([]byte) {
				var err error
				if buffer, err = (proto.MarshalOptions{}).MarshalAppend(buffer[:0], events[i%len(events)]); err != nil {
					b.Fatal(err)
				}
				i++
			})
		})
	})
}

func (c *checksum) stockUpdate(e *scheduler.Event) {
	s := e.GetUpdate().GetStatus()
	c.text(s.GetTaskId().GetValue())
	c.text(s.GetMessage())
	c.text(s.GetAgentId().GetValue())
	c.text(s.GetExecutorId().GetValue())
	c.text(s.GetContainerStatus().GetContainerId().GetValue())
	*c += checksum(e.GetType()) + checksum(s.GetState()) + checksum(s.GetSource()) + checksum(s.GetTimestamp()) + checksum(s.GetUuid()[3])
	if s.GetHealthy() {
		*c++
	}
	for _, n := range s.GetContainerStatus().GetNetworkInfos() {
		for _, ip := range n.GetIpAddresses() {
			c.text(ip.GetIpAddress())
			*c += checksum(ip.GetProtocol())
		}
	}
}

func (c *checksum) stockOffers(e *scheduler.Event) {
	*c += checksum(e.GetType())
	for _, o := range e.GetOffers().GetOffers() {
		c.text(o.GetId().GetValue())
		c.text(o.GetFrameworkId().GetValue())
		c.text(o.GetAgentId().GetValue())
		c.text(o.GetHostname())
		c.text(o.GetUrl().GetScheme())
		c.text(o.GetUrl().GetPath())
		c.text(o.GetUrl().GetAddress().GetHostname())
		c.text(o.GetUrl().GetAddress().GetIp())
		c.text(o.GetDomain().GetFaultDomain().GetRegion().GetName())
		c.text(o.GetDomain().GetFaultDomain().GetZone().GetName())
		*c += checksum(o.GetUrl().GetAddress().GetPort())
		for _, a := range o.GetAttributes() {
			c.text(a.GetName())
			c.text(a.GetText().GetValue())
			*c += checksum(a.GetType())
		}
		for _, r := range o.GetResources() {
			c.text(r.GetName())
			c.text(r.GetAllocationInfo().GetRole())
			*c += checksum(r.GetType()) + checksum(r.GetScalar().GetValue())
			for _, part := range r.GetRanges().GetRange() {
				*c += checksum(part.GetBegin()) + checksum(part.GetEnd())
			}
		}
	}
}
