"""How a request reaches Google and what comes back: batched, bounded, repeated where it is safe."""
