"""The contract: generated from proto/offerd/v1 by `make generate`; never edited."""
