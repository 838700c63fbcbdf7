"""Where every figure of this project comes from; benchmarks/README.md has them, with commands."""
