// Package daemon is what a master and an agent of the local cluster have in common as HTTP servers: the URL space of a
// libprocess daemon, compression, JSONP, JSON in Mesos' dialect, and HTTP basic authentication.
//
// A caller makes a Mux with the name of its default process ("master", "slave(1)"), registers handlers under processes and
// paths, and gives the Mux to an http.Server as it is: it must not stand behind an http.ServeMux, which would redirect
// paths that Mesos serves (//state, /state/). Handlers answer with JSON, Write or Error, which is what makes compression
// and JSONP work; a handler that streams writes to its http.ResponseWriter itself.
package daemon
