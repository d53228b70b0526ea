package container

import "fmt"

// FetchError says why a URI could not be fetched. Its text names the URI without the password in it.
type FetchError struct {
	// URI as the framework gave it, without user and password.
	URI string
	// Status is the HTTP status of the answer, 0 when there was none.
	Status int
	// Err is the cause.
	Err error
}

func (e *FetchError) Error() string { return fmt.Sprintf("cannot fetch %s: %v", e.URI, e.Err) }

// Unwrap returns the cause.
func (e *FetchError) Unwrap() error { return e.Err }
