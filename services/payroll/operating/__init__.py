"""What is done from a shell. It asks rules of any service by name, as the catalogue lists them, and imports none."""
