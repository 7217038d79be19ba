"""Call Google: requests batched, bounded, and repeated where that is safe."""
