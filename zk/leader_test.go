package zk

import (
	"encoding/json"
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestCandidates(t *testing.T) {
	got := candidates([]string{
		"json.info_0000000012", "log_replicas", "info_0000000007", "0000000009", "json.info_", "_", "",
		"json.info_99999999999", "x_0000000008", "json.info_00000000a1",
	})
	want := []candidate{{"info_0000000007", "info", 7}, {"x_0000000008", "x", 8}, {"0000000009", "", 9}, {"json.info_0000000012", "json.info", 12}}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(candidate{})); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	overflown := candidates([]string{"json.info_2147483647", "json.info_-2147483648"})
	if overflown[0].sequence != -2147483648 {
		t.Errorf("overflown: %v", overflown)
	}
}

func TestParseLeader(t *testing.T) {
	for name, c := range map[string]struct {
		label, data string
		addr        string
	}{
		"address":             {labelJSON, `{"id":"m","ip":1,"port":1,"hostname":"x","address":{"hostname":"h","ip":"10.1.2.3","port":5051}}`, "10.1.2.3:5051"},
		"no address":          {labelJSON, `{"id":"m","ip":50462986,"port":5050,"pid":"master@10.1.2.3:5050"}`, "10.1.2.3:5050"},
		"no ip":               {labelJSON, `{"id":"m","ip":0,"hostname":"h"}`, "h:5050"},
		"any ip":              {labelJSON, `{"id":"m","hostname":"h","address":{"ip":"0.0.0.0","port":5050}}`, "h:5050"},
		"IPv6":                {labelJSON, `{"id":"m","address":{"ip":"::1","port":5050}}`, "[::1]:5050"},
		"number out of range": {labelJSON, `{"id":"m","ip":50462986,"port":70000}`, ""},
		"nothing":             {labelJSON, `{}`, ""},
		"pid":                 {labelPID, "master@10.1.2.3:5050", "10.1.2.3:5050"},
		"pid without port":    {labelPID, "master@10.1.2.3", ""},
		"binary cut":          {labelBinary, "\x0a\x05x", ""},
		"unknown":             {"yaml", "id: m", ""},
	} {
		leader, err := parseLeader(c.label, []byte(c.data))
		if c.addr == "" {
			if err == nil {
				t.Errorf("%s: no error, but %s", name, leader.Addr())
			}
			continue
		}
		if err != nil || leader.Addr() != c.addr {
			t.Errorf("%s: %q, %v, want %s", name, leader.Addr(), err, c.addr)
		}
	}
}

func FuzzParseLeader(f *testing.F) {
	f.Add(labelJSON, []byte(`{"id":"m","ip":50462986,"port":5050}`))
	f.Add(labelBinary, []byte("\x0a\x01x\x10\xff\x80\x80\x08\x18\xbc\x27"))
	f.Add(labelPID, []byte("master@10.1.2.3:5050"))
	f.Fuzz(func(t *testing.T, label string, data []byte) {
		leader, err := parseLeader(label, data)
		if err != nil {
			return
		}
		if leader.Port < 1 || leader.Port > 65535 || leader.Hostname == "" && leader.IP == (netip.Addr{}) {
			t.Errorf("%+v cannot be dialled", leader)
		}
		if leader.Info != nil && !json.Valid(leader.Info) {
			t.Errorf("Info is not JSON: %q", leader.Info)
		}
	})
}
