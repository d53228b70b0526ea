// Package operator holds the messages of Mesos' operator API: what an operator, a tool or a user interface says to a
// master (MasterCall, MasterResponse, MasterEvent) and to an agent (AgentCall, AgentResponse, AgentProcessIO) at
// /api/v1, with those of maintenance, quota and resource providers.
//
// So far it is the messages alone: the local cluster answers them, and a client speaks them by hand, as JSON or protobuf.
package operator
