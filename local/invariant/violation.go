package invariant

import (
	"fmt"
	"time"
)

// Rule is what a framework is held to.
type Rule string

// The rules.
const (
	// LaunchedTwice: one task id, launched twice.
	LaunchedTwice Rule = "launched twice"
	// TwoOfOne: two live tasks for one instance.
	TwoOfOne Rule = "two of one"
	// OfferVoid: a launch on an offer that the framework does not have.
	OfferVoid Rule = "offer void"
	// OfferKept: an offer that is not answered.
	OfferKept Rule = "offer kept"
	// BusyDeclining: offers that come and are declined all the time.
	BusyDeclining Rule = "busy declining"
	// Acknowledged: an update that was acknowledged too often, or not at all.
	Acknowledged Rule = "acknowledged"
	// NotSaved: an acknowledgement of what a crash would lose.
	NotSaved Rule = "not saved"
	// NotRecorded: a launch of which a crash would lose the knowledge.
	NotRecorded Rule = "not recorded"
	// IDLost: a framework that came back as another.
	IDLost Rule = "id lost"
	// Forgotten: a task that runs although the framework does not know, or the other way round.
	Forgotten Rule = "forgotten"
	// NotWanted: too many tasks, or too few, in the end.
	NotWanted Rule = "not wanted"
)

// Violation is something that a framework has done and should not have, or the other way round.
type Violation struct {
	// At is when it was noticed.
	At time.Time
	// Rule is the one that was broken.
	Rule Rule
	// Text names tasks, offers and agents.
	Text string
}

// String is the rule and the text.
func (v Violation) String() string { return fmt.Sprintf("%s: %s", v.Rule, v.Text) }
