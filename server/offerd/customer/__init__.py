"""Who a customer is, what may be used of them, and what is known: pure functions."""
