"""Makes openapi.json: OpenAPI 3.1 from the contract, its comments as descriptions."""
