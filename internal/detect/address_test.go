package detect_test

import (
	"strings"
	"testing"

	"github.com/ormosproject/ormos/internal/detect"
)

func TestBaseURL(t *testing.T) {
	for _, test := range []struct{ master, scheme, want string }{
		{"10.0.0.1", "http", "http://10.0.0.1:5050"},
		{"10.0.0.1:80", "http", "http://10.0.0.1:80"},
		{"master.example", "https", "https://master.example:5050"},
		{"http://master.example", "https", "http://master.example:5050"},
		{"https://master.example/", "http", "https://master.example:5050"},
		{"http://proxy:80/mesos/", "http", "http://proxy:80/mesos"},
		{"[::1]:5050", "http", "http://[::1]:5050"},
		{"http://[::1]", "http", "http://[::1]:5050"},
		{"", "http", ""},
		{"::1", "http", ""},
		{"http://", "http", ""},
		{"zk://x", "http", ""},
		{"http://me:pw@x", "http", ""},
		{"a b", "http", ""},
	} {
		got, err := detect.BaseURL(test.master, test.scheme == "https", detect.MasterPort)
		if got != test.want || (err == nil) != (test.want != "") {
			t.Errorf("%q: got %q, %v", test.master, got, err)
		}
		if err != nil && strings.Contains(err.Error(), "pw") {
			t.Errorf("the error shows the password: %v", err)
		}
	}
}

func TestRedirected(t *testing.T) {
	for _, test := range []struct{ base, location, want string }{
		{"http://a:5050", "//b:5051/master/api/v1/scheduler", "http://b:5051"},
		{"http://a:5050/mesos", "//b:5051/master/api/v1/scheduler", "http://b:5051/mesos"},
		{"https://a:5050", "//b:5050", "https://b:5050"},
		{"https://a:5050", "https://b:5050/x", "https://b:5050"},
		{"http://a:5050", "https://b:5050/x", "https://b:5050"},
		{"https://a:5050", "http://b:5050/x", ""},
		{"http://a:5050", "ftp://b", ""},
		{"http://a:5050", "/elsewhere", ""},
		{"http://a:5050", "", ""},
		{"http://a:5050", "//%zz", ""},
	} {
		got, err := detect.Redirected(test.base, test.location)
		if got != test.want || (err == nil) != (test.want != "") {
			t.Errorf("%s -> %q: got %q, %v", test.base, test.location, got, err)
		}
	}
}
