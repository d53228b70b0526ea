// Package apps holds app files to start from, a folder each; its tests run them on a local cluster.
package apps
