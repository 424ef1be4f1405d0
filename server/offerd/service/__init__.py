"""The doors' service: rpcs as plain coroutines over bundle and state.

`dispatch` is where every call passes, from gRPC and from the gateway alike; `decisions`,
`events` and `profiles` answer them; `translate` is the only place that knows both the wire
types and the model; `grpc_server` is the gRPC door.
"""
