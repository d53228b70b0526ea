package main

import (
	"fmt"
	"iter"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/dynamicpb"

	"github.com/ormosproject/ormos/internal/codec"
	"github.com/ormosproject/ormos/mesos"
	"github.com/ormosproject/ormos/scheduler"
)

// The streams that all codecs are measured on: what a framework with many tasks reads all day. Every field is read, so that
// nobody gains by being lazy.
const (
	updateCount, updateSize = 50_000, 284
	eventCount, offerCount  = 20, 500
	offerSize               = 520
)

// stream is records side by side, as they come out of a connection. (A slice for each, all over the heap, would measure the
// memory, and what the collector has to do for them.)
type stream struct {
	bytes []byte
	ends  []int
}

func (s *stream) add(record []byte) {
	s.bytes = append(s.bytes, record...)
	s.ends = append(s.ends, len(s.bytes))
}

// all ranges over the records.
func (s *stream) all() iter.Seq2[int, []byte] {
	return func(yield func(int, []byte) bool) {
		start := 0
		for i, end := range s.ends {
			if !yield(i, s.bytes[start:end:end]) {
				return
			}
			start = end
		}
	}
}

// updates is a stream of so many UPDATE events.
func updates(tb testing.TB, count int) *stream {
	tb.Helper()
	all := new(stream)
	for i := range count {
		uuid := make([]byte, 16)
		for k := range uuid {
			uuid[k] = byte(i>>k) ^ byte(37*k)
		}
		e := scheduler.Event{
			Type: new(scheduler.EventTypeUpdate),
			Update: &scheduler.EventUpdate{Status: mesos.TaskStatus{
				TaskID:     mesos.TaskID{Value: fmt.Sprintf("web-frontend.instance-%08d.5", i)},
				State:      mesos.TaskRunning,
				Source:     new(mesos.SourceExecutor),
				AgentID:    &mesos.AgentID{Value: fmt.Sprintf("a2e834a8-321a-44c0-9aaa-469960532093-S%04d", i%5000)},
				ExecutorID: &mesos.ExecutorID{Value: fmt.Sprintf("web-frontend.executor-%06d", i)},
				Timestamp:  new(1.7e9 + float64(i)/1000),
				UUID:       uuid,
				Healthy:    new(true),
				ContainerStatus: &mesos.ContainerStatus{
					ContainerID: &mesos.ContainerID{Value: fmt.Sprintf("1f2a4a6c-7e8d-4f1b-9c3e-%012d", i)},
					NetworkInfos: []mesos.NetworkInfo{{IPAddresses: []mesos.NetworkInfoIPAddress{{
						Protocol: new(mesos.NetworkInfoProtocolIPv4), IPAddress: new(fmt.Sprintf("10.%03d.%03d.17", i%200+10, i%100+100)),
					}}}},
				},
			}},
		}
		all.add(pad(tb, &e, updateSize, func(s string) { e.Update.Status.Message = &s }))
	}
	return all
}

// offers is a stream of so many OFFERS events.
func offers(tb testing.TB, count int) *stream {
	tb.Helper()
	all := new(stream)
	for i := range count {
		list := make([]mesos.Offer, offerCount)
		for k := range list {
			list[k] = offer(tb, i*offerCount+k)
		}
		e := scheduler.Event{Type: new(scheduler.EventTypeOffers), Offers: &scheduler.EventOffers{Offers: list}}
		b, err := e.MarshalBinary()
		if err != nil {
			tb.Fatal(err)
		}
		all.add(b)
	}
	return all
}

func offer(tb testing.TB, i int) mesos.Offer {
	tb.Helper()
	const master = "a2e834a8-321a-44c0-9aaa-469960532093"
	host := fmt.Sprintf("agent-%05d.lan", i)
	role := func() *mesos.ResourceAllocationInfo { return &mesos.ResourceAllocationInfo{Role: new("*")} }
	scalar := func(name string, v float64) mesos.Resource {
		return mesos.Resource{Name: name, Type: mesos.ValueTypeScalar, Scalar: &mesos.ValueScalar{Value: v}, AllocationInfo: role()}
	}
	text := func(name, v string) mesos.Attribute {
		return mesos.Attribute{Name: name, Type: mesos.ValueTypeText, Text: &mesos.ValueText{Value: v}}
	}
	o := mesos.Offer{
		ID:          mesos.OfferID{Value: fmt.Sprintf("%s-O%07d", master, i)},
		FrameworkID: mesos.FrameworkID{Value: master + "-0001"},
		AgentID:     mesos.AgentID{Value: fmt.Sprintf("%s-S%05d", master, i)},
		Hostname:    host,
		URL: &mesos.URL{
			Scheme: "http", Path: new("/slave(1)"),
			Address: mesos.Address{Hostname: &host, IP: new(fmt.Sprintf("10.%03d.%03d.17", i%200+10, i%100+100)), Port: 5051},
		},
		Domain: &mesos.DomainInfo{FaultDomain: &mesos.DomainInfoFaultDomain{
			Region: mesos.DomainInfoFaultDomainRegionInfo{Name: "eu-west-1"}, Zone: mesos.DomainInfoFaultDomainZoneInfo{Name: "eu-west-1a"},
		}},
		Attributes: []mesos.Attribute{text("rack", ""), text("os", "debian-13"), text("disk", "nvme")},
		Resources: []mesos.Resource{
			scalar("cpus", float64(i%32)+0.5), scalar("mem", float64(i%64)*1024), scalar("disk", 1e6),
			{
				Name: "ports", Type: mesos.ValueTypeRanges, AllocationInfo: role(),
				Ranges: &mesos.ValueRanges{Range: []mesos.ValueRange{{Begin: 31000, End: 31999}}},
			},
		},
	}
	pad(tb, &o, offerSize, func(s string) { o.Attributes[0].Text.Value = s })
	return o
}

// pad makes a message size bytes long by setting a text, and gives its bytes.
func pad(tb testing.TB, m codec.Message, size int, set func(string)) []byte {
	tb.Helper()
	b, err := m.AppendBinary(nil)
	if err != nil {
		tb.Fatal(err)
	}
	for n := max(0, size-len(b)-4); n < size; n++ {
		set(strings.Repeat("x", n))
		if b, err = m.AppendBinary(nil); err != nil || len(b) >= size {
			break
		}
		set("")
	}
	if len(b) != size {
		tb.Fatalf("%d bytes, want %d", len(b), size)
	}
	return b
}

// checksum sums up what is read.
type checksum uint64

func (c *checksum) text(s string) { *c = *c*31 + checksum(len(s)) + checksum(s[len(s)-1]) }

func (c *checksum) update(e *scheduler.Event) {
	s := &e.Update.Status
	c.text(s.TaskID.Value)
	c.text(s.GetMessage())
	c.text(s.AgentID.Value)
	c.text(s.ExecutorID.Value)
	c.text(s.ContainerStatus.ContainerID.Value)
	*c += checksum(e.GetType()) + checksum(s.State) + checksum(s.GetSource()) + checksum(s.GetTimestamp()) + checksum(s.UUID[3])
	if s.GetHealthy() {
		*c++
	}
	for i := range s.ContainerStatus.NetworkInfos {
		for k := range s.ContainerStatus.NetworkInfos[i].IPAddresses {
			ip := &s.ContainerStatus.NetworkInfos[i].IPAddresses[k]
			c.text(ip.GetIPAddress())
			*c += checksum(ip.GetProtocol())
		}
	}
}

func (c *checksum) offers(e *scheduler.Event) {
	*c += checksum(e.GetType())
	for i := range e.Offers.Offers {
		o := &e.Offers.Offers[i]
		c.text(o.ID.Value)
		c.text(o.FrameworkID.Value)
		c.text(o.AgentID.Value)
		c.text(o.Hostname)
		c.text(o.URL.Scheme)
		c.text(o.URL.GetPath())
		c.text(o.URL.Address.GetHostname())
		c.text(o.URL.Address.GetIP())
		c.text(o.Domain.FaultDomain.Region.Name)
		c.text(o.Domain.FaultDomain.Zone.Name)
		*c += checksum(o.URL.Address.Port)
		for k := range o.Attributes {
			a := &o.Attributes[k]
			c.text(a.Name)
			c.text(a.Text.Value)
			*c += checksum(a.Type)
		}
		for k := range o.Resources {
			r := &o.Resources[k]
			c.text(r.Name)
			c.text(r.AllocationInfo.GetRole())
			*c += checksum(r.Type)
			if r.Scalar != nil {
				*c += checksum(r.Scalar.Value)
				continue
			}
			for _, part := range r.Ranges.Range {
				*c += checksum(part.Begin) + checksum(part.End)
			}
		}
	}
}

// measure runs read on each record of a stream, over and over, and reports time and allocations for each item.
func measure(b *testing.B, from *stream, items int, read func(record []byte)) {
	b.Helper()
	b.SetBytes(int64(len(from.bytes)))
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	cpu := cpuTime(b)
	for b.Loop() {
		for _, r := range from.all() {
			read(r)
		}
	}
	cpu = cpuTime(b) - cpu
	runtime.ReadMemStats(&after)
	n := float64(b.N) * float64(items)
	b.ReportMetric(float64(cpu.Nanoseconds())/n, "cpu-ns/item")
	b.ReportMetric(float64(after.Mallocs-before.Mallocs)/n, "allocs/item")
	b.ReportMetric(float64(after.TotalAlloc-before.TotalAlloc)/n, "B/item")
	b.ReportMetric(0, "ns/op")
}

// cpuTime is the processor time that the process has taken: others may be at work on the machine.
func cpuTime(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// streams are the benchmarks' inputs.
func streams(b *testing.B, run func(b *testing.B, from *stream, items int, sum func(*checksum, *scheduler.Event))) {
	b.Helper()
	b.Run("update", func(b *testing.B) { run(b, updates(b, updateCount), updateCount, (*checksum).update) })
	b.Run("offer", func(b *testing.B) { run(b, offers(b, eventCount), eventCount*offerCount, (*checksum).offers) })
}

func BenchmarkDecode(b *testing.B) {
	streams(b, func(b *testing.B, from *stream, items int, sum func(*checksum, *scheduler.Event)) {
		var c checksum
		var e scheduler.Event
		b.Run("arena", func(b *testing.B) {
			a := codec.NewArena()
			measure(b, from, items, func(r []byte) {
				if err := e.Decode(r, a); err != nil {
					b.Fatal(err)
				}
				sum(&c, &e)
			})
		})
		b.Run("reset", func(b *testing.B) {
			a := codec.NewArena()
			measure(b, from, items, func(r []byte) {
				a.Reset()
				if err := e.Decode(r, a); err != nil {
					b.Fatal(err)
				}
				sum(&c, &e)
			})
		})
		b.Run("owned", func(b *testing.B) {
			measure(b, from, items, func(r []byte) {
				if err := e.UnmarshalBinary(r); err != nil {
					b.Fatal(err)
				}
				sum(&c, &e)
			})
		})
		b.Run("dynamicpb", func(b *testing.B) {
			m := stock(b, "mesos.v1.scheduler.Event")
			measure(b, from, items, func(r []byte) {
				m.Reset()
				unmarshalStock(b, r, m)
				c.dynamic(m)
			})
		})
	})
}

// dynamic reads every field of a message of the stock runtime.
func (c *checksum) dynamic(m protoreflect.Message) {
	for f, v := range m.Range {
		switch {
		case f.IsList():
			for i := range v.List().Len() {
				c.dynamicValue(f, v.List().Get(i))
			}
		default:
			c.dynamicValue(f, v)
		}
	}
}

func (c *checksum) dynamicValue(f protoreflect.FieldDescriptor, v protoreflect.Value) {
	switch f.Kind() {
	case protoreflect.MessageKind:
		c.dynamic(v.Message())
	case protoreflect.StringKind:
		c.text(v.String())
	}
}

func BenchmarkEncode(b *testing.B) {
	streams(b, func(b *testing.B, from *stream, items int, _ func(*checksum, *scheduler.Event)) {
		events := make([]*scheduler.Event, len(from.ends))
		for i, r := range from.all() {
			events[i] = new(scheduler.Event)
			if err := events[i].UnmarshalBinary(r); err != nil {
				b.Fatal(err)
			}
		}
		b.Run("ours", func(b *testing.B) {
			var buffer []byte
			i := 0
			measure(b, from, items, func([]byte) {
				var err error
				if buffer, err = events[i%len(events)].AppendBinary(buffer[:0]); err != nil {
					b.Fatal(err)
				}
				i++
			})
		})
		b.Run("json", func(b *testing.B) {
			var buffer []byte
			i := 0
			measure(b, from, items, func([]byte) {
				var err error
				if buffer, err = events[i%len(events)].AppendJSON(buffer[:0]); err != nil {
					b.Fatal(err)
				}
				i++
			})
		})
		b.Run("dynamicpb", func(b *testing.B) {
			messages := make([]*dynamicpb.Message, len(from.ends))
			for i, r := range from.all() {
				messages[i] = stock(b, "mesos.v1.scheduler.Event")
				unmarshalStock(b, r, messages[i])
			}
			var buffer []byte
			i := 0
			measure(b, from, items, func([]byte) {
				var err error
				if buffer, err = (proto.MarshalOptions{}).MarshalAppend(buffer[:0], messages[i%len(messages)]); err != nil {
					b.Fatal(err)
				}
				i++
			})
		})
	})
}

func BenchmarkDecodeJSON(b *testing.B) {
	streams(b, func(b *testing.B, from *stream, items int, sum func(*checksum, *scheduler.Event)) {
		texts := new(stream)
		var e scheduler.Event
		for _, r := range from.all() {
			if err := e.Decode(r, nil); err != nil {
				b.Fatal(err)
			}
			text, err := e.AppendJSON(nil)
			if err != nil {
				b.Fatal(err)
			}
			texts.add(text)
		}
		var c checksum
		a := codec.NewArena()
		measure(b, texts, items, func(r []byte) {
			if err := e.DecodeJSON(r, a); err != nil {
				b.Fatal(err)
			}
			sum(&c, &e)
		})
	})
}

func BenchmarkClone(b *testing.B) {
	streams(b, func(b *testing.B, from *stream, items int, sum func(*checksum, *scheduler.Event)) {
		var c checksum
		var e scheduler.Event
		a := codec.NewArena()
		measure(b, from, items, func(r []byte) {
			if err := e.Decode(r, a); err != nil {
				b.Fatal(err)
			}
			sum(&c, e.Clone())
		})
	})
}
