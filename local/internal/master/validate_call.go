package master

import (
	"fmt"

	"github.com/ormosproject/ormos/scheduler"
)

// validateCall checks the structure of a call, before anybody asks whose it is.
func validateCall(call *scheduler.Call, principal string) verdict {
	if call.Type == nil {
		return bad("Failed to validate scheduler::Call: Expecting 'type' to be present")
	}
	if call.GetType() == scheduler.CallTypeSubscribe {
		return validateSubscribe(call, principal)
	}
	if call.FrameworkID == nil {
		return bad("Failed to validate scheduler::Call: Expecting 'framework_id' to be present")
	}
	if present, name := member(call); !present {
		return bad(fmt.Sprintf("Failed to validate scheduler::Call: Expecting '%s' to be present", name))
	}
	return validateMember(call)
}

func validateSubscribe(call *scheduler.Call, principal string) verdict {
	if call.Subscribe == nil {
		return bad("Failed to validate scheduler::Call: Expecting 'subscribe' to be present")
	}
	info := &call.Subscribe.FrameworkInfo
	if (call.FrameworkID == nil) != (info.ID == nil) || frameworkID(call.FrameworkID) != frameworkID(info.ID) {
		return bad("Failed to validate scheduler::Call: 'framework_id' differs from 'subscribe.framework_info.id'")
	}
	if principal != "" && info.Principal != nil && *info.Principal != principal {
		return bad(fmt.Sprintf("Failed to validate scheduler::Call: Authenticated principal '%s' does not match principal '%s' set in 'FrameworkInfo'",
			principal, *info.Principal))
	}
	return verdict{}
}

// member tells whether the member that the call's type needs is there, and how it is called.
func member(call *scheduler.Call) (present bool, name string) {
	switch call.GetType() {
	case scheduler.CallTypeAccept:
		return call.Accept != nil, "accept"
	case scheduler.CallTypeDecline:
		return call.Decline != nil, "decline"
	case scheduler.CallTypeAcceptInverseOffers:
		return call.AcceptInverseOffers != nil, "accept_inverse_offers"
	case scheduler.CallTypeDeclineInverseOffers:
		return call.DeclineInverseOffers != nil, "decline_inverse_offers"
	case scheduler.CallTypeKill:
		return call.Kill != nil, "kill"
	case scheduler.CallTypeShutdown:
		return call.Shutdown != nil, "shutdown"
	case scheduler.CallTypeAcknowledge:
		return call.Acknowledge != nil, "acknowledge"
	case scheduler.CallTypeAcknowledgeOperationStatus:
		return call.AcknowledgeOperationStatus != nil, "acknowledge_operation_status"
	case scheduler.CallTypeReconcile:
		return call.Reconcile != nil, "reconcile"
	case scheduler.CallTypeReconcileOperations:
		return call.ReconcileOperations != nil, "reconcile_operations"
	case scheduler.CallTypeMessage:
		return call.Message != nil, "message"
	case scheduler.CallTypeRequest:
		return call.Request != nil, "request"
	case scheduler.CallTypeUpdateFramework:
		return call.UpdateFramework != nil, "update_framework"
	default:
		return true, ""
	}
}

func validateMember(call *scheduler.Call) verdict {
	switch call.GetType() {
	case scheduler.CallTypeAcknowledge:
		if len(call.Acknowledge.UUID) != 16 {
			return bad("Failed to validate scheduler::Call: Not a valid UUID")
		}
	case scheduler.CallTypeAcknowledgeOperationStatus:
		if len(call.AcknowledgeOperationStatus.UUID) != 16 {
			return bad("Failed to validate scheduler::Call: Not a valid UUID")
		}
		if call.AcknowledgeOperationStatus.AgentID == nil {
			return bad("Failed to validate scheduler::Call: Expecting 'agent_id' to be present")
		}
	case scheduler.CallTypeUpdateFramework:
		if call.UpdateFramework.FrameworkInfo.ID == nil || call.UpdateFramework.FrameworkInfo.ID.Value != call.FrameworkID.Value {
			return bad("Failed to validate scheduler::Call: 'framework_id' differs from 'update_framework.framework_info.id'")
		}
	}
	return verdict{}
}
