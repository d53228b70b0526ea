package zk

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// Labels of what masters register: the part of a znode's name before the last underscore.
const (
	labelJSON   = "json.info" // MasterInfo as JSON, since Mesos 0.24
	labelBinary = "info"      // MasterInfo as protobuf, before
	labelPID    = ""          // the text master@ip:port, before that
)

// Leader is the leading master as it registered itself, or the fact that there is none.
type Leader struct {
	// None means that no master leads or none could be found yet. Reason then says why, for people.
	None   bool
	Reason string

	// Node is the path of the leader's znode; it differs with each registration, even of the same master.
	Node string
	// ID is MasterInfo.id; a master makes a new one whenever it starts.
	ID string
	// Hostname is the name that the master wants to be known by; it may be empty.
	Hostname string
	// IP is the address that the master is reached at; it may be invalid (the zero Addr) when only a host name is known.
	IP netip.Addr
	// Port is 1 to 65535.
	Port int
	// Info is the MasterInfo in Mesos' JSON, as it was registered. Nil where an old master registered itself in another form.
	Info json.RawMessage
}

// Addr is the host:port to dial: by address where one is known, as Mesos' own clients do, else by host name. Empty for None.
func (l Leader) Addr() string {
	if l.None {
		return ""
	}
	host := l.Hostname
	if l.IP.IsValid() && !l.IP.IsUnspecified() {
		host = l.IP.String()
	}
	return net.JoinHostPort(host, strconv.Itoa(l.Port))
}

// same tells whether a caller would see no difference. A master that registered itself again under
// another znode is the same one.
func (l Leader) same(other Leader) bool {
	if l.None || other.None {
		return l.None == other.None && l.Reason == other.Reason
	}
	return l.ID == other.ID && l.Hostname == other.Hostname && l.IP == other.IP && l.Port == other.Port
}

// candidate is a child of the path that a master registered.
type candidate struct {
	name     string
	label    string
	sequence int32
}

// candidates sorts out the children that are masters, the one of the lowest sequence number first: it leads,
// whatever its label. ZooKeeper's counter is signed and may have overflown.
func candidates(children []string) []candidate {
	var found []candidate
	for _, name := range children {
		label, tail := "", name
		if i := strings.LastIndexByte(name, '_'); i >= 0 {
			label, tail = name[:i], name[i+1:]
		}
		sequence, err := strconv.ParseInt(tail, 10, 32)
		if err != nil {
			continue // log_replicas and the like
		}
		found = append(found, candidate{name, label, int32(sequence)})
	}
	slices.SortFunc(found, func(a, b candidate) int { return int(int64(a.sequence) - int64(b.sequence)) })
	return found
}

// parseLeader reads what the master registered in its znode.
func parseLeader(label string, data []byte) (Leader, error) {
	switch label {
	case labelJSON:
		return parseJSON(data)
	case labelBinary:
		return parseBinary(data)
	case labelPID:
		return parsePID(string(data))
	}
	return Leader{}, fmt.Errorf("unknown kind of registration %q", label)
}

func parseJSON(data []byte) (Leader, error) {
	info := struct {
		ID       string
		IP       uint32
		Port     *int
		PID      string
		Hostname string
		Address  *struct {
			Hostname string
			IP       string
			Port     int
		}
	}{}
	if err := json.Unmarshal(data, &info); err != nil {
		return Leader{}, fmt.Errorf("its MasterInfo is not JSON: %w", err)
	}
	leader := Leader{ID: info.ID, Hostname: info.Hostname, IP: ipOf(info.IP), Port: 5050, Info: data}
	if info.Port != nil {
		leader.Port = *info.Port
	}
	if a := info.Address; a != nil {
		if ip, err := netip.ParseAddr(a.IP); err == nil {
			leader.IP = ip
		}
		if a.Hostname != "" {
			leader.Hostname = a.Hostname
		}
		leader.Port = a.Port
	}
	return leader, leader.check()
}

// ipOf undoes how Mesos writes an address: the bytes in network order, read as a number on a little-endian machine.
func ipOf(n uint32) netip.Addr {
	if n == 0 {
		return netip.Addr{}
	}
	return netip.AddrFrom4([4]byte(binary.LittleEndian.AppendUint32(nil, n)))
}

func (l Leader) check() error {
	if l.Port < 1 || l.Port > 65535 {
		return fmt.Errorf("its port %d is not from 1 to 65535", l.Port)
	}
	if l.Hostname == "" && !l.IP.IsValid() {
		return errors.New("it has neither an address nor a host name")
	}
	return nil
}

// parsePID reads master@ip:port.
func parsePID(text string) (Leader, error) {
	_, hostport, ok := strings.Cut(text, "@")
	if !ok {
		return Leader{}, fmt.Errorf("%q is not master@ip:port", text)
	}
	at, err := netip.ParseAddrPort(hostport)
	if err != nil {
		return Leader{}, fmt.Errorf("%q is not master@ip:port: %w", text, err)
	}
	leader := Leader{IP: at.Addr(), Port: int(at.Port())}
	return leader, leader.check()
}

// parseBinary reads the few fields of a MasterInfo protobuf message that say where the master is.
func parseBinary(data []byte) (Leader, error) {
	leader := Leader{Port: 5050}
	for len(data) > 0 {
		tag, n := binary.Uvarint(data)
		if n <= 0 {
			return Leader{}, errors.New("its binary MasterInfo is cut")
		}
		data = data[n:]
		value, n := binary.Uvarint(data)
		if n <= 0 {
			return Leader{}, errors.New("its binary MasterInfo is cut")
		}
		data = data[n:]
		switch tag & 7 {
		case 0:
			leader.setNumber(tag>>3, value)
		case 2:
			if value > uint64(len(data)) {
				return Leader{}, errors.New("its binary MasterInfo is cut")
			}
			leader.setText(tag>>3, string(data[:value]))
			data = data[value:]
		default: // MasterInfo has no other wire types
			return Leader{}, errors.New("its binary MasterInfo has an unknown field")
		}
	}
	return leader, leader.check()
}

func (l *Leader) setNumber(field, value uint64) {
	switch field {
	case 2:
		l.IP = ipOf(uint32(value))
	case 3:
		l.Port = int(min(value, 1<<16))
	}
}

func (l *Leader) setText(field uint64, value string) {
	switch field {
	case 1:
		l.ID = value
	case 5:
		l.Hostname = value
	}
}
