// Package files gives read access to directories under virtual paths, as the /files endpoints of Mesos' daemons and their
// LIST_FILES and READ_FILE calls do.
//
// The owner of a sandbox attaches it with Attach under every path at which it shall be found, and detaches it when the
// directory is removed. All methods may be called from any goroutine. Nothing outside an attached directory can be read,
// neither by ".." nor by symbolic links, not even while they change: files are opened through os.Root.
package files
